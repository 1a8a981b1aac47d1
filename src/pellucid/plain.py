"""Texts that somebody typed, shown to who decides by them: what is read is what is there.

Signs that are not seen, and those that turn the direction of what follows, can have a question read otherwise than it
runs (CVE-2021-42574). On pages and at the command line they stand as escapes. Signs that look alike are not told apart.
"""

from __future__ import annotations

import re
from unicodedata import category

_UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
"""Categories of signs that are not seen: controls, marks of direction and of joining, other ends of lines, no signs."""
_IGNORED = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\u2800]"
)
"""What Unicode calls Default_Ignorable_Code_Point, letters and marks among it, and the empty pattern of Braille."""
_MOST_MARKS = 4
"""Marks on one letter that are shown as they are (UTS #39 §5.4 allows no more): a pile covers what is around."""
LINES = "\n\t"


def plain(text: str, kept: str = LINES) -> str:
    """Return a text in which every sign that is not seen is written as an escape, but for those that are `kept`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_signs(text, kept))


def _signs(text: str, kept: str) -> list[str]:
    found, marks = [], 0
    for sign in text:
        of = category(sign)
        marks = marks + 1 if of in ("Mn", "Me") else 0
        unseen = of in _UNSEEN or marks > _MOST_MARKS or _IGNORED.match(sign) is not None
        found.append(sign.encode("unicode_escape").decode() if unseen and sign not in kept else sign)
    return found
