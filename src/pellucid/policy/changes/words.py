"""How a change is told: what its kind is, its sentence for staff, and who should look at it. Codes are stable.

Each widening has a mirror, the narrowing that the same change is the other way round; whatever is neutral is its own
mirror, or has a neutral one. The codes themselves stand in `changes.catalogue`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """Wider: more data, people, uses or influence. Neutral: words, or what is neither wider nor narrower by itself."""

    WIDENING = "widening"
    NARROWING = "narrowing"
    NEUTRAL = "neutral"


MIRRORED = {
    ChangeKind.WIDENING: ChangeKind.NARROWING,
    ChangeKind.NARROWING: ChangeKind.WIDENING,
    ChangeKind.NEUTRAL: ChangeKind.NEUTRAL,
}


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """A change's kind, its sentence (`str.format` fields), who should look, and the code of the way back."""

    kind: ChangeKind
    sentence: str
    look: str
    mirror: str


Words = dict[str, ChangeWords]


def ordered(code: str, sentence: str, look: str, *, wider: str = "raised", narrower: str = "lowered") -> Words:
    """Return the two codes of an amount: one sentence tells both ways by {old} and {new}."""
    return opposed(f"{code}-{wider}", sentence, f"{code}-{narrower}", sentence, look)


def listed(code: str, added: str, removed: str, look: str, *, wider: str = "added") -> Words:
    """Return the codes of something listed: it was added or removed, and one of the two is the wider."""
    if wider == "added":
        return opposed(f"{code}-added", added, f"{code}-removed", removed, look)
    return opposed(f"{code}-removed", removed, f"{code}-added", added, look)


def opposed(wide: str, widening: str, narrow: str, narrowing: str, look: str) -> Words:
    """Return a widening and the narrowing that undoes it, each with its code and sentence."""
    return {
        wide: ChangeWords(ChangeKind.WIDENING, widening, look, narrow),
        narrow: ChangeWords(ChangeKind.NARROWING, narrowing, look, wide),
    }


def neutral(code: str, sentence: str, look: str) -> Words:
    """Return a code that is its own way back."""
    return {code: ChangeWords(ChangeKind.NEUTRAL, sentence, look, code)}


def neutrally_listed(code: str, added: str, removed: str, look: str) -> Words:
    """Return the codes of something whose being listed changes nothing by itself."""
    return {
        f"{code}-added": ChangeWords(ChangeKind.NEUTRAL, added, look, f"{code}-removed"),
        f"{code}-removed": ChangeWords(ChangeKind.NEUTRAL, removed, look, f"{code}-added"),
    }
