"""The bits of IAB strings, read strictly: six a character, integers, flags, Fibonacci codes, zeros at the end.

Pure, and of no use elsewhere: `consent.tcf` and `consent.gpp` say what the bits mean. Sources: the GPP's Consent String
Specification 1.0 and the TC string format v2 (both CC BY 3.0). No maintained library does it: the newest on PyPI,
iab-tcf 0.2.2 (MIT), is of October 2022, not strict, and knows nothing of the GPP.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import TypeVar

from pellucid.errors import InputInvalid

LONGEST = 16_384
"""Characters of the longest string that is read: more than all sections and vendors of today together need."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_LONGEST_FIBONACCI = 24
"""Bits of the largest Fibonacci code that is read; section ids are small."""

Item = TypeVar("Item")


class Bits:
    """A string of bits, read from the left; every read raises InputInvalid where there are too few."""

    def __init__(self, text: str) -> None:
        if not text or len(text) > LONGEST:
            raise malformed(f"it has {len(text)} characters")
        if _BASE64URL.fullmatch(text) is None:
            raise malformed("it holds something else than base64url")
        fill = -len(text) % 4  # whole bytes take four characters; A is six zeros
        self._number = int.from_bytes(urlsafe_b64decode(text + "A" * fill)) >> 6 * fill
        self.left = 6 * len(text)

    def integer(self, size: int) -> int:
        """Read an unsigned integer of `size` bits."""
        if size > self.left:
            raise malformed("it ends too early")
        self.left -= size
        return self._number >> self.left & (1 << size) - 1

    def flag(self) -> bool:
        """Read one bit."""
        return self.integer(1) == 1

    def flags(self, size: int) -> frozenset[int]:
        """Read a field of bits; return the positions, counted from 1, of those that are set."""
        field = format(self.integer(size), f"0{size}b")
        return frozenset(place for place, bit in enumerate(field, start=1) if bit == "1")

    def pairs(self, count: int) -> tuple[int, ...]:
        """Read `count` answers of two bits; 3 has no meaning and is malformed."""
        found = tuple(self.integer(2) for _ in range(count))
        if 3 in found:
            raise malformed("an answer is neither of those that there are")
        return found

    def letters(self) -> str:
        """Read two letters of six bits, A being 0: a language or a country."""
        first, second = self.integer(6), self.integer(6)
        if max(first, second) > 25:
            raise malformed("a language or country is not of letters")
        return chr(65 + first) + chr(65 + second)

    def fibonacci(self) -> int:
        """Read a Fibonacci code: bits weighted 1, 2, 3, 5, 8 … up to the first two ones in a row."""
        value, weight, following, last = 0, 1, 2, False
        for _ in range(_LONGEST_FIBONACCI):
            bit = self.flag()
            if bit and last:
                return value
            value += weight if bit else 0
            weight, following, last = following, weight + following, bit
        raise malformed("a Fibonacci code does not end")

    def several(self, count: int, read: Callable[[], Item]) -> tuple[Item, ...]:
        """Read `count` things one after another."""
        return tuple(read() for _ in range(count))

    def end(self) -> None:
        """Demand that nothing follows but zeros: encoders fill up to 6, 8 or 24 bits, and some beyond."""
        if self.integer(self.left):
            raise malformed("something follows its last field")


def malformed(why: str) -> InputInvalid:
    """Return the error for a string that does not keep to its format; it never quotes the string."""
    return InputInvalid(
        f"This is no signal string: {why}.",
        remedy="It is read as a no to everything that it could have spoken of.",
        code="signal-malformed",
    )
