"""`--accuracy 5%`: a small first answer, charged and logged by itself, tells the size; then the least needed."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from pellucid.consent.record import ConsentVerb
from pellucid.errors import BudgetExhausted, InputInvalid
from pellucid.insights.answer import answer, preview
from pellucid.insights.query import InsightQuery, accuracy_of
from pellucid.records.tables import charges
from pellucid.release.budget import conversion_delta, epsilon_of
from pellucid.release.result import Release
from pellucid.release.sizes import ESTIMATE_SHARE
from tests.insights.conftest import Desk
from tests.insights.test_kept import keeping  # noqa: F401  -- a fixture

COUNTED = "SELECT COUNT(*) AS n FROM purchases"
CROWD = 30_000


@pytest.fixture
def crowded(desk: Desk) -> Desk:
    """The desk with rows of so many people that a count is far larger than its noise."""
    crowd(desk)
    return desk


def crowd(desk: Desk) -> None:
    rows = [(f"c{n}", "p0", 1 + n % 2, "5.00", "c", "2026-05-20T10:00:00Z") for n in range(CROWD)]
    desk.add_purchases(rows, replace=True)


def ask(desk: Desk, relative: float, sql: str = COUNTED) -> Release:
    return answer(desk.parts, InsightQuery(sql, "planning", desk.ana, relative=relative))


def size(release: Release) -> float:
    """Return the size of the count that the answer says it went by."""
    (found,) = re.findall(r"COUNT\(\*\): ([\d,.]+)\. A size", " ".join(release.notes))
    return float(found.replace(",", ""))


def spent(desk: Desk) -> list[int]:
    with desk.workspace.room.database.read() as connection:
        return list(connection.scalars(select(charges.c.rho).where(charges.c.state == "charged")))


def actions(desk: Desk, since: int) -> list[tuple[str, object]]:
    return [(entry["action"], entry["body"].get("estimate")) for entry in desk.log()[since:]]


def test_the_error_is_at_most_its_share_of_the_figure_at_the_least_cost(crowded: Desk) -> None:
    epsilons = []
    for share in (0.005, 0.01):
        release = ask(crowded, share)
        (told,) = release.accuracy
        (row,) = release.records()
        assert told.half_width is not None
        assert 0.99 * share * size(release) < told.half_width <= share * size(release), "no more was spent than needed"
        assert row["n_error"] == told.half_width
        epsilons.append(release.loss.epsilon)
    assert epsilons[0] > 1.3 * epsilons[1]


def test_both_answers_are_charged_and_logged_and_the_second_says_so(crowded: Desk) -> None:
    before = len(crowded.log())
    release = ask(crowded, 0.05)
    assert actions(crowded, before) == [("query.released", True), ("query.released", None)]
    assert crowded.charged() == ["charged", "charged"]
    rho = sum(spent(crowded))
    assert round(release.loss.rho * 1e12) == rho
    at_delta = conversion_delta(crowded.workspace.policy.active().purposes["planning"].release.allowance)
    assert release.loss.epsilon == epsilon_of(rho, at_delta)
    (note,) = [note for note in release.notes if "first answer" in note]
    assert re.match(rf"ε 0\.1 of it was spent on a first answer \(log entry {before}\)", note)
    assert 0.8 * CROWD < size(release) < 1.1 * CROWD, "the lower end of an interval; beyond 6 sigma with p < 1e-8"
    assert crowded.log()[before]["body"]["charge"] != release.receipt.charge


def test_the_first_answer_is_the_same_question_at_a_tenth_of_the_default(crowded: Desk) -> None:
    query = InsightQuery(COUNTED, "planning", crowded.ana, relative=0.05)
    ask(crowded, 0.05)
    first, second = crowded.watch.answers[-2:]
    assert first.table("r0").equals(second.table("r0"))
    told = preview(crowded.parts, query)
    alone = preview(crowded.parts, InsightQuery(COUNTED, "planning", crowded.ana, ESTIMATE_SHARE * 1.0))
    most = preview(crowded.parts, InsightQuery(COUNTED, "planning", crowded.ana, 3.0))
    assert told.cost == alone.cost + most.cost
    assert told.notes[-1].startswith("First, ε 0.1 of it is spent to find out how large the figures are.")


def test_a_question_that_cannot_be_so_exact_is_refused_and_says_what_stays_charged(crowded: Desk) -> None:
    before = len(crowded.log())
    with pytest.raises(
        InputInvalid, match=r"An error of 0\.001% cannot be reached: with epsilon 3, .* it is 0\.\d+%\."
    ):
        ask(crowded, 0.00001)
    assert actions(crowded, before) == [("query.released", True), ("query.refused", None)]
    assert crowded.log()[-1]["body"]["reasons"] == ["accuracy-out-of-reach"]
    assert crowded.charged() == ["charged"]
    with pytest.raises(InputInvalid, match=rf"The first answer, ε 0\.1, stays charged \(log entry {before + 2}\)\."):
        ask(crowded, 0.00001)


def test_figures_that_no_first_answer_can_tell_from_nothing_are_refused(desk: Desk) -> None:
    with pytest.raises(InputInvalid, match="stays charged") as refused:
        ask(desk, 0.01, "SELECT COUNT(*) AS n FROM purchases WHERE product_id = 'none'")
    assert refused.value.code == "accuracy-out-of-reach"
    assert desk.charged() == ["charged"]


def test_a_first_answer_that_the_budget_does_not_cover_is_refused_once(crowded: Desk) -> None:
    for _ in range(3):
        crowded.ask(epsilon=3)
    left = crowded.workspace.budget(actor="ana")
    (planning,) = [row for row in left if row.purpose == "planning"]
    crowded.ask(epsilon=planning.left_epsilon * 0.999)
    before = len(crowded.log())
    with pytest.raises(BudgetExhausted, match="of purpose 'planning'"):
        ask(crowded, 0.05)
    assert actions(crowded, before) == [("query.refused", None)]


def test_a_second_answer_that_the_budget_does_not_cover_says_that_the_first_stays_charged(crowded: Desk) -> None:
    for _ in range(3):
        crowded.ask(epsilon=2.9)
    with pytest.raises(BudgetExhausted, match=r"does not cover .* The first answer, ε 0\.1, stays charged"):
        for _ in range(20):
            ask(crowded, 0.002)


@pytest.mark.promise("withdrawal", "permissions that narrow while the engine runs")
def test_a_withdrawal_during_either_run_is_honoured_in_it(crowded: Desk) -> None:
    crowded.add_purchases([(f"h{n}", "p0", 1, "5.00", "c", "2026-05-20T10:00:00Z") for n in range(40)] * 30)
    crowded.watch.after += [lambda: crowded.say(ConsentVerb.OBJECT, 5), lambda: None]
    crowded.watch.after += [lambda: crowded.say(ConsentVerb.OBJECT, 8)]
    ran = len(crowded.watch.answers)
    release = ask(crowded, 0.1)
    counted = [
        next(row["m0"] for row in each.table("r0").to_pylist() if row["_row"] == 0)
        for each in crowded.watch.answers[ran:]
    ]
    assert len(counted) == 4, "each of the two was run again"
    assert counted[0] > counted[1] == counted[2] > counted[3]
    assert crowded.charged() == ["charged", "charged"]
    assert release.stamp.register == crowded.log()[-1]["stamp"]["register"]


def test_what_has_no_size_is_refused_before_anything_is_spent(desk: Desk) -> None:
    for sql in ("SELECT 1 AS n FROM purchases GROUP BY week", "SELECT week FROM purchases GROUP BY week"):
        with pytest.raises(InputInvalid, match="Only of counts, sums and averages"):
            ask(desk, 0.05, sql)
    assert desk.charged() == []
    assert desk.log()[-1]["body"]["reasons"] == ["accuracy-meaningless"]


def test_public_tables_cost_nothing_whatever_the_accuracy(desk: Desk) -> None:
    release = ask(desk, 0.05, "SELECT COUNT(*) AS n FROM products")
    assert (release.records(), release.loss.epsilon, desk.charged()) == ([{"n": 4}], 0.0, [])


def test_the_answer_is_kept_under_the_accuracy_that_was_asked(keeping: Desk) -> None:  # noqa: F811
    crowd(keeping)
    first = ask(keeping, 0.05)
    charged = len(keeping.charged())
    again = ask(keeping, 0.05)
    estimate = answer(keeping.parts, InsightQuery(COUNTED, "planning", keeping.ana, ESTIMATE_SHARE * 1.0))
    assert estimate.loss.epsilon > 0, "a first answer is not shown, now or later"
    charged += 1
    other = ask(keeping, 0.06)
    assert other.loss.epsilon > 0
    charged += 2
    assert again.values.equals(first.values)
    assert (len(keeping.charged()), again.loss.epsilon) == (charged, 0.0)


@pytest.mark.parametrize(
    ("given", "meant"), [("50", (50.0, None)), ("5%", (None, 0.05)), (" 2.5 % ", (None, 0.025)), (7.0, (7.0, None))]
)
def test_an_accuracy_is_a_number_or_a_share(given: float | str, meant: tuple[float | None, float | None]) -> None:
    assert accuracy_of(given) == meant
    assert accuracy_of(None) == (None, None)


@pytest.mark.parametrize("given", ["much", "5 percent", "%", "", "--"])
def test_an_accuracy_that_is_neither_is_refused(given: str) -> None:
    with pytest.raises(InputInvalid, match="accuracy must be a number or a share") as caught:
        accuracy_of(given)
    assert caught.value.code == "accuracy-out-of-range"


@pytest.mark.parametrize("relative", [0.0, -0.1, 1.5, float("nan")])
def test_a_share_lies_between_nothing_and_all(desk: Desk, relative: float) -> None:
    with pytest.raises(InputInvalid, match="above 0 % and at most 100 %"):
        InsightQuery(COUNTED, "planning", desk.ana, relative=relative)
    with pytest.raises(InputInvalid, match="both given"):
        InsightQuery(COUNTED, "planning", desk.ana, accuracy=5.0, relative=0.1)
