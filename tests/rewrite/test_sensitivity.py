"""No person moves a block's cells further than `release.sensitivity` says: by brute force, one removed at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pyarrow as pa
import pytest

from pellucid.errors import UseRefused
from pellucid.release.sensitivity import measure_sensitivity, subjects_sensitivity
from pellucid.rewrite.governed import Block, GovernedQuery
from tests.rewrite.shop import ALL, Permitted, Shop
from tests.rewrite.sql_files import Case, read_cases

Cells = dict[tuple[object, ...], dict[str, int]]
QUESTIONS = [*read_cases("questions.sql"), *read_cases("hard.sql")]


def cells_of(table: pa.Table, block: Block) -> Cells:
    names = [measure.name for measure in block.measures]
    rows = [row for row in table.to_pylist() if row["_row"] == 0]
    return {
        tuple(repr(row[key.name]) for key in block.keys): {name: row[name] for name in ["_subjects", *names]}
        for row in rows
    }


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
            assert moved <= measure_sensitivity(measure, block.max_groups, len(full) if block.public_cells else None)
        moved = distance(full, less, "_subjects")
        assert moved <= subjects_sensitivity(block.max_groups)
        touched = [key for key in {*full, *less} if full.get(key) != less.get(key)]
        assert len(touched) <= block.max_groups
        assert clipping_moved(whole[block.name], without[block.name], block) <= 1


def clipping_moved(whole: pa.Table, without: pa.Table, block: Block) -> int:
    """Return the larger change of the two counts in the row about clipping."""
    if not block.reports_clipping:
        return 0
    rows = [next(row for row in table.to_pylist() if row["_row"] == 1) for table in (whole, without)]
    return max(abs(rows[0][name] - rows[1][name]) for name in ("_subjects", block.measures[0].name))


@pytest.mark.parametrize("case", QUESTIONS, ids=lambda case: case.title)
def test_no_person_moves_the_cells_further_than_stated(odd_shop: Shop, case: Case) -> None:
    parameters = {"from_week": 2, "label": "top"}
    governed = odd_shop.govern(case.question, "tight")
    whole = odd_shop.exact(governed, parameters)
    for person in sorted(ALL):
        odd_shop.permit(Permitted(plain=ALL - {person}, sensitive=frozenset(range(6)) - {person}))
        demand_bounded(governed, whole, odd_shop.exact(governed, parameters))


def test_the_bounds_bite_in_these_data(odd_shop: Shop) -> None:
    governed = odd_shop.govern("SELECT week, SUM(sales_value) FROM purchases GROUP BY week", "tight")
    measure = governed.blocks[0].measures[0]
    table = odd_shop.exact(governed)[governed.blocks[0].name]
    clipped = next(row for row in table.to_pylist() if row["_row"] == 1)
    assert clipped[measure.name] > 3


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
