"""Answers shown again: the same figures, said to be old, at no loss, to whoever passes the gate, for a while."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from pellucid.consent.record import ConsentVerb
from pellucid.errors import UseRefused
from pellucid.insights.answer import answer
from pellucid.insights.query import InsightQuery
from pellucid.records.tables import releases_kept
from pellucid.release.result import Release
from tests.insights.conftest import TOTAL, Desk

HOUR = 3_600_000_000


@pytest.fixture
def keeping(desk: Desk) -> Desk:
    """The desk under a policy that lets answers for planning be shown again for two hours."""
    folder = desk.workspace.folder / "policy"
    text = (folder / "policy.yaml").read_text()
    (folder / "policy.yaml").write_text(text.replace("max_cells: 6", "max_cells: 6\n      max_age_hours: 2", 1))
    desk.workspace.policy.activate(actor=desk.pia)
    return desk


def last_action(desk: Desk) -> str:
    return str(desk.log()[-1]["action"])


def same(one: Release, other: Release) -> bool:
    return bool(one.values.equals(other.values)) and (one.accuracy, one.clipping) == (other.accuracy, other.clipping)


def test_the_same_question_gets_the_same_answer_at_no_loss(keeping: Desk) -> None:
    first = keeping.ask()
    ran, charged = len(keeping.watch.answers), keeping.charged()
    keeping.time[0] += HOUR
    again = keeping.ask()
    assert same(first, again)
    assert (len(keeping.watch.answers), keeping.charged()) == (ran, charged)
    assert (again.loss.epsilon, again.loss.rho) == (0.0, 0.0)
    assert again.loss.period_epsilon == pytest.approx(first.loss.period_epsilon)
    assert again.stamp == first.stamp
    assert again.notes[0].startswith("As of 2026-06-01 12:00 UTC: this answer was released before")
    assert last_action(keeping) == "query.repeated"
    assert keeping.log()[-1]["body"]["of"] == first.receipt.leaf
    assert again.receipt.leaf == first.receipt.leaf + 1


def test_a_fresh_answer_can_be_asked_for(keeping: Desk) -> None:
    keeping.ask()
    fresh = answer(keeping.parts, InsightQuery(TOTAL, "planning", keeping.ana, 0.5, fresh=True))
    assert fresh.loss.epsilon > 0
    assert len(keeping.watch.answers) == 2
    assert same(keeping.ask(), fresh), "the newest is the one that is shown again"


def test_an_answer_that_is_too_old_is_made_anew_and_forgotten(keeping: Desk) -> None:
    keeping.ask()
    keeping.time[0] += 2 * HOUR
    assert keeping.ask().loss.epsilon > 0
    with keeping.workspace.room.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(releases_kept)) == 1


@pytest.mark.parametrize("change", ["epsilon", "sql", "parameters", "policy"])
def test_another_question_is_answered_anew(keeping: Desk, change: str) -> None:
    asked = InsightQuery("SELECT COUNT(*) AS n FROM purchases WHERE week = $w", "planning", keeping.ana, 0.5, {"w": 1})
    answer(keeping.parts, asked)
    if change == "epsilon":
        asked = replace(asked, epsilon=0.25)
    if change == "sql":
        asked = replace(asked, sql=asked.sql.replace(" AS n", " AS m"))
    if change == "parameters":
        asked = replace(asked, parameters={"w": 2})
    if change == "policy":
        path = keeping.workspace.folder / "policy" / "policy.yaml"
        path.write_text(path.read_text().replace("max_age_hours: 2", "max_age_hours: 3"))
        keeping.workspace.policy.activate(actor=keeping.pia)
    assert answer(keeping.parts, asked).loss.epsilon > 0


def test_whoever_does_not_pass_the_gate_sees_no_answer_again(keeping: Desk) -> None:
    keeping.ask()
    with pytest.raises(UseRefused):
        answer(keeping.parts, InsightQuery(TOTAL, "planning", keeping.workspace.actor("mallory"), 0.5))
    assert last_action(keeping) == "query.refused"


def test_a_purpose_that_says_nothing_shows_no_answer_again(desk: Desk) -> None:
    desk.ask()
    assert desk.ask().loss.epsilon > 0
    with desk.workspace.room.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(releases_kept)) == 0


def test_what_is_shown_again_says_that_it_is_older_than_a_withdrawal(keeping: Desk) -> None:
    first = keeping.ask()
    keeping.say(ConsentVerb.OBJECT, 3)
    again = keeping.ask()
    assert same(first, again)
    assert "As of" in again.notes[0]
    fresh = answer(keeping.parts, InsightQuery(TOTAL, "planning", keeping.ana, 0.5, fresh=True))
    assert fresh.stamp.register > first.stamp.register
