"""Attacks on what left find what they should: noise that is too small, bounds that do not hold, cells that follow from
others, releases that differ by one person. Sound releases are not accused, and nothing of the data is in the report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from pellucid.errors import InputInvalid, NameUnknown, NotPermitted, QueryFailed
from pellucid.insights.attacks import attack as spine
from pellucid.insights.attacks.found import AttackReport, Guarantee, Kind, Why
from pellucid.insights.attacks.inside import Inside
from pellucid.policy.model import Policy
from pellucid.records.tables import charges, log_details
from pellucid.release import mechanisms, private, suppress
from pellucid.rewrite.governed import GovernedQuery
from tests.insights.test_insights import BY_WEEK, Office, office, other_policy

SMALL = [("h1", "p9", 1, "20.50", "c1", "2026-05-20T10:00:00Z")]
ROWS = [
    (f"h{n}", f"p{n % 4}", 1 + week, f"{20 + n % 7}.50", f"c{n}", "2026-05-20T10:00:00Z")
    for n in range(40)
    for week in range(2)
]
NO_NINTH = BY_WEEK.replace("GROUP", "WHERE product_id <> 'p9' GROUP")
FEW_LATER = [row for row in ROWS if row[2] == 1 or row[0] in ("h1", "h2", "h3", "h4")]
TOTAL = "SELECT COUNT(*) AS n, SUM(sales_value) AS s FROM purchases"
BY_PUBLIC_WEEK = "SELECT week, SUM(sales_value) AS s FROM purchases GROUP BY week"
BY_PRODUCT = "SELECT product_id, COUNT(DISTINCT household_id) AS n FROM purchases GROUP BY product_id"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path / "ws") as found:
        yield found


@pytest.fixture
def never_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound answer is accused once in a hundred million runs, not in a thousand: tests must not hang on luck."""
    monkeypatch.setattr(spine, "FALSE_ALARMS", 1e-8)


def attacked(made: Office, **options: Any) -> AttackReport:
    return made.workspace.insights.attack(actor=made.pia, **({"trials": 200} | options))


def beyond(report: AttackReport) -> set[tuple[Guarantee, Kind]]:
    return {(each.guarantee, each.attack) for each in report.findings}


def ask(made: Office, *questions: str, epsilon: float = 1) -> None:
    for sql in questions:
        made.workspace.query(sql, purpose="planning", actor="ana", epsilon=epsilon)


# -- sound answers -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("never_by_chance")
def test_sound_private_answers_hold_and_every_attack_was_tried(made: Office) -> None:
    ask(made, TOTAL, TOTAL, BY_PUBLIC_WEEK, BY_PRODUCT)
    report = attacked(made)
    assert report.outcome == "held"
    assert report.answers == {"private": 4, "suppressed": 0}
    assert {each.attack for each in report.attacks} == set(Kind)
    assert all(each.low <= each.gain <= each.high for each in report.attacks)


@pytest.mark.slow
def test_the_made_up_person_comes_near_the_bound_so_a_leak_would_be_seen(made: Office) -> None:
    """So much is asked that luck does not matter: the gain is 0.56 +- 0.04, the bound 0.81 (false alarm < 1e-8)."""
    policy = made.workspace.policy.folder / "policy.yaml"
    policy.write_text(policy.read_text().replace("max: 3}", "max: 10}").replace("{epsilon: 6,", "{epsilon: 10,"))
    made.workspace.policy.activate(actor=made.pia)
    ask(made, TOTAL, epsilon=10)
    found = attacked(made, trials=600).attacks[0]
    assert found.attack is Kind.MEMBERSHIP
    assert 0.4 * found.bound < found.gain < found.bound
    assert 0.8 < found.bound < 0.82
    assert found.seen_from is not None
    assert found.bound < found.seen_from < found.bound + 0.12
    assert found.epsilon_shown is not None and found.epsilon_promised is not None
    assert 0 < found.epsilon_shown <= found.epsilon_promised == pytest.approx(10, rel=0.01)


def test_sound_exact_figures_hold(made: Office) -> None:
    made.add([*ROWS, *(("h41", "p1", week, "21.00", "c", "2026-05-20T10:00:00Z") for week in (1,))])
    made.approved()
    made.approved("SELECT product_id, week, COUNT(*) AS n FROM purchases GROUP BY product_id, week", "products")
    made.run()
    made.run("products")
    made.run()
    report = attacked(made)
    assert report.outcome == "held"
    assert report.answers == {"private": 0, "suppressed": 2}
    assert report.not_attacked[Why.UNLIKE] == 1


def test_a_policy_that_came_since_does_not_hide_what_left_under_the_one_before(made: Office) -> None:
    ask(made, TOTAL)
    other_policy(made)
    assert attacked(made, trials=50).answers == {"private": 1, "suppressed": 0}


def test_nobody_elses_engine_and_nothing_in_the_ledger_is_moved(made: Office) -> None:
    made.approved()
    before = made.run()
    ask(made, TOTAL)
    with made.workspace.room.database.read() as connection:
        charged = connection.execute(select(charges)).all()
    attacked(made, people=40, trials=50)
    with made.workspace.room.database.read() as connection:
        assert connection.execute(select(charges)).all() == charged
    assert made.run() == before
    assert [each["action"] for each in made.log()][-3:] == ["attack.begun", "attack.made", "insight.released"]


# -- leaks -------------------------------------------------------------------------------------------------------------


def test_noise_that_is_too_small_is_found(made: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def small(values: list[int], *, sensitivity: float, rho: int) -> mechanisms.Noised:
        drawn = mechanisms.gaussian(values, sensitivity=sensitivity, rho=256 * rho)
        return replace(drawn, spent=mechanisms.PrivacyBudget(rho))

    monkeypatch.setattr(private, "gaussian", small)
    ask(made, TOTAL, TOTAL)
    report = attacked(made)
    assert report.outcome == "beyond"
    assert {(Guarantee.PRIVATE, Kind.MEMBERSHIP), (Guarantee.PRIVATE, Kind.DIFFERENCING)} <= beyond(report)
    leaves = [entry["at"] and place for place, entry in enumerate(made.log()) if entry["action"] == "query.released"]
    assert list(report.findings[0].leaves) == leaves
    assert made.log()[-1]["body"]["outcome"] == "beyond"


@pytest.mark.slow
def test_an_answer_that_was_charged_too_little_is_found(made: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(made, TOTAL, TOTAL, epsilon=3)
    told = spine.recent

    def cheap(*arguments: Any, **options: Any) -> Any:
        found, left = told(*arguments, **options)
        return [replace(each, cost=mechanisms.PrivacyBudget(each.cost.rho // 10_000)) for each in found], left

    monkeypatch.setattr(spine, "recent", cheap)
    assert (Guarantee.PRIVATE, Kind.MEMBERSHIP) in beyond(attacked(made, trials=800))


def test_a_bound_that_the_engine_does_not_keep_is_found(made: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    made.add([*ROWS, *(("h41", "p1", 1, "900.00", "c", "2026-05-20T10:00:00Z") for _ in range(3))])
    govern = Inside.govern

    def unbounded(self: Inside, query: Any, policy: Policy, action: str) -> GovernedQuery:
        found = govern(self, query, policy, action)
        sql = found.blocks[0].sql
        assert "LEAST(GREATEST(t1, 0), 10000)" in sql
        sql = sql.replace("LEAST(GREATEST(t1, 0), 10000)", "t1")
        return replace(found, blocks=(replace(found.blocks[0], sql=sql),))

    monkeypatch.setattr(Inside, "govern", unbounded)
    ask(made, TOTAL)
    report = attacked(made, people=100, trials=50)
    (far,) = [each for each in report.attacks if "further than its bounds" in each.over]
    assert (far.tried, far.beyond) == (41, 1)


def test_a_cell_withheld_alone_is_found(made: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    made.add(FEW_LATER)
    made.approved()
    with monkeypatch.context() as broken:
        broken.setattr(suppress, "_complements", lambda *_: [])
        assert [row["withheld"] for row in made.run()] == [None, "too-few-people"]
    report = attacked(made)
    assert beyond(report) == {(Guarantee.SUPPRESSED, Kind.RECONSTRUCTION)}
    assert [(each.tried, each.beyond) for each in report.findings] == [(10, 1), (10, 2)]


def test_the_same_with_complements_leaves_nothing_to_work_out(made: Office) -> None:
    made.add(FEW_LATER)
    made.approved()
    assert [row["withheld"] for row in made.run()] == ["complement", "too-few-people"]
    assert attacked(made).findings == ()


def test_two_releases_that_differ_by_one_person_are_found(made: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    made.approved()
    with monkeypatch.context() as broken:
        broken.setattr(suppress, "changed", lambda *_: suppress.Change())
        first = made.run()
        made.workspace.consent.record("object", "h7", purpose="planning", actor=made.pia)
        assert [row["n"] for row in made.run()] == [39, 39]
        assert [row["n"] for row in first] == [40, 40]
    report = attacked(made)
    assert beyond(report) == {(Guarantee.SUPPRESSED, Kind.DIFFERENCING)}
    assert [(each.tried, each.beyond) for each in report.findings] == [(10, 2)]


def test_the_next_release_without_one_person_tells_nothing_unless_the_rule_is_broken(
    made: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.approved()
    made.run()
    assert beyond(attacked(made)) == set()
    monkeypatch.setattr(suppress, "changed", lambda *_: suppress.Change())
    assert beyond(attacked(made)) == {(Guarantee.SUPPRESSED, Kind.MEMBERSHIP)}


def test_two_insights_that_differ_by_one_person_are_found(made: Office) -> None:
    """No rule was broken: what insights tell together is not promised, so somebody has to look."""
    made.add([*ROWS, *SMALL])
    made.approved()
    made.approved(NO_NINTH, "other")
    made.run()
    made.run("other")
    report = attacked(made)
    assert beyond(report) == {(Guarantee.SUPPRESSED, Kind.DIFFERENCING)}
    assert [(each.tried, each.beyond) for each in report.findings] == [(10, 1)]


# -- what could not be attacked ----------------------------------------------------------------------------------------


def test_nothing_to_attack_is_no_pass(made: Office) -> None:
    report = attacked(made)
    assert (report.outcome, report.attacks, report.findings) == ("nothing-attacked", (), ())
    assert made.log()[-1]["body"]["outcome"] == "nothing-attacked"


def test_what_could_not_be_asked_again_is_counted_by_why(made: Office) -> None:
    made.workspace.query(TOTAL + " WHERE week = $w", purpose="planning", actor="ana", parameters={"w": 1}, epsilon=0.2)
    made.workspace.query("SELECT COUNT(*) AS n FROM products", purpose="planning", actor="ana")
    ask(made, TOTAL, TOTAL, TOTAL, epsilon=0.2)
    report = attacked(made, last=2, trials=50)
    assert report.answers == {"private": 2, "suppressed": 0}
    assert report.not_attacked == {Why.NOBODY: 1, Why.EARLIER: 2}
    with made.workspace.room.database.write() as connection:
        connection.execute(delete(log_details))
    report = attacked(made)
    assert report.not_attacked == {Why.NOBODY: 1, Why.ERASED: 4}
    assert report.outcome == "nothing-attacked"


def test_questions_with_parameters_are_not_asked_again(made: Office) -> None:
    made.workspace.query(TOTAL + " WHERE week = $w", purpose="planning", actor="ana", parameters={"w": 1})
    assert attacked(made).not_attacked == {Why.PARAMETERS: 1}


def test_data_that_changed_since_are_told(made: Office) -> None:
    made.approved()
    made.run()
    made.workspace.consent.record("object", "h7", purpose="planning", actor=made.pia)
    assert attacked(made).not_attacked == {Why.CHANGED: 1}


@pytest.mark.usefixtures("never_by_chance")
def test_only_the_purpose_and_the_time_that_were_named_are_attacked(made: Office) -> None:
    ask(made, TOTAL)
    assert attacked(made, purpose="offers").outcome == "nothing-attacked"
    assert attacked(made, since=made.workspace.room.clock() + 1).outcome == "nothing-attacked"
    assert attacked(made, purpose="planning", trials=100).outcome == "held"


def test_a_bound_near_one_is_no_pass(made: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was gained, it could not have been beyond: that is told, and nothing is claimed."""
    ask(made, TOTAL)
    told = spine.recent

    def dear(*arguments: Any, **options: Any) -> Any:
        found, left = told(*arguments, **options)
        return [replace(each, cost=mechanisms.PrivacyBudget(10**14)) for each in found], left

    monkeypatch.setattr(spine, "recent", dear)
    report = attacked(made, trials=50)
    assert [each.could_fail for each in report.attacks if each.attack is not Kind.MEMBERSHIP] == [False]
    far = [each for each in report.attacks if each.could_fail]
    assert [each.over for each in far] == ["people drawn at random, who move an answer further than its bounds"]


def test_groups_that_are_data_are_attacked_by_membership_alone(made: Office) -> None:
    ask(made, BY_PRODUCT, epsilon=3)
    report = attacked(made, trials=50)
    assert {each.attack for each in report.attacks} == {Kind.MEMBERSHIP}
    assert report.not_attacked == {Why.GROUPS: 1}


def test_that_no_cell_is_there_does_not_show(made: Office) -> None:
    """Else an officer and an analyst together could ask whether a rare person is in the data."""
    for product in ("p1", "nobody-buys-this"):
        ask(made, BY_PRODUCT.replace("GROUP", f"WHERE product_id = '{product}' GROUP"), epsilon=0.5)
        report = attacked(made, trials=50, last=1)
        assert (report.answers["private"], report.not_attacked[Why.GROUPS]) == (1, 1)
        assert [each.over for each in report.attacks if not each.could_fail] == []


def test_medians_alone_are_not_attacked(made: Office) -> None:
    policy = made.workspace.policy.folder / "policy.yaml"
    bounded = policy.read_text().replace("{per_group: 100}", "{per_group: 100, values: [0, 50]}")
    policy.write_text(bounded)
    made.workspace.policy.activate(actor=made.pia)
    ask(made, "SELECT MEDIAN(sales_value) AS m FROM purchases")
    assert attacked(made).not_attacked == {Why.QUANTILES: 1}


# -- who may, and what may be told -------------------------------------------------------------------------------------


def test_who_may_not_attack_does_not(made: Office) -> None:
    with pytest.raises(NotPermitted, match="attack"):
        made.workspace.insights.attack(actor=made.ana)
    assert made.log()[-1]["body"] == {
        "action": "attack",
        "outcome": "refused",
        "reasons": ["action-not-permitted"],
    }


def test_numbers_out_of_range_and_unknown_purposes_are_errors(made: Office) -> None:
    with pytest.raises(InputInvalid, match=r"people must be from 5 to 500, got 1\."):
        attacked(made, people=1)
    with pytest.raises(InputInvalid, match=r"trials must be from 50 to 100,000, got 3\."):
        attacked(made, trials=3)
    with pytest.raises(NameUnknown, match=r"There is no purpose 'x'"):
        attacked(made, purpose="x")


def test_what_fails_in_the_middle_says_nothing_and_is_logged(made: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(made, TOTAL)

    def fail(*_: object) -> None:
        raise ValueError("h7 bought 24.50")

    monkeypatch.setattr(spine, "attack_private", fail)
    with pytest.raises(QueryFailed, match="could not be finished") as caught:
        attacked(made)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert made.log()[-1]["action"] == "attack.failed"
    assert "h7" not in json.dumps(made.log()[-1])


def test_the_report_holds_no_figure_no_key_and_nobodys_id(made: Office) -> None:
    """Each value is one of few words, a count, an instant, or a gain between -1 and 1."""
    made.approved()
    made.run()
    ask(made, TOTAL, BY_PRODUCT)
    told = attacked(made, trials=50).to_json()
    text = json.dumps([told, made.log()[-2:]])
    words = ("h7", "p1", "940", "household_id", "sales_value")
    assert [word for word in words if re.search(rf"(?<![\w.+-]){word}(?![\w.+-])", text)] == []
    assert re.search(r"(?<![\w.+-])940(?![\w.+-])", json.dumps({"of": 940})), (
        "hashes hold such digits, figures are alone"
    )
    for each in told["attacks"]:  # type: ignore[attr-defined]
        assert set(each) == {
            *("guarantee", "attack", "over", "tried", "gain", "low", "high", "bound", "beyond", "seen_from"),
            *("epsilon_shown", "epsilon_promised", "leaves", "held", "could_fail"),
        }
        assert -1 <= each["low"] <= each["gain"] <= each["high"] <= 1


def test_gains_about_people_of_the_data_are_told_in_coarse_steps(made: Office) -> None:
    ask(made, TOTAL)
    drawn = [each for each in attacked(made).attacks if "drawn at random" in each.over]
    assert len(drawn) == 3
    for each in drawn:
        assert [round(20 * figure) / 20 for figure in (each.gain, each.low, each.high)] == [
            each.gain,
            each.low,
            each.high,
        ]


def test_of_few_people_nobody_is_drawn(made: Office) -> None:
    made.add([row for row in ROWS if int(row[0][1:]) < 10])
    ask(made, TOTAL)
    report = attacked(made)
    assert report.not_attacked == {Why.FEW: 1}
    assert [each.over for each in report.attacks] == [
        "a made-up person, as exposed as the bounds allow; each answer by itself"
    ]
