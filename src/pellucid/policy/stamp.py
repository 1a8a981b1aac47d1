"""Which state of the world an answer rests on. Two stamps that differ but for `as_of` are two different states:
comparing them is the whole mechanism by which a withdrawal, a policy change or a new import reaches the next answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Stamp:
    """Register version, policy hash, regulation-pack hash, generation of each dataset read, instant (UTC µs)."""

    register: int
    policy: str
    regulations: str
    generations: Mapping[str, int]
    as_of: int

    def same_state(self, other: Stamp) -> bool:
        """Return whether both rest on the same state, whenever they were taken."""
        return replace(self, as_of=0) == replace(other, as_of=0)

    def as_json(self) -> dict[str, object]:
        """Return the stamp as it stands in log entries and receipts."""
        return {
            "register": self.register,
            "policy": self.policy,
            "regulations": self.regulations,
            "generations": dict(sorted(self.generations.items())),
            "as_of": self.as_of,
        }
