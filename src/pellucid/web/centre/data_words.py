"""What the pages of held data call things, and how they show values: as people write them, never cut or rounded."""

from __future__ import annotations

from collections.abc import Mapping

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
