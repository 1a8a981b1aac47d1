"""Texts that somebody typed, shown to who decides by them: what is read is what is there.

Signs that are not seen, and those that turn the direction of what follows, can have a question read otherwise than it
runs (CVE-2021-42574). On pages they stand as escapes, as at the command line.
"""

from __future__ import annotations

from unicodedata import category

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of signs that are not seen: controls, marks of direction and of joining, other ends of lines."""
_KEPT = "\n\t"


def plain(text: str) -> str:
    """Return a text in which every sign that is not seen is written as an escape; lines stay lines."""
    if text.isprintable():
        return text
    return "".join(repr(sign)[1:-1] if category(sign) in _UNSEEN and sign not in _KEPT else sign for sign in text)
