"""What bounding took away is told in words, with its error, and bounded from above where the policy lets it be."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from pellucid.release.clipping import Clipping, bounding_of, clipping_kept, clipping_of
from pellucid.rewrite.governed import Measure, MeasureKind, Ranked
from tests.release.conftest import make_block

ROWS = Measure("m0", MeasureKind.ROWS, "COUNT(*)", 0, 0, 20, most=300)
NORMED = Measure("m1", MeasureKind.SUM, "SUM(spent)", 2, -4000, 4000, norm=4000, most=50_000)
UNKNOWN = Measure("m2", MeasureKind.SUM, "SUM(weight)", 0, 0, 9)
RANKED = Ranked("purchases", 20, 12, apart=False, by=None)


def test_a_fraction_clipped_stays_within_none_and_all() -> None:
    assert clipping_of(make_block(ROWS), 5, 1000, 1010, 2.5).fraction == 1.0
    assert clipping_of(make_block(ROWS), 5, 1000, -3, 2.5).fraction == 0.0


def test_a_fraction_of_too_few_people_is_not_told() -> None:
    assert clipping_of(make_block(ROWS), 5, 10, 2, 2.6).fraction is None


def test_a_fraction_is_told_in_words_with_its_error_and_the_bound_of_the_bias() -> None:
    assert clipping_of(make_block(ROWS), 5, 1000, 60, 4.6).text == (
        "Bounded by groups: one person counts in at most 10 groups and is bounded in each of them. About 6.0% (± 0.9%) "
        "of people had more and were clipped. It took at most 20,270.1 from COUNT(*), over all groups together (95 %)."
    )


def test_what_no_largest_sum_is_declared_for_is_not_bounded() -> None:
    told = clipping_of(make_block(ROWS, UNKNOWN), 5, 1000, 60, 4.6)
    assert [each.most is None for each in told.bias] == [False, True]
    assert not told.is_bounded
    assert told.text.endswith("How much that took from SUM(weight) is not bounded.")


def test_whoever_is_cut_by_a_norm_alone_keeps_that_norm() -> None:
    few = clipping_of(make_block(NORMED), 5, 1000, 60, 0.0).bias[0].most
    more = clipping_of(make_block(NORMED), 50, 1000, 60, 0.0).bias[0].most
    assert few == 60 * (500.0 - 40.0)
    assert more == 60 * 500.0


def test_under_a_rank_rows_beyond_the_bound_are_counted_and_sums_not_bounded() -> None:
    block = make_block(ROWS, NORMED, ranked=RANKED)
    told = clipping_of(block, 5, 5000, 50, 10.0)
    assert told.bounding == "rank"
    assert told.bias[0].most is not None
    assert 66 * 280 < told.bias[0].most < 85 * 280
    assert told.bias[1].most is None
    assert "of people's months had more" in told.text


@pytest.mark.parametrize(
    ("block", "name"),
    [
        (make_block(ROWS), "groups"),
        (make_block(NORMED), "norm"),
        (make_block(ROWS, NORMED), "groups and norm"),
        (make_block(ROWS, ranked=replace(RANKED, by="week")), "rank by week"),
        (make_block(), "groups"),
    ],
)
def test_each_way_of_bounding_has_its_name_and_sentence(block: object, name: str) -> None:
    told = bounding_of(block)  # type: ignore[arg-type]
    assert told.name == name
    assert told.sentence.startswith(f"Bounded by {name.split(' by ')[0]}: ")


def test_an_entry_that_was_kept_is_the_same_again() -> None:
    from dataclasses import asdict

    told = clipping_of(make_block(ROWS, UNKNOWN), 5, 1000, 60, 4.6)
    assert clipping_kept(asdict(told)) == told
    old = {"block": "r0", "fraction": 0.1, "half_width": 0.01, "text": "About 10 %."}
    assert clipping_kept(old) == Clipping("r0", 0.1, 0.01, "About 10 %.")


def test_the_bound_of_the_bias_holds_in_95_of_100_draws_by_person() -> None:
    """False alarms: with 2,000 draws at 95 %, fewer than 1,850 inside has a probability below 1e-6."""
    pick, sigma, block, inside = random.Random(5), 8.0, make_block(ROWS), 0
    for _ in range(2000):
        totals = [pick.choice([5, 18, 60, 300]) for _ in range(100)]
        lost = sum(max(0, total - 20) for total in totals)
        clipped = sum(total > 20 for total in totals)
        most = clipping_of(block, 1, 100, round(clipped + pick.gauss(0, sigma)), sigma).bias[0].most
        inside += most is not None and lost <= most
    assert inside >= 1850


def test_the_bound_of_the_bias_holds_in_95_of_100_draws_by_rank() -> None:
    """As above, where a filter keeps each row with some probability and ranks are drawn at random."""
    pick, sigma, block, inside = random.Random(7), 5.0, make_block(ROWS, ranked=RANKED), 0
    for _ in range(1000):
        lost, beyond = 0, 0
        for _ in range(40):
            rows = pick.choice([5, 30, 100, 300])
            kept = [pick.random() < 0.5 for _ in range(rows)]  # in the order of their ranks
            lost += sum(kept[20:])
            beyond += rows > 20 and kept[20]
        most = clipping_of(block, 1, 400, round(beyond + pick.gauss(0, sigma)), sigma).bias[0].most
        inside += most is not None and lost <= most
    assert inside >= 915
