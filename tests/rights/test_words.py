"""Every right of every shipped law is one that people exercise here, or is said not to be."""

from __future__ import annotations

import pytest

from pellucid.regulations.load import shipped
from pellucid.regulations.model import Law, as_words
from pellucid.regulations.vocabulary import KINDS
from pellucid.rights.request import Right
from pellucid.rights.words import (
    ACKNOWLEDGED_BY,
    ANSWERED_BY,
    AT_ONCE,
    ELSEWHERE,
    GIVEN_AS,
    MARKETING_KINDS,
    MARKETING_ONLY,
)

LAWS = list(shipped().values())


def given(law: Law) -> set[str]:
    found: set[str] = set()
    for name in law.members("rights"):
        for figure in law.figures(name):
            found |= set(as_words(figure.value)) or ({name.partition(".")[2]} if figure.value is True else set())
    return found


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.id)
def test_no_right_of_a_law_is_overlooked(law: Law) -> None:
    ours = frozenset[str]().union(*GIVEN_AS.values())
    assert given(law) - ours - ELSEWHERE == set()
    assert ours & ELSEWHERE == set()


def test_no_word_is_made_up() -> None:
    everywhere = set[str]().union(*map(given, LAWS))
    assert frozenset[str]().union(*GIVEN_AS.values(), ELSEWHERE) - everywhere == set()
    assert MARKETING_ONLY - everywhere == set()
    assert MARKETING_KINDS - set(KINDS) == set()


def test_every_right_has_its_clocks_and_each_is_of_a_law() -> None:
    assert set(ANSWERED_BY) == set(ACKNOWLEDGED_BY) == set(GIVEN_AS) == set(Right)
    members = {name.partition(".")[2] for law in LAWS for name in law.members("deadlines")}
    used = {member for clocks in (*ANSWERED_BY.values(), *ACKNOWLEDGED_BY.values(), AT_ONCE) for member, _ in clocks}
    assert used - members == set()


def test_every_word_a_deadline_applies_to_is_asked_for() -> None:
    asked = {word for clocks in ANSWERED_BY.values() for _, word in clocks}
    named = {word for law in LAWS for figure in law.figures("deadlines.respond") for word in figure.words("applies_to")}
    assert named - asked == set()
