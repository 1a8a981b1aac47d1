"""A question that is sent twice is asked once: by one process or two, on either control database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from pellucid.errors import InputInvalid, PellucidError, UseRefused
from pellucid.insights.query import InsightQuery
from pellucid.records.tables import api_replies
from pellucid.workspace import Workspace
from pellucid.workspace.asking import Given, Once
from tests.insights.conftest import TOTAL, Desk

ONCE = Once("token", "key")


def question(desk: Desk, sql: str = TOTAL) -> InsightQuery:
    return InsightQuery(sql, "planning", desk.ana, 0.5)


def test_an_answer_is_kept_as_it_was_released(desk: Desk) -> None:
    first, second = (desk.workspace.asking.ask(question(desk), ONCE) for _ in range(2))
    kept = desk.workspace.asking.kept(ONCE, desk.ana)

    assert (first.again, second.again, desk.charged()) == (False, True, ["charged"])
    assert kept is not None
    assert [each.to_json() for each in (second.release, kept)] == [first.release.to_json()] * 2


def test_a_question_that_only_looks_the_same_is_another(desk: Desk) -> None:
    desk.workspace.asking.ask(question(desk), ONCE)
    for other in (
        replace(question(desk), fresh=True),
        replace(question(desk), epsilon=0.4),
        question(desk, TOTAL + " "),
    ):
        with pytest.raises(InputInvalid, match=r"^This idempotency key was used for another request\.$"):
            desk.workspace.asking.ask(other, ONCE)
    assert desk.charged() == ["charged"]


def test_many_at_once_in_two_processes_are_charged_once(desk: Desk) -> None:
    clock = desk.workspace.room.clock
    with Workspace(desk.workspace.folder, clock=clock) as other, ThreadPoolExecutor(8) as pool:
        workspaces = [desk.workspace, other] * 4
        answers = list(pool.map(lambda each: tried(desk, each), workspaces))
    given = [each.release.receipt for each in answers if isinstance(each, Given)]
    rest = {each for each in answers if not isinstance(each, Given)}

    assert (len(set(given)), rest <= {"idempotency-in-progress"}, desk.charged()) == (1, True, ["charged"])
    assert desk.workspace.asking.ask(question(desk), ONCE).release.receipt == given[0]


def tried(desk: Desk, workspace: Workspace) -> Given | str:
    try:
        return workspace.asking.ask(question(desk), ONCE)
    except PellucidError as error:
        return error.code


def test_what_was_refused_leaves_nothing_behind(desk: Desk) -> None:
    with pytest.raises(UseRefused, match=r"^This question is refused\.$"):
        desk.workspace.asking.ask(question(desk, "SELECT card_number FROM purchases"), ONCE)
    with desk.workspace.room.database.read() as connection:
        assert connection.execute(select(api_replies)).all() == []
    assert desk.workspace.asking.ask(question(desk), ONCE).again is False


def test_an_answer_is_not_shown_again_to_who_may_ask_no_more(desk: Desk) -> None:
    desk.workspace.asking.ask(question(desk), ONCE)
    mallory = replace(question(desk), actor=desk.workspace.actor("mallory"))
    with pytest.raises(UseRefused, match=r"^This use is refused\.$"):
        desk.workspace.asking.ask(mallory, ONCE)

    assert desk.log()[-1]["action"] == "query.refused"
    assert desk.charged() == ["charged"]
