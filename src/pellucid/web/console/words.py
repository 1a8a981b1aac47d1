"""What the console calls things: under what a question is permitted, and how things stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pellucid.release.figures import rounded
from pellucid.release.preview import Preview

OBLIGATIONS: Mapping[str, str] = {
    "release-private": "Figures leave with noise, so that they do not tell whether any one person is counted.",
    "release-suppressed": "Figures leave exactly, but for those that tell of too few people.",
    "log": "The question is logged: who asked, for which purpose, and what it reads.",
    "permit-rows": "Only rows of people who may be counted for this purpose are read from %(name)s.",
    "retain-rows": "Rows of %(name)s that are past their time are not read.",
    "explicit-consent-for-sensitive-rows": "Sensitive rows of %(name)s are read only of people who agreed explicitly.",
    "drop-sensitive-rows": "Sensitive rows of %(name)s are not read.",
    "mask": "%(name)s is masked.",
}
"""What holds when a question is permitted, by the word in the decision."""

BOUNDINGS: Mapping[str, str] = {
    "auto": "With the least noise",
    "groups": "By groups",
    "rank": "By rank",
}
"""How one person's part is bounded."""

STATES: Mapping[str, str] = {
    "proposed": "Waits for a second person",
    "approved": "Approved",
    "rejected": "Rejected",
    "void": "Approved before, void now",
}
"""How an insight stands."""

HELD: Mapping[bool, str] = {True: "held", False: "broken"}
"""What came of an attack on an insight."""

PERIODS: Mapping[str, str] = {"day": "a day", "month": "a month", "year": "a year"}
"""How often a limit renews."""


def expected_told(preview: Preview | None) -> list[tuple[str, str]]:
    """Return each figure of a question with the error to expect of it, or why there is none."""
    expected = preview.expected if preview is not None else ()
    return [
        (each.measure, each.reason if each.half_width is None else f"± {rounded(each.half_width, 0)}")
        for each in expected
    ]


def obligations_told(obligations: Iterable[str]) -> list[tuple[str, str]]:
    """Return each obligation as a sentence and the name that stands in it; one that has no words stands for itself."""
    parts = (each.partition(":") for each in obligations)
    return [(OBLIGATIONS.get(kind, kind), name) for kind, _, name in parts]
