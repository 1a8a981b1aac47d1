"""Clocks that are set: whatever they do, nobody is used who should not be, and nobody waits or is refused for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pellucid.audit.read import verify_database
from pellucid.audit.treehead import TrustKeys
from pellucid.consent import register
from pellucid.consent.leases import await_leases, holds_lease, take_lease
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.replica import current, narrowed_since
from pellucid.consent.sets import read_set
from pellucid.records.database import Database
from pellucid.subjects.keys import SubjectKeys
from pellucid.workspace import Workspace, create, wall_clock
from tests.consent.conftest import (
    ADULT_YEAR,
    ALICE,
    BOB,
    CHILD_YEAR,
    CUSTOMER,
    DAY,
    NOW,
    PIA,
    add_subjects,
    database,
    make_policy,
)
from tests.insights.conftest import POLICY, ROWS, Desk, copied, desk, made, made_on_server, rows_of

__all__ = ["copied", "database", "desk", "made", "made_on_server"]

SECOND = 1_000_000
HOUR = 3600 * SECOND
YEAR = 366 * DAY
KEYS = SubjectKeys(b"k" * 32)
CLOCKS = "clocks set back and ahead, between and during writes and questions"
HOUSEHOLD = 5


def say(where: Database, verb: ConsentVerb, subject: int, purpose: str | None, now: int) -> None:
    said = ConsentRecord(CUSTOMER, subject, purpose, verb, covers=Covers.HELD_DATA, at=now)
    with where.write() as connection:
        register.record(connection, KEYS, make_policy(), [said], PIA, now)


def permitted(where: Database, purpose: str, subject: int) -> bool:
    with where.read() as connection:
        return read_set(connection, purpose, CUSTOMER).effect(subject).plain


def people(where: Database, *facts: tuple[str | None, int | None]) -> None:
    add_subjects(where, *facts)
    with where.write() as connection:
        register.subjects_added(connection, make_policy(), CUSTOMER, 0, len(facts), (), NOW)


def let_time_act(where: Database, now: int) -> bool:
    """Do what a question does before it asks; return whether there was anything to do."""
    with where.read() as connection:
        due = register.is_due(connection, now)
    if due:
        with where.write() as connection:
            register.advance(connection, make_policy(), now)
    return due


@pytest.mark.promise("withdrawal", CLOCKS)
def test_a_withdrawal_after_the_clock_was_ahead_outlives_the_yes_that_it_dated_later(database: Database) -> None:
    people(database, ("DE", ADULT_YEAR))
    say(database, ConsentVerb.GIVE, ALICE, "range-planning", NOW + 2 * HOUR)  # by a clock that was two hours ahead
    assert permitted(database, "range-planning", ALICE)
    say(database, ConsentVerb.WITHDRAW, ALICE, "range-planning", NOW)
    assert not permitted(database, "range-planning", ALICE)
    with database.write() as connection:
        register.rebuild(connection, make_policy(), NOW + DAY)
    assert not permitted(database, "range-planning", ALICE)
    say(database, ConsentVerb.GIVE, ALICE, "range-planning", NOW + DAY)
    assert permitted(database, "range-planning", ALICE)


@pytest.mark.promise("withdrawal", CLOCKS)
def test_a_restriction_after_the_clock_was_ahead_holds_too(database: Database) -> None:
    people(database, ("US", ADULT_YEAR))
    say(database, ConsentVerb.RESTRICT, ALICE, "loyalty", NOW)
    say(database, ConsentVerb.LIFT, ALICE, None, NOW + 2 * HOUR)
    assert permitted(database, "loyalty", ALICE)
    say(database, ConsentVerb.RESTRICT, ALICE, "loyalty", NOW + HOUR)
    assert not permitted(database, "loyalty", ALICE)


@pytest.mark.promise("rows", CLOCKS)
def test_a_child_who_came_of_age_by_a_clock_that_was_ahead_is_a_child_again(database: Database) -> None:
    people(database, ("US", ADULT_YEAR), ("US", CHILD_YEAR))
    assert [permitted(database, "loyalty", who) for who in (ALICE, BOB)] == [True, False]
    assert let_time_act(database, NOW + 20 * YEAR)
    assert [permitted(database, "loyalty", who) for who in (ALICE, BOB)] == [True, True]
    version = version_of(database)
    assert let_time_act(database, NOW)
    assert [permitted(database, "loyalty", who) for who in (ALICE, BOB)] == [True, False]
    with database.read() as connection:
        assert narrowed_since(connection, "loyalty", version)  # an answer under way is stopped
    assert not let_time_act(database, NOW)
    assert let_time_act(database, NOW + 20 * YEAR)  # and comes of age when it is time
    assert permitted(database, "loyalty", BOB)


@pytest.mark.promise("rows", CLOCKS)
def test_a_yes_that_ran_out_by_a_clock_that_was_ahead_runs_out_when_it_is_time(database: Database) -> None:
    people(database, ("DE", ADULT_YEAR))
    say(database, ConsentVerb.GIVE, ALICE, "care", NOW)
    assert let_time_act(database, NOW + 400 * DAY)
    assert not permitted(database, "care", ALICE)
    assert let_time_act(database, NOW + DAY)
    assert permitted(database, "care", ALICE)
    assert not let_time_act(database, NOW + DAY)
    assert let_time_act(database, NOW + 365 * DAY)
    assert not permitted(database, "care", ALICE)


def test_a_clock_that_lags_by_moments_makes_nothing_anew(database: Database) -> None:
    people(database, ("DE", ADULT_YEAR))
    assert not let_time_act(database, NOW - register.CLOCK_SLACK)
    assert let_time_act(database, NOW - register.CLOCK_SLACK - 1)


@pytest.mark.promise("withdrawal", CLOCKS)
@pytest.mark.parametrize("step", [-HOUR, -YEAR, 0, HOUR])
def test_an_acknowledgement_waits_no_longer_than_a_lease_is_long_whatever_the_clock_does(
    database: Database, step: int
) -> None:
    with database.write() as connection:
        lease = take_lease(connection, "loyalty", NOW, 3)
    time, waited = [NOW + step], [0.0]

    def sleep(seconds: float) -> None:
        waited[0] += seconds
        time[0] += round(seconds * SECOND) - (10 * SECOND if step < 0 else 0)  # it is set back again and again

    await_leases(database, {"loyalty"}, lambda: time[0], sleep)
    assert waited[0] == pytest.approx(0 if step > 0 else 3, abs=0.06)
    with database.write() as connection:
        assert not holds_lease(connection, lease)


def test_a_clock_set_back_while_a_withdrawal_waits_for_its_turn_does_not_refuse_it(desk: Desk) -> None:
    instants = iter([0, -HOUR, -HOUR, -HOUR, -HOUR])
    began = desk.time[0]
    room = desk.workspace.room
    object.__setattr__(room, "clock", lambda: began + next(instants))
    receipt = desk.workspace.consent.record("object", f"h{HOUSEHOLD}", purpose="planning", actor=desk.pia)
    object.__setattr__(room, "clock", lambda: desk.time[0])
    assert receipt.record.at == began - HOUR
    desk.ask()
    assert desk.exact() == ROWS - rows_of(HOUSEHOLD)


@pytest.mark.promise("rows", CLOCKS)
def test_a_yes_that_another_question_brought_to_the_engine_is_not_used_after_its_end(desk: Desk) -> None:
    """Two questions of one process share an engine: the second brings over a yes that ends before the first commits."""
    desk.say(ConsentVerb.GIVE, 8, "offers")

    def another_question() -> None:
        desk.say(ConsentVerb.GIVE, HOUSEHOLD, "offers", at=desk.time[0] - 30 * DAY + SECOND)
        desk.parts.replica.fresh(desk.time[0])

    def let_it_end() -> None:
        desk.time[0] += 2 * SECOND

    desk.watch.before[:] = [another_question]
    desk.watch.after[:] = [let_it_end]
    desk.ask(purpose="offers")
    assert [answer_rows(desk, place) for place in range(2)] == [rows_of(8) + rows_of(HOUSEHOLD), rows_of(8)]


@pytest.mark.promise("log", CLOCKS)
@pytest.mark.parametrize(("back", "holds"), [(HOUR - SECOND, True), (HOUR + SECOND, False)])
def test_the_log_bears_an_hour_back_and_tells_more_without_losing_its_order(
    tmp_path: Path, back: int, holds: bool
) -> None:
    create(tmp_path / "w", name="test/clock", actor_name="pia").close()
    (tmp_path / "w" / "policy" / "policy.yaml").write_text(POLICY)
    time = [wall_clock() + DAY]
    with Workspace(tmp_path / "w", clock=lambda: time[0]) as workspace:
        workspace.policy.activate(actor=workspace.actor("pia"))
        time[0] -= back
        workspace.policy.activate(actor=workspace.actor("pia"))
        workspace.audit.checkpoint(actor=workspace.actor("pia"))
        report = verify_database(tmp_path / "w" / "control.sqlite", TrustKeys(workspace.audit.verifier))
    assert [step.number for step in report.steps if step.outcome == "failed"] == ([] if holds else [6])
    if not holds:
        assert report.steps[5].message == f"leaf 2 is dated {back // SECOND} s back."


def version_of(where: Database) -> int:
    with where.read() as connection:
        return current(connection)[0]


def answer_rows(desk: Desk, place: int) -> int:
    """Return how many rows the run in this place counted."""
    found = desk.watch.answers[place]
    return int(next(row["m0"] for row in found.table(next(iter(found))).to_pylist() if row["_row"] == 0))
