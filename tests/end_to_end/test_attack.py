"""`pellucid attack` as a privacy officer meets it."""

from __future__ import annotations

import json

import pytest

from pellucid.insights.attacks import attack
from pellucid.release import mechanisms, private
from tests.end_to_end.conftest import Run

BOUGHT = "SELECT department, COUNT(*) AS bought FROM purchases JOIN products USING (product) GROUP BY department"
WORDS = ("attack", "--trials", "100", "--as", "pia")


@pytest.fixture(autouse=True)
def never_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound answer is accused once in a hundred million runs, not in a thousand: tests must not hang on luck."""
    monkeypatch.setattr(attack, "FALSE_ALARMS", 1e-8)


def ask(run: Run, epsilon: str = "1") -> None:
    assert run("query", BOUGHT, "-p", "range-planning", "--as", "ana", "--epsilon", epsilon).code == 0


def test_what_left_is_attacked_and_held(run: Run) -> None:
    ask(run)
    said = run(*WORDS)
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert "PRIVATE: 1 answer by noise" in lines
    assert [line.split()[0] for line in lines if line.endswith(" held")] == ["membership"] * 3 + ["reconstruction"]
    assert "Nothing to attack: this says nothing of the promise." in lines  # of exact figures
    assert lines[-1] == "No attack gained more than was promised, as far as these tries can tell."


def test_a_report_fits_eighty_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(run)
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, run(*WORDS).out.splitlines())) <= 80


def test_a_gain_beyond_the_bound_ends_with_nine(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(values: list[int], *, sensitivity: float, rho: int) -> mechanisms.Noised:
        drawn = mechanisms.gaussian(values, sensitivity=sensitivity, rho=rho)
        return mechanisms.Noised(tuple(values), drawn.sigma, drawn.spent)

    monkeypatch.setattr(private, "gaussian", none)
    ask(run)
    said = run(*WORDS)
    assert said.code == 9
    assert "BEYOND (log " in said.out
    assert "gained more than was promised. Stop releasing such answers" in said.out


def test_an_empty_workspace_is_no_pass(run: Run) -> None:
    said = run(*WORDS)
    assert said.code == 5
    assert said.out.splitlines()[-1] == ("Nothing was attacked, so nothing is shown either way. This is not a pass.")
    assert json.loads(run(*WORDS, "--json").out)["outcome"] == "nothing-attacked"


def test_json_has_every_attack(run: Run) -> None:
    ask(run)
    said = run(*WORDS, "--json", "--purpose", "range-planning", "--since", "2020-01-01")
    told = json.loads(said.out)
    assert (said.code, told["outcome"], told["answers"]) == (0, "held", {"private": 1, "suppressed": 0})
    assert {each["attack"] for each in told["attacks"]} == {"membership", "reconstruction"}
    assert told["since"] == 1_577_836_800_000_000


def test_an_analyst_may_not(run: Run) -> None:
    said = run("attack", "--as", "ana")
    assert (said.code, said.out) == (3, "")
    assert "error [not-permitted]" in said.err
    assert "officer" in said.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--since", "yesterday"), "error [since-invalid]: --since must be a day, got 'yesterday'."),
        (("--people", "2"), "error [attack-out-of-range]: people must be from 5 to 500, got 2."),
        (("--purpose", "x"), "error [name-unknown]: There is no purpose 'x'. Known: newsletter, range-planning."),
    ],
)
def test_what_was_typed_wrong_is_told(run: Run, words: tuple[str, str], message: str) -> None:
    said = run(*WORDS, *words)
    assert said.code == 2
    assert said.err.splitlines()[0] == message
