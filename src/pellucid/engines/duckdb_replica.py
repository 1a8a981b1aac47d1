"""The replica of the permitted bits inside DuckDB: tables, loading, changing. Who is permitted is not decided here.

`replica.permitted` has a row for each (purpose, namespace). Its BITs are `capacity` long (a multiple of 8, at least
`size`), bit i counted from the left is subject i, and every bit from `size` on is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import duckdb

from pellucid.engines.base import PermittedChange, PermittedSet
from pellucid.errors import InputInvalid

# DuckDB counts a BIT's bits from the left, our bitmaps are little-endian: each byte is mirrored.
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_WHOLE_REWRITE = 8  # from so many changes on, rewriting both bitmaps once is quicker than set_bit one by one

SCHEMA = (
    "CREATE SCHEMA replica",
    "CREATE TABLE replica.version (version BIGINT)",
    "INSERT INTO replica.version VALUES (-1)",
    "CREATE TABLE replica.permitted"
    " (purpose VARCHAR, namespace VARCHAR, size BIGINT, plain BIT, sensitive BIT, capacity BIGINT)",
    "CREATE TABLE replica.partial (purpose VARCHAR, namespace VARCHAR, subject INTEGER,"
    " not_before TIMESTAMP, sensitive_not_before TIMESTAMP)",
)

_INSERT = """
    INSERT INTO replica.permitted (purpose, namespace, size, plain, sensitive, capacity)
    VALUES ($purpose, $namespace, $size, $plain::BLOB::BIT, $sensitive::BLOB::BIT, $capacity)
"""
_INSERT_PARTIAL = """
    INSERT INTO replica.partial
    SELECT $1, $2, subject, make_timestamp(plain), make_timestamp(sensitive)
    FROM (SELECT unnest($3::INTEGER[]) AS subject, unnest($4::BIGINT[]) AS plain, unnest($5::BIGINT[]) AS sensitive)
"""
_REWRITE = """
    UPDATE replica.permitted
    SET size = $size, plain = $plain::BLOB::BIT, sensitive = $sensitive::BLOB::BIT, capacity = $capacity
    WHERE purpose = $purpose AND namespace = $namespace
"""
_CHANGE_ONE = """
    UPDATE replica.permitted
    SET size = greatest(size, $subject + 1),
        plain = set_bit(plain, $subject, $plain),
        sensitive = set_bit(sensitive, $subject, $sensitive)
    WHERE purpose = $purpose AND namespace = $namespace AND $subject < capacity
"""


class _Key(NamedTuple):
    purpose: str
    namespace: str


def sizes_of(cursor: duckdb.DuckDBPyConnection, purpose: str) -> dict[str, int]:
    """Return the length in bits of a purpose's bitmap in each namespace."""
    rows = cursor.execute("SELECT namespace, size FROM replica.permitted WHERE purpose = ?", [purpose]).fetchall()
    return dict(rows)


def version_of(cursor: duckdb.DuckDBPyConnection) -> int:
    """Return the register version at which the bits stand."""
    return int(cursor.execute("SELECT version FROM replica.version").fetchall()[0][0])


def replace_all(cursor: duckdb.DuckDBPyConnection, sets: Sequence[PermittedSet], version: int) -> None:
    """Replace everything, inside the caller's transaction. Raises InputInvalid for sets that contradict themselves."""
    seen: set[_Key] = set()
    cursor.execute("DELETE FROM replica.permitted")
    cursor.execute("DELETE FROM replica.partial")
    for given in sets:
        key = _Key(given.purpose, given.namespace)
        if key in seen:
            raise _invalid(f"Two permitted sets for purpose {key.purpose!r} in {key.namespace!r}.")
        seen.add(key)
        bits = _columns(given.size, _bits(given, "plain"), _bits(given, "sensitive"))
        cursor.execute(_INSERT, {**key._asdict(), **bits})
        _insert_partial(cursor, key, given.partial)
    cursor.execute("UPDATE replica.version SET version = ?", [version])


def apply(cursor: duckdb.DuckDBPyConnection, changes: Sequence[PermittedChange], version: int) -> None:
    """Apply changes in order, inside the caller's transaction. A subject beyond the end makes the bitmap grow."""
    for key, latest in _grouped(cursor, changes).items():
        _change_bits(cursor, key, latest)
        cursor.execute(
            "DELETE FROM replica.partial WHERE purpose = ? AND namespace = ? AND list_contains(?::INTEGER[], subject)",
            [*key, list(latest)],
        )
        _insert_partial(cursor, key, latest.values())
    cursor.execute("UPDATE replica.version SET version = ?", [version])


def _grouped(
    cursor: duckdb.DuckDBPyConnection, changes: Sequence[PermittedChange]
) -> dict[_Key, dict[int, PermittedChange]]:
    """Return each bitmap's changes; of several for one subject the last counts."""
    grouped: dict[_Key, dict[int, PermittedChange]] = {}
    for change in changes:
        if not 0 <= change.subject < 2**31:
            raise _invalid(f"A permitted change for subject {change.subject}; ids are from 0 to 2147483647.")
        namespace = change.namespace or _only_namespace(cursor, change.purpose)
        grouped.setdefault(_Key(change.purpose, namespace), {})[change.subject] = change
    return grouped


def _only_namespace(cursor: duckdb.DuckDBPyConnection, purpose: str) -> str:
    known = list(sizes_of(cursor, purpose))
    if len(known) != 1:
        raise _invalid(f"A permitted change for {purpose!r} names no namespace; the purpose has {len(known)}.")
    return known[0]


def _change_bits(cursor: duckdb.DuckDBPyConnection, key: _Key, latest: Mapping[int, PermittedChange]) -> None:
    if len(latest) < _WHOLE_REWRITE and all(_change_one(cursor, key, change) for change in latest.values()):
        return
    found = cursor.execute(
        "SELECT size FROM replica.permitted WHERE purpose = ? AND namespace = ?", list(key)
    ).fetchall()
    if not found:
        cursor.execute(_INSERT, {**key._asdict(), **_columns(0, b"", b"")})
    size = found[0][0] if found else 0
    _rewrite_bits(cursor, key, latest, max(size, max(latest) + 1))


def _change_one(cursor: duckdb.DuckDBPyConnection, key: _Key, change: PermittedChange) -> bool:
    """Return whether the bitmap was there and long enough to be changed in place."""
    values = {"subject": change.subject, "plain": int(change.plain), "sensitive": int(change.sensitive)}
    return bool(cursor.execute(_CHANGE_ONE, {**key._asdict(), **values}).fetchall()[0][0])


def _rewrite_bits(
    cursor: duckdb.DuckDBPyConnection, key: _Key, latest: Mapping[int, PermittedChange], needed: int
) -> None:
    row = cursor.execute(
        "SELECT plain::BLOB, sensitive::BLOB FROM replica.permitted WHERE purpose = ? AND namespace = ?", list(key)
    ).fetchall()[0]
    plain, sensitive = (bytearray(kept.translate(_MIRRORED)) for kept in row)
    room = needed // 8 + 1
    if room > len(plain):
        room += room // 4  # so that the next newcomers need only a set_bit
        plain.extend(bytes(room - len(plain)))
        sensitive.extend(bytes(room - len(sensitive)))
    for subject, change in latest.items():
        _set(plain, subject, change.plain)
        _set(sensitive, subject, change.sensitive)
    cursor.execute(_REWRITE, {**key._asdict(), **_columns(needed, bytes(plain), bytes(sensitive))})


def _set(bits: bytearray, subject: int, value: bool) -> None:
    mask = 1 << (subject & 7)
    if value:
        bits[subject >> 3] |= mask
    else:
        bits[subject >> 3] &= ~mask & 0xFF


def _bits(given: PermittedSet, which: str) -> bytes:
    """Return a set's bitmap with every bit from `size` on cleared."""
    bits: bytes = getattr(given, which)
    if given.size < 0 or len(bits) * 8 < given.size:
        raise _invalid(f"The {which} bitmap of {given.purpose!r} has {len(bits) * 8} bits, its size is {given.size}.")
    whole, rest = divmod(given.size, 8)
    if not rest:
        return bits[:whole]
    return bits[:whole] + bytes([bits[whole] & ((1 << rest) - 1)])


def _columns(size: int, plain: bytes, sensitive: bytes) -> dict[str, object]:
    """Return the row of two little-endian bitmaps; an empty BIT does not exist, so there is always one byte."""
    plain, sensitive = plain or b"\0", sensitive or b"\0"
    return {
        "size": size,
        "plain": plain.translate(_MIRRORED),
        "sensitive": sensitive.translate(_MIRRORED),
        "capacity": len(plain) * 8,
    }


def _insert_partial(cursor: duckdb.DuckDBPyConnection, key: _Key, changes: Iterable[PermittedChange]) -> None:
    rows = [
        (change.subject, change.not_before, change.sensitive_not_before)
        for change in changes
        if change.not_before is not None or change.sensitive_not_before is not None
    ]
    if rows:  # as lists: building an Arrow array from Python values would import pandas where there is one (0.2 s)
        subjects, plain, sensitive = zip(*rows, strict=True)
        cursor.execute(_INSERT_PARTIAL, [*key, list(subjects), list(plain), list(sensitive)])


def _invalid(message: str) -> InputInvalid:
    return InputInvalid(message, remedy="Load the whole permitted state again from the consent register.")
