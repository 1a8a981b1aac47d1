"""Which of a purpose's legal bases holds in a place, and which default gives a person more say. Pure.

Whether somebody's own yes or no changes the outcome is `consent.permitted`'s.
"""

from __future__ import annotations

from collections.abc import Mapping

from pellucid.policy.model import Default, Purpose, Regime, RegimeBasis
from pellucid.regulations.model import ConsentDefault

SILENCE = {
    ConsentDefault.EXPLICIT_OPT_IN: Default.OPT_IN,
    ConsentDefault.OPT_IN: Default.OPT_IN,
    ConsentDefault.OPT_IN_OR_SOFT_OPT_IN: Default.OPT_IN,
    ConsentDefault.OPT_OUT: Default.OPT_OUT,
    ConsentDefault.LEGITIMATE_BASIS_WITH_OBJECTION: Default.OPT_OUT,
    ConsentDefault.IMPLIED_OR_OPT_OUT: Default.OPT_OUT,
}
"""What silence means to a law; where it asks for a notice only, or says nothing, what the policy declares holds."""

STRICTEST_FIRST = (Default.OPT_IN, Default.OPT_OUT, Default.NO_CHOICE)
"""The defaults, the one that keeps most people out first."""


def basis_for(purpose: Purpose, regimes: Mapping[str, Regime], jurisdiction: str | None) -> RegimeBasis | None:
    """Return the purpose's rule for a place: its own regime, else its country's, else what the purpose says of unknown.

    Where several regimes cover the place, the strictest rule holds; a covering regime without a basis means no rule.
    """
    names = covering(regimes, jurisdiction)
    if not names:
        return purpose.bases.get(purpose.unknown_place)
    rules = [purpose.bases.get(name) for name in names]
    known = [rule for rule in rules if rule is not None]
    if len(known) < len(rules):
        return None
    return min(known, key=openness)


def covering(regimes: Mapping[str, Regime], jurisdiction: str | None) -> list[str]:
    """Return the regimes that cover a place (ISO 3166), by itself or else by its country, in order of name."""
    if jurisdiction is None:
        return []
    for place in (jurisdiction, jurisdiction.split("-", 1)[0]):
        names = sorted(regime.name for regime in regimes.values() if place in regime.jurisdictions)
        if names:
            return names
    return []


def openness(rule: RegimeBasis | None) -> int:
    """Return how freely a rule lets data be used: -1 without one, then by what silence means."""
    return -1 if rule is None else STRICTEST_FIRST.index(rule.default)
