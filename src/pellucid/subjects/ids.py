"""(namespace, natural key) -> dense id: one small number a person, for every dataset, from 0 and never used twice.

Erasure sets the natural key to NULL and keeps the id, so the same key arriving later is a new subject. Keys are exact
texts: nothing is trimmed, folded or guessed, for a guess would join two people. Who a person is across namespaces is
not decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, bindparam, func, insert, select, update

from pellucid.errors import InputInvalid
from pellucid.records.columns import LONGEST_KEY
from pellucid.records.packed import read_rows
from pellucid.records.tables import subjects

BATCH = 50_000
LOOKUP = 500
MOST_IDS = 2**31 - 1
"""Generation files hold ids as 32-bit integers."""

_FIND = select(subjects.c.id).where(
    subjects.c.namespace == bindparam("namespace"), subjects.c.natural_key == bindparam("key")
)

ESTIMATED = {"jurisdiction": 1, "birth_year": 2, "vulnerable": 4}
"""The bit of each fact in `subjects.estimated`: set where it is only an estimate."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Ids for keys as the register of subjects stood: `new_keys` get the ids from `first_new` on, in order.

    `first_new` and `erased` are what it stands on: `is_current` tells whether that still holds.
    """

    namespace: str
    keys: pa.Array
    ids: pa.Array
    new_keys: pa.Array
    first_new: int
    erased: int


def plan(connection: Connection, namespace: str, keys: pa.Array) -> Assignment:
    """Return the id of every key, with ids that unknown keys would get; changes nothing.

    Raises InputInvalid for empty, NULL or unusable keys. Ids of new keys follow the order of the keys' bytes.
    """
    keys = _valid(keys)
    distinct = pc.unique(keys)
    known_keys, known_ids = _known(connection, namespace, distinct)
    first_new, erased = _state(connection, namespace)
    new_keys = distinct.filter(pc.invert(pc.is_in(distinct, value_set=known_keys)))
    new_keys = new_keys.take(pc.array_sort_indices(new_keys))
    if first_new + len(new_keys) > MOST_IDS:
        raise InputInvalid(
            f"The namespace {namespace!r} would have more than {MOST_IDS} subjects.",
            remedy="Use several namespaces.",
            code="subjects-too-many",
        )
    new_ids = pa.array(np.arange(first_new, first_new + len(new_keys), dtype=np.int64))
    all_keys = pa.concat_arrays([known_keys, new_keys])
    all_ids = pa.concat_arrays([known_ids, new_ids])
    return Assignment(namespace, keys, all_ids.take(pc.index_in(keys, value_set=all_keys)), new_keys, first_new, erased)


def is_current(connection: Connection, assignment: Assignment) -> bool:
    """Return whether no subject was added or erased in the namespace since the plan was made."""
    return _state(connection, assignment.namespace) == (assignment.first_new, assignment.erased)


def store(connection: Connection, assignment: Assignment) -> None:
    """Write the new subjects of a plan, which must be current, in the caller's write transaction."""
    start = assignment.first_new
    for offset in range(0, len(assignment.new_keys), BATCH):
        part = assignment.new_keys.slice(offset, BATCH).to_pylist()
        connection.execute(
            insert(subjects),
            [
                {"namespace": assignment.namespace, "id": number, "natural_key": key}
                for number, key in enumerate(part, start=start + offset)
            ],
        )


def assign(connection: Connection, namespace: str, keys: pa.Array) -> pa.Array:
    """Return the ids (int64, in the order of the keys) of all keys; unknown keys become new subjects."""
    assignment = plan(connection, namespace, keys)
    store(connection, assignment)
    return assignment.ids


def find(connection: Connection, namespace: str, key: str) -> int | None:
    """Return the id of a natural key, or None for one that is unknown or erased."""
    if key.encode("utf-8", "ignore").decode() != key:  # typed bytes that are no text: no import takes them
        return None
    found: int | None = connection.scalar(_FIND, {"namespace": namespace, "key": key})
    return found


def find_all(connection: Connection, namespace: str, keys: pa.Array) -> pa.Array:
    """Return the ids (int64, in the order of the keys) of many natural keys, NULL for what is unknown or erased."""
    keys = keys.cast(pa.large_string())
    known_keys, known_ids = _known(connection, namespace, pc.unique(keys))
    return known_ids.take(pc.index_in(keys, value_set=known_keys))


def natural_key(connection: Connection, namespace: str, subject: int) -> str | None:
    """Return the natural key of an id, or None for one that is erased or was never given."""
    found: str | None = connection.scalar(
        select(subjects.c.natural_key).where(subjects.c.namespace == namespace, subjects.c.id == subject)
    )
    return found


def held_below(connection: Connection, namespace: str, end: int) -> int:
    """Return how many subjects with ids below `end` are not erased."""
    here = (subjects.c.namespace == namespace, subjects.c.id < end)
    return int(connection.scalar(select(func.count(subjects.c.natural_key)).where(*here)) or 0)


def count(connection: Connection, namespace: str) -> int:
    """Return how many ids were ever given in a namespace, the erased ones too: the size of its bitmaps in bits."""
    highest = connection.scalar(select(func.max(subjects.c.id)).where(subjects.c.namespace == namespace))
    return 0 if highest is None else int(highest) + 1


def set_facts(
    connection: Connection,
    namespace: str,
    ids: pa.Array,
    *,
    jurisdiction: pa.Array | None = None,
    birth_year: pa.Array | None = None,
    vulnerable: pa.Array | None = None,
    estimated: pa.Array | None = None,
) -> None:
    """Set what is known about subjects, in bulk; NULL in an array means unknown, no array leaves a fact as it is.

    `estimated` holds for each subject the bits (`ESTIMATED`) of all its facts that are only estimates; without it, the
    facts given are known, and the others stay what they are.
    """
    given = {"jurisdiction": jurisdiction, "birth_year": birth_year, "vulnerable": vulnerable}
    values = {name: array.to_pylist() for name, array in given.items() if array is not None}
    if not values or not len(ids):
        return
    statement = (
        update(subjects)
        .where(subjects.c.namespace == namespace, subjects.c.id == bindparam("subject"))
        .values({name: bindparam(f"new_{name}") for name in values})
    )
    if estimated is None:
        others = sum(bit for name, bit in ESTIMATED.items() if name not in values)
        statement = statement.values(estimated=func.coalesce(subjects.c.estimated, 0).bitwise_and(others))
    else:
        values["estimated"] = estimated.to_pylist()
        statement = statement.values(estimated=bindparam("new_estimated"))
    rows = [{"subject": subject} for subject in ids.to_pylist()]
    for name, column in values.items():
        for row, value in zip(rows, column, strict=True):
            row[f"new_{name}"] = value
    for offset in range(0, len(rows), BATCH):
        connection.execute(statement, rows[offset : offset + BATCH])


def facts(connection: Connection, namespace: str) -> pa.Table:
    """Return id, facts and the bits of those that are only estimates (`ESTIMATED`) of every subject, by id."""
    columns, types = subjects.c, (pa.string(), pa.int32(), pa.int8(), pa.int32())
    names = ("jurisdiction", "birth_year", "vulnerable", "estimated")
    within, where = range(count(connection, namespace)), (columns.namespace == namespace,)
    rows = read_rows(connection, (columns.id,), [columns[name] for name in names], where, within)
    known = {
        name: pa.array([kind[place] for kind in rows.kinds], type_).take(pa.array(rows.kind))
        for place, (name, type_) in enumerate(zip(names, types, strict=True))
    }
    known["vulnerable"] = known["vulnerable"].cast(pa.bool_())
    known["estimated"] = pc.fill_null(known["estimated"], 0)
    return pa.table({"id": pa.array(rows.integers[0]), **known})


def _valid(keys: pa.Array) -> pa.Array:
    if isinstance(keys, pa.ChunkedArray):
        keys = keys.combine_chunks()
    if not (pa.types.is_string(keys.type) or pa.types.is_large_string(keys.type)):
        raise _bad_keys(f"Subject keys are texts; these are {keys.type}.")
    if keys.null_count:
        raise _bad_keys(f"{keys.null_count} of {len(keys)} subject keys are NULL.")
    empty = pc.sum(pc.equal(pc.binary_length(keys), 0)).as_py() or 0
    if empty:
        raise _bad_keys(f"{empty} of {len(keys)} subject keys are empty.")
    unusable = pc.sum(pc.match_substring(keys, "\0")).as_py() or 0
    if unusable:
        raise _bad_keys(f"{unusable} of {len(keys)} subject keys hold a NUL character.")
    long = pc.sum(pc.greater(pc.binary_length(keys), LONGEST_KEY)).as_py() or 0
    if long:
        raise _bad_keys(f"{long} of {len(keys)} subject keys have more than {LONGEST_KEY} bytes.")
    return keys.cast(pa.large_string())


def _bad_keys(message: str) -> InputInvalid:
    return InputInvalid(message, remedy="Give every row the text that identifies its subject.", code="subject-key")


def _state(connection: Connection, namespace: str) -> tuple[int, int]:
    given = count(connection, namespace)
    if not given:
        return 0, 0
    keyed = connection.scalar(select(func.count(subjects.c.natural_key)).where(subjects.c.namespace == namespace))
    return given, given - int(keyed or 0)


def _known(connection: Connection, namespace: str, distinct: pa.Array) -> tuple[pa.Array, pa.Array]:
    keys: list[str] = []
    ids: list[int] = []
    for part in _lookups(connection, namespace, distinct):
        keys += [key for key, _subject in part]
        ids += [subject for _key, subject in part]
    return pa.array(keys, pa.large_string()), pa.array(ids, pa.int64())


def _lookups(connection: Connection, namespace: str, distinct: pa.Array) -> Iterator[list[tuple[str, int]]]:
    statement = select(subjects.c.natural_key, subjects.c.id).where(
        subjects.c.namespace == namespace, subjects.c.natural_key.is_not(None)
    )
    given = count(connection, namespace)
    if not given:
        return
    if given <= 4 * len(distinct):  # reading them all is then cheaper than asking for each
        yield [(row.natural_key, row.id) for row in connection.execute(statement)]
        return
    for offset in range(0, len(distinct), LOOKUP):
        part = distinct.slice(offset, LOOKUP).to_pylist()
        found = connection.execute(statement.where(subjects.c.natural_key.in_(part)))
        yield [(row.natural_key, row.id) for row in found]
