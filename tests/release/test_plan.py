from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import InputInvalid
from pellucid.policy.model import ReleaseRule
from pellucid.release.budget import PrivacyBudget, rho_of
from pellucid.release.plan import epsilon_for, plan
from pellucid.rewrite.governed import Grid, Measure, MeasureKind
from tests.release.conftest import COUNT, MONEY, PEOPLE, make_block, make_query, make_rule

TOTAL = rho_of(1.0, 10**9)


def test_one_count_of_everybody_has_the_known_error(rule: ReleaseRule) -> None:
    planned = plan(make_query(make_block(PEOPLE, keys=())), rule)
    assert planned.half_width("b0", "m2") == 9.0  # sigma 4.5309
    assert planned.block("b0").measure("m2").sigma == pytest.approx(4.5309, abs=1e-4)
    assert planned.cost == PrivacyBudget(TOTAL, 0)


def test_measures_share_the_budget_equally_and_errors_are_in_their_own_units(rule: ReleaseRule) -> None:
    planned = plan(make_query(make_block(COUNT, MONEY)), rule)
    count, money = planned.block("b0").measures
    assert count.rho == money.rho == TOTAL // 2
    assert money.sigma / count.sigma == pytest.approx(30_000 / 50)
    assert money.half_width == pytest.approx(1.96 * money.sigma / 100)


def test_more_groups_mean_more_noise_as_their_square_root(rule: ReleaseRule) -> None:
    few = plan(make_query(make_block(COUNT, max_groups=4)), rule).half_width("b0", "m0")
    many = plan(make_query(make_block(COUNT, max_groups=16)), rule).half_width("b0", "m0")
    assert many / few == pytest.approx(2.0)


def test_fewer_public_cells_than_groups_mean_less_noise_if_the_plan_knows(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT, max_groups=16))
    unknown, known = plan(query, rule), plan(query, rule, cells={"b0": 4})
    assert unknown.half_width("b0", "m0") / known.half_width("b0", "m0") == pytest.approx(2.0)
    assert known.cost == unknown.cost


def test_unknown_keys_cost_a_share_and_their_delta(rule: ReleaseRule) -> None:
    planned = plan(make_query(make_block(COUNT, public_cells=False)), rule)
    threshold = planned.block("b0").threshold
    assert threshold is not None
    assert (threshold.rho, threshold.delta) == (TOTAL // 2, 10**7)
    assert planned.cost.delta == 10**7
    assert threshold.threshold > 5 * threshold.sigma


def test_the_count_of_people_that_chose_the_keys_is_not_paid_twice(rule: ReleaseRule) -> None:
    planned = plan(make_query(make_block(COUNT, PEOPLE, public_cells=False)), rule).block("b0")
    assert [(measure.rho, measure.from_threshold) for measure in planned.measures] == [(TOTAL // 2, False), (0, True)]
    assert planned.threshold is not None
    assert planned.threshold.rho == TOTAL // 2


def test_a_count_of_some_people_only_is_paid_for_beside_the_keys(rule: ReleaseRule) -> None:
    some = replace(PEOPLE, title="households with income below 15K", contributors=False)
    planned = plan(make_query(make_block(some, public_cells=False)), rule).block("b0")
    assert [(measure.rho, measure.from_threshold) for measure in planned.measures] == [(TOTAL // 2, False)]


def test_clipping_is_paid_only_where_the_rule_and_the_block_say_so() -> None:
    paying = make_rule(clipping_share=0.1)
    query = make_query(make_block(COUNT, reports_clipping=True))
    assert plan(query, paying).block("b0").clipping_rho == TOTAL // 10
    assert plan(query, make_rule()).block("b0").clipping_rho == 0
    assert plan(make_query(make_block(COUNT)), paying).block("b0").clipping_rho == 0


def test_blocks_share_in_proportion_to_what_they_measure(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT, MONEY), replace(make_block(COUNT), name="b1", namespace="member"))
    planned = plan(query, rule)
    assert [measure.rho for block in planned.blocks for measure in block.measures] == [TOTAL // 3] * 3
    assert planned.namespaces == ("household", "member")


def test_thresholded_blocks_share_the_threshold_delta(rule: ReleaseRule) -> None:
    block = make_block(COUNT, public_cells=False)
    planned = plan(make_query(block, replace(block, name="b1")), rule)
    assert [part.threshold.delta for part in planned.blocks if part.threshold] == [10**7 // 2] * 2


@given(
    measures=st.integers(1, 6),
    blocks=st.integers(1, 4),
    epsilon=st.floats(0.01, 5),
    public=st.booleans(),
    share=st.floats(0, 0.5),
)
def test_a_plan_never_costs_more_than_its_epsilon(
    measures: int, blocks: int, epsilon: float, public: bool, share: float
) -> None:
    named = [replace(COUNT, name=f"m{index}") for index in range(measures)]
    parts = [
        replace(make_block(*named, public_cells=public, reports_clipping=True), name=f"b{index}")
        for index in range(blocks)
    ]
    planned = plan(make_query(*parts), make_rule(clipping_share=share), epsilon)
    allowed = rho_of(epsilon, 10**9)
    assert allowed - 100 < planned.cost.rho <= allowed
    assert planned.cost.epsilon(planned.conversion_delta) <= epsilon * (1 + 1e-9)


def test_public_keys_alone_cost_nothing(rule: ReleaseRule) -> None:
    planned = plan(make_query(make_block(reports_clipping=True)), make_rule(clipping_share=0.1))
    assert planned.cost == PrivacyBudget(0)


def test_unknown_keys_alone_cost_their_threshold(rule: ReleaseRule) -> None:
    assert plan(make_query(make_block(public_cells=False)), rule).cost == PrivacyBudget(TOTAL, 10**7)


def test_a_question_about_nobody_costs_nothing(rule: ReleaseRule) -> None:
    assert plan(make_query(), rule).cost == PrivacyBudget(0)


@pytest.mark.parametrize("epsilon", [0.0, -1.0, 5.1, math.nan, math.inf])
def test_an_epsilon_beyond_the_rule_is_refused(rule: ReleaseRule, epsilon: float) -> None:
    with pytest.raises(InputInvalid, match="at most 5 for this purpose"):
        plan(make_query(make_block(COUNT)), rule, epsilon)


def test_an_epsilon_too_small_to_share_is_refused(rule: ReleaseRule) -> None:
    with pytest.raises(InputInvalid, match="too small to be shared"):
        plan(make_query(make_block(COUNT, MONEY)), rule, 1e-7)


@given(accuracy=st.floats(0.5, 5_000))
def test_the_epsilon_for_an_accuracy_is_the_least_that_reaches_it(accuracy: float) -> None:
    rule, query = make_rule(), make_query(make_block(COUNT, PEOPLE))
    best = plan(query, rule, rule.epsilon_max).half_width("b0", "m0")
    assert best is not None
    if accuracy < best:
        with pytest.raises(InputInvalid) as refused:
            epsilon_for(query, rule, accuracy)
        assert refused.value.code == "accuracy-out-of-reach"
        return
    epsilon = epsilon_for(query, rule, accuracy)
    widths = [measure.half_width for measure in plan(query, rule, epsilon).block("b0").measures]
    assert max(width for width in widths if width is not None) <= accuracy
    less = plan(query, rule, epsilon * 0.98).half_width("b0", "m0")
    assert less is not None
    assert less >= accuracy * 0.98


def test_an_accuracy_of_what_has_no_half_width_is_refused(rule: ReleaseRule) -> None:
    median = Measure("m0", MeasureKind.QUANTILE, "median", 0, 0, 20, grid=Grid(0, 9, 9, 1, 2))
    with pytest.raises(InputInvalid) as refused:
        epsilon_for(make_query(make_block(median)), rule, 5.0)
    assert refused.value.code == "accuracy-meaningless"
