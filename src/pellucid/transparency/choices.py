"""What somebody's silence means for a purpose in each place, as the gate decides it: the policy, made stricter by laws.

Asked of `consent.rule`, place by place, for a person whose place is known, and grouped where the answers are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pellucid.consent.person import SubjectFacts
from pellucid.consent.rule import Rule, rule_for
from pellucid.policy.model import Default, LegalBasis, Policy, Purpose

NOT_DONE = "not_done"
"""What silence, and a yes, mean where a purpose has no basis or a law forbids it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What holds: the basis, what silence means (`Default` or NOT_DONE), and what else a yes has to be.

    Ages in years, 0 where no law has such a rule beyond the purpose's own minimum.
    """

    basis: LegalBasis | None
    silence: str
    explicit: bool = False
    signals: bool = False
    opt_in_below: int = 0
    guardian_below: int = 0
    prohibited_below: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Places (ISO 3166) in which the same choice holds; `regimes` are those that lie in it whole, `rest` the others."""

    choice: Choice
    regimes: tuple[str, ...]
    rest: tuple[str, ...]


def groups(policy: Policy, purpose: Purpose, now: int) -> tuple[Group, ...]:
    """Return the choices that a purpose gives at an instant (UTC µs), each with where it holds; one: everywhere."""
    found: dict[Choice, list[str]] = {}
    for place in places(policy):
        rule = rule_for(policy, purpose, SubjectFacts(jurisdiction=place), now)
        found.setdefault(_choice(purpose, rule), []).append(place)
    return tuple(_group(policy, choice, held) for choice, held in found.items())


def places(policy: Policy) -> tuple[str, ...]:
    """Return every place that a regime of the policy covers, in order of the regimes."""
    return tuple(dict.fromkeys(place for regime in policy.regimes.values() for place in regime.jurisdictions))


def all_have(found: Iterable[Group], silence: Default) -> bool:
    """Return whether silence means the same everywhere."""
    return {group.choice.silence for group in found} == {silence.value}


def any_has(found: Iterable[Group], silence: Default) -> bool:
    """Return whether silence means this somewhere."""
    return silence.value in {group.choice.silence for group in found}


def _choice(purpose: Purpose, rule: Rule | None) -> Choice:
    if rule is None or rule.prohibited:
        return Choice(None, NOT_DONE)
    asks = rule.default is Default.OPT_IN
    guardian = _above(rule.guardian_below, purpose.minimum_age) if asks or rule.opt_in_below else 0
    return Choice(
        rule.basis,
        rule.default.value,
        rule.explicit and asks,
        bool(rule.signals) and rule.default is Default.OPT_OUT,
        0 if asks else _above(rule.opt_in_below, purpose.minimum_age),
        guardian,
        _above(rule.prohibited_below, purpose.minimum_age),
    )


def _above(age: int, minimum: int) -> int:
    return age if age > minimum else 0


def _group(policy: Policy, choice: Choice, held: Sequence[str]) -> Group:
    whole = [regime.name for regime in policy.regimes.values() if all(place in held for place in regime.jurisdictions)]
    covered = {place for name in whole for place in policy.regimes[name].jurisdictions}
    return Group(choice, tuple(whole), tuple(place for place in held if place not in covered))
