"""Every interleaving of the lease rule keeps the promise and ends; without any one of its rules, some does not."""

from __future__ import annotations

import pytest

from pellucid.insights import answer
from tests.races.lease_model import RERUNS, Rule, walk

ALL = frozenset(Rule)


def test_the_model_runs_again_as_often_as_the_product() -> None:
    assert RERUNS == answer.RERUNS


@pytest.mark.parametrize(("questions", "writers"), [(1, 4), (2, 3)])
def test_no_interleaving_releases_over_an_acknowledged_withdrawal_and_none_hangs(questions: int, writers: int) -> None:
    walked = walk(questions, writers, ALL)
    assert (walked.broken, walked.stuck) == (False, 0)
    assert walked.gave_up  # a lease that was taken away, so that the writers had not to wait longer
    assert walked.states > 1_000
    assert walked.releases_under_lease


@pytest.mark.parametrize("rule", Rule)
def test_without_any_one_rule_some_interleaving_breaks_the_promise(rule: Rule) -> None:
    assert walk(1, 4, ALL - {rule}).broken
