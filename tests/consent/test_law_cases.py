"""What the law answers, case by case, and what the code does: decided singly, and in bulk from the control database."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pellucid.consent.permitted import SubjectDecision
from pellucid.errors import Reason
from pellucid.policy.reasons import SUBJECT
from pellucid.regulations.ruling import Ground
from tests.conftest import MakeControl

from .cases.case import Case, cases
from .cases.grocer import Grocer
from .cases.page import PAGE, page
from .cases.play import Paper, play

NOT_DECIDED = {"unresolved-subject", "retention-over", "permitted"}
"""Grounds about rows, which no decision about a person gives, and of a basis that policies may not declare: consent
where silence means yes."""
OPEN = [each for each in cases() if not each.disputed]


def listed() -> list[object]:
    """Return every case as a parameter; a disputed one has to fail until code or table give way."""
    return [pytest.param(case, id=case.id, marks=_dispute(case)) for case in cases()]


def _dispute(case: Case) -> list[pytest.MarkDecorator]:
    fails = pytest.mark.xfail(strict=True, raises=AssertionError, reason=case.disputed)
    return [fails] if case.disputed else []


def told() -> list[object]:
    """Return the cases of what no consent opens."""
    why = {case.id: str(case.written.get("told_disputed", "")) for case in cases()}
    fails = {name: pytest.mark.xfail(strict=True, raises=AssertionError, reason=said) for name, said in why.items()}
    kept = [case for case in cases() if "told" in case.written]
    return [pytest.param(case, id=case.id, marks=[fails[case.id]] if why[case.id] else []) for case in kept]


def groups() -> list[list[Case]]:
    """Return the cases by laws and policy."""
    found: dict[tuple[object, ...], list[Case]] = {}
    for case in cases():
        served = tuple(sorted(case.written.get("served_from", {}).items()))
        found.setdefault((case.laws, served), []).append(case)
    return list(found.values())


def on_paper(case: Case) -> tuple[list[tuple[str, str]], SubjectDecision]:
    """Let a case happen without a database; return what the door said, as expected and as it was, and the decision."""
    paper = Paper(case)
    doors = play(case, paper)
    return doors, paper.decide(case.asked)


def decided(case: Case) -> SubjectDecision:
    """Decide a case; what the door turns away has to be what the table says."""
    doors, decision = on_paper(case)
    assert [was for _, was in doors] == [expected for expected, _ in doors]
    return decision


def codes(reasons: Sequence[Reason]) -> list[str]:
    """Return the codes of reasons, each once: two members of a household may have agreed on different days."""
    return list(dict.fromkeys(each.code for each in reasons))


def missing(case: Case, grounds: Sequence[Ground]) -> list[str]:
    """Return the citations of the table that no ground of the decision has."""
    held = [(ground.law, ground.cite) for ground in grounds]
    wanted = [(law, cite) for law, cites in case.rests_on.items() for cite in cites]
    return [f"{law}: {cite}" for law, cite in wanted if not any(law == one and cite in told for one, told in held)]


@pytest.mark.parametrize("case", listed())
def test_the_decision_is_what_the_law_answers(case: Case) -> None:
    decision = decided(case)
    assert codes(decision.reasons) == case.written["reasons"]
    assert case.expects(decision.effect), decision.effect
    assert codes(decision.sensitive_reasons) == case.written.get("sensitive_reasons", codes(decision.sensitive_reasons))
    assert missing(case, decision.laws) == []
    assert decision.laws == () or not case.without_law


@pytest.mark.parametrize("case", told())
def test_a_prohibition_tells_the_article_that_prohibits(case: Case) -> None:
    sentences = [each.message for each in decided(case).reasons if each.code == "law-prohibits"]
    assert sentences == [f"The law forbids it: {case.written['told']}."]


@pytest.mark.slow
def test_single_decisions_and_decisions_in_bulk_agree_on_every_case(make_control: MakeControl) -> None:
    found = [answer for alike in groups() for answer in Grocer(make_control(), alike).answers()]
    assert len(found) == len(cases())
    assert [case.id for case, effect in found if effect != on_paper(case)[1].effect] == []
    assert [case.id for case, effect in found if not (case.disputed or case.expects(effect))] == []


def test_the_table_is_long_and_has_every_ground_that_a_decision_gives() -> None:
    found = [decided(each) for each in OPEN]
    given = {each.code for one in found for each in (*one.reasons, *one.sensitive_reasons)}
    assert len(cases()) >= 90
    assert len({each.id for each in cases()}) == len(cases())
    assert set(SUBJECT) - given == NOT_DECIDED


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `python -m tests.consent.cases.page`"
