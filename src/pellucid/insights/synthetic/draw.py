"""Draws that depend on nothing but a seed and a place: the same on every machine and in every version of Python.

For made-up rows only, never for noise, which comes from OpenDP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Draw:
    """A source of draws: the seed and the place (dataset, column, row, ...) at which it stands."""

    seed: int
    place: tuple[str | int, ...] = ()

    def at(self, *place: str | int) -> Draw:
        """Return the draws of a place below this one."""
        return Draw(self.seed, (*self.place, *place))

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to `limit` - 1 (1 to 2**63); always the same at one place."""
        return self._word() % limit

    def one_of(self, values: Sequence[_T]) -> _T:
        """Return one of some values."""
        return values[self.below(len(values))]

    def order(self, values: Sequence[_T], names: Sequence[str]) -> list[_T]:
        """Return the values in an order that depends on their names and the seed, not on how they came."""
        ranked = sorted(zip(names, range(len(values)), strict=True), key=lambda each: (self.at(each[0])._word(), each))
        return [values[position] for _, position in ranked]

    def _word(self) -> int:
        said = "\x1f".join(map(str, (self.seed, *self.place))).encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(said, digest_size=8).digest(), "big")
