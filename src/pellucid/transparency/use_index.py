"""An index of the log by kind of use and by the data it rests on, made from the log alone and naming nobody.

Whoever asks brings it up to the log first, some entries a transaction; what is not in it yet is read from the log
itself, so that no answer depends on how far it has come. What happened again and again is kept once: an entry takes a
few numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, delete, insert, select

from pellucid.audit import log
from pellucid.records.database import Database
from pellucid.records.transparency_tables import use_about, use_entries, use_grounds, use_index, use_kinds, use_pairs
from pellucid.transparency.use_entry import FORM, EntryOfUse, bucket_of, read_entry, text_of

CHUNK = 5_000
"""Entries read in one transaction, and values in one IN list."""

_Numbers = tuple[dict[str, int], dict[str, int], dict[tuple[int, int], int]]


class Row(NamedTuple):
    """One use: where its entry is in the log, of which kind on which ground, when, and what it rests on."""

    leaf: int
    pair: int
    at: int
    as_of: int | None
    register: int | None
    after: int | None
    until: int | None


@dataclass
class UseIndex:
    """The index as one transaction sees it, and what the log holds beyond; entries from `size` on are left aside.

    `kinds` and `grounds` are what entries say, by number; `pairs` which of them went together.
    """

    connection: Connection
    kinds: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    grounds: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    pairs: dict[int, tuple[int, int]] = field(default_factory=dict)
    size: int = 0
    _upto: int = 0
    _numbers: _Numbers = field(default_factory=lambda: ({}, {}, {}))
    _late: dict[int, Row] = field(default_factory=dict)
    _late_about: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def at(cls, connection: Connection) -> UseIndex:
        """Return the index with all that the log holds, without writing."""
        found = cls._kept(connection)
        found._read(found._upto, found.size)
        return found

    @classmethod
    def _kept(cls, connection: Connection) -> UseIndex:
        found = cls(connection, size=log.size(connection), _upto=_read_in(connection))
        if not found._upto:
            return found
        for table, into in ((use_kinds, found.kinds), (use_grounds, found.grounds)):
            into.update((row.id, json.loads(row.told)) for row in connection.execute(select(table)))
        found.pairs.update((row.id, (row.kind, row.ground)) for row in connection.execute(select(use_pairs)))
        found._numbers = (
            {text_of(told): id for id, told in found.kinds.items()},
            {text_of(told): id for id, told in found.grounds.items()},
            {pair: id for id, pair in found.pairs.items()},
        )
        return found

    def of_pairs(self, wanted: Iterable[int], since: int = 0) -> Iterator[Row]:
        """Yield the uses of some pairs from an instant on, in no order."""
        chosen, columns = set(wanted), use_entries.c
        for start in range(0, len(chosen) if self._upto else 0, CHUNK):
            part = sorted(chosen)[start : start + CHUNK]
            found = select(use_entries).where(columns.pair.in_(part), columns.at >= since)
            yield from (row for row in map(Row._make, self.connection.execute(found)) if row.leaf < self.size)
        late = (row for row in self._late.values() if row.pair in chosen)
        yield from (row for row in late if row.at >= since and row.leaf < self.size)

    def about(self, pseudonyms: Sequence[str], since: int = 0) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the entries about somebody alone from an instant on, with their places, in order."""
        wanted, buckets = set(pseudonyms), sorted({bucket_of(each) for each in pseudonyms})
        found = select(use_about.c.leaf).where(use_about.c.bucket.in_(buckets)).order_by(use_about.c.leaf)
        kept = list(self.connection.scalars(found)) if self._upto else []
        late = [leaf for bucket, leaf in self._late_about if bucket in buckets]
        for leaf in (leaf for leaf in [*kept, *late] if leaf < self.size):
            entry: Mapping[str, Any] = log.entry_at(self.connection, leaf).fields()
            if entry["subject"] in wanted and entry["at"] >= since:
                yield leaf, entry

    def _read(self, start: int, stop: int) -> None:
        """Take entries of the log in, numbering what is new."""
        kinds, grounds, pairs = self._numbers
        for stored in log.entries(self.connection, start, stop):
            found = read_entry(stored.body)
            if found.about is not None:
                self._late_about.append((bucket_of(found.about), stored.leaf))
            if found.kind is None:
                continue
            kind = _number(self._with_people(found), kinds, self.kinds)
            pair = (kind, _number(found.ground, grounds, self.grounds))
            number = pairs.setdefault(pair, len(pairs))
            self.pairs[number] = pair
            rest = (found.at, found.as_of, found.register, found.after, found.until)
            self._late[stored.leaf] = Row(stored.leaf, number, *rest)

    def _with_people(self, found: EntryOfUse) -> Mapping[str, Any]:
        """Return the kind of a use; one told again counted whom it had counted the first time."""
        assert found.kind is not None  # noqa: S101  -- for the type checker
        if found.of is None:
            return found.kind
        late = self._late.get(found.of)
        kept = select(use_entries.c.pair).where(use_entries.c.leaf == found.of, use_entries.c.leaf < self._upto)
        pair = late.pair if late is not None else self.connection.scalar(kept)
        return found.kind if pair is None else {**found.kind, "people": self.kinds[self.pairs[pair][0]]["people"]}

    def _write(self, before: tuple[int, int, int], stop: int) -> None:
        """Store what was taken in since the numbers were these."""
        for table, held, first in ((use_kinds, self.kinds, before[0]), (use_grounds, self.grounds, before[1])):
            _put(self.connection, table, [{"id": id, "told": text_of(held[id])} for id in range(first, len(held))])
        new = range(before[2], len(self.pairs))
        pairs = [{"id": id, "kind": self.pairs[id][0], "ground": self.pairs[id][1]} for id in new]
        _put(self.connection, use_pairs, pairs)
        _put(self.connection, use_entries, [row._asdict() for row in self._late.values()])
        _put(self.connection, use_about, [{"bucket": bucket, "leaf": leaf} for bucket, leaf in self._late_about])
        self.connection.execute(delete(use_index))
        _put(self.connection, use_index, [{"id": 1, "size": stop, "form": FORM}])


def catch_up(database: Database) -> int:
    """Bring the index up to the log, CHUNK entries a transaction, and return how many entries were read.

    Safe to repeat, and to do by several at once: each transaction goes on from where the last one came to.
    """
    done = 0
    while True:
        with database.read() as connection:
            if _read_in(connection) == log.size(connection):
                return done
        with database.write() as connection:
            done += _extend(connection)


def _extend(connection: Connection) -> int:
    """Take the next entries into the index; one of another form, or of a longer log, is made anew."""
    start = _read_in(connection)
    if start == 0:
        for table in (use_kinds, use_grounds, use_pairs, use_entries, use_about):
            connection.execute(delete(table))
    index = UseIndex._kept(connection)
    before = (len(index.kinds), len(index.grounds), len(index.pairs))
    stop = min(start + CHUNK, index.size)
    index._read(start, stop)
    index._write(before, stop)
    return stop - start


def _read_in(connection: Connection) -> int:
    """Return how many entries are in the index; none where it was made by other rules or of another log."""
    kept = connection.execute(select(use_index.c.size, use_index.c.form)).one_or_none()
    return kept.size if kept is not None and kept.form == FORM and kept.size <= log.size(connection) else 0


def _number(told: Mapping[str, Any], numbers: dict[str, int], held: dict[int, Mapping[str, Any]]) -> int:
    number = numbers.setdefault(text_of(told), len(numbers))
    held[number] = told
    return number


def _put(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), list(rows))
