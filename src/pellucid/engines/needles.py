"""Searching bytes for what identifies people: many texts at once, each in the spellings in which it may lie anywhere.

A text is looked for as UTF-8, UTF-16 (both orders), as JSON escapes it, in hex and in base64 at every alignment. A text
that ends (begins) with a digit does not stand where another digit goes on: `customer-12` is not in `customer-123`. What
is compressed or encrypted is not seen: whoever searches has to open it first. Pure.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable
from mmap import mmap

import numpy as np
from numpy.typing import NDArray

from pellucid.engines.sieve import Sieve

Edges = NDArray[np.int64]

SHORTEST = 8
"""Bytes of a text below which finding it says nothing: such short ones stand anywhere by chance."""
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Needles:
    """Texts to search for; `short` are those that are too short to be looked for, `common` those that are not to be;
    `least` the bytes of the shortest spelling that is.
    """

    def __init__(self, texts: Iterable[str], common: Collection[str] = ()) -> None:
        wanted = sorted(set(texts))
        self.common = tuple(text for text in wanted if text in common)
        self.short = tuple(text for text in wanted if len(text.encode()) < SHORTEST)
        self.texts = tuple(text for text in wanted if len(text.encode()) >= SHORTEST and text not in common)
        self._spelt = {spelt: number for number, text in enumerate(self.texts) for spelt in spellings(text)}
        self._sieve = Sieve(self._spelt)
        self.least = min((len(spelt) for spelt in self._spelt), default=SHORTEST)

    def found(self, data: bytes | mmap | NDArray[np.uint8], edges: Edges | None = None) -> set[str]:
        """Return the texts that stand somewhere in the data in one of their spellings.

        `edges` are the places, ascending, where values that lie one after another begin, and where the last one ends: a
        text stands within one of them, and what goes on beyond its edge is not the same number.
        """
        held = np.frombuffer(data, np.uint8) if not isinstance(data, np.ndarray) else data
        known = np.array([0, len(held)]) if edges is None else edges

        def stands(begins: Edges, ends: Edges) -> NDArray[np.bool_]:
            value = np.searchsorted(known, begins, side="right")
            before = _digits(held, begins - 1) & (begins > known[value - 1])
            after = _digits(held, ends) & (ends < known[value])
            cut = (_digits(held, begins) & before) | (_digits(held, ends - 1) & after)
            return np.asarray((ends <= known[value]) & ~cut)

        return {self.texts[self._spelt[spelt]] for spelt in self._sieve.found(held, stands)}


def _digits(held: NDArray[np.uint8], places: Edges) -> NDArray[np.bool_]:
    """Return whether a digit is at each place; beyond the ends is whatever is at them."""
    found = held[np.clip(places, 0, len(held) - 1)]
    return np.asarray((found >= ord("0")) & (found <= ord("9")))


def spellings(text: str) -> set[bytes]:
    """Return a text as it may lie in bytes. Base64 is cut to the digits that do not depend on what stands around."""
    plain = text.encode()
    found = {plain, text.encode("utf-16-le"), text.encode("utf-16-be"), json.dumps(text)[1:-1].encode()}
    found |= {plain.hex().encode(), plain.hex().upper().encode()}
    for before in range(3):
        digits = base64.b64encode(b"\0" * before + plain)
        first, last = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        found |= {digits[first:last], digits[first:last].translate(_URL_SAFE)}
    return found
