"""What the pages of held data call things, and how they show values: as people write them, never cut or rounded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from pellucid.rights.inside import Plain

HOW_KNOWN: Mapping[str, str] = {
    "declared": "given to us",
    "observed": "seen in what you do",
    "inferred": "a conclusion or an estimate",
}
DECIDING_KINDS: Mapping[str, str] = {
    "profiling": "it forms a picture of you",
    "significant_decisions": "it may lead to decisions that matter much to you",
}
"""What it means that a purpose profiles, or decides."""


def shown(value: Plain, kind: str) -> str:
    """Return a value of a column of a type as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and kind == "date":
        found = date.fromisoformat(value)
        return f"{found.day} {found:%B %Y}"
    if isinstance(value, str) and kind == "timestamp":
        moment = datetime.fromisoformat(value)
        return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
    return str(value)
