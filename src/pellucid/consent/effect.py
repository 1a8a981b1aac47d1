"""What a decision comes to in the permitted sets, and the strictest of several. Values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce


@dataclass(frozen=True, slots=True)
class Effect:
    """What a decision comes to in the permitted sets: two bits, and instants from which rows may be read (bit off)."""

    plain: bool = False
    sensitive: bool = False
    not_before: int | None = None
    sensitive_not_before: int | None = None

    @property
    def is_partial(self) -> bool:
        """A partial permission reaches only rows from an instant on."""
        return self.not_before is not None or self.sensitive_not_before is not None

    def narrows(self, before: Effect) -> bool:
        """Return whether any row that was readable under `before` is readable no more."""
        return _reach(self.plain, self.not_before) > _reach(before.plain, before.not_before) or _reach(
            self.sensitive, self.sensitive_not_before
        ) > _reach(before.sensitive, before.sensitive_not_before)


NOTHING = Effect()
EVERYTHING = Effect(plain=True, sensitive=True)


def strictest(effects: Iterable[Effect]) -> Effect:
    """Return the effect that permits a row only if each of the effects does."""
    return reduce(_both, effects, EVERYTHING)


def _both(one: Effect, other: Effect) -> Effect:
    plain = max(_reach(one.plain, one.not_before), _reach(other.plain, other.not_before))
    sensitive = max(
        _reach(one.sensitive, one.sensitive_not_before), _reach(other.sensitive, other.sensitive_not_before)
    )
    return Effect(*_bits(plain, sensitive))


def _bits(plain: float, sensitive: float) -> tuple[bool, bool, int | None, int | None]:
    return plain == _ALL, sensitive == _ALL, _since(plain), _since(sensitive)


_ALL, _NONE = float("-inf"), float("inf")


def _since(reach: float) -> int | None:
    return None if reach in (_ALL, _NONE) else int(reach)


def _reach(whole: bool, not_before: int | None) -> float:
    if whole:
        return _ALL
    return _NONE if not_before is None else not_before
