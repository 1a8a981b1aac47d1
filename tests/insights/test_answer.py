"""The spine: what is logged, charged and honoured on every way a question can go."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import FunctionType, ModuleType

import pytest
from sqlalchemy import delete, select

from pellucid.audit.read import verify_place
from pellucid.consent.record import ConsentVerb
from pellucid.consent.replica import current
from pellucid.engines.exact import ExactAnswer
from pellucid.errors import (
    BudgetExhausted,
    ConsentInFlux,
    InputInvalid,
    PellucidError,
    QueryFailed,
    UseRefused,
)
from pellucid.insights.answer import answer, preview
from pellucid.insights.query import InsightQuery
from pellucid.policy.model import Actor
from pellucid.records.tables import generation_leases, purpose_leases
from tests.insights.conftest import DAY, HOUSEHOLDS, NOW, POLICY, PURCHASES, ROWS, TOTAL, Desk, rows_of

ALICE, BOB, CAROL, DAVE = 5, 8, 11, 14
"""Four households, of three rows each."""


def withdraw(desk: Desk, *people: int) -> list[Callable[[], None]]:
    return [lambda who=who: desk.say(ConsentVerb.OBJECT, who) for who in people]  # type: ignore[misc]


def last(desk: Desk) -> dict[str, object]:
    entry: dict[str, object] = desk.log()[-1]
    return {name: entry[name] for name in ("action", "purpose")} | entry["body"]  # type: ignore[operator]


@pytest.mark.parametrize("half", [{"sql": "SELECT '\ud800'"}, {"sql": "SELECT 1", "parameters": {"n": "\udfff"}}])
def test_half_a_surrogate_pair_is_refused_before_anything_is_spent(half: dict[str, object]) -> None:
    """The log could not hold it, so that the attempt left no entry and its reservation stayed."""
    with pytest.raises(InputInvalid, match="surrogate") as caught:
        InsightQuery(purpose="planning", actor=Actor("staff", "ana", (), "x"), **half)  # type: ignore[arg-type]
    assert caught.value.code == "text-not-unicode"


@pytest.mark.promise("log", "names and values typed into a question, looked for in the log")
def test_the_log_holds_no_name_that_was_typed(desk: Desk) -> None:
    sql = (
        "WITH canary1 AS (SELECT canary2.household_id, SUM(canary2.week) AS canary3 FROM purchases canary2 "
        "WHERE week < $canary4 AND product_id <> 'canary5' GROUP BY 1) "
        "SELECT canary3 > 1 AS canary6, COUNT(*) AS canary7 FROM canary1 GROUP BY 1 ORDER BY canary7"
    )
    released = desk.ask(sql, canary4=9)
    assert released.to_arrow().column_names == ["canary6", "canary7", "canary7_error"]
    entry = desk.log()[-1]
    assert json.dumps(entry).count("canary") == 0
    assert entry["body"]["shape"] == (
        "WITH name3 AS (SELECT name5.household_id, SUM(name5.week) AS name4 FROM purchases AS name5 "
        "WHERE week < $name6 AND product_id <> ? GROUP BY ?) "
        "SELECT name4 > ? AS name1, COUNT(*) AS name2 FROM name3 GROUP BY ? ORDER BY name2"
    )
    assert entry["body"]["blocks"] == [
        {
            "keys": [["purchases.week"]],
            "public": False,
            "measures": [{"kind": "rows", "of": []}],
            "bounding": "groups",
        }
    ]


# -- refused, before any data ------------------------------------------------------------------------------------------


def test_a_refusal_is_logged_with_every_code_and_touches_no_data(desk: Desk) -> None:
    before = len(desk.log())
    with pytest.raises(UseRefused, match="refused"):
        desk.ask("SELECT MD5(week), card_number FROM purchases WHERE RANDOM() > 0.5")
    assert len(desk.log()) == before + 1
    assert last(desk) == {
        "action": "query.refused",
        "purpose": "planning",
        "outcome": "refused",
        "reasons": ["function-not-allowed", "random-refused"],
        "asked": "query",
    }
    assert (desk.watch.opened, desk.watch.answers, desk.charged()) == (0, [], [])


def test_a_purpose_that_does_not_exist_is_logged_without_its_name(desk: Desk) -> None:
    with pytest.raises(UseRefused, match="refused"):
        desk.ask(purpose="household h7")
    assert (last(desk)["purpose"], last(desk)["reasons"]) == (None, ["purpose-unknown"])


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({}, ["parameter-missing"]),
        ({"week": 1, "more": 2}, ["parameter-unused"]),
        ({"week": [1]}, ["parameter-value"]),
        ({"more": b"x"}, ["parameter-missing", "parameter-unused", "parameter-value"]),
    ],
)
def test_parameters_must_be_those_of_the_question(desk: Desk, values: dict[str, object], codes: list[str]) -> None:
    with pytest.raises(UseRefused, match="refused"):
        desk.ask("SELECT COUNT(*) FROM purchases WHERE week = $week", **values)  # type: ignore[arg-type]
    assert last(desk)["reasons"] == codes


@pytest.mark.promise("log", "names and values typed into a question, looked for in the log")
def test_parameters_are_bound_and_their_values_stay_out_of_the_log(desk: Desk) -> None:
    desk.ask("SELECT COUNT(*) FROM purchases WHERE product_id = $product", product="p0")
    assert desk.exact() == sum(rows_of(n) for n in range(HOUSEHOLDS) if n % 4 == 0)
    assert "p0" not in str(desk.log()[-1])


def test_an_epsilon_beyond_the_purpose_is_refused_and_logged(desk: Desk) -> None:
    with pytest.raises(InputInvalid, match="at most 3"):
        desk.ask(epsilon=4)
    assert last(desk)["reasons"] == ["epsilon-out-of-range"]
    with pytest.raises(InputInvalid, match="above 0"):
        InsightQuery(TOTAL, "planning", desk.ana, float("nan"))


def test_an_accuracy_is_reached_at_the_least_cost(desk: Desk) -> None:
    with pytest.raises(InputInvalid, match="both given"):
        InsightQuery(TOTAL, "planning", desk.ana, 1.0, accuracy=5.0)
    with pytest.raises(InputInvalid, match="above 0"):
        InsightQuery(TOTAL, "planning", desk.ana, accuracy=-1.0)
    counted = "SELECT COUNT(DISTINCT household_id) AS n FROM purchases"
    spent = []
    for accuracy in (8.0, 16.0):
        released = answer(desk.parts, InsightQuery(counted, "planning", desk.ana, accuracy=accuracy))
        (told,) = released.accuracy
        assert told.half_width is not None
        assert accuracy - 1 <= told.half_width <= accuracy
        spent.append(released.loss.epsilon)
    assert spent[0] > 1.5 * spent[1]
    with pytest.raises(InputInvalid, match="cannot be reached"):
        answer(desk.parts, InsightQuery(counted, "planning", desk.ana, accuracy=0.01))
    assert last(desk)["reasons"] == ["accuracy-out-of-reach"]


def test_too_many_public_cells_are_refused_without_a_charge(desk: Desk) -> None:
    joined = "products p JOIN purchases t ON p.product_id = t.product_id"
    with pytest.raises(UseRefused, match="refused") as refused:
        desk.ask(f"SELECT p.product_id, week, COUNT(*) FROM {joined} GROUP BY 1, 2")
    assert [reason.code for reason in refused.value.reasons] == ["too-many-cells"]
    assert (last(desk)["action"], desk.charged()) == ("query.refused", [])


def test_an_exhausted_budget_is_logged_and_nothing_runs(desk: Desk) -> None:
    with pytest.raises(BudgetExhausted, match="does not cover"):
        for _ in range(20):
            ran = len(desk.watch.answers)
            desk.ask(epsilon=3)
    assert (last(desk)["action"], last(desk)["reasons"]) == ("query.refused", ["budget-exhausted"])
    assert (len(desk.watch.answers), desk.charged()) == (ran, ["charged"] * ran)
    assert ran > 0


def test_a_preview_runs_nothing_charges_nothing_and_logs_only_refusals(desk: Desk) -> None:
    before = len(desk.log())
    shown = preview(desk.parts, InsightQuery(TOTAL, "planning", desk.ana, 0.5))
    assert shown.left_epsilon == pytest.approx(6)
    assert [each.measure for each in shown.expected] == ["COUNT(*)", "SUM(purchases.sales_value)"]
    assert (len(desk.log()), desk.watch.opened, desk.charged()) == (before, 0, [])
    with pytest.raises(UseRefused, match="refused"):
        preview(desk.parts, InsightQuery("SELECT card_number FROM purchases", "planning", desk.ana))
    assert (last(desk)["action"], last(desk)["asked"]) == ("query.refused", "preview")


# -- released ----------------------------------------------------------------------------------------------------------


def test_an_answer_carries_its_stamp_receipt_coverage_and_errors(desk: Desk) -> None:
    release = desk.ask()
    assert release.to_arrow().column_names == ["rows", "rows_error", "sales", "sales_error"]
    assert (release.stamp.generations, release.stamp.as_of) == ({"purchases": 1}, NOW + 1)
    assert release.stamp.policy == desk.workspace.policy.active().version
    assert set(release.coverage) == {"purchases"}
    assert release.receipt.leaf == len(desk.log()) - 1
    assert (desk.charged(), last(desk)["charge"]) == (["charged"], release.receipt.charge)
    assert desk.log()[-1]["stamp"] == release.stamp.as_json()
    assert [each.error_column for each in release.accuracy] == ["rows_error", "sales_error"]
    assert release.loss.epsilon <= 0.5


def test_the_exact_total_is_that_of_the_rows(desk: Desk) -> None:
    desk.ask()
    assert desk.exact() == ROWS
    assert desk.exact("m1") == sum(round(min(100.0, rows_of(n) * (n + 0.5)) * 100) for n in range(HOUSEHOLDS))


def test_two_outputs_of_one_name_are_both_there(desk: Desk) -> None:
    release = desk.ask("SELECT COUNT(*) AS n, COUNT(*) AS n, SUM(sales_value) AS n_error FROM purchases")
    names = release.to_arrow().column_names
    assert len(set(names)) == len(names) == 6


def test_a_public_question_costs_nothing_and_is_logged(desk: Desk) -> None:
    release = desk.ask("SELECT department, COUNT(*) AS n FROM products GROUP BY department ORDER BY department")
    assert release.to_arrow().to_pylist() == [{"department": "D0", "n": 2}, {"department": "D1", "n": 2}]
    assert (release.loss.epsilon, release.receipt.charge, desk.charged()) == (0.0, "", [])
    assert (last(desk)["action"], dict(release.coverage)) == ("query.released", {})


@pytest.mark.promise("hidden", "a walk over every object that a release can reach, for an exact value")
def test_no_exact_value_can_be_reached_from_a_release(desk: Desk) -> None:
    release = desk.ask("SELECT week, COUNT(*) AS n FROM purchases GROUP BY week")
    exact = {id(answer.table(name)) for answer in desk.watch.answers for name in answer}
    seen: dict[int, object] = {}
    left: list[object] = [release]
    while left:
        each = left.pop()
        if id(each) in seen or isinstance(each, type | ModuleType | FunctionType):
            continue
        seen[id(each)] = each
        left.extend(gc.get_referents(each))
    assert not any(isinstance(each, ExactAnswer) for each in seen.values())
    assert not exact & seen.keys()
    assert id(release.to_arrow()) in seen


def test_the_log_verifies_after_all_kinds_of_outcomes(desk: Desk) -> None:
    desk.ask()
    with pytest.raises(UseRefused, match="refused"):
        desk.ask("SELECT 1; SELECT 2")
    desk.watch.after[:] = withdraw(desk, ALICE)
    desk.ask()
    desk.workspace.audit.checkpoint(actor=desk.pia)
    key = str(desk.workspace.audit.verifier)
    report = verify_place(desk.workspace.folder, log_key=key, slack=10 * 365 * DAY)  # it was made by the wall clock
    assert report.holds


# -- failed after it began ---------------------------------------------------------------------------------------------


def fail() -> None:
    raise QueryFailed("The engine could not answer the question (error 1).", remedy="Report it.")


@pytest.mark.promise("whole", "defects and interrupts in the middle of an answer")
def test_what_fails_after_the_engine_began_stays_charged(desk: Desk) -> None:
    desk.watch.before[:] = [fail]
    with pytest.raises(QueryFailed, match="could not answer"):
        desk.ask()
    assert desk.charged() == ["charged"]
    assert (last(desk)["action"], last(desk)["code"]) == ("query.failed", "query-failed")


def test_what_fails_while_public_cells_are_counted_is_not_charged(desk: Desk) -> None:
    desk.watch.before[:] = [fail]
    with pytest.raises(QueryFailed, match="could not answer"):
        desk.ask("SELECT week, COUNT(*) FROM purchases GROUP BY week")
    assert desk.charged() == []
    assert last(desk)["action"] == "query.refused"


@pytest.mark.promise("whole", "defects and interrupts in the middle of an answer")
def test_a_defect_of_any_kind_is_charged_and_logged(desk: Desk) -> None:
    def stumble() -> None:
        raise ZeroDivisionError

    desk.watch.after[:] = [stumble]
    with pytest.raises(QueryFailed, match="could not be made"):  # a defect's own words may quote a cell
        desk.ask()
    assert desk.charged() == ["charged"]
    assert last(desk)["action"] == "query.failed"
    assert desk.workspace.budget(actor=desk.ana)[0].spent_epsilon > 0


# -- people's choices while it runs ------------------------------------------------------------------------------------


def test_a_withdrawn_household_is_not_counted(desk: Desk) -> None:
    desk.say(ConsentVerb.OBJECT, ALICE)
    desk.ask()
    assert desk.exact() == ROWS - rows_of(ALICE)


@pytest.mark.promise("withdrawal", "permissions that narrow while the engine runs")
def test_a_withdrawal_during_the_run_is_honoured_by_running_again(desk: Desk) -> None:
    desk.watch.after[:] = withdraw(desk, ALICE)
    release = desk.ask()
    assert [table_rows(answer) for answer in desk.watch.answers] == [ROWS, ROWS - rows_of(ALICE)]
    assert desk.charged() == ["charged"]
    assert release.stamp.register == register_version(desk)


def test_a_change_for_another_purpose_runs_nothing_again(desk: Desk) -> None:
    desk.watch.after[:] = [lambda: desk.say(ConsentVerb.WITHDRAW, ALICE, "offers")]
    desk.ask()
    assert len(desk.watch.answers) == 1


def test_a_yes_during_the_run_runs_nothing_again(desk: Desk) -> None:
    desk.say(ConsentVerb.OBJECT, ALICE)
    desk.watch.after[:] = [lambda: desk.say(ConsentVerb.GIVE, ALICE)]
    desk.ask()
    assert [table_rows(answer) for answer in desk.watch.answers] == [ROWS - rows_of(ALICE)]


@pytest.mark.promise("withdrawal", "permissions that narrow while the engine runs")
def test_after_three_overtaken_runs_a_lease_makes_writers_wait(desk: Desk) -> None:
    leases: list[int] = []
    desk.watch.after[:] = [*withdraw(desk, ALICE, BOB, CAROL), lambda: leases.append(held(desk))]
    desk.ask()
    gone = sum(map(rows_of, (ALICE, BOB, CAROL)))
    assert [table_rows(answer) for answer in desk.watch.answers][-1] == ROWS - gone
    assert (leases, held(desk), desk.charged()) == ([1], 0, ["charged"])


@pytest.mark.promise("withdrawal", "permissions that narrow while the engine runs")
def test_a_waiting_writer_that_took_the_lease_away_stops_the_answer(desk: Desk) -> None:
    def take_away() -> None:
        with desk.workspace.room.database.write() as connection:
            connection.execute(delete(purpose_leases))

    desk.watch.after[:] = [*withdraw(desk, ALICE, BOB, CAROL), take_away]
    with pytest.raises(ConsentInFlux, match="kept changing"):
        desk.ask()
    assert desk.charged() == ["charged"]
    assert (last(desk)["action"], last(desk)["code"]) == ("query.failed", "consent-in-flux")


def test_a_lease_is_given_back_when_the_run_under_it_fails(desk: Desk) -> None:
    desk.watch.after[:] = [*withdraw(desk, ALICE, BOB, CAROL), fail]
    with pytest.raises(QueryFailed, match="could not answer"):
        desk.ask()
    assert held(desk) == 0


@pytest.mark.promise("withdrawal", "permissions that narrow while the engine runs")
def test_a_consent_that_expires_during_the_run_is_not_used(desk: Desk) -> None:
    for who in (ALICE, BOB):
        desk.say(ConsentVerb.GIVE, who, "offers", at=NOW - (29 * DAY if who == ALICE else 0))

    def let_time_pass() -> None:
        desk.time[0] += 2 * DAY

    desk.watch.after[:] = [let_time_pass]
    release = desk.ask(purpose="offers")
    assert [table_rows(answer) for answer in desk.watch.answers] == [6, 3]
    assert release.stamp.as_of == desk.time[0]


@pytest.mark.promise("withdrawal", "permissions that narrow while the engine runs")
def test_a_policy_that_changes_during_the_run_stops_the_answer(desk: Desk) -> None:
    def change() -> None:
        (desk.workspace.folder / "policy" / "policy.yaml").write_text(POLICY.replace("A purpose.", "Another purpose."))
        desk.workspace.policy.activate(actor=desk.pia)

    desk.watch.after[:] = [change]
    with pytest.raises(ConsentInFlux, match="Another policy") as stopped:
        desk.ask()
    assert (stopped.value.code, desk.charged()) == ("policy-changed", ["charged"])
    desk.ask()


def test_newer_data_published_during_the_run_are_used(desk: Desk) -> None:
    def publish_and_reopen() -> None:
        desk.add_purchases([*PURCHASES, ("h0", "p0", 1, "1.00", "c", "2026-05-21T10:00:00Z")], replace=True)
        desk.parts.replica.fresh(desk.time[0])

    desk.watch.before[:] = [publish_and_reopen]
    release = desk.ask()
    assert (desk.exact(), dict(release.stamp.generations)) == (ROWS + 1, {"purchases": 2})


def test_leases_of_generations_are_given_back_on_closing(desk: Desk) -> None:
    desk.ask()
    desk.parts.replica.close()
    with desk.workspace.room.database.read() as connection:
        assert connection.execute(select(generation_leases)).all() == []


def test_nothing_is_answered_before_a_policy_is_in_force(desk: Desk) -> None:
    shown = desk.workspace.policy.active()
    assert shown.purposes.keys() == {"planning", "offers"}


def test_every_error_of_the_spine_is_one_of_ours() -> None:
    for kind in (UseRefused, BudgetExhausted, ConsentInFlux, QueryFailed, InputInvalid):
        assert issubclass(kind, PellucidError)
    assert datetime.fromtimestamp(NOW / 1e6, UTC).year == 2026


def table_rows(answer: ExactAnswer) -> int:
    return int(next(row["m0"] for row in answer.table(next(iter(answer))).to_pylist() if row["_row"] == 0))


def held(desk: Desk) -> int:
    with desk.workspace.room.database.read() as connection:
        return len(connection.execute(select(purpose_leases)).all())


def register_version(desk: Desk) -> int:
    with desk.workspace.room.database.read() as connection:
        return current(connection)[0]
