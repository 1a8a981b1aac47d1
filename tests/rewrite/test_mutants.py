"""Each bound is there for a reason: taken out, one at a time, the brute-force check of sensitivity finds it missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pellucid.errors import UseRefused
from pellucid.release import sensitivity
from pellucid.rewrite import block_frame, bound, governed_text, packed_frame, ranked
from pellucid.rewrite.governed import Measure
from tests.rewrite import test_sensitivity as check
from tests.rewrite.shop import ALL, Permitted, Policy, Shop, Stock, ways

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


def survives(shop: Shop, question: str = EVERYTHING, way: int = 0) -> bool:
    """Return whether the gate's own recheck and the check find nothing, whatever the salt of three."""
    try:
        governed = ways(shop.govern(question, "tight"))[way]
    except UseRefused:
        return False
    for salt in ("one", "two", "three"):
        shop.permit(Permitted(plain=ALL))
        whole = shop.exact(governed, salt=salt)
        try:
            for person in sorted(ALL):
                shop.permit(Permitted(plain=ALL - {person}))
                check.demand_bounded(governed, whole, shop.exact(governed, salt=salt))
        except AssertionError:
            return False
        finally:
            shop.permit(Permitted())
    return True


@pytest.mark.slow
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


# -- clamped totals in one number, and ranks ---------------------------------------------------------------------------

PACKED = "SELECT week, COUNT(*), SUM(quantity) FROM purchases GROUP BY week"
MONTH = "SELECT COUNT(*), SUM(quantity) FROM purchases WHERE bought >= DATE '2026-04-01' AND bought < DATE '2026-05-01'"
WEEKS = MONTH.replace("SELECT ", "SELECT week, ") + " GROUP BY week"


@pytest.fixture(scope="module")
def dense(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Return a shop whose people have about ten rows a month."""
    shop = Shop(policy, Stock.made(13, odd=True, purchases=1500), tmp_path_factory.mktemp("dense"))
    yield shop
    shop.close()


def packed(name: str, before: str, after: str) -> Patch:
    """Return a mutant of what a function of the packed frame writes."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        real = getattr(packed_frame, name)
        changed = lambda *arguments: real(*arguments).replace(before, after)  # noqa: E731
        monkeypatch.setattr(packed_frame, name, changed)

    return patch


def everybody_is_light(monkeypatch: pytest.MonkeyPatch) -> None:
    real = block_frame.packed_sql
    monkeypatch.setattr(block_frame, "packed_sql", lambda *each, **named: real(*each[:3], 10**6, **named))


def all_ranks_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let rows of any rank through the governed rows, and the frame count them."""
    real, sums = governed_text.governed_sql, block_frame._added_up

    def governed(dataset: Any, purpose: Any, columns: Any, rank: Any = None) -> str:
        return real(dataset, purpose, columns, rank).replace(".< 3", "").replace(" < 3", " < 255")

    monkeypatch.setattr(governed_text, "governed_sql", governed)
    monkeypatch.setattr(block_frame, "_added_up", lambda one, rank: sums(one, replace(rank, rows=254)))


def rows_not_clamped(monkeypatch: pytest.MonkeyPatch) -> None:
    real = block_frame._added_up
    wide = lambda one, rank: real(replace(one, lower=-(10**9), upper=10**9), rank)  # noqa: E731
    monkeypatch.setattr(block_frame, "_added_up", wide)


def half_of_the_months(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranked, "Ranked", lambda data, rows, months, *rest: real_ranked(data, 1, months, *rest))


real_ranked = ranked.Ranked

OTHER_MUTANTS: dict[str, tuple[Patch, str, int]] = {
    "packed: no clamp": (packed("_totals", " AS m0", " * 2 AS m0"), PACKED.replace("GROUP", "WHERE week < 3 GROUP"), 0),
    "packed: no limit on groups": (everybody_is_light, PACKED, 0),
    "rank: rows of any rank": (all_ranks_through, MONTH, 1),
    "rank: rows that are not clamped": (rows_not_clamped, MONTH, 1),
    "rank: fewer rows claimed": (half_of_the_months, MONTH, 1),
    "rank of a dimension: rows of any rank": (all_ranks_through, WEEKS, 2),
    "rank of a dimension: fewer rows claimed": (half_of_the_months, WEEKS, 2),
}


@pytest.mark.slow
@pytest.mark.parametrize(("question", "way"), [(PACKED, 0), (MONTH, 1), (WEEKS, 1), (WEEKS, 2)])
def test_what_is_not_changed_survives_where_totals_are_packed_or_ranked(dense: Shop, question: str, way: int) -> None:
    assert survives(dense, question, way)


@pytest.mark.parametrize("name", OTHER_MUTANTS)
@pytest.mark.promise("hidden", "bounds of packed totals and ranks taken out one at a time: each is missed by the check")
def test_another_mutant_without_a_bound_is_caught(dense: Shop, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patch, question, way = OTHER_MUTANTS[name]
    governed_text._text.cache_clear()
    try:
        patch(monkeypatch)
        assert not survives(dense, question, way)
    finally:
        monkeypatch.undo()
        governed_text._text.cache_clear()
