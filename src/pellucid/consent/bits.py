"""The bitmaps of the permitted sets as stored: two a purpose and namespace, cut into chunks of people.

One person's change rewrites a chunk (2 kB) and not everybody's bits (1.2 MB a purpose at 5 million people). A chunk
that is missing denies everybody in it. What the bits mean, and whom they say too little of, is `consent.sets`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from pellucid.consent.facts import chunks
from pellucid.records.tables import CHUNK_PEOPLE, permitted_chunks, permitted_sets

CHUNK_BYTES = CHUNK_PEOPLE // 8

Place = tuple[str, str]
"""Purpose and namespace of a set."""

_OF_SET = (permitted_sets.c.purpose == bindparam("of_purpose"), permitted_sets.c.namespace == bindparam("of_namespace"))
_OF_CHUNK = (
    permitted_chunks.c.purpose == bindparam("of_purpose"),
    permitted_chunks.c.namespace == bindparam("of_namespace"),
)
_SIZE = select(permitted_sets.c.size).where(*_OF_SET)
_PUT_SIZE = update(permitted_sets).where(*_OF_SET).values(size=bindparam("new_size"))
_SOME = select(permitted_chunks.c.chunk, permitted_chunks.c.plain, permitted_chunks.c.sensitive).where(
    *_OF_CHUNK, permitted_chunks.c.chunk.in_(bindparam("chunks", expanding=True))
)
_CHANGE = (
    update(permitted_chunks)
    .where(*_OF_CHUNK, permitted_chunks.c.chunk == bindparam("of_chunk"))
    .values(plain=bindparam("new_plain"), sensitive=bindparam("new_sensitive"))
)


@dataclass(frozen=True, slots=True)
class Bitmaps:
    """A whole set's bits: bit i of byte i // 8 is person i's, for `size` people."""

    size: int
    plain: bytes
    sensitive: bytes


@dataclass(slots=True)
class Chunk:
    """The bits of a stretch of people, to be changed where they lie. `place` counts from the first of them."""

    plain: bytearray = field(default_factory=lambda: bytearray(CHUNK_BYTES))
    sensitive: bytearray = field(default_factory=lambda: bytearray(CHUNK_BYTES))
    is_stored: bool = False

    def bits(self, place: int) -> tuple[bool, bool]:
        """Return a person's plain and sensitive bit."""
        mask, byte = 1 << place % 8, place // 8
        return bool(self.plain[byte] & mask), bool(self.sensitive[byte] & mask)

    def put(self, place: int, plain: bool, sensitive: bool) -> None:
        """Set a person's bits."""
        mask, byte = 1 << place % 8, place // 8
        for bits, on in ((self.plain, plain), (self.sensitive, sensitive)):
            bits[byte] = bits[byte] | mask if on else bits[byte] & ~mask


def whole_bitmaps(
    connection: Connection, purpose: str | None = None, namespace: str | None = None
) -> dict[Place, Bitmaps]:
    """Return every set's bits, or those of one purpose or namespace, ordered by both."""
    sets, parts = permitted_sets.c, permitted_chunks.c
    sizes = select(sets.purpose, sets.namespace, sets.size).order_by(sets.purpose, sets.namespace)
    stored = select(permitted_chunks)
    for name, value in (("purpose", purpose), ("namespace", namespace)):
        if value is not None:
            sizes, stored = sizes.where(sets[name] == value), stored.where(parts[name] == value)
    held = {(row.purpose, row.namespace): row.size for row in connection.execute(sizes)}
    made = {place: (bytearray((size + 7) // 8), bytearray((size + 7) // 8)) for place, size in held.items()}
    for row in connection.execute(stored):
        first = row.chunk * CHUNK_BYTES
        for bits, part in zip(made.get((row.purpose, row.namespace), ()), (row.plain, row.sensitive), strict=False):
            bits[first : first + CHUNK_BYTES] = _padded(bytes(part), 0)[: max(0, len(bits) - first)]
    return {place: Bitmaps(held[place], bytes(plain), bytes(sensitive)) for place, (plain, sensitive) in made.items()}


def stored_size(connection: Connection, place: Place) -> int | None:
    """Return how many people a set covers; None if it is not stored."""
    found: int | None = connection.scalar(_SIZE, _named(place))
    return found


def read_chunks(connection: Connection, place: Place, numbers: Iterable[int]) -> dict[int, Chunk]:
    """Return these chunks of a set; nobody is permitted in those that are not stored."""
    found = {number: Chunk() for number in numbers}
    for part in chunks(found):
        for row in connection.execute(_SOME, _named(place) | {"chunks": part}):
            found[row.chunk] = Chunk(bytearray(row.plain), bytearray(row.sensitive), is_stored=True)
    return found


def write_chunks(connection: Connection, place: Place, changed: Mapping[int, Chunk]) -> None:
    """Store chunks that were read and changed."""
    kept = [
        _named(place) | {"of_chunk": number, "new_plain": bytes(each.plain), "new_sensitive": bytes(each.sensitive)}
        for number, each in changed.items()
        if each.is_stored
    ]
    new = [
        _row(place, number, bytes(each.plain), bytes(each.sensitive))
        for number, each in changed.items()
        if not each.is_stored
    ]
    if kept:
        connection.execute(_CHANGE, kept)
    if new:
        connection.execute(insert(permitted_chunks), new)


def put_size(connection: Connection, place: Place, size: int) -> None:
    """Let a set cover so many people; one that is not stored yet begins with nobody permitted."""
    if connection.execute(_PUT_SIZE, _named(place) | {"new_size": size}).rowcount == 0:
        connection.execute(insert(permitted_sets).values(purpose=place[0], namespace=place[1], size=size))


def write_whole(connection: Connection, place: Place, bits: Bitmaps) -> None:
    """Replace a set's bits."""
    put_size(connection, place, bits.size)
    connection.execute(delete(permitted_chunks).where(*_OF_CHUNK), _named(place))
    rows = [
        _row(place, first // CHUNK_BYTES, *(_padded(part, first) for part in (bits.plain, bits.sensitive)))
        for first in range(0, len(bits.plain), CHUNK_BYTES)
    ]
    if rows:
        connection.execute(insert(permitted_chunks), rows)


def drop_bits(connection: Connection, place: Place) -> None:
    """Forget a set's bits and that there was one."""
    connection.execute(delete(permitted_chunks).where(*_OF_CHUNK), _named(place))
    connection.execute(delete(permitted_sets).where(*_OF_SET), _named(place))


def _padded(bits: bytes, first: int) -> bytes:
    return bits[first : first + CHUNK_BYTES].ljust(CHUNK_BYTES, b"\0")


def _named(place: Place) -> dict[str, object]:
    return {"of_purpose": place[0], "of_namespace": place[1]}


def _row(place: Place, number: int, plain: bytes, sensitive: bytes) -> dict[str, object]:
    return {
        "purpose": place[0],
        "namespace": place[1],
        "chunk": number,
        "plain": plain,
        "sensitive": sensitive,
    }
