"""Every interleaving of the lease rule keeps the promise and ends; without any one of its rules, some does not."""

from __future__ import annotations

import pytest

from pellucid.insights import answer
from tests.conftest import Tried
from tests.races.lease_model import RERUNS, Rule, walk

ALL = frozenset(Rule)


def test_the_model_runs_again_as_often_as_the_product() -> None:
    assert RERUNS == answer.RERUNS


@pytest.mark.promise("withdrawal", "every interleaving of the lease rule, in a model")
@pytest.mark.parametrize(
    ("questions", "writers"),
    [(1, 4), pytest.param(1, 6, marks=pytest.mark.slow), pytest.param(2, 3, marks=pytest.mark.slow)],
)
def test_no_interleaving_releases_over_an_acknowledged_withdrawal_and_none_hangs(
    questions: int, writers: int, tried: Tried
) -> None:
    walked = walk(questions, writers, ALL)
    assert (walked.broken, walked.stuck) == (False, 0)
    assert walked.gave_up  # a lease that was taken away, so that the writers had not to wait longer
    assert walked.states > 1_000
    assert walked.releases_under_lease
    tried(walked.states, f"{walked.states:,} states of {questions} questions and {writers} writers")


@pytest.mark.promise("withdrawal", "the model without each one of its rules: it must find the fault")
@pytest.mark.parametrize("rule", Rule)
def test_without_any_one_rule_some_interleaving_breaks_the_promise(rule: Rule) -> None:
    assert walk(1, 4, ALL - {rule}).broken
