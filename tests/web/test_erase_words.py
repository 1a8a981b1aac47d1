"""How places are told where data are erased: each once, and how far it is."""

from __future__ import annotations

import pytest

from pellucid.rights.erasures import DONE, OPEN, Told
from pellucid.rights.plan import ERASE, KEEP, UNREACHABLE, Part
from pellucid.web.centre.erase_words import grouped, stage_of


def told(kind: str, decision: str = ERASE, state: str = OPEN) -> Told:
    return Told(Part(kind, "x", decision, "", ""), state, None)


@pytest.mark.parametrize(
    ("part", "step", "stage"),
    [
        (told("dataset"), 2, "queued"),
        (told("dataset"), 3, "running"),
        (told("dataset", state=DONE), 4, "running"),
        (told("dataset", state=DONE), 5, "verified"),
        (told("evidence", KEEP, DONE), 1, "kept"),
        (told("backup", UNREACHABLE, DONE), 1, "out-of-reach"),
        (told("recipient"), 5, "running"),
        (told("recipient"), 7, "asked"),
        (told("recipient", state=DONE), 7, "answered"),
    ],
)
def test_nothing_is_told_to_be_verified_before_it_was_looked_at(part: Told, step: int, stage: str) -> None:
    assert stage_of(part, step) == stage


def test_why_somebody_of_the_staff_holds_data_is_told_in_words_of_ours() -> None:
    held = Part("held", "x:1", KEEP, "GDPR Art. 17(3)(e): legal_claims", "suspected of fraud, see file 3")
    (store,) = grouped([held], {}, {}).kept

    assert (store.title, store.reason.count("fraud")) == ("Kept for a legal claim", 0)


def test_places_of_which_the_same_is_said_are_told_once() -> None:
    parts = [Part("control", name, ERASE, "x", "y") for name in ("web_sessions", "sign_ins")]

    assert len(grouped(parts, {}, {}).deleted) == 1


def test_rows_about_others_too_are_told_of() -> None:
    parts = [
        Part("dataset", "x", ERASE, "", "", told={"rows_about_others_too": 1}),
        Part("dataset", "y", ERASE, "", ""),
    ]

    assert [each.reason for each in grouped(parts, {}, {}).deleted] == [
        "All rows about you. Some are about others too, and go as a whole.",
        "All rows about you.",
    ]
