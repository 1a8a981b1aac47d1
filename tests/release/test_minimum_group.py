"""A minimum of people: judged by the noisy count alone, whatever the true one is."""

from __future__ import annotations

import pytest

from pellucid.policy.model import ReleaseRule
from pellucid.release import private
from pellucid.release.mechanisms import Noised, Thresholded
from pellucid.release.plan import plan
from pellucid.release.private import release
from pellucid.rewrite.governed import WITHHELD
from tests.release.conftest import COUNT, MONEY, PEOPLE, make_block, make_exact, make_query, make_rule

WHY = "fewer than 50 people, by a noisy count"


@pytest.fixture
def rule() -> ReleaseRule:
    return make_rule(minimum_group=50)


def turned(monkeypatch: pytest.MonkeyPatch, counts: dict[int, int]) -> None:
    """Let the noise turn some values into others, by what they are; all the rest stays."""
    real = private.gaussian

    def drawn(values: list[int], *, sensitivity: float, rho: int) -> Noised:
        noised = real(values, sensitivity=sensitivity, rho=rho)
        return Noised(tuple(counts.get(value, value) for value in values), noised.sigma, noised.spent)

    monkeypatch.setattr(private, "gaussian", drawn)


def test_a_public_group_is_judged_by_its_noisy_count_whatever_the_true_one_is(
    rule: ReleaseRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned(monkeypatch, {800: 49, 3: 50})
    query = make_query(make_block(COUNT, MONEY))
    columns = {"k0": ["few", "many", "none"], "_subjects": [3, 800, 0], "m0": [5, 900, 0], "m1": [700, 70_000, 0]}
    released = release(make_exact(columns), query, plan(query, rule))
    table = released.tables["b0"]
    assert table.column("k0").to_pylist() == ["few", "many", "none"]
    assert table.column(WITHHELD).to_pylist() == [None, WHY, WHY]
    assert table.column("m0").to_pylist() == [5, None, None]
    assert [value is None for value in table.column("m1").to_pylist()] == [False, True, True]
    assert [value is None for value in table.column("m1_error").to_pylist()] == [False, True, True]
    assert "_subjects" not in table.schema.names


def test_the_count_of_people_is_paid_for_like_another_measure(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT, MONEY, max_groups=3))
    with_, without = plan(query, rule), plan(query, make_rule())
    block = with_.block("b0")
    assert block.people_rho == block.measure("m0").rho == block.measure("m1").rho
    assert without.cost.rho - 3 <= with_.cost.rho <= without.cost.rho
    assert (without.block("b0").people_rho, without.block("b0").minimum) == (0, 0)
    columns = {"k0": ["a", "b", "c"], "_subjects": [9000] * 3, "m0": [1] * 3, "m1": [1] * 3}
    spent = release(make_exact(columns), query, with_).spent
    assert with_.cost.rho - 4 <= spent.rho <= with_.cost.rho


def test_a_measure_that_counts_the_people_is_not_paid_for_twice(
    rule: ReleaseRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = make_query(make_block(COUNT, PEOPLE))
    planned = plan(query, rule)
    assert (planned.block("b0").people_rho, planned.cost) == (0, plan(query, make_rule()).cost)
    turned(monkeypatch, {800: 49, 3: 50})
    columns = {"k0": ["few", "many"], "_subjects": [3, 800], "m0": [5, 900], "m2": [3, 800]}
    table = release(make_exact(columns), query, planned).tables["b0"]
    assert table.column("m2").to_pylist() == [50, None]


def test_a_total_of_too_few_is_a_row_without_a_figure(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT, keys=()))
    small = release(make_exact({"_subjects": [0], "m0": [0]}), query, plan(query, make_rule(minimum_group=10_000)))
    assert (small.tables["b0"].num_rows, small.tables["b0"].column("m0").to_pylist()) == (1, [None])
    large = release(make_exact({"_subjects": [90_000], "m0": [90_000]}), query, plan(query, rule))
    assert large.tables["b0"].column(WITHHELD).to_pylist() == [None]


def test_of_keys_that_are_data_the_larger_of_threshold_and_minimum_decides(
    rule: ReleaseRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = make_query(make_block(COUNT, PEOPLE, public_cells=False))
    planned = plan(query, rule)
    threshold = planned.block("b0").threshold
    assert threshold is not None

    def drawn(counts: list[int], *, max_groups: int, rho: int, delta: int) -> Thresholded:
        noisy = {800: 49, 3: 50, 90: 90}
        return Thresholded({place: noisy[count] for place, count in enumerate(counts)}, 1.0, 20, plan(query, rule).cost)

    monkeypatch.setattr(private, "threshold_counts", drawn)
    monkeypatch.setattr(private.PrivacyBudget, "covers", lambda self, other: True)
    columns = {"k0": ["few", "many", "some"], "_subjects": [3, 800, 90], "m0": [5, 900, 95], "m2": [3, 800, 90]}
    table = release(make_exact(columns), query, planned).tables["b0"]
    assert table.column("k0").to_pylist() == ["few", "some"]
    assert table.column("m2").to_pylist() == [50, 90]
    assert WITHHELD not in table.schema.names
    assert planned.cost == plan(query, make_rule()).cost, "it costs nothing more"


def test_without_a_minimum_nothing_is_withheld() -> None:
    query = make_query(make_block(COUNT))
    columns = {"k0": ["a"], "_subjects": [0], "m0": [0]}
    table = release(make_exact(columns), query, plan(query, make_rule())).tables["b0"]
    assert table.schema.names == ["k0", "m0", "m0_error"]
