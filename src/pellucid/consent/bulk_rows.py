"""What the cells of a file of consents mean: a kind of record, an instant and a subject's key a row, or why not. Pure.

Cells but key and instant repeat from row to row, so each combination of them is read once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pellucid.consent.bulk_file import COLUMNS, Block
from pellucid.consent.bulk_heard import NOBODY, Flags, Ids, Kinds, Numbers
from pellucid.consent.record import By, ConsentRecord, ConsentVerb, Covers
from pellucid.records.columns import LONGEST_KEY, to_instant

_Word = TypeVar("_Word", bound=StrEnum)
_APART = ("subject", "at")
_TRUE, _FALSE = frozenset({"true", "t", "yes", "1"}), frozenset({"", "false", "f", "no", "0"})


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row is not recorded, and what to do; it never holds the subject's key."""

    code: str
    message: str
    remedy: str


BROKEN = Rejection(
    "row-malformed",
    "The line has another number of cells than the first line names.",
    "Put cells that hold a comma, a quote or a line break in double quotes.",
)
NOT_TEXT = Rejection(
    "text-invalid", "A cell is not UTF-8, or holds a NUL character.", "Write the file in UTF-8, without NUL."
)
NO_SUBJECT = Rejection("subject-missing", "The subject's key is missing.", "Fill in the column subject.")
UNKNOWN_SUBJECT = Rejection(
    "subject-unknown",
    "There is no such subject.",
    "Check the key; or import the person's data first, with `pellucid data add`, and then this row again.",
)
NOT_INSTANT = Rejection(
    "instant-invalid",
    "The instant is none, or has no time zone.",
    "Write it like 2026-11-24T09:00:00+00:00; leave it empty for something that is said now.",
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as read: keys, kinds (numbers in `table`, -1 where rejected), instants (UTC µs; `now` where not `timed`).

    `noes` holds the line of a no in the file, by the place of each row that contradicts it.
    """

    table: Kinds
    lines: Ids
    keys: pa.Array
    kinds: Numbers
    at: Ids
    timed: Flags
    rejected: dict[int, Rejection] = field(default_factory=dict)
    noes: Mapping[int, int] = field(default_factory=dict)


def read_rows(block: Block, table: Kinds, namespace: str | None, namespaces: Sequence[str], now: int) -> Rows:
    """Read a block. `namespace` holds where a row names none; `namespaces` are those that there are."""
    columns = {name: block.column(name) for name in COLUMNS}
    rejected: dict[int, Rejection] = {}
    kinds = _kinds(columns, table, namespace, namespaces, rejected)
    at, timed = _instants(columns["at"], now, rejected)
    _judge_keys(columns["subject"], rejected)
    for name in COLUMNS:
        for row in _with_nul(columns[name]):
            rejected[row] = NOT_TEXT
    if rejected:
        kinds[list(rejected)] = -1
    return Rows(table, block.lines, columns["subject"], kinds, at, timed, rejected)


def _kinds(
    columns: Mapping[str, pa.Array],
    table: Kinds,
    namespace: str | None,
    namespaces: Sequence[str],
    rejected: dict[int, Rejection],
) -> Numbers:
    names = [name for name in COLUMNS if name not in _APART]
    code = np.zeros(len(columns["subject"]), np.int64)
    for name in names:
        cells = columns[name].dictionary_encode()
        code = code * max(len(cells.dictionary), 1) + cells.indices.to_numpy(zero_copy_only=False)
        code = np.unique(code, return_inverse=True)[1]
    _, firsts, alike = np.unique(code, return_index=True, return_inverse=True)
    found = [
        _kind({name: columns[name][row].as_py() for name in names}, namespace, namespaces) for row in firsts.tolist()
    ]
    numbers = np.array([-1 if isinstance(each, Rejection) else table.number(each) for each in found], np.int32)
    for bad in (place for place, each in enumerate(found) if isinstance(each, Rejection)):
        why = found[bad]
        rejected.update((row, why) for row in np.flatnonzero(alike == bad).tolist() if isinstance(why, Rejection))
    return numbers[alike]


def _kind(cells: Mapping[str, str], namespace: str | None, namespaces: Sequence[str]) -> ConsentRecord | Rejection:
    """Return the record that cells tell of, without subject and instant, or why they tell of none."""
    space = cells["namespace"] or namespace
    verb, covers, by = (
        _word(kind, cells[name]) for kind, name in ((ConsentVerb, "verb"), (Covers, "covers"), (By, "by"))
    )
    explicit, restricted = _truth(cells["explicit"]), _truth(cells["while_restricted"])
    if space is None or space not in namespaces:
        return _unknown("kind of subject", "namespace-unknown", namespaces)
    if verb is None:
        return _unknown("verb", "verb-unknown", [each.value for each in ConsentVerb])
    if covers is None and cells["covers"]:
        return _unknown("cover", "covers-unknown", [each.value for each in Covers])
    if by is None and cells["by"]:
        return _unknown("speaker", "by-unknown", [each.value for each in By])
    if explicit is None or restricted is None:
        return Rejection(
            "truth-invalid", "A cell that must be true or false is neither.", "Write true, or false, or nothing."
        )
    return ConsentRecord(
        space,
        NOBODY,
        cells["purpose"] or None,
        ConsentVerb(verb),
        explicit,
        Covers(covers or Covers.FROM_NOW),
        cells["notice_version"],
        cells["channel"],
        by=By(by or By.SELF),
        proof=cells["proof"],
        member=cells["member"],
        screen=cells["screen"],
        language=cells["language"],
        method=cells["method"],
        while_restricted=restricted,
    )


def _word(kind: type[_Word], text: str) -> _Word | None:
    try:
        return kind(text.strip().lower().replace("-", "_"))
    except (ValueError, OverflowError):
        return None


def _truth(text: str) -> bool | None:
    told = text.strip().lower()
    return None if told not in _TRUE | _FALSE else told in _TRUE


def _unknown(what: str, code: str, known: Sequence[str]) -> Rejection:
    return Rejection(code, f"There is no such {what}. Known: {', '.join(sorted(known))}.", f"Write a known {what}.")


def _instants(texts: pa.Array, now: int, rejected: dict[int, Rejection]) -> tuple[Ids, Flags]:
    timed = pc.not_equal(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False)
    try:
        told = pc.if_else(timed, texts, pa.scalar(None, pa.large_string())).cast(pa.timestamp("us", "UTC"))
        return pc.fill_null(told.cast(pa.int64()), now).to_numpy(zero_copy_only=False), timed
    except pa.ArrowInvalid:  # one of them at least needs a closer look
        at = np.full(len(texts), now, np.int64)
        for row in np.flatnonzero(timed).tolist():
            instant = _instant(texts[row].as_py())
            if instant is None:
                rejected[row] = NOT_INSTANT
            else:
                at[row] = instant
        return at, timed


def _instant(text: str) -> int | None:
    try:
        return to_instant(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        return None


def _judge_keys(keys: pa.Array, rejected: dict[int, Rejection]) -> None:
    length = pc.binary_length(keys).to_numpy(zero_copy_only=False)
    rejected.update((row, NO_SUBJECT) for row in np.flatnonzero(length == 0).tolist())
    rejected.update((row, UNKNOWN_SUBJECT) for row in np.flatnonzero(length > LONGEST_KEY).tolist())


def _with_nul(texts: pa.Array) -> list[int]:
    return np.flatnonzero(pc.match_substring(texts, "\0").to_numpy(zero_copy_only=False)).tolist()
