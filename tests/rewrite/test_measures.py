"""What a block's measures are declared to be, which is what a release rule must believe."""

from __future__ import annotations

import pytest

from pellucid.rewrite.governed import Measure, MeasureKind
from tests.rewrite.shop import Shop, ways, with_rows_by_norm


def measures_of(shop: Shop, aggregates: str, purpose: str = "tight") -> tuple[Measure, ...]:
    return shop.govern(f"SELECT {aggregates} FROM purchases", purpose).blocks[0].measures


@pytest.mark.parametrize(
    ("aggregate", "kind", "bounds"),
    [
        ("COUNT(*)", MeasureKind.ROWS, (0, 0, 3, None)),
        ("COUNT(shelf)", MeasureKind.VALUES, (0, 0, 3, None)),
        ("COUNT(DISTINCT basket_id)", MeasureKind.VALUES, (0, 0, 3, None)),
        ("COUNT(DISTINCT household_id)", MeasureKind.SUBJECTS, (0, 0, 1, None)),
        ("SUM(sales_value)", MeasureKind.SUM, (2, -2000, 2000, 2000)),
        ("SUM(quantity)", MeasureKind.SUM, (0, -3, 5, None)),
        ("SUM(weight)", MeasureKind.SUM, (2, -750, 750, 750)),
        ("SUM(quantity * weight)", MeasureKind.SUM, (2, -1250, 1250, 1250)),
        ("SUM(1)", MeasureKind.SUM, (0, 0, 3, None)),
        ("SUM(CASE WHEN paid THEN 2 ELSE -4 END)", MeasureKind.SUM, (0, -12, 6, None)),
        ("SUM(1e300)", MeasureKind.SUM, (0, 0, 9 * 10**15, None)),
    ],
)
def test_a_measure_has_the_bounds_that_are_declared(
    shop: Shop, aggregate: str, kind: MeasureKind, bounds: tuple[int, int, int, int | None]
) -> None:
    (measure,) = measures_of(shop, aggregate)
    assert (measure.kind, (measure.scale, measure.lower, measure.upper, measure.norm)) == (kind, bounds)


@pytest.mark.parametrize("aggregate", ["COUNT(*)", "COUNT(shelf)", "COUNT(DISTINCT basket_id)"])
def test_counts_that_are_scaled_down_to_a_norm_are_in_hundredths(
    shop: Shop, aggregate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop, "policy", with_rows_by_norm(shop.policy, "10"))
    governed = shop.govern(f"SELECT week, {aggregate} FROM purchases GROUP BY week", "tight")
    (measure,) = governed.blocks[0].measures
    assert (measure.scale, measure.norm, measure.lower, measure.upper) == (2, 1000, -1000, 1000)
    assert "* 100" in governed.blocks[0].sql


def test_where_a_rank_bounds_counts_are_in_whole_rows(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop, "policy", with_rows_by_norm(shop.policy, "10"))
    month = "bought >= DATE '2026-05-01' AND bought < DATE '2026-06-01'"
    by_norm, *others = ways(shop.govern(f"SELECT COUNT(*) FROM purchases WHERE {month}", "tight"))
    assert [(each.scale, each.upper, each.norm) for each in by_norm.blocks[0].measures] == [(2, 1000, 1000)]
    assert [way.blocks[0].ranked is not None for way in others] == [True]
    assert [(each.scale, each.upper, each.norm) for each in others[0].blocks[0].measures] == [(0, 1, None)]


def test_an_average_is_a_sum_and_a_count(shop: Shop) -> None:
    assert [measure.kind for measure in measures_of(shop, "AVG(sales_value)")] == [MeasureKind.SUM, MeasureKind.VALUES]


def test_the_same_aggregate_is_measured_once(shop: Shop) -> None:
    assert len(measures_of(shop, "COUNT(*), COUNT(*) + 1, AVG(weight), SUM(weight), COUNT(weight)")) == 3


def test_only_a_bare_key_counts_all_contributors(shop: Shop) -> None:
    asked = "COUNT(DISTINCT household_id), COUNT(DISTINCT CASE WHEN paid THEN household_id END), COUNT(*)"
    assert [measure.contributors for measure in measures_of(shop, asked)] == [True, False, False]
    joined = shop.govern("SELECT COUNT(DISTINCT m.household_id) FROM purchases t JOIN members m USING (household_id)")
    assert [measure.contributors for measure in joined.blocks[0].measures] == [True]


@pytest.mark.parametrize("question", ["SELECT shelf, COUNT(DISTINCT household_id) FROM purchases GROUP BY shelf"])
def test_contributors_are_the_people_of_each_cell(odd_shop: Shop, question: str) -> None:
    governed = odd_shop.govern(question, "tight")
    rows = odd_shop.exact(governed)[governed.blocks[0].name].to_pylist()
    cells = [row for row in rows if row["_row"] == 0]
    assert [row["m0"] for row in cells] == [row["_subjects"] for row in cells]


def test_a_count_of_keys_that_may_be_missing_is_not_of_all_contributors(shop: Shop) -> None:
    asked = "SELECT COUNT(DISTINCT m.household_id) FROM purchases t LEFT JOIN members m USING (household_id)"
    assert [measure.contributors for measure in shop.govern(asked).blocks[0].measures] == [False]
