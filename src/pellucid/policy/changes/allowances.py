"""The words for changes in allowances by dataset and by analyst: `changes.catalogue` puts them among all others."""

from __future__ import annotations

from pellucid.policy.changes.words import Words, listed, ordered

OFFICER = "privacy officer"


def _allowance(code: str, what: str, whose: str) -> Words:
    """Return the words of an allowance that may be missing; without one, only the wider limits bind."""
    return {
        **listed(
            code,
            f"{what} at most {{value}}; what was spent in this period already counts.",
            f"{what} as much as the wider limits allow (before: {{value}}).",
            OFFICER,
            wider="removed",
        ),
        **ordered(f"{code}-epsilon", f"{what} ε {{new}} in a period (before: {{old}}).", OFFICER),
        **ordered(f"{code}-delta", f"{what} δ {{new}} in a period (before: {{old}}).", OFFICER),
        **ordered(
            f"{code}-period",
            f"{whose} renews each {{new}} (before: each {{old}}).",
            OFFICER,
            wider="shortened",
            narrower="lengthened",
        ),
    }


ALLOWANCES: Words = {
    **_allowance("dataset-allowance", "Questions that read it may spend", "What may be spent on it"),
    **_allowance("analyst-allowance", "Each person who asks may spend", "What each person who asks may spend"),
    **_allowance("person-allowance", "They may spend", "What they may spend"),
}
"""By dataset, by purpose for each analyst, and by person over all purposes."""
