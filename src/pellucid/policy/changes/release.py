"""Release rules and budgets: what a question may cost, and how much of one person may be in an answer."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pellucid.policy.changes.rules import Notes, Rule, Rules, compare_amounts, nested, ordered, text, walk
from pellucid.policy.model import Allowance, Bound, Period, RankBound, SuppressedRule

_RENEWALS = {Period.YEAR: 1, Period.MONTH: 12, Period.DAY: 365}


def allowance(code: str) -> Rules:
    """Return the rules of an allowance or a cap; the sooner it renews, the more may be spent."""
    return {
        "epsilon": ordered(f"{code}-epsilon"),
        "delta": ordered(f"{code}-delta"),
        "period": ordered(f"{code}-period", wider="shortened", narrower="lengthened", key=_RENEWALS.__getitem__),
    }


def optional_allowance(code: str) -> Rule:
    """Return the rule of an allowance that may be missing: without one nothing but the wider limits binds."""
    rules = allowance(code)

    def rule(notes: Notes, old: Allowance | None, new: Allowance | None) -> None:
        if old is not None and new is not None:
            walk(rules, notes, old, new)
        elif new is not None:
            notes.add(f"{code}-added", value=_amount(new))
        elif old is not None:
            notes.add(f"{code}-removed", value=_amount(old))

    return rule


def _amount(given: Allowance) -> str:
    return f"ε {given.epsilon:g} (δ {given.delta:g}) a {given.period}"


def _bound(notes: Notes, measure: str, old: Bound, new: Bound) -> None:
    """Take down how a bound differs; one of another form is neither larger nor smaller."""
    if (old.norm is None) != (new.norm is None):
        notes.add("bound-form-added", measure=measure, value=_told(new))
        notes.add("bound-form-removed", measure=measure, value=_told(old))
        return
    walk(_bound_rules(measure), notes, old, new)


def _bound_rules(measure: str) -> Rules:
    def amount(code: str, wider: str, narrower: str, sign: int) -> Rule:
        def rule(notes: Notes, old: str | None, new: str | None) -> None:
            one, other = Decimal(old or 0) * sign, Decimal(new or 0) * sign
            told = str(old), str(new)
            compare_amounts(notes, code, one, other, *told, wider=wider, narrower=narrower, measure=measure)

        return rule

    def values(notes: Notes, old: tuple[str, str] | None, new: tuple[str, str] | None) -> None:
        for name, given in (("values-removed", old), ("values-added", new)):
            if given is not None:
                notes.add(f"bound-{name}", measure=measure, value=f"{given[0]} to {given[1]}")

    def most(notes: Notes, old: str | None, new: str | None) -> None:
        notes.add("bound-most", measure=measure, old=old or "nothing", new=new or "nothing")

    def drawn(notes: Notes, old: bool, new: bool) -> None:
        notes.add("bound-drawn-added" if new else "bound-drawn-removed", measure=measure)

    upper = amount("bound", "raised", "lowered", 1)
    lower = amount("bound-lower", "lowered", "raised", -1)
    return {"per_group": upper, "norm": upper, "lower": lower, "values": values, "most": most, "drawn": drawn}


def _told(bound: Bound) -> str:
    if bound.norm is not None:
        return f"a norm of {bound.norm} over all groups"
    return f"{bound.lower} to {bound.per_group} in each group"


def _rows(notes: Notes, old: Bound, new: Bound) -> None:
    _bound(notes, "the count of rows", old, new)


def _columns(notes: Notes, old: Mapping[str, Bound], new: Mapping[str, Bound]) -> None:
    for name in dict.fromkeys((*new, *old)):
        measure = f"`{name}`"
        if name not in old:
            notes.add("summable-added", measure=measure, value=_told(new[name]))
        elif name not in new:
            notes.add("summable-removed", measure=measure, value=_told(old[name]))
        elif old[name] != new[name]:
            _bound(notes, measure, old[name], new[name])


RANK: Rules = {"rows": ordered("rank-rows"), "each": ordered("rank-each")}


def _rank(notes: Notes, old: RankBound | None, new: RankBound | None) -> None:
    walk(RANK, notes, old or RankBound(), new or RankBound())


ALLOWANCE: Rules = allowance("allowance")
CAP: Rules = allowance("cap")
RELEASE: Rules = {
    "epsilon_default": ordered("epsilon-default"),
    "epsilon_max": ordered("epsilon-max"),
    "allowance": nested(ALLOWANCE),
    "max_groups": ordered("max-groups"),
    "rows": _rows,
    "columns": _columns,
    "threshold_delta": ordered("threshold-delta"),
    "clipping_share": text("clipping-share"),
    "max_cells": ordered("max-cells"),
    "max_age_hours": ordered("max-age"),
    "rank": _rank,
    "caps_share": text("caps-share"),
    "minimum_group": ordered("minimum-group", wider="lowered", narrower="raised", key=lambda people: -people),
    "analyst_allowance": optional_allowance("analyst-allowance"),
}


def _conditional(notes: Notes, old: bool, new: bool) -> None:
    notes.add("exact-guarantee-conditional" if new else "exact-guarantee-unconditional")


SUPPRESSED: Rules = {
    "minimum": ordered("exact-minimum", wider="lowered", narrower="raised", key=lambda people: -people),
    "largest_share": ordered("exact-share", key=Decimal),
    "max_cells": ordered("exact-cells"),
    "conditional": _conditional,
}


def suppressed(notes: Notes, old: SuppressedRule | None, new: SuppressedRule | None) -> None:
    """Take down whether exact figures may leave at all, and how the rule differs if they could and can."""
    if old is None or new is None:
        rule = new if new is not None else old
        if rule is not None:
            code = "exact-added" if new is not None else "exact-removed"
            notes.add(code, minimum=rule.minimum, share=rule.largest_share)
        return
    walk(SUPPRESSED, notes, old, new)
