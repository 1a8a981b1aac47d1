"""What a person proposes instead of a value that they were shown: which row it stands in, and whether it can be right.

It becomes a request for rectification (`rights.corrections`), which the staff approve; here it is made sure that it can
be carried out, so that nobody waits for an answer that they could have had at once. No error repeats a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pellucid.engines.duckdb_correcting import OUTSIDE_DOMAIN, Asked, Correct
from pellucid.engines.duckdb_private import EngineLimits
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Column, ColumnType, Dataset
from pellucid.rights.inside import HeldRow, Inside, Plain
from pellucid.subjects.links import Identity

LONGEST_VALUE = 2_000
"""Characters of a proposed value."""
WRITTEN: Mapping[ColumnType, str] = {
    ColumnType.TEXT: "a text",
    ColumnType.INTEGER: "a whole number, such as 42",
    ColumnType.MONEY: "an amount, such as 12.30",
    ColumnType.REAL: "a number, such as 1.5",
    ColumnType.BOOLEAN: "true or false",
    ColumnType.DATE: "a day, such as 2026-05-31",
    ColumnType.TIMESTAMP: "an instant in UTC, such as 2026-05-31T14:30:00Z",
}
"""How values of each type are written."""
UNFIT: Mapping[str, str] = {
    "null": "There has to be a value here.",
    "not-finite": "This is no number that can be held.",
    "inexact-money": "This amount has more decimals than are held.",
    "out-of-range": "This is outside what is possible here.",
    OUTSIDE_DOMAIN: "This is none of the values that are possible here.",
}
"""Why a value does not fit, where that is not its type alone."""
UNTYPED: Mapping[ColumnType, str] = {
    ColumnType.TEXT: "This is no text that can be held.",
    ColumnType.INTEGER: "This is no whole number, or it is written in another way.",
    ColumnType.MONEY: "This is no amount, or it is written in another way.",
    ColumnType.REAL: "This is no number, or it is written in another way.",
    ColumnType.BOOLEAN: "This is neither true nor false.",
    ColumnType.DATE: "This is no day that there is, or it is written in another way.",
    ColumnType.TIMESTAMP: "This is no instant that there is, or it is written in another way.",
}
"""What values that are not of a type are told."""
TOO_LONG = "This is too long."
WITHOUT_DECIMALS = "an amount without decimals, such as 12"


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is proposed for a column of one row: a value as text, or None: there should be none."""

    column: str
    value: str | None = field(repr=False)


def change_of(inside: Inside, row: HeldRow, proposed: Proposed) -> dict[str, object]:
    """Return what is to be corrected, as a request for rectification says it.

    The row is named by its key where it has one, else by all that was shown of it. Raises NameUnknown for a column that
    was not shown, InputInvalid for one that is not corrected where it stands, or a value that is no other.
    """
    shown = {each.name: (each, value) for each, value in zip(inside.columns, row.values, strict=True)}
    if proposed.column not in shown:
        raise NameUnknown("column", proposed.column[:80], tuple(shown))
    column, value = shown[proposed.column]
    if value.covered or not column.correctable:
        raise InputInvalid(
            "This value tells rows or people apart, or is somebody else's, so it is not corrected here.",
            remedy="Say in your words what is wrong: our staff mend it where it comes from.",
            code="column-identifies",
        )
    if text_of(value.value) == proposed.value:
        raise InputInvalid(
            "This is the value that we hold already.", remedy="Write the right one.", code="nothing-to-correct"
        )
    key = inside.dataset.key
    named = key if key and all(name in shown and not shown[name][1].covered for name in key) else tuple(shown)
    picks = {name: text_of(shown[name][1].value) for name in named if not shown[name][1].covered}
    return {"dataset": inside.dataset.name, "column": column.name, "value": proposed.value, "row": picks}


def demand_value_fits(dataset: Dataset, proposed: Proposed, identity: Identity, limits: EngineLimits, now: int) -> None:
    """Raise InputInvalid (`correction-unfit`) unless a value fits its column as an import, or a correction, has it.

    Its sentence says why, in fixed words that quote nothing.
    """
    column = dataset.columns[proposed.column]
    asked = Asked((identity,), {proposed.column: proposed.value}, {})
    with Correct(dataset, Path(), asked, limits) as engine:
        failed = engine.check(now)
    too_long = proposed.value is not None and len(proposed.value) > LONGEST_VALUE
    if failed or too_long:
        raise InputInvalid(
            TOO_LONG if too_long else UNFIT.get(failed[0].reason, UNTYPED[column.type]),
            remedy=f"Write {written(column)}.",
            code="correction-unfit",
        )


def written(column: Column) -> str:
    """Return how a value of a column is written."""
    if column.domain:
        return f"one of these: {', '.join(str(each) for each in column.domain)}"
    if column.type is ColumnType.MONEY and column.scale == 0:
        return WITHOUT_DECIMALS
    return WRITTEN[column.type]


def text_of(value: Plain) -> str | None:
    """Return a value as the text that an import would find."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)
