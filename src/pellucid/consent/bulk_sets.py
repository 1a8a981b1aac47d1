"""Putting many people's decisions into a purpose's permitted set at once: in a set that is held, or as it is stored.

What is stored comes out as `consent.sets.put_effects` leaves it, row for row.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from sqlalchemy import Connection, delete

from pellucid.consent.bits import CHUNK_BYTES, Chunk, put_size, read_chunks, stored_size, write_chunks
from pellucid.consent.bulk_decide import NEVER, Decided
from pellucid.consent.bulk_heard import Flags, Ids
from pellucid.consent.bulk_insert import insert_rows
from pellucid.consent.effect import Effect
from pellucid.consent.facts import chunks
from pellucid.consent.sets import WHOLE, StoredSet, partial_instants
from pellucid.records.tables import CHUNK_PEOPLE, due_changes, permitted_changes, permitted_partial

_DUE = ("namespace", "subject", "purpose", "due")
_PARTIAL = ("purpose", "namespace", "subject", "not_before", "sensitive_not_before")
_CHANGE = (
    "version",
    "purpose",
    "namespace",
    "subject",
    "plain",
    "sensitive",
    "not_before",
    "sensitive_not_before",
    "narrowing",
)

_ALL, _NOTHING = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def put_all(made: StoredSet, decided: Decided) -> None:
    """Set the effects of many people in a set that covers them."""
    made.plain[decided.subjects], made.sensitive[decided.subjects] = decided.plain, decided.sensitive
    for subject in made.partial.keys() & set(decided.subjects.tolist()) if made.partial else ():
        del made.partial[subject]
    part = np.flatnonzero(decided.partial)
    effects = zip(
        decided.plain[part].tolist(),
        decided.sensitive[part].tolist(),
        _or_none(decided.not_before[part]),
        _or_none(decided.sensitive_not_before[part]),
        strict=True,
    )
    made.partial.update(zip(decided.subjects[part].tolist(), (Effect(*each) for each in effects), strict=True))


def add_dues(connection: Connection, namespace: str, purpose: str, decided: Decided) -> None:
    """Store when time changes these decisions next."""
    due = np.flatnonzero(decided.due != NEVER)
    pairs = zip(decided.subjects[due].tolist(), decided.due[due].tolist(), strict=True)
    insert_rows(connection, due_changes, _DUE, [(namespace, subject, purpose, at) for subject, at in pairs])


def put_dues(connection: Connection, namespace: str, purpose: str, decided: Decided) -> None:
    """Store when time changes these decisions next, in place of what was stored of the same people."""
    where = (due_changes.c.namespace == namespace, due_changes.c.purpose == purpose)
    for part in chunks(decided.subjects.tolist()):
        connection.execute(delete(due_changes).where(*where, due_changes.c.subject.in_(part)))
    add_dues(connection, namespace, purpose, decided)


def put_decided(connection: Connection, version: int, purpose: str, namespace: str, decided: Decided) -> int:
    """Store many people's effects, with a row for each change; return the number of rows."""
    if not len(decided.subjects):
        return 0
    place, size = (purpose, namespace), int(decided.subjects[-1]) + 1
    covered = stored_size(connection, place)
    numbers, held = _held(connection, place, decided.subjects)
    before = _before(connection, place, decided.subjects, numbers, held)
    changed = np.flatnonzero(_differs(decided, before))
    rows = _change_rows(version, purpose, namespace, decided, before, changed)
    if covered is None or covered < size:
        put_size(connection, place, size)
        rows.append((version, purpose, namespace, WHOLE, False, False, None, None, False))
    if not rows:
        return 0
    _write_bits(connection, place, decided, changed, numbers, held)
    _write_partial(connection, place, decided, before, changed)
    insert_rows(connection, permitted_changes, _CHANGE, rows)
    return len(rows)


def _held(connection: Connection, place: tuple[str, str], subjects: Ids) -> tuple[Ids, dict[int, Chunk]]:
    numbers = np.unique(subjects // CHUNK_PEOPLE)
    return numbers, read_chunks(connection, place, numbers.tolist())


def _places(subjects: Ids, numbers: Ids) -> Ids:
    """Return where the subjects' bits lie in the bits of these chunks, one after another."""
    return np.searchsorted(numbers, subjects // CHUNK_PEOPLE) * CHUNK_PEOPLE + subjects % CHUNK_PEOPLE


def _unpacked(bits: Iterable[bytearray]) -> Flags:
    return np.unpackbits(np.frombuffer(b"".join(bits), np.uint8), bitorder="little").astype(np.bool_)


def _before(
    connection: Connection, place: tuple[str, str], subjects: Ids, numbers: Ids, held: dict[int, Chunk]
) -> Decided:
    at, ordered = _places(subjects, numbers), [held[number] for number in numbers.tolist()]
    before = Decided.blank(subjects)
    before.plain[:] = _unpacked(each.plain for each in ordered)[at]
    before.sensitive[:] = _unpacked(each.sensitive for each in ordered)[at]
    for subject, instants in partial_instants(connection, *place, subjects.tolist()).items():
        where = int(np.searchsorted(subjects, subject))
        before.not_before[where], before.sensitive_not_before[where] = (
            NEVER if each is None else each for each in instants
        )
    return before


def _differs(one: Decided, other: Decided) -> Flags:
    bits = (one.plain != other.plain) | (one.sensitive != other.sensitive)
    plain, sensitive = one.not_before != other.not_before, one.sensitive_not_before != other.sensitive_not_before
    return np.asarray(bits | plain | sensitive, np.bool_)


def _reach(whole: Flags, since: Ids) -> Ids:
    """Return from which instant on rows may be read: the least for all of them, the greatest for none."""
    return np.where(whole, _ALL, np.where(since == NEVER, _NOTHING, since))


def _narrows(now: Decided, before: Decided) -> Flags:
    plain = _reach(now.plain, now.not_before) > _reach(before.plain, before.not_before)
    sensitive = _reach(now.sensitive, now.sensitive_not_before) > _reach(before.sensitive, before.sensitive_not_before)
    return plain | sensitive


def _change_rows(
    version: int, purpose: str, namespace: str, decided: Decided, before: Decided, changed: Ids
) -> list[tuple[object, ...]]:
    columns = (
        decided.subjects[changed].tolist(),
        decided.plain[changed].tolist(),
        decided.sensitive[changed].tolist(),
        _or_none(decided.not_before[changed]),
        _or_none(decided.sensitive_not_before[changed]),
        _narrows(decided, before)[changed].tolist(),
    )
    return [(version, purpose, namespace, *each) for each in zip(*columns, strict=True)]


def _write_bits(
    connection: Connection,
    place: tuple[str, str],
    decided: Decided,
    changed: Ids,
    numbers: Ids,
    held: dict[int, Chunk],
) -> None:
    at = _places(decided.subjects[changed], numbers)
    for name, flags in (("plain", decided.plain), ("sensitive", decided.sensitive)):
        bits = _unpacked(getattr(held[number], name) for number in numbers.tolist())
        bits[at] = flags[changed]
        packed = np.packbits(bits, bitorder="little").tobytes()
        for place_of, number in enumerate(numbers.tolist()):
            setattr(held[number], name, bytearray(packed[place_of * CHUNK_BYTES : (place_of + 1) * CHUNK_BYTES]))
    touched = np.unique(decided.subjects[changed] // CHUNK_PEOPLE).tolist()
    write_chunks(connection, place, {number: held[number] for number in touched})


def _write_partial(
    connection: Connection, place: tuple[str, str], decided: Decided, before: Decided, changed: Ids
) -> None:
    where = (permitted_partial.c.purpose == place[0], permitted_partial.c.namespace == place[1])
    gone = decided.subjects[changed[before.partial[changed]]]
    for part in chunks(gone.tolist()):
        connection.execute(delete(permitted_partial).where(*where, permitted_partial.c.subject.in_(part)))
    kept = changed[decided.partial[changed]]
    columns = (
        decided.subjects[kept].tolist(),
        _or_none(decided.not_before[kept]),
        _or_none(decided.sensitive_not_before[kept]),
    )
    insert_rows(connection, permitted_partial, _PARTIAL, [(*place, *each) for each in zip(*columns, strict=True)])


def _or_none(instants: Ids) -> list[int | None]:
    found: list[int | None] = instants.tolist()
    return found if not (instants == NEVER).any() else [None if each == NEVER else each for each in found]
