"""Finding many byte strings at once: words of the data in a table of few bits first, then windows, then all. Pure.

A string of 15 bytes or more holds one of the data's aligned words of eight bytes, wherever it stands. So only every
eighth place is looked at, for each of the eight windows of the string that may stand there; for shorter strings every
fourth place, every second, or every one; and so it is once too many places have to be looked at more closely.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]

WINDOW = 8
PART = 1 << 21
"""Bytes that are looked through at a time: fewer cost more calls, more do not stay in the processor's cache."""
PROBE = 1 << 16
DENSE = 40
"""Bytes for one word that leads nowhere, from which on it costs less to look at each place: told from the last part."""
SAMPLE = 1_000
"""Strings from which it is told which windows many of them have."""
PAIRS = 1 << 20
"""Pairs of a place and a string that may stand there, that are compared at a time."""
SAMPLE_BITS, FEWEST_BITS, MOST_BITS = 16, 12, 24
"""Sizes of tables, as powers of two."""
_WORD = np.dtype("<u8")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


class Sieve:
    """Finds byte strings of at least eight bytes each.

    Of each string one window is its anchor; the windows up to seven bytes before it lead to it.
    """

    def __init__(self, strings: Iterable[bytes]) -> None:
        groups = _by_length(strings)
        self._strings = [each for same in groups.values() for each in same]
        self._step = min((_step(length) for length in groups), default=WINDOW)
        counts = _counted(self._strings[:: max(1, len(self._strings) // SAMPLE)])
        shapes, leading = [np.zeros((5, 0), np.uint64)], [np.zeros((2, 0), np.uint64)]
        for length, same in groups.items():
            windows, step = _windows(same), _step(length)
            anchors, every = _rarest(counts[_hashed(windows, SAMPLE_BITS)], step), np.arange(len(same))
            lengths = np.full(len(same), length, np.uint64)
            told = (windows[every, anchors], windows[:, 0], windows[:, -1], anchors.astype(np.uint64), lengths)
            shapes.append(np.vstack(told))
            for distance in range(step):
                led = windows[every, anchors - distance]
                leading.append(np.vstack((led, np.full(len(led), 1 << distance, np.uint64))))
        anchored, self._first, self._last, places, lengths = np.hstack(shapes)
        self._order = np.argsort(anchored, kind="stable")
        self._place, self._length = places.view(np.int64), lengths.view(np.int64)
        self._anchors, self._begins, self._counts = np.unique(
            anchored[self._order], return_index=True, return_counts=True
        )
        self._distances = _table(*np.hstack(leading), spare=4)
        self._led = self._distances != 0
        self._anchored = _table(self._anchors, np.ones(len(self._anchors), np.uint64), spare=7) != 0

    def found(self, held: Bytes, stands: Callable[[Places, Places], Flags]) -> set[bytes]:
        """Return the strings that stand in some bytes where `stands` takes it, given beginnings and ends."""
        hits: set[bytes] = set()
        step, start, size = self._step, 0, PROBE
        while start < len(held):
            led, size = 0, _whole(len(held) - start, size)
            for offset in range(0, WINDOW, step):
                words = _words(held, start + offset, size)
                at, distances = self._leading(words) if step > 1 else self._candidates(words)
                led += len(at)
                for places, anchors in self._anchors_at(words, at, distances):
                    for begins, which in self._pairs(places + (start + offset), anchors):
                        self._confirm(held, begins, which, stands, hits)
            if led * DENSE > size:
                step = 1
            start, size = start + size, PART
        return hits

    def _leading(self, words: Words) -> tuple[Places, Bytes]:
        """Return which words may lead to an anchor, and a bit for each distance at which it may be."""
        hashed = _hashed(words[:-1], _bits(self._led))
        led = np.flatnonzero(self._led[hashed])
        return led, self._distances[hashed[led]]

    def _candidates(self, words: Words) -> tuple[Places, Bytes]:
        """Return which words may be anchors, as `_leading` does."""
        found = np.flatnonzero(self._anchored[_hashed(words[:-1], _bits(self._anchored))])
        return found, np.ones(len(found), np.uint8)

    def _anchors_at(self, words: Words, led: Places, distances: Bytes) -> Iterator[tuple[Places, Places]]:
        """Yield where anchors are in words, and which; the last word is only what the one before goes on with."""
        present = int(np.bitwise_or.reduce(distances)) if len(led) else 0
        for distance in range(present.bit_length()):
            if not present >> distance & 1:
                continue
            at = led[(distances & np.uint8(1 << distance)) != 0]
            values = words[at]
            if distance:
                moved = np.uint64(8 * distance)
                values = (values >> moved) | (words[at + 1] << (np.uint64(64) - moved))
            likely = self._anchored[_hashed(values, _bits(self._anchored))]
            at, values = at[likely], values[likely]
            near = np.minimum(np.searchsorted(self._anchors, values), len(self._anchors) - 1)
            same = self._anchors[near] == values
            if same.any():
                yield at[same] * WINDOW + distance, near[same]

    def _pairs(self, places: Places, anchors: Places) -> Iterator[tuple[Places, Places]]:
        """Yield where strings would begin, and which, for anchors at some places."""
        parts = 1 + int(self._counts[anchors].sum()) // PAIRS
        for part in np.array_split(np.arange(len(places)), parts):
            counts = self._counts[anchors[part]]
            so_far = np.cumsum(counts) - counts
            within = np.arange(int(counts.sum())) + np.repeat(self._begins[anchors[part]] - so_far, counts)
            which = self._order[within]
            yield np.repeat(places[part], counts) - self._place[which], which

    def _confirm(
        self,
        held: Bytes,
        begins: Places,
        which: Places,
        stands: Callable[[Places, Places], Flags],
        hits: set[bytes],
    ) -> None:
        inside = (begins >= 0) & (begins + self._length[which] <= len(held))
        begins, which = begins[inside], which[inside]
        for windows, moved in ((self._first, 0), (self._last, self._length - WINDOW)):
            if len(begins):
                at = begins + (moved if isinstance(moved, int) else moved[which])
                same = held[at[:, None] + np.arange(WINDOW)].view(_WORD)[:, 0] == windows[which]
                begins, which = begins[same], which[same]
        if not len(begins):
            return
        taken = stands(begins, begins + self._length[which])
        for begin, number in zip(begins[taken].tolist(), which[taken].tolist(), strict=True):
            string = self._strings[number]
            if string not in hits and held[begin : begin + len(string)].tobytes() == string:
                hits.add(string)


def _step(length: int) -> int:
    """Return how far apart places may be so that a string of some bytes has a whole window at one of them."""
    return next(step for step in (8, 4, 2, 1) if length >= WINDOW + step - 1)


def _by_length(strings: Iterable[bytes]) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for each in strings:
        found.setdefault(len(each), []).append(each)
    return found


def _windows(strings: Sequence[bytes]) -> Words:
    """Return all windows of strings of one length, a row a string."""
    rows = np.frombuffer(b"".join(strings), np.uint8).reshape(len(strings), -1)
    cut = np.lib.stride_tricks.sliding_window_view(rows, WINDOW, axis=1)
    return np.ascontiguousarray(cut).view(_WORD)[:, :, 0]


def _counted(strings: Sequence[bytes]) -> Places:
    """Return how many windows of some strings have each hash."""
    hashes = [_hashed(_windows(same).ravel(), SAMPLE_BITS) for same in _by_length(strings).values()]
    return np.bincount(np.concatenate([np.zeros(0, np.int64), *hashes]), minlength=1 << SAMPLE_BITS)


def _rarest(counts: Places, step: int) -> Places:
    """Return for each row which window is fittest as anchor: few have it, nor those which lead to it.

    Of equals it is the last one, as numbers differ at their ends.
    """
    sums = np.pad(np.cumsum(counts, axis=1), ((0, 0), (1, 0)))
    score = sums[:, step:] - sums[:, :-step] + counts[:, step - 1 :] * WINDOW
    return np.asarray(counts.shape[1] - 1 - np.argmin(score[:, ::-1], axis=1), dtype=np.int64)


def _table(values: Words, bits: Words, *, spare: int) -> Bytes:
    """Return a table that has the bits of each value at the value's hash, and mostly none elsewhere."""
    size = min(max(len(values).bit_length() + spare, FEWEST_BITS), MOST_BITS)
    table = np.zeros(1 << size, np.uint8)
    for bit in np.unique(bits):
        table[_hashed(values[bits == bit], size)] |= np.uint8(bit)
    return table


def _bits(table: Bytes | Flags) -> int:
    return len(table).bit_length() - 1


def _hashed(values: Words, bits: int) -> Places:
    return np.asarray((values * _FACTOR) >> np.uint64(64 - bits)).view(np.int64)


def _whole(left: int, size: int) -> int:
    """Return the size of a part so that no more than the last few words have to be copied, to be filled up."""
    return size if left >= size + 2 * WINDOW or left < 4 * WINDOW else (left - 2 * WINDOW) // WINDOW * WINDOW


def _words(held: Bytes, start: int, size: int) -> Words:
    """Return the words of a part from a place on and the one after it; what is beyond the end is zeros."""
    part = held[start : start + size + WINDOW]
    if len(part) < size + WINDOW:
        part = np.pad(part, (0, 2 * WINDOW - len(part) % WINDOW))
    return part.view(_WORD)
