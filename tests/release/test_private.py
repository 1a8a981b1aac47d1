from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import opendp.prelude as dp
import pyarrow as pa
import pytest

from pellucid.engines.exact import ExactAnswer
from pellucid.errors import QueryFailed
from pellucid.policy.model import ReleaseRule
from pellucid.release import private
from pellucid.release.mechanisms import noise_scale
from pellucid.release.plan import plan
from pellucid.release.private import release
from tests.release.conftest import COUNT, MONEY, PEOPLE, make_block, make_exact, make_query, make_rule

# Noise further than 12 sigma from the value has p < 1e-30; every closeness below allows that much.
FAR = 12 / 1.96


def test_every_public_cell_gets_noise_and_rows_are_sorted_by_keys(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT, MONEY))
    exact = make_exact({"k0": ["c", "a", "b"], "_subjects": [9, 0, 8], "m0": [900, 0, 50], "m1": [70_000, 0, 0]})
    released = release(exact, query, plan(query, rule))
    table = released.tables["b0"]
    assert table.schema.names == ["k0", "m0", "m0_error", "m1", "m1_error"]
    assert table.column("k0").to_pylist() == ["a", "b", "c"]
    assert [str(table.schema.field(name).type) for name in table.schema.names] == [
        "string", "int64", "double", "decimal128(38, 2)", "double",
    ]  # fmt: skip
    width = released.half_widths["b0", "m0"]
    assert table.column("m0_error").to_pylist() == [width] * 3
    for got, true in zip(table.column("m0").to_pylist(), [0, 50, 900], strict=True):
        assert abs(got - true) < FAR * width
    for got, true in zip(table.column("m1").to_pylist(), [0, 0, 700], strict=True):
        assert abs(float(got) - true) < FAR * released.half_widths["b0", "m1"]


def test_a_count_in_hundredths_is_shown_in_whole_rows_and_its_error_allows_for_that(rule: ReleaseRule) -> None:
    fine = replace(COUNT, scale=2, lower=-1000, upper=1000, norm=1000)
    query = make_query(make_block(fine))
    planned = plan(query, rule)
    exact = make_exact({"k0": list(range(400)), "_subjects": [9] * 400, "m0": [12_345] * 400})
    released = release(exact, query, planned)
    values, width = released.tables["b0"].column("m0"), released.half_widths["b0", "m0"]
    assert str(values.type) == "int64"
    sigma = planned.blocks[0].measures[0].sigma
    assert width == planned.half_width("b0", "m0") == pytest.approx(1.96 * sigma / 100 + 0.5)
    # the mean of 400 draws, rounding included, is off by more than 6 of its deviations with p < 1e-8
    assert abs(sum(values.to_pylist()) / 400 - 123.45) < 6 * (sigma / 100 + 0.5) / 20


def test_exact_values_do_not_come_out(rule: ReleaseRule) -> None:
    query = make_query(make_block(MONEY))
    values = list(range(1000))
    exact = make_exact({"k0": values, "_subjects": [1] * 1000, "m1": values})
    table = release(exact, query, plan(query, rule)).tables["b0"]
    assert "_subjects" not in table.schema.names
    unmoved = sum(
        got == Decimal(true).scaleb(-2) for got, true in zip(table.column("m1").to_pylist(), values, strict=True)
    )
    # sigma is about 430,000 units: a cell stays as it was with p < 1e-6, so 20 of 1000 with p < 1e-70
    assert unmoved < 20


def test_negative_noisy_counts_are_left_as_they_are(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT))
    exact = make_exact({"k0": list(range(500)), "_subjects": [0] * 500, "m0": [0] * 500})
    values = release(exact, query, plan(query, rule)).tables["b0"].column("m0").to_pylist()
    assert min(values) < 0 < max(values)  # all of one sign: p = 2**-499


def test_money_keeps_its_cents_as_decimals(rule: ReleaseRule) -> None:
    query = make_query(make_block(MONEY, keys=()))
    exact = make_exact({"_subjects": [5], "m1": [9_007_199_254_740_993]})
    (value,) = release(exact, query, plan(query, rule)).tables["b0"].column("m1").to_pylist()
    assert isinstance(value, Decimal)
    assert value.as_tuple().exponent == -2
    assert abs(value - Decimal("90071992547409.93")) < 10**7


def test_real_noise_is_smaller_where_there_are_fewer_cells_than_groups(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT, max_groups=9))
    planned = plan(query, rule)
    exact = make_exact({"k0": ["a"], "_subjects": [1], "m0": [1]})
    got = release(exact, query, planned)
    assert planned.half_width("b0", "m0") / got.half_widths["b0", "m0"] == pytest.approx(3.0)
    assert planned.cost.rho - 2 <= got.spent.rho <= planned.cost.rho


def test_small_groups_of_unknown_keys_are_dropped_and_large_ones_reuse_the_count(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT, PEOPLE, public_cells=False))
    planned = plan(query, rule)
    columns = {
        "k0": ["mallory's own", None, "wine", "milk"],
        "_subjects": [1, 5000, 1, 8000],
        "m0": [50, 6000, 3, 9000],
        "m2": [1, 5000, 1, 8000],
    }
    released = release(make_exact(columns), query, planned)
    table = released.tables["b0"]
    assert table.column("k0").to_pylist() == ["milk", None]  # the one-person cells pass with p < 1e-8
    people = table.column("m2").to_pylist()
    assert all(
        abs(got - true) < FAR * released.half_widths["b0", "m2"] for got, true in zip(people, [8000, 5000], strict=True)
    )
    assert released.spent.delta <= planned.cost.delta == 10**7
    assert planned.cost.rho - 3 <= released.spent.rho <= planned.cost.rho


def test_a_count_of_some_people_only_is_not_mistaken_for_all_who_chose_the_keys(rule: ReleaseRule) -> None:
    query = make_query(make_block(replace(PEOPLE, contributors=False), public_cells=False))
    exact = make_exact({"k0": ["wine"], "_subjects": [9000], "m2": [100]})
    released = release(exact, query, plan(query, rule))
    (people,) = released.tables["b0"].column("m2").to_pylist()
    assert abs(people - 100) < FAR * released.half_widths["b0", "m2"]


def test_keys_without_measures_come_out_thresholded_and_sorted(rule: ReleaseRule) -> None:
    query = make_query(make_block(public_cells=False))
    exact = make_exact({"k0": ["b", "rare", "a"], "_subjects": [5000, 1, 5000]})
    assert release(exact, query, plan(query, rule)).tables["b0"].to_pydict() == {"k0": ["a", "b"]}


def test_no_group_large_enough_is_an_empty_answer_of_the_same_shape(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT, public_cells=False))
    exact = make_exact({"k0": ["a"], "_subjects": [1], "m0": [50]})
    table = release(exact, query, plan(query, rule)).tables["b0"]
    assert table.num_rows == 0
    assert table.schema == pa.schema([("k0", pa.string()), ("m0", pa.int64()), ("m0_error", pa.float64())])


def test_more_released_groups_than_the_rule_allows_fail(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT, public_cells=False))
    exact = make_exact({"k0": list(range(30)), "_subjects": [90_000] * 30, "m0": [1] * 30})
    with pytest.raises(QueryFailed, match="more than 20 cells"):
        release(exact, query, plan(query, make_rule(max_cells=20)))


def test_too_many_public_cells_fail(rule: ReleaseRule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "LARGEST_VECTOR", 2)
    query = make_query(make_block(COUNT))
    exact = make_exact({"k0": [1, 2, 3], "_subjects": [1, 1, 1], "m0": [1, 1, 1]})
    with pytest.raises(QueryFailed, match="more than 2 cells"):
        release(exact, query, plan(query, rule))


def test_the_fraction_clipped_is_told_with_its_error_where_it_is_paid_for() -> None:
    rule = make_rule(clipping_share=0.2)
    query = make_query(make_block(COUNT, reports_clipping=True))
    exact = make_exact({"k0": ["a"], "_subjects": [50_000], "m0": [7]}, clipping=(50_000, 10_000))
    planned = plan(query, rule)
    released = release(exact, query, planned)
    (clipping,) = released.clipping
    assert clipping.fraction is not None
    assert clipping.half_width is not None
    assert abs(clipping.fraction - 0.2) < FAR * clipping.half_width
    assert 0 < clipping.half_width < 0.01
    assert planned.cost.rho - 2 <= released.spent.rho <= planned.cost.rho
    assert released.tables["b0"].num_rows == 1


def test_too_few_people_tell_no_fraction() -> None:
    query = make_query(make_block(COUNT, reports_clipping=True))
    exact = make_exact({"k0": ["a"], "_subjects": [1], "m0": [7]}, clipping=(0, 0))
    (clipping,) = release(exact, query, plan(query, make_rule(clipping_share=0.5))).clipping
    # sigma is about 9 and the limit twice the half-width, 3.9 sigma: exceeded once in 20,000; either way no crash
    assert clipping.fraction is None or 0 <= clipping.fraction <= 1


def test_clipping_is_not_measured_unless_paid_for(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT, reports_clipping=True))
    exact = make_exact({"k0": ["a"], "_subjects": [1], "m0": [7]}, clipping=(10, 5))
    assert release(exact, query, plan(query, rule)).clipping == ()


def test_a_cell_twice_is_refused(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT))
    exact = make_exact({"k0": ["a", "a"], "_subjects": [1, 1], "m0": [1, 1]})
    with pytest.raises(QueryFailed, match="came back twice"):
        release(exact, query, plan(query, rule))


def test_a_total_that_is_not_one_cell_is_refused(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT, keys=()))
    with pytest.raises(QueryFailed, match="more or fewer than one cell"):
        release(make_exact({"_subjects": [1, 1], "m0": [1, 1]}), query, plan(query, rule))


def test_measures_that_are_not_integers_are_refused(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT))
    with pytest.raises(QueryFailed, match="did not come back as integers"):
        release(make_exact({"k0": ["a"], "_subjects": [1], "m0": [1.5]}), query, plan(query, rule))


def test_a_missing_clipping_row_is_refused() -> None:
    query = make_query(make_block(COUNT, reports_clipping=True))
    exact = make_exact({"k0": ["a"], "_subjects": [1], "m0": [7]})
    with pytest.raises(QueryFailed, match="counts clipped people is missing"):
        release(exact, query, plan(query, make_rule(clipping_share=0.1)))


def test_several_blocks_are_one_release(rule: ReleaseRule) -> None:
    first = make_block(PEOPLE, keys=())
    second = replace(make_block(COUNT), name="b1")
    query = make_query(first, second)
    total = pa.table({"_row": [0], "_subjects": [500], "m2": [500]})
    cells = pa.table({"_row": [0, 0], "k0": [2, 1], "_subjects": [5, 6], "m0": [7, 8]})
    planned = plan(query, rule)
    released = release(ExactAnswer({"b0": total, "b1": cells}, replica_version=1), query, planned)
    assert sorted(released.tables) == ["b0", "b1"]
    assert planned.cost.rho - 4 <= released.spent.rho <= planned.cost.rho
    assert math.isclose(released.half_widths["b0", "m2"], planned.half_width("b0", "m2"))


def test_the_release_costs_the_sum_of_opendps_maps_rounded_up() -> None:
    rule = make_rule(clipping_share=0.1)
    query = make_query(make_block(COUNT, MONEY, public_cells=False, reports_clipping=True))
    columns = {"k0": list(range(12)), "_subjects": [9000] * 12, "m0": [20_000] * 12, "m1": [10**6] * 12}
    planned = plan(query, rule)
    spent = release(make_exact(columns, clipping=(9000, 90)), query, planned).spent
    part = planned.block("b0")
    assert part.threshold is not None
    l2 = math.sqrt(10) * (1 + 1e-15)
    count, money = part.measures
    maps = [
        _map(count.sigma, 50 * l2),
        _map(money.sigma, 30_000 * l2),
        _map(part.threshold.sigma, l2),
        _map(noise_scale(math.sqrt(2), part.clipping_rho), math.sqrt(2)),
    ]
    assert sum(maps) * 1e12 <= spent.rho + 1 <= sum(maps) * 1e12 + len(maps) + 1
    assert spent.rho <= planned.cost.rho


def _map(sigma: float, sensitivity: float) -> float:
    integers = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T=float)
    return float(dp.m.make_gaussian(*integers, scale=sigma).map(sensitivity))


def test_public_groups_that_became_more_than_one_person_may_be_in_fail_where_none_are_limited(
    rule: ReleaseRule,
) -> None:
    query = make_query(make_block(COUNT, max_groups=2, is_few=True))
    exact = make_exact({"k0": [1, 2, 3], "_subjects": [1, 1, 1], "m0": [1, 1, 1]})
    with pytest.raises(QueryFailed, match="public of this question changed") as caught:
        release(exact, query, plan(query, rule))
    assert caught.value.code == "groups-changed"
    few = make_exact({"k0": [1, 2], "_subjects": [1, 1], "m0": [1, 1]})
    assert release(few, query, plan(query, rule)).tables["b0"].num_rows == 2
