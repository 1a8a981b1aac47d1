"""Whether a person's own no kept their rows out of an answer, for certain.

The log does not say whom an answer counted, so the decision is made again from what the person had said by then, under
the same policy and laws. Where anything may have been otherwise then (the place they live in, identities linked to
them, a screen in doubt) nothing is claimed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from pellucid.consent.facts import facts_of
from pellucid.consent.permitted import decide_subject
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ScreenState
from pellucid.consent.rule import law_due
from pellucid.consent.show import KeptRecord, history
from pellucid.policy.model import Policy, Purpose
from pellucid.records.tables import subject_links
from pellucid.subjects.links import Identity

OWN_NO = frozenset({"restricted", "withdrawn", "refused", "objected", "opted-out", "signal"})
"""Reasons that rest on the person's own no: while it stood, their rows were left out."""
NO_LAWS = "none"
FOREVER = 2**63


@dataclass
class OwnNo:
    """A person's noes through time; with nothing `said`, none is ever claimed."""

    policy: Policy
    said: Sequence[KeptRecord] = ()
    facts: Sequence[SubjectFacts] = ()
    _versions: list[int] = field(default_factory=list)
    _spans: dict[tuple[str, int], list[tuple[int, int, bool]]] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, policy: Policy, identities: Sequence[Identity]) -> OwnNo:
        """Return the noes of a person, read from what is recorded now."""
        if len(identities) != 1 or _was_linked(connection, identities[0]):
            return cls(policy)
        said = history(connection, *identities[0])
        in_doubt = any(each.record.screen_state is not ScreenState.FINE for each in said)
        if in_doubt or not any(each.record.verb.narrows for each in said):
            return cls(policy)
        space, subject = identities[0]
        known = facts_of(connection, space, [subject])[subject]
        return cls(policy, said, tuple(_wherever(policy, known)), sorted({each.version for each in said}))

    def stood(self, purpose: str | None, ground: Mapping[str, Any], as_of: int | None, register: int | None) -> bool:
        """Return whether their own no closed a purpose in that state of the register, for certain."""
        if not self.said or as_of is None or register is None:
            return False
        declared = self.policy.purposes.get(purpose or "")
        in_force = (self.policy.version, self.policy.laws.version or NO_LAWS)
        if declared is None or (ground["policy"], ground["regulations"]) != in_force:
            return False
        heard = bisect_right(self._versions, register)
        if not heard:
            return False
        spans = self._spans.setdefault((declared.name, heard), [])
        for start, until, closed in spans:
            if start <= as_of < until:
                return closed
        span = self._decided(declared, self._versions[heard - 1], as_of)
        spans.append(span)
        return span[2]

    def _decided(self, purpose: Purpose, version: int, as_of: int) -> tuple[int, int, bool]:
        """Return from when until when the decision is the same, and whether it is their no, wherever they lived."""
        heard = [each.record for each in self.said if each.version <= version]
        until, closed = FOREVER, True
        for facts in self.facts:
            found = decide_subject(self.policy, purpose, facts, heard, as_of)
            closed &= not found.permitted and any(reason.code in OWN_NO for reason in found.reasons)
            dues = (found.next_due, law_due(self.policy, purpose, [facts.jurisdiction], as_of))
            until = min(until, *(due for due in dues if due is not None and due > as_of), FOREVER)
        return as_of, until, closed


def _wherever(policy: Policy, known: SubjectFacts) -> Iterator[SubjectFacts]:
    """Give what is known of somebody, and the same of each place where other rules hold: they may have moved."""
    yield known
    for regime in policy.regimes.values():
        for place in regime.jurisdictions[:1]:
            if place != known.jurisdiction:
                yield replace(known, jurisdiction=place, place_estimated=False)


def _was_linked(connection: Connection, one: Identity) -> bool:
    columns, (space, subject) = subject_links.c, one
    here = and_(columns.namespace == space, columns.subject == subject)
    there = and_(columns.other_namespace == space, columns.other == subject)
    return connection.execute(select(columns.sequence).where(or_(here, there)).limit(1)).first() is not None
