"""What of a file contradicts itself, found in a pass before anything is recorded.

Rows are recorded block by block, and what is recorded stays. So that a yes and a no of one person at one instant come
to the same whichever blocks they stand in, the noes that a yes of the file stands against are looked up ahead. A file
is read once for that, and once more if there are any.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from pellucid.consent.bulk_admit import NOES, contradicts
from pellucid.consent.bulk_file import Block, read_blocks
from pellucid.consent.bulk_heard import NOBODY, Flags, Ids, Kinds
from pellucid.consent.bulk_rows import Rows, read_rows
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.errors import InputInvalid
from pellucid.policy.model import Policy

AT_ONCE = 1_000_000
"""Rows whose instants are compared with each other at once; the others lie in a temporary file meanwhile."""

_MARK = np.dtype([("instant", np.int64), ("is_no", np.bool_)])
_KEPT = """
CREATE TABLE noes (
    instant INTEGER, namespace TEXT, subject TEXT, at INTEGER,
    purpose TEXT, verb TEXT, member TEXT, line INTEGER,
    PRIMARY KEY (instant, namespace, subject, at, purpose, verb, member)
) WITHOUT ROWID
"""
_FIND = """
SELECT purpose, verb, member, line
FROM noes
WHERE instant = ? AND namespace = ? AND subject = ? AND at = ?
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read: in blocks of `size` rows, each of `namespace` if it names none, and said `now` if no when."""

    path: Path
    size: int
    namespace: str | None
    now: int

    def blocks(self) -> Iterator[Block]:
        """Yield the file's blocks; raises InputInvalid if it cannot be read (further)."""
        return read_blocks(self.path, self.size)

    def rows(self, block: Block, policy: Policy) -> Rows:
        """Return what a block's cells mean."""
        return read_rows(block, Kinds(), self.namespace, tuple(policy.namespaces), self.now)


class No(NamedTuple):
    """A no of the file, as far as it can contradict a yes, and the line it stands on."""

    record: ConsentRecord
    line: int


class NoesAhead:
    """The noes of a file of whose person and instant there is a yes too.

    Memory is constant, but for 8 bytes for each instant of a person with both; the rest is in files without a name that
    are gone with the process.
    """

    def __init__(self, read: Callable[[], Iterator[Rows]]) -> None:
        """`read` yields the file's rows from its beginning."""
        self._store = sqlite3.connect("")  # in memory while small, then in a file that SQLite unlinks at once
        self._store.execute(_KEPT)
        self._instants = _with_both(read())
        if self._instants.size:
            for rows in read():
                self._keep(rows)

    def close(self) -> None:
        """Forget everything."""
        self._store.close()

    def against(self, rows: Rows) -> dict[int, No]:
        """Return for each yes that contradicts a no of the file, by its place in the block, the first such no."""
        found: dict[int, No] = {}
        if not self._instants.size:
            return found
        for place, instant in self._suspects(rows, noes=False):
            yes = rows.table.of[rows.kinds[place]]
            noes = self._kept(rows, place, instant)
            first = min((no for no in noes if contradicts(no.record, yes)), key=lambda no: no.line, default=None)
            if first is not None:
                found[place] = first
        return found

    def _keep(self, rows: Rows) -> None:
        told = []
        for place, instant in self._suspects(rows, noes=True):
            no, where = rows.table.of[rows.kinds[place]], _where(rows, place)
            told.append((instant, *where, no.purpose or "", no.verb.value, no.member, int(rows.lines[place])))
        self._store.executemany("INSERT OR IGNORE INTO noes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", told)

    def _kept(self, rows: Rows, place: int, instant: int) -> Iterator[No]:
        where = _where(rows, place)
        for purpose, verb, member, line in self._store.execute(_FIND, (instant, *where)):
            yield No(ConsentRecord(where[0], NOBODY, purpose or None, ConsentVerb(verb), member=member), line)

    def _suspects(self, rows: Rows, *, noes: bool) -> Iterator[tuple[int, int]]:
        """Yield place and mark of the block's noes, or else yeses, of whose instant the file has both."""
        places, instants, is_no = _marked(rows)
        nearest = np.minimum(np.searchsorted(self._instants, instants), self._instants.size - 1)
        chosen = (self._instants[nearest] == instants) & (is_no == noes)
        yield from zip(places[chosen].tolist(), instants[chosen].tolist(), strict=True)


@contextmanager
def noes_ahead(reading: Reading, policy: Policy) -> Iterator[NoesAhead]:
    """Give the noes of a file, as far as it can be read; whoever reads it to record is told where it cannot."""

    def read() -> Iterator[Rows]:
        with suppress(InputInvalid):
            for block in reading.blocks():
                yield reading.rows(block, policy)

    found = NoesAhead(read)
    try:
        yield found
    finally:
        found.close()


def _where(rows: Rows, place: int) -> tuple[str, str, int]:
    return rows.table.of[rows.kinds[place]].namespace, rows.keys[place].as_py(), int(rows.at[place])


def _marked(rows: Rows) -> tuple[Ids, Ids, Flags]:
    """Return place, a mark of person and instant, and whether it is a no, for each row that is a yes or a no.

    Marks are 64-bit hashes under a key of this process: two that are alike are only looked at more closely.
    """
    is_no = np.array([kind.verb in NOES for kind in rows.table.of] + [False], np.bool_)[rows.kinds]
    is_yes = np.array([not kind.verb.narrows for kind in rows.table.of] + [False], np.bool_)[rows.kinds]
    places = np.flatnonzero(is_no | is_yes)
    spaces = [kind.namespace for kind in rows.table.of]
    keys, kinds, at = rows.keys.take(places).to_pylist(), rows.kinds[places].tolist(), rows.at[places].tolist()
    marks = [hash((key, spaces[kind], instant)) for key, kind, instant in zip(keys, kinds, at, strict=True)]
    return places, np.array(marks, np.int64), is_no[places]


def _with_both(blocks: Iterator[Rows]) -> Ids:
    """Return, in order, the marks of every person's instants of which there are a yes and a no."""
    with tempfile.TemporaryFile() as file:
        count = 0
        for rows in blocks:
            _, instants, is_no = _marked(rows)
            marks = np.empty(len(instants), _MARK)
            marks["instant"], marks["is_no"] = instants, is_no
            file.write(marks.tobytes())
            count += len(marks)
        shares = count // AT_ONCE + 1
        found = [_in_both(_share(file, number, shares)) for number in range(shares)]
    return np.sort(np.concatenate(found))


def _share(file: BinaryIO, number: int, shares: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Return one share of the marks, those of one instant together."""
    file.seek(0)
    found = []
    while data := file.read(AT_ONCE * _MARK.itemsize):
        part = np.frombuffer(data, _MARK)
        found.append(part[part["instant"] % shares == number])
    return np.concatenate([np.empty(0, _MARK), *found])


def _in_both(marks: np.ndarray[tuple[int], np.dtype[np.void]]) -> Ids:
    is_no = marks["is_no"]
    return np.intersect1d(marks["instant"][is_no], marks["instant"][~is_no])
