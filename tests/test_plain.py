"""What is not seen is written out: nothing that somebody decides by reads otherwise than it is."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from pellucid.plain import plain

UNSEEN = {
    "a letter of nothing": "\u3164",
    "half a letter of nothing": "\uffa0",
    "a consonant of nothing": "\u115f",
    "a vowel of nothing": "\u1160",
    "a joiner of marks": "\u034f",
    "a choice of a glyph": "\ufe0f",
    "one of many glyphs": "\U000e0100",
    "a Mongolian glyph": "\u180b",
    "a vowel that is not written": "\u17b4",
    "a tag": "\U000e0041",
    "a sign to come": "\u2065",
    "a sign that is none": "\ufffe",
    "a sign of somebody's own": "\ue000",
    "an empty pattern": "\u2800",
    "a space of no width": "\u200b",
    "a soft hyphen": "\u00ad",
    "from right to left": "\u202e",
    "an isolate": "\u2066",
    "half a pair": "\ud800",
    "back to the start": "\r",
    "escape": "\x1b",
    "the end of a line": "\u2028",
}


@pytest.mark.parametrize("sign", UNSEEN.values(), ids=UNSEEN.keys())
def test_a_sign_that_is_not_seen_is_written_out(sign: str) -> None:
    assert plain(f"week{sign}= 1") == f"week{ascii(sign)[1:-1]}= 1"


@pytest.mark.parametrize(
    "text", ["", "SELECT 1\n\tFROM x", "Größe, 'é', e\u0301", "Việt Nam", "שָׁלוֹם", "日本語", "50\u00a0%"]
)
def test_what_is_seen_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_a_pile_of_marks_covers_nothing() -> None:
    told = plain("a" + "\u0301" * 6 + "b\u0301")

    assert told == "a" + "\u0301" * 4 + "\\u0301" * 2 + "b\u0301"


def test_no_two_texts_are_one_when_only_signs_are_told_apart_that_are_not_seen() -> None:
    """Every sign of the categories that nothing is drawn of, of all that there are."""
    ignored = [chr(code) for code in range(0xE0000, 0xE1000)]
    drawn_of_nothing = [
        sign
        for sign in (*map(chr, range(0x3000)), *ignored)
        if unicodedata.category(sign) in ("Cc", "Cf", "Cn") and sign not in "\n\t"
    ]

    assert [sign for sign in drawn_of_nothing if plain(sign) == sign] == []
    assert plain(chr(sys.maxunicode)) == "\\U0010ffff"
