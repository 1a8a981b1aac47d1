"""No person moves a block's cells further than `release.sensitivity` says: by brute force, one removed at a time."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pellucid.errors import UseRefused
from pellucid.policy.model import Policy
from pellucid.release.quantile import scores
from pellucid.release.sensitivity import (
    block_sensitivity,
    clipping_sensitivity,
    measure_sensitivity,
    subjects_sensitivity,
)
from pellucid.rewrite.governed import WEIGHT, Block, GovernedQuery, Measure, MeasureKind
from tests.attacks.grammar import Grammar
from tests.rewrite.shop import ALL, Permitted, Shop, Stock, ways, with_rows_by_norm
from tests.rewrite.sql_files import Case, read_cases
from tests.rewrite.withheld import READABLE, with_drawn_person

Cells = dict[tuple[object, ...], dict[str, int]]
QUESTIONS = [*read_cases("questions.sql"), *read_cases("hard.sql")]
PARAMETERS = {"from_week": 2, "label": "top"}


def cells_of(table: pa.Table, block: Block) -> Cells:
    names = [measure.name for measure in block.measures]
    rows = [row for row in rows_of(table) if row["_row"] == 0]
    return {
        tuple(repr(row[key.name]) for key in block.keys): {name: row[name] for name in ["_subjects", *names]}
        for row in rows
    }


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return a table's rows, with dates and instants as texts: Python has none for some of them."""
    told = [column.cast("string") if pa.types.is_temporal(column.type) else column for column in table.columns]
    rows: list[dict[str, Any]] = pa.table(told, names=table.column_names).to_pylist()
    return rows


def distance(one: Cells, other: Cells, measure: str) -> float:
    """Return the L2 distance of two vectors of cells; a cell that is missing is nothing."""
    return math.sqrt(
        sum((one.get(key, {}).get(measure, 0) - other.get(key, {}).get(measure, 0)) ** 2 for key in {*one, *other})
    )


def demand_bounded(governed: GovernedQuery, whole: Mapping[str, pa.Table], without: Mapping[str, pa.Table]) -> None:
    for block in governed.blocks:
        full, less = cells_of(whole[block.name], block), cells_of(without[block.name], block)
        if block.public_cells:
            assert full.keys() == less.keys()
        for measure in block.measures:
            moved = distance(full, less, measure.name)
            assert moved <= block_sensitivity(block, measure, len(full) if block.public_cells else None)
            if measure.norm is None:
                demand_each_cell_bounded(measure, full, less, most_rows(block))
            if measure.grid is not None:
                demand_weights_bounded(measure, block, whole[block.name], without[block.name])
        if block.ranked is not None:
            each = block.ranked.months * (len(full) if block.ranked.by is not None else 1)
            assert clipping_moved(whole[block.name], without[block.name], block) <= each
            assert math.sqrt(2) * each <= clipping_sensitivity(block, len(full))
            continue
        moved = distance(full, less, "_subjects")
        assert moved <= subjects_sensitivity(block.max_groups)
        touched = [key for key in {*full, *less} if full.get(key) != less.get(key)]
        assert len(touched) <= block.max_groups
        assert clipping_moved(whole[block.name], without[block.name], block) <= 1


def most_rows(block: Block) -> int:
    """Return how many times its bounds a person may add to a cell."""
    ranked = block.ranked
    return 1 if ranked is None else ranked.rows * (1 if ranked.apart else ranked.months)


def demand_weights_bounded(measure: Measure, block: Block, whole: pa.Table, without: pa.Table) -> None:
    """The weights of values move, summed over the grid of each cell, by no more than the noise on scores is sized for;
    and each score of a cell moves by no more than that times the larger part.
    """
    grid = measure.grid
    assert grid is not None
    one, other = weights_of(whole, block, measure), weights_of(without, block, measure)
    squares = 0
    for cell in {*one, *other}:
        a, b = one.get(cell, {}), other.get(cell, {})
        moved = sum(abs(a.get(place, 0) - b.get(place, 0)) for place in {*a, *b})
        squares += moved**2
        larger = max(grid.part, grid.whole - grid.part)
        assert all(abs(x - y) <= larger * moved for x, y in zip(scores(a, grid), scores(b, grid), strict=True))
        assert all(0 <= place <= grid.steps for place in {*a, *b})
    assert math.sqrt(squares) <= WEIGHT * measure_sensitivity(measure, block.max_groups, None)


def weights_of(table: pa.Table, block: Block, measure: Measure) -> dict[tuple[object, ...], dict[int, int]]:
    number = measure.name[1:]
    return {
        tuple(repr(row[key.name]) for key in block.keys): dict(
            zip(row[f"h{number}"] or [], row[f"w{number}"] or [], strict=True)
        )
        for row in rows_of(table)
        if row["_row"] == 0
    }


def demand_each_cell_bounded(measure: Measure, full: Cells, less: Cells, times: int = 1) -> None:
    """Whoever is there besides adds something from lower to upper in each cell."""
    for key in {*full, *less}:
        moved = full.get(key, {}).get(measure.name, 0) - less.get(key, {}).get(measure.name, 0)
        assert min(measure.lower, 0) * times <= moved <= max(measure.upper, 0) * times


def clipping_moved(whole: pa.Table, without: pa.Table, block: Block) -> int:
    """Return the larger change of the two counts in the row about clipping."""
    if not block.reports_clipping:
        return 0
    rows = [next(row for row in table.to_pylist() if row["_row"] == 1) for table in (whole, without)]
    return max(abs(rows[0][name] - rows[1][name]) for name in ("_subjects", "_clipped"))


@pytest.mark.slow
@pytest.mark.parametrize("case", QUESTIONS, ids=lambda case: case.title)
@pytest.mark.promise("hidden", "each person taken out in turn, under known questions, over odd values")
def test_no_person_moves_the_cells_further_than_stated(odd_shop: Shop, case: Case) -> None:
    take_each_out(odd_shop, case)


@pytest.mark.slow
@pytest.mark.parametrize("case", QUESTIONS, ids=lambda case: case.title)
@pytest.mark.promise("hidden", "the same where a person's rows are bounded by a norm over groups")
def test_nor_where_rows_are_bounded_by_a_norm(odd_shop: Shop, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odd_shop, "policy", with_rows_by_norm(odd_shop.policy, "5"))
    take_each_out(odd_shop, case)


def take_each_out(odd_shop: Shop, case: Case) -> None:
    bounded = ways(odd_shop.govern(case.question, "tight"))
    whole = [odd_shop.exact(governed, PARAMETERS) for governed in bounded]
    for person in sorted(ALL):
        odd_shop.permit(Permitted(plain=ALL - {person}, sensitive=frozenset(range(6)) - {person}))
        for governed, full in zip(bounded, whole, strict=True):
            demand_bounded(governed, full, odd_shop.exact(governed, PARAMETERS))


@pytest.mark.slow
@pytest.mark.promise("hidden", "random rows of one person, odd ones too, under known and random questions")
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), person=st.sampled_from(sorted(ALL)))
def test_no_person_whose_rows_are_drawn_moves_the_cells_further_than_stated(
    policy: Policy, tmp_path_factory: pytest.TempPathFactory, seed: int, person: int
) -> None:
    pick = random.Random(seed)
    shop = Shop(policy, with_drawn_person(Stock.made(11, odd=True), person, pick), tmp_path_factory.mktemp("drawn"))
    try:
        for question in [*drawn_questions(pick, 15), *(case.question for case in pick.sample(QUESTIONS, 10))]:
            demand_person_bounded(shop, question, person)
    finally:
        shop.close()


def demand_person_bounded(shop: Shop, question: str, person: int) -> None:
    try:
        bounded = ways(shop.govern(question, "tight"))
    except UseRefused:
        return
    answers = []
    for who in (ALL, ALL - {person}):
        shop.permit(Permitted(plain=who, sensitive=who))
        answers.append([shop.exact(governed, PARAMETERS) for governed in bounded])
    for governed, whole, without in zip(bounded, *answers, strict=True):
        demand_bounded(governed, whole, without)


def drawn_questions(pick: random.Random, count: int) -> list[str]:
    return [Grammar(pick, READABLE).statement() for _ in range(count)]


def test_a_cell_that_moves_beyond_its_bound_is_noticed() -> None:
    measure = Measure("m0", MeasureKind.ROWS, "rows", 0, 0, 2)
    demand_each_cell_bounded(measure, {("a",): {"m0": 5}}, {("a",): {"m0": 3}})
    with pytest.raises(AssertionError, match="assert 3 <= "):
        demand_each_cell_bounded(measure, {("a",): {"m0": 5}}, {("a",): {"m0": 2}})


def test_the_bounds_bite_in_these_data(odd_shop: Shop) -> None:
    governed = odd_shop.govern("SELECT week, SUM(sales_value) FROM purchases GROUP BY week", "tight")
    table = odd_shop.exact(governed)[governed.blocks[0].name]
    clipped = next(row for row in table.to_pylist() if row["_row"] == 1)
    assert clipped["_clipped"] > 3


def test_which_cells_of_a_person_are_kept_depends_on_the_salt(odd_shop: Shop) -> None:
    governed = odd_shop.govern("SELECT product_id, COUNT(*) FROM purchases GROUP BY product_id", "tight")
    block = governed.blocks[0]
    answers = {
        str(sorted(cells_of(odd_shop.exact(governed, salt=f"s{n}")[block.name], block).items())) for n in range(5)
    }
    assert len(answers) > 1


def test_an_exact_total_beyond_the_largest_cell_raises_no_error(odd_shop: Shop) -> None:
    governed = odd_shop.govern("SELECT SUM(1e15), SUM(CASE WHEN week > 0 THEN 9e300 END) FROM purchases", "planning")
    table = odd_shop.exact(governed)[governed.blocks[0].name]
    assert table.num_rows == 1


def test_a_refused_question_has_no_sensitivity(odd_shop: Shop) -> None:
    with pytest.raises(UseRefused, match="refused"):
        odd_shop.govern("SELECT card_number, COUNT(*) FROM purchases GROUP BY 1", "tight")
