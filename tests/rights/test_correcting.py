"""A proposed value that does not fit is refused in words that say why, and quote nothing of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from pellucid.engines.duckdb_private import EngineLimits
from pellucid.errors import InputInvalid
from pellucid.policy.model import Column, ColumnType, Dataset, SubjectPath
from pellucid.rights.correcting import (
    LONGEST_VALUE,
    TOO_LONG,
    UNFIT,
    UNTYPED,
    Proposed,
    demand_value_fits,
    written,
)

NOW = 1_780_000_000_000_000


def column(name: str, kind: ColumnType, **more: object) -> Column:
    return Column(name, kind, "user.behavior", **more)  # type: ignore[arg-type]  # fields of its own


COLUMNS = {
    each.name: each
    for each in (
        column("member", ColumnType.TEXT),
        column("text", ColumnType.TEXT),
        column("needed", ColumnType.TEXT, nullable=False),
        column("city", ColumnType.TEXT, domain=("Bonn", "Jena")),
        column("whole", ColumnType.INTEGER),
        column("born", ColumnType.INTEGER),
        column("price", ColumnType.MONEY, scale=2),
        column("share", ColumnType.REAL),
        column("member_card", ColumnType.BOOLEAN),
        column("day", ColumnType.DATE),
        column("instant", ColumnType.TIMESTAMP),
    )
}
MEMBERS = Dataset("members", "Members", COLUMNS, (SubjectPath("member", "member"),), birth_year_column="born")
WRONG: list[tuple[str, str | None, str]] = [
    ("needed", None, UNFIT["null"]),
    ("city", "Rome", UNFIT["not-in-domain"]),
    ("whole", "a few", UNTYPED[ColumnType.INTEGER]),
    ("whole", "1.5", UNTYPED[ColumnType.INTEGER]),
    ("born", "1066", UNFIT["out-of-range"]),
    ("born", "2300", UNFIT["out-of-range"]),
    ("price", "a lot", UNTYPED[ColumnType.MONEY]),
    ("price", "12,30", UNTYPED[ColumnType.MONEY]),
    ("price", "1.555", UNFIT["inexact-money"]),
    ("price", "9" * 30, UNFIT["out-of-range"]),
    ("share", "half", UNTYPED[ColumnType.REAL]),
    ("share", "1e999", UNFIT["not-finite"]),
    ("member_card", "perhaps", UNTYPED[ColumnType.BOOLEAN]),
    ("day", "31.5.2026", UNTYPED[ColumnType.DATE]),
    ("day", "2026-02-30", UNTYPED[ColumnType.DATE]),
    ("day", "0000-01-01", UNFIT["out-of-range"]),
    ("instant", "noon", UNTYPED[ColumnType.TIMESTAMP]),
    ("text", "x" * (LONGEST_VALUE + 1), TOO_LONG),
]


@dataclass(frozen=True)
class Judged:
    """What is wrong with a value, and what to do; empty where nothing is."""

    message: str = ""
    remedy: str = ""


def judged(folder: Path, name: str, value: str | None) -> Judged:
    try:
        demand_value_fits(MEMBERS, Proposed(name, value), ("member", 1), EngineLimits(folder, "256MB", 1), NOW)
    except InputInvalid as error:
        assert error.code == "correction-unfit"
        return Judged(error.message, error.remedy)
    return Judged()


def test_each_way_of_not_fitting_is_told_in_its_own_words(tmp_path: Path) -> None:
    found = [judged(tmp_path, name, value) for name, value, _ in WRONG]

    assert found == [Judged(told, f"Write {written(COLUMNS[name])}.") for name, _, told in WRONG]
    assert {told for _, _, told in WRONG} == {*UNFIT.values(), *UNTYPED.values(), TOO_LONG} - {UNTYPED[ColumnType.TEXT]}


@pytest.mark.parametrize("name", ["text", "city"])
def test_what_fits_is_not_refused(tmp_path: Path, name: str) -> None:
    assert judged(tmp_path, name, "Bonn") == judged(tmp_path, name, None) == Judged()
