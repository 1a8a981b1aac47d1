"""Charts of answers: which there are, where their marks lie, and that they tell no more than the table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from pellucid.policy.stamp import Stamp
from pellucid.release.result import GROUP_KEY, Accuracy, Loss, Receipt, Release
from pellucid.web.console.answer import MOST_ROWS, answer_shown
from pellucid.web.console.chart import MOST_BARS, charts_of
from pellucid.web.rows import as_csv

LOSS = Loss(0.5, 1e-7, 0.01, 0.5, 24.0, datetime(2027, 1, 1, tzinfo=UTC))
STAMP = Stamp(1, "a" * 64, "b" * 64, {"visits": 1}, 0)


def answer(columns: Mapping[str, list[object]], keys: int, error: float | None = 10.0) -> Release:
    """Return an answer whose first columns are keys and whose others are figures, all with the same error."""
    names = list(columns)
    accuracy = [Accuracy(name, reason=GROUP_KEY) for name in names[:keys]]
    table = dict(columns)
    for name in names[keys:]:
        column = f"{name}_error" if error is not None else None
        accuracy.append(Accuracy(name, half_width=error, error_column=column))
        if column is not None:
            table[column] = [error for _ in columns[name]]
    receipt = Receipt(1, "c" * 64, "charge")
    return Release(pa.table(table), tuple(accuracy), (), LOSS, STAMP, {}, receipt, "planning", "SELECT 1")


def test_texts_make_bars_from_zero_with_their_errors() -> None:
    (chart,) = charts_of(answer({"shop": ["a", "b"], "n": [90, -10]}, 1))
    first, second = chart.series[0].marks

    assert (chart.is_line, chart.zero, chart.bottom, chart.top) == (False, 16.67, "-20", "100")
    assert (first.label, first.text, first.value, first.low, first.high) == ("a", "90 ± 10", 91.67, 83.33, 100.0)
    assert (second.value, second.low, second.high) == (8.33, 0.0, 16.67)
    assert (chart.largest.label, chart.smallest.label) == ("a", "b")


@pytest.mark.parametrize(
    "places",
    [[3, 1, 2], [date(2026, 1, 3), date(2026, 1, 1), date(2026, 1, 2)], [datetime(2026, 1, n) for n in (3, 1, 2)]],
    ids=["numbers", "days", "instants"],
)
def test_a_key_with_an_order_makes_a_line_in_that_order(places: list[object]) -> None:
    (chart,) = charts_of(answer({"at": places, "n": [30, 10, 20]}, 1, error=None))

    assert chart.is_line
    assert [(mark.at, mark.value) for mark in chart.marks] == [(2.0, 33.33), (50.0, 66.67), (98.0, 100.0)]
    assert [len(each.steps) for each in chart.series] == [2]
    assert chart.first.startswith(str(min(places))[:10])  # type: ignore[type-var]  # all of one kind


def test_a_second_key_makes_lines_or_groups_of_bars() -> None:
    weeks: dict[str, list[object]] = {
        "week": [1, 2, 3, 1, 2, 3],
        "shop": ["a", "a", "a", "b", "b", "b"],
        "n": [1, 2, 3, 4, 5, 6],
    }
    (lines,) = charts_of(answer(weeks, 2))
    (bars,) = charts_of(answer({**weeks, "week": ["x", "y", "z"] * 2}, 2))

    assert (lines.is_line, [(each.name, len(each.marks)) for each in lines.series]) == (True, [("a", 3), ("b", 3)])
    assert [series.marks[0].at for series in lines.series] == [1.5, 2.5]
    assert (bars.is_line, [each.name for each in bars.series]) == (False, ["x", "y", "z"])
    assert [mark.label for mark in bars.series[0].marks] == ["a", "b"]


def test_a_figure_that_is_missing_is_no_mark_and_breaks_the_line() -> None:
    (chart,) = charts_of(answer({"week": [1, 2, 3, 4], "n": [5, None, 7, 8]}, 1))

    assert [mark.value is None for mark in chart.marks] == [False, True, False, False]
    assert [len(each.steps) for each in chart.series] == [1]


@pytest.mark.parametrize(
    ("columns", "keys"),
    [
        ({"n": [5]}, 0),
        ({"week": [1], "n": [5]}, 1),
        ({"shop": [f"s{n}" for n in range(MOST_BARS + 1)], "n": list(range(MOST_BARS + 1))}, 1),
        ({"a": ["x", "y"], "b": ["x", "y"], "c": ["x", "y"], "n": [1, 2]}, 3),
        ({"shop": ["a", "b"], "n": [None, None]}, 1),
        ({"shop": ["a", "b"], "city": ["c", "d"]}, 2),
    ],
    ids=["a total", "one group", "too many groups", "three keys", "nothing shown", "no figure"],
)
def test_what_makes_no_sense_as_a_chart_is_a_table_alone(columns: dict[str, list[object]], keys: int) -> None:
    assert charts_of(answer(columns, keys)) == ()


def test_numbers_that_are_none_and_large_ones_do_not_break_a_chart() -> None:
    found = answer({"shop": ["a", "b", "c"], "n": [float("inf"), float("nan"), 1e300]}, 1)

    assert [mark.value for mark in charts_of(found)[0].marks] == [None, None, 100.0]


def test_all_lie_within_the_chart() -> None:
    figures: list[object] = [-(3**n) if n % 2 else 3**n for n in range(30)]
    (chart,) = charts_of(answer({"week": list(range(30)), "n": figures}, 1, error=1e9))

    ends = [end for mark in chart.marks for end in (mark.value, mark.low, mark.high, mark.at) if end is not None]
    assert (len(ends), min(ends) >= 0, max(ends) <= 100) == (120, True, True)


def test_a_page_shows_the_first_rows_and_the_file_all() -> None:
    found = answer({"week": list(range(MOST_ROWS + 5)), "n": list(range(MOST_ROWS + 5))}, 1)
    shown = answer_shown(found)

    assert (len(shown.table.rows), shown.left_out) == (MOST_ROWS, 5)
    assert len(as_csv(found).splitlines()) == MOST_ROWS + 6


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"], ids=ascii
)
def test_texts_that_a_spreadsheet_might_run_begin_with_an_apostrophe(sign: str) -> None:
    found = answer({"shop": [f"{sign}x", "x"], "n": [-1, 2]}, 1, error=None)

    assert as_csv(found).decode().count(f'"\'{sign}x"') == 1
    assert as_csv(found, for_spreadsheets=False).decode().count("'") == 0
    assert as_csv(found).decode().count("-1") == 1
