"""Laws and where they hold, and whose privacy is counted."""

from __future__ import annotations

from dataclasses import replace

from pellucid.policy.bases import basis_for, covering, openness
from pellucid.policy.changes.release import CAP
from pellucid.policy.changes.rules import Notes, Rules, nested, text, told_apart, translations
from pellucid.policy.model import Policy, PrivacyUnit, Regime
from pellucid.policy.phrases import ticked

NAMESPACE: Rules = {
    "name": told_apart,
    "title": text("namespace-title"),
    "cap": nested(CAP),
    "translations": translations,
}


def _order_only(notes: Notes, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    """Take down another order; places that came or went are `compare_places`'s."""
    if set(old) == set(new):
        notes.add("written-otherwise", what="the list of its places")


def _establishment(notes: Notes, old: str, new: str) -> None:
    told = (place or "the controller's own country" for place in (old, new))
    notes.add("regime-establishment", **dict(zip(("old", "new"), told, strict=True)))


REGIME: Rules = {
    "name": told_apart,
    "title": text("regime-title"),
    "jurisdictions": _order_only,
    "establishment": _establishment,
    "translations": translations,
}


def regime_added(notes: Notes, regime: Regime) -> None:
    """Take down a new law."""
    notes.add("regime-added", title=regime.title)


def regime_removed(notes: Notes, regime: Regime) -> None:
    """Take down a law that is declared no more."""
    notes.add("regime-removed", title=regime.title)


def namespace_added(notes: Notes, unit: PrivacyUnit) -> None:
    """Take down a new kind of subject, and whether it looks like one that is gone."""
    notes.add("namespace-added", title=unit.title, hint=_hint(notes.before, notes.after, unit))


def namespace_removed(notes: Notes, unit: PrivacyUnit) -> None:
    """Take down a kind of subject that is declared no more, and whether it looks like a new one."""
    notes.add("namespace-removed", title=unit.title, hint=_hint(notes.after, notes.before, unit))


def _hint(there: Policy, here: Policy, unit: PrivacyUnit) -> str:
    alike = [
        other.name
        for other in there.namespaces.values()
        if other.name not in here.namespaces and _unnamed(other) == _unnamed(unit)
    ]
    return f" It looks like {ticked(alike)} renamed." if alike else ""


def _unnamed(unit: PrivacyUnit) -> PrivacyUnit:
    return replace(unit, name="", title="", translations=())


def compare_places(notes: Notes) -> None:
    """Take down each place that comes under other laws, and for which purposes more or less is allowed there."""
    before, after = notes.before, notes.after
    regimes = (*before.regimes.values(), *after.regimes.values())
    for place in sorted({place for regime in regimes for place in regime.jurisdictions}):
        old, new = covering(before.regimes, place), covering(after.regimes, place)
        if old != new or _naming(before, place) != _naming(after, place):
            _compare_place(notes.about("place", place), place, _laws(old), _laws(new))


def _naming(policy: Policy, place: str) -> set[str]:
    """Return the regimes that name a place itself, not only its country."""
    return {regime.name for regime in policy.regimes.values() if place in regime.jurisdictions}


def _compare_place(notes: Notes, place: str, old: str, new: str) -> None:
    wider: list[str] = []
    narrower: list[str] = []
    for name, purpose in notes.before.purposes.items():
        if name not in notes.after.purposes:
            continue
        then = openness(basis_for(purpose, notes.before.regimes, place))
        now = openness(basis_for(notes.after.purposes[name], notes.after.regimes, place))
        if now != then:
            (wider if now > then else narrower).append(name)
    if wider:
        notes.add("place-opened", old=old, new=new, purposes=ticked(sorted(wider)))
    if narrower:
        notes.add("place-closed", old=old, new=new, purposes=ticked(sorted(narrower)))
    if not wider and not narrower:
        notes.add("place", old=old, new=new)


def _laws(names: list[str]) -> str:
    return ticked(names) if names else "no declared law"
