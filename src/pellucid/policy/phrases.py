"""Phrases that sentences about a policy are made of: lists, masks, bases and what silence means. Nothing is decided."""

from __future__ import annotations

from collections.abc import Iterable

from pellucid.policy.model import Default, LegalBasis, Mask, MaskKind

BASES = {
    LegalBasis.CONSENT: "the person's consent",
    LegalBasis.CONTRACT: "the contract with the person",
    LegalBasis.LEGAL_OBLIGATION: "a duty that the law lays on us",
    LegalBasis.VITAL_INTERESTS: "protecting somebody's life",
    LegalBasis.PUBLIC_INTEREST: "a task in the public interest",
    LegalBasis.LEGITIMATE_INTERESTS: "our legitimate interests",
}
SILENCE = {
    Default.OPT_IN: "Whoever has said nothing is left out.",
    Default.OPT_OUT: "Whoever has said nothing is included, until they object or opt out.",
    Default.NO_CHOICE: "There is no choice to make: everybody is included.",
}


def masked(mask: Mask) -> str:
    """Return what a mask does to a column, as what follows the column's name."""
    return {
        MaskKind.NULL: "is hidden altogether",
        MaskKind.YEAR: "is cut to the year",
        MaskKind.MONTH: "is cut to the month",
        MaskKind.PREFIX: f"is cut to its first {mask.size} characters",
        MaskKind.BAND: f"is rounded down to steps of {mask.size:,}",
    }[mask.kind]


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return words as a sentence lists them; raises ValueError for none."""
    *most, end = words
    return f"{', '.join(most)} {last} {end}" if most else end


def ticked(names: Iterable[str]) -> str:
    """Return names as a sentence lists them, each marked as a name of the policy."""
    return listed(f"`{name}`" for name in names)
