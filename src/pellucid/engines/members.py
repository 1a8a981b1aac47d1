"""What may be read of a generation for a purpose, worked out from who is permitted and who stands where. Pure.

A block whose members are all permitted, or none of them, is *settled*: one bit says it all. The members of the other
blocks are told word by word. All of it is made from live permissions; where rows lie only decides how much is settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

WORD = 64
ALWAYS, NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max
"""Instants from which on nothing is left out, and everything is."""

Ids = NDArray[np.int32]
Places = NDArray[np.int64]
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Instants = NDArray[np.int64]


class Members:
    """The members of a generation in order of word and bit; -1 stands for a subject that is missing.

    Raises ValueError if two members share a place or a word belongs to two blocks.
    """

    def __init__(self, namespaces: tuple[str, ...], subjects: tuple[Ids, ...], block: Ids, word: Ids, bit: Ids) -> None:
        self.namespaces = namespaces
        self.subjects = subjects
        self.bit = bit.astype(np.uint64)
        place = word.astype(np.int64) * WORD + bit
        starts = np.flatnonzero(np.diff(word, prepend=-1))
        self.words = word[starts]
        self.starts = np.append(starts, len(word)).astype(np.int64)
        self.word_block = block[starts]
        self.blocks = int(block[-1]) + 1 if len(block) else 0
        counts = np.diff(self.starts)
        sound = (
            (np.diff(place, prepend=-1) > 0).all()
            and ((bit >= 0) & (bit < WORD)).all()
            and (np.diff(self.word_block, prepend=0) >= 0).all()
            and (np.repeat(self.word_block, counts) == block).all()
        )
        if not sound:
            raise ValueError("members do not lie as they should")
        self.full = np.bitwise_or.reduceat(np.uint64(1) << self.bit, starts) if len(starts) else np.zeros(0, np.uint64)
        # Blocks are numbered without gaps in a file as written; one without members would be closed.
        self._block_starts = np.flatnonzero(np.diff(self.word_block, prepend=-1))
        self._orders: dict[int, tuple[Places, Ids]] = {}

    def words_of(self, namespace: str, subjects: Sequence[int]) -> Places:
        """Return the positions of the words in which any of these subjects of a namespace stands, ascending."""
        wanted = np.unique(np.asarray(subjects, dtype=np.int32))
        found = [
            self._members_of(path, wanted)
            for path, name in enumerate(self.namespaces)
            if name == namespace and len(wanted)
        ]
        members = np.concatenate([np.zeros(0, np.int64), *found])
        return np.unique(np.searchsorted(self.starts, members, side="right") - 1)

    def word_of(self, members: Places) -> Places:
        """Return the position of the word in which each member stands."""
        return np.asarray(np.searchsorted(self.starts, members, side="right") - 1, dtype=np.int64)

    def within(self, words: Places) -> Places:
        """Return the members of some words, word by word."""
        return _ranges(self.starts[words], self.starts[words + 1])

    def packed(self, words: Places, flags: Flags) -> Words:
        """Return the flags of the members of some words as one number a word."""
        if not len(words):
            return np.zeros(0, np.uint64)
        counts = self.starts[words + 1] - self.starts[words]
        bits = flags.astype(np.uint64) << self.bit[self.within(words)]
        return np.asarray(np.bitwise_or.reduceat(bits, np.cumsum(counts) - counts), dtype=np.uint64)

    def settled(self, plain: Words, sensitive: Words) -> tuple[Flags, Flags, Flags]:
        """Return for each block whether it is open, open for sensitive rows, and whether it is not settled."""
        open_plain, mixed_plain = self._verdict(plain)
        open_sensitive, mixed_sensitive = self._verdict(sensitive)
        mixed = mixed_plain | mixed_sensitive
        return open_plain & ~mixed, open_sensitive & ~mixed, mixed

    def _verdict(self, masks: Words) -> tuple[Flags, Flags]:
        everybody, anybody = np.zeros(self.blocks, np.bool_), np.zeros(self.blocks, np.bool_)
        if self.blocks:
            numbers = self.word_block[self._block_starts]
            everybody[numbers] = np.logical_and.reduceat(masks == self.full, self._block_starts)
            anybody[numbers] = np.logical_or.reduceat(masks != 0, self._block_starts)
        return everybody, anybody & ~everybody

    def _members_of(self, path: int, wanted: Ids) -> Places:
        if path not in self._orders:  # made at the first change
            order = np.argsort(self.subjects[path], kind="stable")
            self._orders[path] = order, self.subjects[path][order]
        order, ordered = self._orders[path]
        found = _ranges(np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right"))
        return np.asarray(order[found], dtype=np.int64)


def _ranges(first: Places, end: Places) -> Places:
    """Return all numbers from each `first` up to its `end`, one range after another."""
    counts = end - first
    within = np.arange(int(counts.sum()), dtype=np.int64) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    return np.asarray(within, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a statement needs of a dataset for a purpose: a 0 or 1 a block, the words of blocks that are not settled,
    and the members whose rows may be read from an instant on. Never changed once made.
    """

    open: str
    open_sensitive: str
    words: pa.Table
    later: pa.Table


WORDS_SCHEMA = pa.schema([("word", pa.int32()), ("plain", pa.int64()), ("sensitive", pa.int64())])
LATER_SCHEMA = pa.schema(
    [
        ("word", pa.int32()),
        ("bit", pa.uint8()),
        ("not_before", pa.timestamp("us")),
        ("sensitive_not_before", pa.timestamp("us")),
    ]
)
NOTHING_SHOWN = Shown("0", "0", WORDS_SCHEMA.empty_table(), LATER_SCHEMA.empty_table())


def shown(members: Members, plain: Words, sensitive: Words, late: Places, since: tuple[Instants, Instants]) -> Shown:
    """Return what statements need, from the words of all members and the members who may be read from an instant on."""
    if not members.blocks:
        return NOTHING_SHOWN
    open_plain, open_sensitive, mixed = members.settled(plain, sensitive)
    told = mixed[members.word_block] & ((plain | sensitive) != 0)
    words = [
        _column(pa.int32(), members.words[told]),
        _column(pa.int64(), plain[told]),
        _column(pa.int64(), sensitive[told]),
    ]
    later = [
        _column(pa.int32(), members.words[members.word_of(late)]),
        _column(pa.uint8(), members.bit[late].astype(np.uint8)),
        *(_column(pa.timestamp("us"), instants, instants != NEVER) for instants in since),
    ]
    return Shown(
        _digits(open_plain),
        _digits(open_sensitive),
        pa.Table.from_arrays(words, schema=WORDS_SCHEMA),
        pa.Table.from_arrays(later, schema=LATER_SCHEMA),
    )


def _digits(flags: Flags) -> str:
    return (flags.astype(np.uint8) + ord("0")).tobytes().decode("ascii")


def _column(kind: pa.DataType, values: NDArray[np.generic], valid: Flags | None = None) -> pa.Array:
    """Return an Arrow array over numbers as they lie in memory: `pa.array` would import pandas where there is one."""
    known = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    return pa.Array.from_buffers(kind, len(values), [known, pa.py_buffer(np.ascontiguousarray(values).tobytes())])
