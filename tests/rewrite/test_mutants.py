"""Each bound is there for a reason: taken out, one at a time, the brute-force check of sensitivity finds it missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pellucid.release import sensitivity
from pellucid.rewrite import block_frame, bound
from pellucid.rewrite.governed import Measure
from tests.rewrite import test_sensitivity as check
from tests.rewrite.shop import ALL, Permitted, Shop

Patch = Callable[[pytest.MonkeyPatch], None]
EVERYTHING = (
    "SELECT week, COUNT(*), SUM(quantity), SUM(sales_value), COUNT(DISTINCT product_id), MEDIAN(quantity), "
    "VARIANCE(quantity) FROM purchases GROUP BY week"
)


def texts(name: str, before: str, after: str) -> Patch:
    """Return a mutant of what a function of the frame writes."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        real = getattr(block_frame, name)

        def changed(*arguments: Any, **named: Any) -> str:
            text: str = real(*arguments, **named)
            return text.replace(before, after)

        monkeypatch.setattr(block_frame, name, changed)

    return patch


def without_clamp(monkeypatch: pytest.MonkeyPatch) -> None:
    real = block_frame._clamp

    def plain(position: int, measure: Measure) -> str:
        return f"CAST(t{position} AS BIGINT)" if measure.norm is None else real(position, measure)

    monkeypatch.setattr(block_frame, "_clamp", plain)


def without_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    real = block_frame._clamp
    monkeypatch.setattr(block_frame, "_clamp", lambda position, measure: real(position, replace(measure, norm=None)))


def without_limit_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    real = block_frame._seen
    monkeypatch.setattr(
        block_frame, "_seen", lambda position, measure, names: real(position, replace(measure, upper=10**6), names)
    )


def without_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_frame, "_kept", lambda names, limit: "SELECT *, 1 AS _groups FROM _totals")


def whole_of_what_goes_by_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    real = block_frame._value

    def uncut(position: int, measure: Measure) -> str:
        return f"CAST(t{position} AS BIGINT) AS m{position}" if measure.by is not None else real(position, measure)

    monkeypatch.setattr(block_frame, "_value", uncut)


def one_cell_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claim that each key says one thing of a person, and let the limit on cells go."""
    monkeypatch.setattr(bound, "_one_cell_each", lambda groups, frame, work: True)
    without_groups(monkeypatch)


MUTANTS: dict[str, Patch] = {
    "no clamp": without_clamp,
    "no norm": without_norm,
    "no limit on groups": without_groups,
    "no limit on distinct values": without_limit_of_values,
    "no cut of what goes by a count": whole_of_what_goes_by_a_count,
    "one cell a person, claimed": one_cell_a_person,
    "weights that are not cut": texts("_spread", "_bounded.m4 * ", "_bounded.t4 * "),
}


def survives(shop: Shop) -> bool:
    """Return whether the check finds nothing."""
    governed = shop.govern(EVERYTHING, "tight")
    shop.permit(Permitted(plain=ALL))
    whole = shop.exact(governed)
    try:
        for person in sorted(ALL):
            shop.permit(Permitted(plain=ALL - {person}))
            check.demand_bounded(governed, whole, shop.exact(governed))
    except AssertionError:
        return False
    finally:
        shop.permit(Permitted())
    return True


def test_what_is_not_changed_survives(odd_shop: Shop) -> None:
    assert survives(odd_shop)


@pytest.mark.parametrize("name", MUTANTS)
@pytest.mark.promise("hidden", "bounds taken out of the SQL one at a time: each has to be missed by the check")
def test_a_mutant_without_a_bound_is_caught(odd_shop: Shop, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[name](monkeypatch)
    assert not survives(odd_shop)


def test_a_sensitivity_without_the_groups_is_caught(odd_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sensitivity.measure_sensitivity
    monkeypatch.setattr(check, "measure_sensitivity", lambda measure, groups, cells=None: real(measure, 1, 1))
    assert not survives(odd_shop)
