"""The permitted sets as stored: two bitmaps a purpose and namespace, the partial people, and the trail of changes.

It stores effects that were decided elsewhere, and notes for each change whether somebody's permission got smaller. How
bitmaps lie in the database is `consent.bits`. Replicas read through `consent.replica`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, delete, insert, select

from pellucid.consent.bits import (
    Bitmaps,
    drop_bits,
    put_size,
    read_chunks,
    stored_size,
    whole_bitmaps,
    write_chunks,
    write_whole,
)
from pellucid.consent.bulk_insert import insert_rows
from pellucid.consent.effect import NOTHING, Effect
from pellucid.consent.facts import chunks
from pellucid.records.tables import CHUNK_PEOPLE, permitted_changes, permitted_partial, permitted_sets

WHOLE = -1
"""Stands for a subject in the trail of changes: the whole set was made anew."""

Flags = NDArray[np.bool_]

_PARTIAL = ("purpose", "namespace", "subject", "not_before", "sensitive_not_before")

_OF_SET = (
    permitted_partial.c.purpose == bindparam("purpose"),
    permitted_partial.c.namespace == bindparam("namespace"),
)
_AMONG = permitted_partial.c.subject.in_(bindparam("subjects", expanding=True))
_INSTANTS = select(
    permitted_partial.c.subject, permitted_partial.c.not_before, permitted_partial.c.sensitive_not_before
).where(*_OF_SET)
_PUT_CHANGES, _PUT_PARTIAL = insert(permitted_changes), insert(permitted_partial)
_SOME_INSTANTS = _INSTANTS.where(_AMONG)
_DROP_PARTIAL = delete(permitted_partial).where(*_OF_SET)
_DROP_SOME_PARTIAL = _DROP_PARTIAL.where(_AMONG)


@dataclass(slots=True)
class StoredSet:
    """One purpose's permission in one namespace, unpacked: a flag a subject, and the partial ones' effects."""

    plain: Flags
    sensitive: Flags
    partial: dict[int, Effect] = field(default_factory=dict)

    @classmethod
    def nobody(cls, size: int) -> StoredSet:
        """Return a set of `size` subjects of whom nothing may be read."""
        return cls(np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_))

    @property
    def size(self) -> int:
        """Number of ids covered."""
        return len(self.plain)

    def grow(self, size: int) -> None:
        """Cover at least `size` ids; the new ones are denied."""
        missing = size - self.size
        if missing > 0:
            self.plain = np.concatenate([self.plain, np.zeros(missing, dtype=np.bool_)])
            self.sensitive = np.concatenate([self.sensitive, np.zeros(missing, dtype=np.bool_)])

    def effect(self, subject: int) -> Effect:
        """Return what is stored of one subject; an id beyond the end is denied."""
        if subject >= self.size:
            return NOTHING
        partial = self.partial.get(subject, NOTHING)
        bits = bool(self.plain[subject]), bool(self.sensitive[subject])
        return Effect(*bits, partial.not_before, partial.sensitive_not_before)

    def put(self, subject: int, effect: Effect) -> None:
        """Set one subject's effect."""
        self.plain[subject] = effect.plain
        self.sensitive[subject] = effect.sensitive
        self.partial.pop(subject, None)
        if effect.is_partial:
            self.partial[subject] = effect

    def narrows(self, before: StoredSet) -> bool:
        """Return whether anybody's permission is smaller or later than it was in `before`."""
        shared = min(self.size, before.size)
        for now, then in ((self.plain, before.plain), (self.sensitive, before.sensitive)):
            if bool(np.any(then[:shared] & ~now[:shared])) or bool(np.any(then[shared:])):
                return True
        return any(self.effect(subject).narrows(effect) for subject, effect in before.partial.items())

    def equals(self, other: StoredSet) -> bool:
        """Return whether both say the same of everybody."""
        same = np.array_equal(self.plain, other.plain) and np.array_equal(self.sensitive, other.sensitive)
        return same and self.partial == other.partial


def pack(flags: Flags) -> bytes:
    """Return flags as a little-endian bitmap: bit i of byte i // 8."""
    return np.packbits(flags, bitorder="little").tobytes()


def unpack(bits: bytes, size: int) -> Flags:
    """Return the first `size` flags of a little-endian bitmap."""
    return np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=size, bitorder="little").astype(np.bool_)


def read_set(connection: Connection, purpose: str, namespace: str, among: Iterable[int] | None = None) -> StoredSet:
    """Read a set, with all its partial subjects or only those `among` the given ids; an unknown set is empty."""
    bits = whole_bitmaps(connection, purpose, namespace).get((purpose, namespace))
    if bits is None:
        return StoredSet.nobody(0)
    found = StoredSet(unpack(bits.plain, bits.size), unpack(bits.sensitive, bits.size))
    for subject, instants in partial_instants(connection, purpose, namespace, among).items():
        found.partial[subject] = Effect(bool(found.plain[subject]), bool(found.sensitive[subject]), *instants)
    return found


def partial_instants(
    connection: Connection, purpose: str, namespace: str, among: Iterable[int] | None
) -> dict[int, tuple[int | None, int | None]]:
    """Return the partial subjects' instants, for plain and for sensitive rows."""
    named: dict[str, object] = {"purpose": purpose, "namespace": namespace}
    found = (
        [connection.execute(_INSTANTS, named)]
        if among is None
        else [connection.execute(_SOME_INSTANTS, named | {"subjects": part}) for part in chunks(among)]
    )
    return {row.subject: (row.not_before, row.sensitive_not_before) for rows in found for row in rows}


def put_effects(
    connection: Connection, version: int, purpose: str, namespace: str, effects: Mapping[int, Effect]
) -> int:
    """Store single subjects' effects, with a row for each change; return the number of rows."""
    if not effects:
        return 0
    place = (purpose, namespace)
    covered, size = stored_size(connection, place), max(effects) + 1
    held = read_chunks(connection, place, {subject // CHUNK_PEOPLE for subject in effects})
    instants = partial_instants(connection, purpose, namespace, effects)
    before = {
        subject: Effect(
            *held[subject // CHUNK_PEOPLE].bits(subject % CHUNK_PEOPLE), *instants.get(subject, (None, None))
        )
        for subject in effects
    }
    changed = {subject: effect for subject, effect in effects.items() if effect != before[subject]}
    for subject, effect in changed.items():
        held[subject // CHUNK_PEOPLE].put(subject % CHUNK_PEOPLE, effect.plain, effect.sensitive)
    rows = [_change(version, purpose, namespace, s, e, e.narrows(before[s])) for s, e in changed.items()]
    if covered is None or covered < size:
        put_size(connection, place, size)
        rows.append(_change(version, purpose, namespace, WHOLE, NOTHING, narrowing=False))
    if not rows:
        return 0
    write_chunks(connection, place, {number: held[number] for number in {s // CHUNK_PEOPLE for s in changed}})
    _drop_partial(connection, purpose, namespace, changed.keys() & instants.keys())
    _write_partial(connection, purpose, namespace, {s: e for s, e in changed.items() if e.is_partial})
    connection.execute(_PUT_CHANGES, rows)
    return len(rows)


def put_set(connection: Connection, version: int, purpose: str, namespace: str, made: StoredSet) -> bool:
    """Replace a whole set, with one change row if anything differs; return whether it does."""
    before = read_set(connection, purpose, namespace)
    if before.equals(made) and stored_size(connection, (purpose, namespace)) is not None:
        return False
    write_whole(connection, (purpose, namespace), Bitmaps(made.size, pack(made.plain), pack(made.sensitive)))
    _drop_partial(connection, purpose, namespace, None)
    _write_partial(connection, purpose, namespace, made.partial)
    row = _change(version, purpose, namespace, WHOLE, NOTHING, made.narrows(before))
    connection.execute(_PUT_CHANGES, [row])
    return True


def drop_set(connection: Connection, version: int, purpose: str, namespace: str) -> None:
    """Forget a set whose purpose or namespace the policy no longer declares: a narrowing change."""
    drop_bits(connection, (purpose, namespace))
    _drop_partial(connection, purpose, namespace, None)
    connection.execute(_PUT_CHANGES, [_change(version, purpose, namespace, WHOLE, NOTHING, True)])


def stored_sets(connection: Connection) -> list[tuple[str, str]]:
    """Return purpose and namespace of every stored set, in order."""
    statement = select(permitted_sets.c.purpose, permitted_sets.c.namespace)
    rows = connection.execute(statement.order_by(permitted_sets.c.purpose, permitted_sets.c.namespace))
    return [(row.purpose, row.namespace) for row in rows]


def alike(connection: Connection, namespace: str) -> NDArray[np.int32]:
    """Return a number for each subject: two have the same if their bits are the same for every purpose."""
    rows = whole_bitmaps(connection, namespace=namespace).values()
    kinds = np.zeros(max((row.size for row in rows), default=0), dtype=np.int64)
    for number, row in enumerate(rows, start=1):
        for bits in (row.plain, row.sensitive):
            kinds *= 2
            kinds[: row.size] += unpack(bits, row.size)
        if number % 16 == 0:  # before the numbers outgrow 64 bits
            kinds = np.unique(kinds, return_inverse=True)[1]
    return np.asarray(np.unique(kinds, return_inverse=True)[1], dtype=np.int32)


def _drop_partial(connection: Connection, purpose: str, namespace: str, only: Iterable[int] | None) -> None:
    named: dict[str, object] = {"purpose": purpose, "namespace": namespace}
    if only is None:
        connection.execute(_DROP_PARTIAL, named)
        return
    for part in chunks(only):
        connection.execute(_DROP_SOME_PARTIAL, named | {"subjects": part})


def _write_partial(connection: Connection, purpose: str, namespace: str, effects: Mapping[int, Effect]) -> None:
    rows = [
        (purpose, namespace, subject, effect.not_before, effect.sensitive_not_before)
        for subject, effect in effects.items()
    ]
    insert_rows(connection, permitted_partial, _PARTIAL, rows)


def _change(
    version: int, purpose: str, namespace: str, subject: int, effect: Effect, narrowing: bool
) -> dict[str, object]:
    return {
        "version": version,
        "purpose": purpose,
        "namespace": namespace,
        "subject": subject,
        "plain": effect.plain,
        "sensitive": effect.sensitive,
        "not_before": effect.not_before,
        "sensitive_not_before": effect.sensitive_not_before,
        "narrowing": narrowing,
    }
