"""Where the rows of a generation come to stand when whole members leave it: blocks of whole vectors again. Pure.

A row keeps its order. Its new place is what `duckdb_layout` would give it: the engine's own windows over all rows take
twice as long as copying them, so places are worked out here from the members alone, and looked up a vector at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pellucid.engines.members import WORD

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Runs:
    """The stretches of rows of one member each, in the order of the file: where each starts, and its (word, bit)."""

    starts: Places
    keys: Places
    rows: int

    @classmethod
    def read(cls, batches: Iterable[tuple[NDArray[np.int32], NDArray[np.uint8]]]) -> Runs:
        """Read words and bits of all rows, in their order, batch by batch."""
        starts, keys, rows, last = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0, -1
        for words, bits in batches:
            key = words.astype(np.int64) * WORD + bits
            first = np.flatnonzero(np.diff(key, prepend=last))
            starts.append(first + rows)
            keys.append(key[first])
            rows, last = rows + len(key), int(key[-1])
        return cls(np.concatenate(starts), np.concatenate(keys), rows)

    def sizes(self) -> Places:
        """Return how many rows each stretch has."""
        return np.diff(self.starts, append=self.rows)


class Moved:
    """Where each row that stays comes to stand, by where it stood; made for the stretches that stay.

    `places` are those of the members as they are then, `keys` where each of them was.
    """

    def __init__(self, runs: Runs, stays: NDArray[np.bool_], block: int) -> None:
        sizes = runs.sizes()[stays]
        begins = np.cumsum(sizes) - sizes
        self.rows = int(sizes.sum())
        self._shift = runs.starts[stays] - begins
        edges, of = _cut(begins, np.arange(0, self.rows, block, dtype=np.int64))
        self._stood = edges + self._shift[of] if len(of) else edges
        number = edges // block
        within = np.arange(len(edges)) - np.searchsorted(edges, number * block)
        self.places = number * block + within
        self.keys = runs.keys[stays][of]

    def of(self, rows: Places) -> Places:
        """Return the new place (block, word and bit in one number) of rows, ascending, that all stay."""
        if not len(rows):
            return rows
        low = int(np.searchsorted(self._stood, rows[0], side="right")) - 1
        high = int(np.searchsorted(self._stood, rows[-1], side="right"))
        near = np.searchsorted(self._stood[low:high], rows, side="right") - 1
        return np.asarray(self.places[low + near], dtype=np.int64)


def _cut(begins: Places, edges: Places) -> tuple[Places, Places]:
    """Return where stretches begin once they are cut at the edges of blocks, and which stretch each one is of."""
    at = np.searchsorted(begins, edges)
    found = at < len(begins)
    new = np.ones(len(edges), np.bool_)
    new[found] = begins[at[found]] != edges[found]
    return (
        np.insert(begins, at[new], edges[new]),
        np.insert(np.arange(len(begins), dtype=np.int64), at[new], at[new] - 1),
    )
