"""What the passes know besides the tree: the policy, the use, and what they find on their way. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pellucid.errors import Reason, UseRefused
from pellucid.policy.decide import EXACT_ACTIONS
from pellucid.policy.model import Actor, Dataset, Policy, Purpose, Standing, SuppressedRule
from pellucid.policy.reasons import reason
from pellucid.rewrite.parse import Limits


class PolicyPurpose:
    """What is kept of a policy is kept by this: the very policy, and a purpose (None: everything declared)."""

    __slots__ = ("policy", "purpose")

    def __init__(self, policy: Policy, purpose: str | None) -> None:
        self.policy = policy
        self.purpose = purpose

    def __hash__(self) -> int:
        return hash((self.policy.version, self.purpose))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PolicyPurpose) and self.purpose == other.purpose and self.policy is other.policy


@dataclass(frozen=True, slots=True)
class Context:
    """One use to be governed: the active policy, who asks, for which purpose, and the limits."""

    policy: Policy
    actor: Actor
    purpose: str
    standing: Standing = field(default_factory=Standing)
    limits: Limits = field(default_factory=Limits)
    action: str = "query"

    @property
    def declared(self) -> Purpose:
        """The purpose's declaration; only after it was found to exist."""
        return self.policy.purposes[self.purpose]

    @property
    def exact(self) -> SuppressedRule | None:
        """The rule by which figures leave exactly, if this use is of that kind; None where they leave by noise."""
        return self.declared.suppressed if self.action in EXACT_ACTIONS else None

    @property
    def key(self) -> PolicyPurpose:
        """What everything that depends on the policy and the purpose alone is kept by."""
        return PolicyPurpose(self.policy, self.purpose)

    @property
    def datasets(self) -> Mapping[str, Dataset]:
        """All declared datasets."""
        return self.policy.datasets


class Findings:
    """Collects every reason, so that a refusal names them all; `stop` ends a pass that cannot go on."""

    def __init__(self) -> None:
        self._reasons: dict[Reason, None] = {}

    def __bool__(self) -> bool:
        return bool(self._reasons)

    def add(self, code: str, **fields: object) -> None:
        """Note a reason and go on."""
        self._reasons.setdefault(reason(code, **fields))

    def extend(self, reasons: list[Reason]) -> None:
        """Note several reasons."""
        for each in reasons:
            self._reasons.setdefault(each)

    def stop(self, code: str, **fields: object) -> UseRefused:
        """Note a reason and return the refusal to raise."""
        self.add(code, **fields)
        return self.refusal()

    def refusal(self) -> UseRefused:
        """Return the refusal with all reasons noted."""
        return UseRefused(tuple(self._reasons), message="This question is refused.")

    def settle(self) -> None:
        """Raise UseRefused if anything was noted."""
        if self._reasons:
            raise self.refusal()
