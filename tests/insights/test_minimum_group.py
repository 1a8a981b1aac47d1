"""Groups with too few people on their way through the spine, and what is asked of the released cells afterwards."""

from __future__ import annotations

import pytest

from pellucid.insights.answer import answer, preview
from pellucid.insights.query import InsightQuery
from pellucid.release.result import Release
from tests.insights.conftest import Desk

PEOPLE = 20_000
WHY = "fewer than 3,000 people, by a noisy count"
BY_WEEK = "SELECT week, COUNT(*) AS n FROM purchases GROUP BY week"


@pytest.fixture
def demanding(desk: Desk) -> Desk:
    """The desk where a group needs 3,000 people: week 1 has 20,000 and week 2 has a few."""
    path = desk.workspace.folder / "policy" / "policy.yaml"
    path.write_text(path.read_text().replace("max_cells: 6", "max_cells: 6\n      minimum_group: 3000", 1))
    desk.workspace.policy.activate(actor=desk.pia)
    rows = [(f"c{n}", "p0" if n else "p1", 1, "5.00", "c", "2026-05-20T10:00:00Z") for n in range(PEOPLE)]
    rows += [(f"c{n}", "p1", 2, "5.00", "c", "2026-05-20T10:00:00Z") for n in range(20)]
    desk.add_purchases(rows, replace=True)
    return desk


def ask(desk: Desk, sql: str) -> Release:
    return answer(desk.parts, InsightQuery(sql, "planning", desk.ana, 1.0))


def test_a_public_group_of_too_few_has_no_figures_and_says_why(demanding: Desk) -> None:
    release = ask(demanding, f"{BY_WEEK} ORDER BY week")
    assert release.to_arrow().column_names == ["week", "n", "n_error", "withheld"]
    shown, withheld = release.records()
    assert (shown["withheld"], withheld["withheld"]) == (None, WHY)
    assert (withheld["week"], withheld["n"], withheld["n_error"]) == (2, None, None)
    assert shown["n_error"] == release.accuracy[1].half_width
    (note,) = [each for each in release.notes if "3,000" in each]
    assert note == (
        "Groups with fewer than 3,000 people, by a noisy count of these, have no figures: the column `withheld` says "
        "which."
    )
    assert release.loss.epsilon <= 1.0


def test_a_group_that_is_data_is_left_out(demanding: Desk) -> None:
    release = ask(demanding, "SELECT product_id, COUNT(*) AS n FROM purchases GROUP BY product_id")
    assert [row["product_id"] for row in release.records()] == ["p0"]
    assert any(note.endswith("have no figures and are left out.") for note in release.notes)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"{BY_WEEK} HAVING COUNT(*) > -1000000", [1]),
        (f"{BY_WEEK} HAVING COUNT(*) IS NULL", [2]),
        (f"{BY_WEEK} ORDER BY n DESC NULLS LAST", [1, 2]),
        (f"{BY_WEEK} ORDER BY n NULLS FIRST LIMIT 1", [2]),
    ],
)
def test_having_and_order_see_a_withheld_figure_as_unknown(demanding: Desk, sql: str, expected: list[int]) -> None:
    assert [row["week"] for row in ask(demanding, sql).records()] == expected


def test_a_total_of_released_groups_lacks_the_withheld_ones_and_says_so(demanding: Desk) -> None:
    release = ask(demanding, f"SELECT SUM(n) AS total, COUNT(*) AS weeks, COUNT(n) AS told FROM ({BY_WEEK}) AS w")
    (row,) = release.records()
    assert (row["weeks"], row["told"]) == (2, 1)
    assert row["total"] is not None
    assert any(note.endswith("what is worked out of them is unknown, or lacks them.") for note in release.notes)


def test_an_average_of_too_few_is_unknown_with_its_error(demanding: Desk) -> None:
    release = ask(demanding, "SELECT week, AVG(sales_value) AS v FROM purchases GROUP BY week ORDER BY week")
    shown, withheld = release.records()
    assert shown["v"] is not None
    assert shown["v_error"] is not None
    assert (withheld["v"], withheld["v_error"], withheld["withheld"]) == (None, None, WHY)


def test_a_total_of_too_few_is_a_row_that_says_why(demanding: Desk) -> None:
    (row,) = ask(demanding, "SELECT COUNT(*) AS n FROM purchases WHERE week = 2").records()
    assert (row["n"], row["n_error"], row["withheld"]) == (None, None, WHY)
    assert demanding.exact() == 20


def test_a_preview_tells_the_minimum_and_what_its_count_costs(demanding: Desk) -> None:
    told = preview(demanding.parts, InsightQuery(BY_WEEK, "planning", demanding.ana, 1.0))
    assert told.fewest_people == 3000
    counted = "SELECT week, COUNT(*) AS n, COUNT(DISTINCT household_id) AS people FROM purchases GROUP BY week"
    both = preview(demanding.parts, InsightQuery(counted, "planning", demanding.ana, 1.0))
    assert both.expected[0].half_width == told.expected[0].half_width, "a count of people serves as that of the minimum"


def test_purposes_without_a_minimum_have_no_such_column(demanding: Desk) -> None:
    release = answer(demanding.parts, InsightQuery(BY_WEEK, "offers", demanding.ana, 1.0))
    assert release.to_arrow().column_names == ["week", "n", "n_error"]
