"""Which messages are due to whom: found in the register and among requests, and looked at again before each is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from sqlalchemy import Connection, Select, func, select

from pellucid.consent.facts import facts_of, records_of
from pellucid.consent.record import ConsentVerb
from pellucid.consent.rule import law_due
from pellucid.consent.show import state
from pellucid.policy.model import Policy, Purpose
from pellucid.records.columns import from_instant
from pellucid.records.rights_tables import rights_requests
from pellucid.records.tables import consent_records, subjects
from pellucid.subjects.links import Identity
from pellucid.transparency import rounds
from pellucid.transparency.choices import places
from pellucid.transparency.message_words import ANSWERED, EXPIRY, NOTICE, YEARLY
from pellucid.transparency.news import Covered, publication_of

DAY = 86_400_000_000
AHEAD = 30 * DAY
"""How long before a consent ends its person is told."""
LATELY = 7 * DAY
"""How long after a request was answered its person is told."""
WEEKS = 52
"""The people of a namespace are told once a year, a part of them each week."""
CLOSED = ("fulfilled", "denied")
KINDS = (ANSWERED, EXPIRY, NOTICE, YEARLY)
"""All kinds, the most pressing first."""


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is due; `about` tells it from others of its kind, without naming anybody. No repr shows whom."""

    kind: str
    identity: Identity = field(repr=False)
    about: str


def due(connection: Connection, policy: Policy, kind: str, now: int) -> Iterator[Due]:
    """Yield the messages of a kind that are due now, whether or not they were sent.

    What everybody is told of a publication is not among them: `rounds` find it, page by page.
    """
    finders = {ANSWERED: _answered, EXPIRY: _expiring, NOTICE: _changed, YEARLY: _yearly}
    return finders[kind](connection, policy, now)


def is_due(connection: Connection, policy: Policy, found: Due, now: int) -> bool:
    """Return whether a message is due still: the person may have chosen anew, or been erased, since it was found."""
    if found.kind == ANSWERED:
        columns = rights_requests.c
        still = (columns.id == found.about, columns.state.in_(CLOSED), columns.subject == found.identity[1])
        return connection.execute(select(columns.id).where(*still)).first() is not None
    publication = publication_of(found.about)
    if publication is not None:
        return rounds.newest(connection) == publication
    purpose, _, rest = found.about.rpartition("/")
    if found.kind == EXPIRY:
        return _end(connection, policy, found.identity, purpose, now) == rest
    if found.kind == NOTICE:
        if purpose not in policy.purposes or Covered(connection).covers(policy.purposes[purpose], found.identity):
            return False
        return purpose in said_under_others(connection, policy, [found.identity])
    return True


def said_under_others(connection: Connection, policy: Policy, identities: Iterable[Identity]) -> set[str]:
    """Return the purposes that somebody last said yes to in other words than those that they have now."""
    columns, found = consent_records.c, set[str]()
    for space, subject in identities:
        theirs = (columns.namespace == space, columns.subject == subject, columns.purpose.is_not(None))
        wanted = select(columns.purpose, columns.verb, columns.notice_version).where(*theirs)
        last = {row.purpose: row for row in connection.execute(wanted.order_by(columns.sequence))}
        found |= {
            name
            for name, row in last.items()
            if row.verb == "give"
            and name in policy.purposes
            and not policy.purposes[name].notice.stands_for(row.notice_version)
        }
    return found


def is_restricted(connection: Connection, identity: Identity) -> bool:
    """Return whether all use of somebody's data is restricted, as they, or any of a household, asked last (Art. 18)."""
    space, subject = identity
    last: dict[str, ConsentVerb] = {}
    for each in sorted(records_of(connection, space, [subject]).get(subject, []), key=lambda said: said.at):
        if each.verb in (ConsentVerb.RESTRICT, ConsentVerb.LIFT):
            last[each.member] = each.verb
    return ConsentVerb.RESTRICT in last.values()


def language_of(connection: Connection, identity: Identity) -> str:
    """Return the language in which somebody chose last; empty where none is recorded."""
    columns, (space, subject) = consent_records.c, identity
    theirs = (columns.namespace == space, columns.subject == subject, columns.language.is_not(None))
    found = select(columns.language).where(*theirs).order_by(columns.sequence.desc()).limit(1)
    return str(connection.scalar(found) or "").partition("-")[0].lower()


def day_of(instant: int) -> str:
    """Return the day of an instant, as messages name it."""
    return f"{from_instant(instant).astimezone(UTC):%Y-%m-%d}"


def _answered(connection: Connection, policy: Policy, now: int) -> Iterator[Due]:
    columns = rights_requests.c
    closed = (columns.state.in_(CLOSED), columns.closed_at > now - LATELY, columns.subject.is_not(None))
    own = (columns.by_whom == "self", columns.canonical.is_(None))
    for row in connection.execute(select(rights_requests).where(*closed, *own).order_by(columns.closed_at, columns.id)):
        yield Due(ANSWERED, (row.namespace, row.subject), row.id)


def _expiring(connection: Connection, policy: Policy, now: int) -> Iterator[Due]:
    columns = consent_records.c
    for purpose in policy.purposes.values():
        near = _given_near_its_end(policy, purpose, now)
        if near is None:
            continue
        for space, subject in connection.execute(near.order_by(columns.namespace, columns.subject)).all():
            end = _end(connection, policy, (space, subject), purpose.name, now)
            if end:
                yield Due(EXPIRY, (space, subject), f"{purpose.name}/{end}")


def _given_near_its_end(policy: Policy, purpose: Purpose, now: int) -> Select[Any] | None:
    """Return what finds whose last yes may end soon: by its age, or all, if a date in a law is near; None: nobody's."""
    columns = consent_records.c
    given = select(columns.namespace, columns.subject).where(columns.purpose == purpose.name, columns.verb == "give")
    each = given.group_by(columns.namespace, columns.subject)
    by_law = law_due(policy, purpose, (*places(policy), None), now)
    if by_law is not None and by_law <= now + AHEAD:
        return each
    if purpose.consent_days is None:
        return None
    begun, last = now - purpose.consent_days * DAY, func.max(columns.at)
    return each.having(last > begun, last <= begun + AHEAD)


def _end(connection: Connection, policy: Policy, identity: Identity, purpose: str, now: int) -> str:
    """Return the day on which a purpose that is open to somebody's data closes by time alone; empty if none is near.

    By the age of their yes, by their own age, or by a date in a law that covers them.
    """
    if purpose not in policy.purposes or not state(connection, policy, *identity, purpose, now).permitted:
        return ""
    at = _next(connection, policy, identity, purpose, now)
    while at is not None and at <= now + AHEAD:
        if not state(connection, policy, *identity, purpose, at).permitted:
            return day_of(at)
        at = _next(connection, policy, identity, purpose, at)
    return ""


def _next(connection: Connection, policy: Policy, identity: Identity, purpose: str, now: int) -> int | None:
    """Return the next instant after `now` at which time alone, or a law, may close a purpose."""
    space, subject = identity
    facts = facts_of(connection, space, [subject]).get(subject)
    place = None if facts is None else facts.jurisdiction
    by_law = law_due(policy, policy.purposes[purpose], [place], now)
    dues = (state(connection, policy, *identity, purpose, now).next_due, by_law)
    return min((each for each in dues if each is not None and each > now), default=None)


def _changed(connection: Connection, policy: Policy, now: int) -> Iterator[Due]:
    columns, covered = consent_records.c, Covered(connection)
    for purpose in policy.purposes.values():
        last = select(func.max(columns.sequence)).where(columns.purpose == purpose.name)
        newest = last.group_by(columns.namespace, columns.subject)
        theirs = select(columns.namespace, columns.subject, columns.notice_version)
        theirs = theirs.where(columns.sequence.in_(newest), columns.verb == "give")
        for space, subject, version in connection.execute(theirs.order_by(columns.sequence)):
            if not purpose.notice.stands_for(version) and not covered.covers(purpose, (space, subject)):
                yield Due(NOTICE, (space, subject), f"{purpose.name}/{purpose.notice.version}")


def _yearly(connection: Connection, policy: Policy, now: int) -> Iterator[Due]:
    year, week, _ = from_instant(now).astimezone(UTC).isocalendar()
    columns = subjects.c
    part = (columns.natural_key.is_not(None), columns.id % WEEKS == week % WEEKS)
    for row in connection.execute(
        select(columns.namespace, columns.id).where(*part).order_by(columns.namespace, columns.id)
    ):
        yield Due(YEARLY, (row.namespace, row.id), str(year))
