"""Which rule holds for a purpose and a place at an instant: what the controller declared, made stricter by the laws.

A law that was signed off may ask for more than the policy does, never for less: the controller may always be stricter.
Whether somebody's own yes or no changes the outcome is `consent.permitted`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar

from pellucid.consent.person import SubjectFacts
from pellucid.policy.bases import SILENCE, STRICTEST_FIRST, basis_for, covering, openness
from pellucid.policy.model import Default, LegalBasis, Policy, Purpose, RegimeBasis
from pellucid.records.columns import from_instant, to_instant
from pellucid.regulations.model import ConsentDefault
from pellucid.regulations.ruling import Ground, Ruling, ruling

_Item = TypeVar("_Item", str, Ground)
_FOREVER = 2**63
_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds: the declared basis, what silence means, and what a yes has to be.

    Below `guardian_below` years only a guardian's yes counts, below `opt_in_below` silence means no, below
    `prohibited_below` not even a yes counts. `until` (UTC µs)
    is when a date in a law may change it. `signals` are those that count as an opt-out.
    """

    declared: RegimeBasis
    default: Default
    prohibited: bool = False
    explicit: bool = False
    guardian_below: int = 0
    opt_in_below: int = 0
    prohibited_below: int = 0
    signals: tuple[str, ...] = ()
    grounds: tuple[Ground, ...] = ()
    findings: tuple[str, ...] = ()
    until: int | None = None

    def prohibiting(self) -> Ground:
        """Return the figure that forbids it, where one does."""
        forbids = (each for each in self.grounds if each.value.endswith(ConsentDefault.PROHIBITED.value))
        by_age = (each for each in self.grounds if each.field.startswith("ages.prohibited_below"))
        return next(forbids if self.prohibited else by_age, self.grounds[0])

    @property
    def basis(self) -> LegalBasis:
        """The legal basis that the controller declared."""
        return self.declared.basis


@dataclass(frozen=True, slots=True)
class _Found:
    policy: Policy
    purpose: Purpose
    since: int
    until: int
    rule: Rule | None


_FOUND: dict[tuple[str, str, str | None, bool], _Found] = {}


def rule_for(policy: Policy, purpose: Purpose, facts: SubjectFacts, now: int) -> Rule | None:
    """Return the rule for a subject of these facts at `now` (UTC µs); None where no basis is declared."""
    key = (policy.version, purpose.name, facts.jurisdiction, facts.place_estimated)
    found = _FOUND.get(key)
    if found is None or not (found.policy is policy and found.purpose is purpose and found.since <= now < found.until):
        found = _find(policy, purpose, facts, now)
        if len(_FOUND) >= _KEPT:
            _FOUND.clear()
        _FOUND[key] = found
    return found.rule


def law_due(policy: Policy, purpose: Purpose, jurisdictions: Iterable[str | None], now: int) -> int | None:
    """Return the next instant at which a date in a law may change the rule of a purpose for people of these places."""
    dues = []
    for place in jurisdictions:
        for estimated in (False, True):
            rule = rule_for(policy, purpose, SubjectFacts(place, place_estimated=estimated), now)
            if rule is not None and rule.until is not None:
                dues.append(rule.until)
    return min(dues, default=None)


def _find(policy: Policy, purpose: Purpose, facts: SubjectFacts, now: int) -> _Found:
    day = from_instant(now).date()
    rule = _rule(policy, purpose, facts, day)
    until = _FOREVER if rule is None or rule.until is None else rule.until
    return _Found(policy, purpose, _midnight(day), until, rule)


def _rule(policy: Policy, purpose: Purpose, facts: SubjectFacts, day: date) -> Rule | None:
    declared = _declared(policy, purpose, facts)
    if declared is None:
        return None
    if not policy.laws.packs:
        return Rule(declared, declared.default)
    places, establishments = _reach(policy, purpose, facts)
    return _joined(
        purpose,
        declared,
        [ruling(policy.laws, purpose.kinds, places, each, day, declared.basis.value) for each in establishments],
    )


def _declared(policy: Policy, purpose: Purpose, facts: SubjectFacts) -> RegimeBasis | None:
    """Return what the policy says of the place; of one that is only estimated, the stricter of it and of unknown."""
    rule = basis_for(purpose, policy.regimes, facts.jurisdiction)
    if facts.jurisdiction is None or not facts.place_estimated:
        return rule
    unknown = basis_for(purpose, policy.regimes, None)
    return None if rule is None or unknown is None else min(rule, unknown, key=openness)


def _reach(policy: Policy, purpose: Purpose, facts: SubjectFacts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the places whose laws count, and the establishments that may serve the subject."""
    names = covering(policy.regimes, facts.jurisdiction)
    places = () if facts.jurisdiction is None else (facts.jurisdiction,)
    unknown = policy.regimes.get(purpose.unknown_place)
    if unknown is not None and (not names or facts.place_estimated):
        places, names = (*places, *unknown.jurisdictions), [*names, unknown.name]
    served = [policy.regimes[name].establishment or policy.controller.country for name in names]
    return tuple(dict.fromkeys(places)), tuple(dict.fromkeys(served)) or (policy.controller.country,)


def _joined(purpose: Purpose, declared: RegimeBasis, found: Sequence[Ruling]) -> Rule:
    silence = [_silence(purpose, each.default) for each in found]
    asked = [declared.default, *(each for each in silence if each is not None)]
    untils = [each.until for each in found if each.until is not None]
    return Rule(
        declared,
        min(asked, key=STRICTEST_FIRST.index),
        prohibited=any(each.default is ConsentDefault.PROHIBITED for each in found),
        explicit=any(each.default is ConsentDefault.EXPLICIT_OPT_IN for each in found),
        guardian_below=max(each.guardian_below for each in found),
        opt_in_below=max(each.opt_in_below for each in found),
        prohibited_below=max(each.prohibited_below for each in found),
        signals=_each(each.signals for each in found),
        grounds=_each(each.grounds for each in found),
        findings=_each(each.findings for each in found),
        until=_midnight(min(untils)) if untils else None,
    )


def _silence(purpose: Purpose, asked: ConsentDefault | None) -> Default | None:
    if asked is ConsentDefault.OPT_IN_OR_SOFT_OPT_IN and purpose.soft_opt_in:
        return Default.OPT_OUT
    return None if asked is None else SILENCE.get(asked)


def _each(parts: Iterable[tuple[_Item, ...]]) -> tuple[_Item, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))


def _midnight(day: date) -> int:
    return to_instant(datetime(day.year, day.month, day.day, tzinfo=UTC))
