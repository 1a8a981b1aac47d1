"""Where the rows of a generation come to stand when whole members leave it: blocks of whole vectors again. Pure.

A row keeps its order. Its new place is what `duckdb_layout` would give it: the engine's own windows over all rows take
twice as long as copying them, so places are worked out here from the members alone, and laid beside the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
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

    `members` are those that stay as they then are, cut at the edges of blocks: block, word and bit, and how many rows
    each has; `of` is which stretch each one was.
    """

    def __init__(self, runs: Runs, stays: NDArray[np.bool_], block: int) -> None:
        sizes = runs.sizes()[stays]
        begins = np.cumsum(sizes) - sizes
        rows = int(sizes.sum())
        edges, of = _cut(begins, np.arange(0, rows, block, dtype=np.int64))
        self._were, self._block = runs.rows, block
        self._stood = edges + (runs.starts[stays] - begins)[of] if len(of) else edges
        number = edges // block
        self._places = number * block + np.arange(len(edges)) - np.searchsorted(edges, number * block)
        self.of = np.flatnonzero(stays)[of]
        self.members = pa.table(self._placed(self._places) | {"_rows": np.diff(edges, append=rows)})

    def batches(self, size: int) -> pa.RecordBatchReader:
        """Return block, word and bit of all rows that were, in their order; those of rows that go mean nothing."""
        schema = self.members.schema
        kept = pa.schema([schema.field(name) for name in ("_to_block", "_to_word", "_to_bit")])
        return pa.RecordBatchReader.from_batches(kept, self._batches(size, kept))

    def _batches(self, size: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for start in range(0, self._were if len(self._places) else 0, size):
            end = min(start + size, self._were)
            low = max(int(np.searchsorted(self._stood, start, side="right")) - 1, 0)
            high = max(int(np.searchsorted(self._stood, end)), low + 1)
            begins = self._stood[low:high].copy()
            begins[0] = start
            places = np.repeat(self._places[low:high], np.diff(begins, append=end))
            yield pa.RecordBatch.from_pydict(self._placed(places), schema=schema)

    def _placed(self, places: Places) -> dict[str, NDArray[np.generic]]:
        return {
            "_to_block": (places // self._block).astype(np.int32),
            "_to_word": (places // WORD).astype(np.int32),
            "_to_bit": (places % WORD).astype(np.uint8),
        }


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
