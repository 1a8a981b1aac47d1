"""What a change of policy means before it is made: every difference, told in a sentence, as wider, narrower or neutral.

Pure: policies are compared, not people. How many people gain or lose a use is `consent.gains`; whether a change is
lawful is for people to judge. Comparing the other way round turns every widening into the narrowing that mirrors it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass

from pellucid.policy.changes import dataset, people, places, purpose
from pellucid.policy.changes.catalogue import CHANGES
from pellucid.policy.changes.rules import Change, Notes, Rules, named, nested, told_apart, walk
from pellucid.policy.changes.words import ChangeKind
from pellucid.policy.model import Policy

__all__ = ["CHANGES", "Change", "ChangeKind", "Comparison", "compare"]

PARTS = ("controller", "regime", "place", "namespace", "purpose", "dataset", "column", "recipient", "role", "person")
"""Parts of a policy in the order in which a comparison tells of them; `policy` stands for the whole."""

POLICY: Rules = {
    "controller": lambda notes, old, new: nested(people.CONTROLLER)(notes.about("controller", ""), old, new),
    "regimes": named("regime", places.REGIME, places.regime_added, places.regime_removed),
    "namespaces": named("namespace", places.NAMESPACE, places.namespace_added, places.namespace_removed),
    "purposes": named("purpose", purpose.PURPOSE, purpose.purpose_added, purpose.purpose_removed),
    "datasets": named("dataset", dataset.DATASET, dataset.dataset_added, dataset.dataset_removed),
    "recipients": named("recipient", people.RECIPIENT, people.recipient_added, people.recipient_removed),
    "roles": named("role", people.ROLE, people.role_added, people.role_removed),
    "people": named("person", people.PERSON, people.person_added, people.person_removed),
    "version": told_apart,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs from one policy (version `old`) to another (`new`), by part and name, the widenings first."""

    old: str
    new: str
    changes: tuple[Change, ...]

    def counts(self) -> dict[str, int]:
        """Return how many changes there are of each kind."""
        found = Counter(change.kind for change in self.changes)
        return {kind.value: found[kind] for kind in ChangeKind}

    def summary(self) -> str:
        """Return how many changes of each kind there are, in words."""
        if not self.changes:
            return "no change"
        return ", ".join(f"{number} {_plural(kind, number)}" for kind, number in self.counts().items() if number)

    def to_json(self) -> dict[str, object]:
        """Return the comparison as JSON, its shape stable."""
        return {
            "old": self.old,
            "new": self.new,
            "counts": self.counts(),
            "changes": [asdict(change) for change in self.changes],
        }


def compare(old: Policy, new: Policy) -> Comparison:
    """Return every difference from one policy to another; none exactly if they say the same."""
    notes = Notes(old, new, [])
    walk(POLICY, notes, old, new)
    places.compare_places(notes)
    purpose.compare_reach(notes)
    dataset.compare_order(notes)
    return Comparison(old.version, new.version, tuple(sorted(notes.taken, key=_place)))


def _place(change: Change) -> tuple[int, str, int, str, str]:
    part = PARTS.index(change.part) if change.part in PARTS else -1
    return part, change.name, list(ChangeKind).index(change.kind), change.code, change.sentence


def _plural(kind: str, number: int) -> str:
    return kind if kind == ChangeKind.NEUTRAL.value or number == 1 else f"{kind}s"
