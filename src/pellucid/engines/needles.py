"""Searching bytes for what identifies people: many texts at once, each in the spellings in which it may lie anywhere.

A text is looked for as UTF-8, UTF-16 (both orders), as JSON escapes it, in hex and in base64 at every alignment. A text
that ends (begins) with a digit does not stand where another digit goes on: `customer-12` is not in `customer-123`. What
is compressed or encrypted is not seen: whoever searches has to open it first. Pure.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from mmap import mmap

import numpy as np
from numpy.typing import NDArray

SHORTEST = 8
"""Bytes of a text below which finding it says nothing: such short ones stand anywhere by chance."""
FEW = 40
"""Spellings up to which each is looked for by itself."""
SAMPLE = 1_000
"""Spellings from which it is told which windows many of them have."""
PART = 1 << 22
WINDOW = 8
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(40)


class Needles:
    """Texts to search for; `short` are those that are too short to be looked for, `common` those that are not to be."""

    def __init__(self, texts: Iterable[str], common: Collection[str] = ()) -> None:
        wanted = sorted(set(texts))
        self.common = tuple(text for text in wanted if text in common)
        self.short = tuple(text for text in wanted if len(text.encode()) < SHORTEST)
        self.texts = tuple(text for text in wanted if len(text.encode()) >= SHORTEST and text not in common)
        self._spelt = {spelt: number for number, text in enumerate(self.texts) for spelt in spellings(text)}
        self._longest = max((len(spelt) for spelt in self._spelt), default=0)
        self._sieve = _Sieve(list(self._spelt)) if len(self._spelt) > FEW else None

    def found(self, data: bytes | mmap) -> set[str]:
        """Return the texts that stand somewhere in the data in one of their spellings."""
        if self._sieve is None:
            return {self.texts[number] for spelt, number in self._spelt.items() if _stands(data, spelt)}
        hits: set[int] = set()
        bytes_held = np.frombuffer(data, np.uint8)
        for start in range(0, len(bytes_held), PART):
            part = bytes_held[max(start - self._longest, 0) : start + PART + 1]
            hits |= {self._spelt[spelt] for spelt in self._sieve.found(part)}
        return {self.texts[number] for number in hits}


def _stands(data: bytes | mmap, spelt: bytes) -> bool:
    at = data.find(spelt)
    while at >= 0:
        end = at + len(spelt)
        if _ends(spelt, data[max(at - 1, 0) : at], data[end : end + 1]):
            return True
        at = data.find(spelt, at + 1)
    return False


def _ends(spelt: bytes, before: bytes, after: bytes) -> bool:
    """Return whether no number at an end of what was found goes on beyond it."""
    return not ((spelt[:1].isdigit() and before.isdigit()) or (spelt[-1:].isdigit() and after.isdigit()))


def spellings(text: str) -> set[bytes]:
    """Return a text as it may lie in bytes. Base64 is cut to the digits that do not depend on what stands around."""
    plain = text.encode()
    found = {plain, text.encode("utf-16-le"), text.encode("utf-16-be"), json.dumps(text)[1:-1].encode()}
    found |= {plain.hex().encode(), plain.hex().upper().encode()}
    for before in range(3):
        digits = base64.b64encode(b"\0" * before + plain)
        first, last = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        found |= {digits[first:last], digits[first:last].translate(bytes.maketrans(b"+/", b"-_"))}
    return found


class _Sieve:
    """Finds many spellings at once: each by one of its windows, the one that fewest others have."""

    def __init__(self, spelt: list[bytes]) -> None:
        sample = spelt[:: -(-len(spelt) // SAMPLE)]
        common = Counter(each[at : at + WINDOW] for each in sample for at in range(len(each) - WINDOW + 1))
        self._places: dict[int, list[tuple[bytes, int]]] = {}
        for each in spelt:
            at = _rarest(each, common)
            self._places.setdefault(int.from_bytes(each[at : at + WINDOW], "little"), []).append((each, at))
        self._values = np.array(sorted(self._places), np.uint64)
        self._table = np.zeros(1 << 24, np.bool_)
        self._table[_hashed(self._values)] = True

    def found(self, part: NDArray[np.uint8]) -> Iterator[bytes]:
        """Yield the spellings that stand in a part, some more than once."""
        for start in range(WINDOW):
            count = (len(part) - start) // WINDOW
            if count <= 0:
                return
            values = part[start : start + count * WINDOW].view(np.uint64)
            likely = np.flatnonzero(self._table[_hashed(values)])
            near = np.searchsorted(self._values, values[likely])
            near[near == len(self._values)] = 0
            for at in likely[self._values[near] == values[likely]].tolist():
                yield from self._at(part, start + at * WINDOW, int(values[at]))

    def _at(self, part: NDArray[np.uint8], place: int, value: int) -> Iterator[bytes]:
        for spelt, offset in self._places[value]:
            begin = place - offset
            end = begin + len(spelt)
            if begin < 0 or part[begin:end].tobytes() != spelt:
                continue
            if _ends(spelt, part[max(begin - 1, 0) : begin].tobytes(), part[end : end + 1].tobytes()):
                yield spelt


def _rarest(spelt: bytes, common: Counter[bytes]) -> int:
    """Return where the window begins that fewest have; of equals the last one, as numbers differ at their ends."""
    places = range(len(spelt) - WINDOW, -1, -1)
    return min(places, key=lambda at: common[spelt[at : at + WINDOW]])


def _hashed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (values * _FACTOR) >> _SHIFT
