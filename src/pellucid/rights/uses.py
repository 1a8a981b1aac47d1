"""How a person's data were used, as far as the log can tell: answers in which their rows could have been counted.

The log never says whom an answer counted. An answer is listed if it read data in which the person had rows, unless
their own no stood then. It says too who looked up what about the person: when, for what, in which role, never by name
(CJEU C-579/21).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from pellucid.audit import log
from pellucid.audit.receipt import instant_text
from pellucid.consent.facts import facts_of
from pellucid.consent.permitted import SubjectDecision, decide_subject
from pellucid.consent.record import ScreenState
from pellucid.consent.show import KeptRecord, history
from pellucid.holdings.publish import SubjectBits, subjects_of
from pellucid.policy.model import Policy
from pellucid.subjects.links import Identity

USES: dict[str, str] = {
    "query.released": "Figures about many people were worked out, blurred, and told.",
    "query.repeated": "Figures that had been worked out before were told again.",
    "query.caps-drawn": "How far one person may weigh in figures was worked out, blurred.",
    "query.failed": "Figures were being worked out; none were told.",
    "insight.released": "Figures about many people, approved by somebody else, were told.",
}
"""Entries of the log that are uses of data about many people, in plain words."""
COLUMNS = ("at", "what", "purpose", "datasets", "in_role", "data_as_of", "known")
COULD = "Your rows could have been counted."
UNKNOWN = "Whether you had rows in the data as they were then is no longer known."
LOOKUP_COLUMNS = ("at", "what", "purpose", "in_role")
OWN_NO = frozenset({"restricted", "withdrawn", "refused", "objected", "opted-out", "signal"})
"""Reasons that rest on the person's own no: while it stood, their rows were left out."""
CHUNK = 5_000
DAY = 86_400_000_000


@dataclass
class Uses:
    """Reads the log for one person; `totals` sums up what `releases` has given, `left_out` what their no kept out."""

    connection: Connection
    policy: Policy
    identities: Sequence[Identity]
    totals: dict[tuple[str, str, str, str, str], tuple[int, str, str]] = field(default_factory=dict)
    left_out: int = 0
    _people: dict[tuple[str, int], Mapping[str, SubjectBits]] = field(default_factory=dict)
    _decided: dict[tuple[str, int, int], SubjectDecision] = field(default_factory=dict)
    _said: list[KeptRecord] | None = None

    def releases(self) -> Iterator[tuple[str, ...]]:
        """Yield a row (COLUMNS) for each answer in which the person could have been counted."""
        stamps: dict[int, Mapping[str, Any]] = {}
        for leaf, entry in self._entries(b'"datasets":'):
            action, stamp = entry["action"], entry["stamp"]
            if action == "query.repeated":  # it tells what was worked out then
                stamp = stamps.get(entry["body"].get("of"), stamp)
            elif action in ("query.released", "insight.released") and stamp is not None:
                stamps[leaf] = stamp
            if action in USES:
                yield from self._listed(entry, stamp)

    def lookups(self, pseudonyms: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield a row (LOOKUP_COLUMNS) for each entry about the person alone."""
        for pseudonym in pseudonyms:
            for _, entry in self._entries(f'"subject":"{pseudonym}"'.encode()):
                if entry["subject"] == pseudonym:
                    yield instant_text(entry["at"]), entry["action"], self._title(entry["purpose"]), _role(entry)

    def _entries(self, holding: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
        size = log.size(self.connection)
        for start in range(0, size, CHUNK):
            for stored in log.entries(self.connection, start, min(start + CHUNK, size)):
                if holding in stored.body:
                    yield stored.leaf, json.loads(stored.body)

    def _listed(self, entry: Mapping[str, Any], stamp: Mapping[str, Any] | None) -> Iterator[tuple[str, ...]]:
        datasets = [name for name in entry["body"]["datasets"] if not self._is_public(name)]
        had = [self._had_rows(name, stamp) for name in datasets]
        if not datasets or all(each is False for each in had):
            return
        if self._left_out(entry, stamp):
            self.left_out += 1
            return
        known = COULD if any(had) else UNKNOWN
        at, as_of = instant_text(entry["at"]), instant_text(stamp["as_of"]) if stamp is not None else ""
        told = USES[entry["action"]], self._title(entry["purpose"]), ", ".join(datasets), _role(entry), known
        count, first, _ = self.totals.get(told, (0, at, at))
        self.totals[told] = (count + 1, first, at)
        yield at, *told[:4], as_of, known

    def _had_rows(self, dataset: str, stamp: Mapping[str, Any] | None) -> bool | None:
        """Return whether the person had rows in the data that were read; None where that is no longer known."""
        generation = None if stamp is None else stamp["generations"].get(dataset)
        if generation is None:
            return None
        if (dataset, generation) not in self._people:
            self._people[dataset, generation] = subjects_of(self.connection, dataset, generation)
        people = self._people[dataset, generation]
        return any(has(people.get(space), subject) for space, subject in self.identities) if people else None

    def _left_out(self, entry: Mapping[str, Any], stamp: Mapping[str, Any] | None) -> bool:
        """Return whether it is certain that the person's own no kept their rows out of an answer."""
        purpose = self.policy.purposes.get(entry["purpose"] or "")
        same = stamp is not None and (stamp["policy"], stamp["regulations"]) == (
            self.policy.version,
            self.policy.laws.version or "none",
        )
        if purpose is None or stamp is None or not same or len(self.identities) != 1:
            return False
        said = [each.record for each in self._history() if each.version <= stamp["register"]]
        if any(each.screen_state is not ScreenState.FINE for each in self._records()):
            return False
        key = (purpose.name, len(said), stamp["as_of"] // DAY)
        decision = self._decided.get(key)
        if decision is None:
            space, subject = self.identities[0]
            facts = facts_of(self.connection, space, [subject])[subject]
            decision = self._decided[key] = decide_subject(self.policy, purpose, facts, said, stamp["as_of"])
        return not decision.permitted and any(reason.code in OWN_NO for reason in decision.reasons)

    def _history(self) -> list[KeptRecord]:
        if self._said is None:
            self._said = history(self.connection, *self.identities[0])
        return self._said

    def _records(self) -> Iterator[Any]:
        return (each.record for each in self._history())

    def _is_public(self, dataset: str) -> bool:
        return dataset in self.policy.datasets and self.policy.datasets[dataset].is_public

    def _title(self, purpose: str | None) -> str:
        if purpose is None:
            return ""
        return self.policy.purposes[purpose].title if purpose in self.policy.purposes else purpose


def has(held: SubjectBits | None, subject: int) -> bool:
    """Return whether a subject is in a bitmap."""
    if held is None or not 0 <= subject < held.size:
        return False
    return bool(held.bits[subject // 8] >> (subject % 8) & 1)


def _role(entry: Mapping[str, Any]) -> str:
    actor = entry["actor"]
    return ", ".join(actor["roles"]) or str(actor["kind"])
