"""The words for changes in what may leave exactly: `changes.catalogue` puts them among all others."""

from __future__ import annotations

from pellucid.policy.changes.words import Words, listed, opposed, ordered

OFFICER = "privacy officer"

EXACT: Words = {
    **listed(
        "exact",
        "Exact figures may leave for insights that a second person approved, with {minimum} people or more in each and "
        "nobody bringing more than {share} of it. The guarantee of private releases about the same people then holds "
        "only on condition.",
        "No exact figure may leave any more (before: with {minimum} people or more, nobody bringing more than {share} "
        "of it).",
        OFFICER,
    ),
    **ordered(
        "exact-minimum",
        "An exact figure needs {new} people (before: {old}). Approvals are void until given again.",
        OFFICER,
        wider="lowered",
        narrower="raised",
    ),
    **ordered("exact-share", "One person may bring {new} of an exact figure (before: {old}).", OFFICER),
    **ordered("exact-cells", "An exact answer has at most {new} cells (before: {old}).", OFFICER),
    **opposed(
        "exact-guarantee-conditional",
        "It accepts that the guarantee of private releases about the same people holds only on condition.",
        "exact-guarantee-unconditional",
        "It accepts no condition on the guarantee of private releases any more.",
        OFFICER,
    ),
    **opposed(
        "exact-dataset-opened",
        "Exact figures may be made from it, where a purpose lets them leave.",
        "exact-dataset-closed",
        "No exact figure may be made from it any more.",
        OFFICER,
    ),
}
"""In what form exact figures may leave."""
