"""Which laws decide about one person's request, and which identities it reaches. Reads only.

A place that nobody knows, or that is only estimated, counts as any place: then all laws that were signed off decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from pellucid.consent.facts import facts_of, others_of
from pellucid.consent.person import SubjectFacts
from pellucid.policy.bases import covering
from pellucid.policy.model import Authority, Policy
from pellucid.regulations.model import Law
from pellucid.regulations.territory import covers
from pellucid.subjects.keys import NOBODY
from pellucid.subjects.links import Identity, certain_identities, persons


@dataclass(frozen=True, slots=True)
class Covering:
    """The laws that decide, and the person's place (ISO 3166), if it is known for certain."""

    laws: tuple[Law, ...]
    place: str | None


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a request is about: the identities that are certainly the person's, and how many may be theirs besides.

    What may be theirs is left out: acting on it could show, change or delete somebody else's data.
    """

    identities: tuple[Identity, ...]
    left_out: int


def covering_laws(connection: Connection, policy: Policy, namespace: str, subject: int | None, on: date) -> Covering:
    """Return the laws in force on a day for a subject; None is somebody unknown, who is looked up all the same."""
    place = _place(connection, namespace, NOBODY if subject is None else subject)
    if place is None:
        return Covering(tuple(policy.laws), None)
    names = covering(policy.regimes, place)
    established = {policy.regimes[name].establishment or policy.controller.country for name in names}
    established |= {policy.controller.country} if not names else set()
    laws = (law for law in policy.laws if any(covers(law, (place,), each, on) for each in established))
    return Covering(tuple(laws), place)


def authorities_of(
    connection: Connection, policy: Policy, namespace: str, subject: int | None, on: date
) -> tuple[Authority, ...]:
    """Return whom a subject can complain to: those of where they live, else all, so that nobody is told of none."""
    place = covering_laws(connection, policy, namespace, subject, on).place
    return policy.controller.authorities_of(place) or policy.controller.authorities


def reach(connection: Connection, namespace: str, subject: int) -> Reach:
    """Return whom a request of this identity is about: as far as certain links lead, and no link that is likely."""
    sure = certain_identities(connection, (namespace, subject))
    person = persons(connection, namespace, [subject]).get(subject)
    return Reach(sure, 0 if person is None else len(set(person.members) - set(sure)))


def _place(connection: Connection, namespace: str, subject: int) -> str | None:
    """Return where the subject lives, as known of this identity or of one that is certainly the same person's."""
    known = facts_of(connection, namespace, [subject]).get(subject, SubjectFacts())
    others = others_of(connection, namespace, [subject]).get(subject, ())  # always, or the work tells who is known
    for voice in others if known.jurisdiction is None else ():
        known = known.with_missing(voice.facts, certain=voice.certain)
    return None if known.place_estimated else known.jurisdiction
