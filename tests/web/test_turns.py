"""Pages that are read take turns, and nobody waits for one for long."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest
from starlette.types import Scope

from pellucid.web import turns
from pellucid.web.turns import AT_ONCE, Turns

GUARD = 60
"""Seconds after which a test that waits for what does not come fails."""


def scope(method: str = "GET", path: str = "/privacy") -> Scope:
    return {"type": "http", "method": method, "path": path}


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody lose patience while a test runs."""
    monkeypatch.setattr(turns, "PATIENCE", 10 * GUARD)


async def most_at_once(asked: list[Scope]) -> int:
    """Return how many were inside at the same time, each until everybody else had a chance to come in."""
    taking, inside, most = Turns(), 0, 0

    async def visit(each: Scope) -> None:
        nonlocal inside, most
        async with taking.taken(each):
            inside += 1
            most = max(most, inside)
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            inside -= 1

    with anyio.fail_after(GUARD):
        async with anyio.create_task_group() as group:
            for each in asked:
                group.start_soon(visit, each)
    return most


@pytest.mark.usefixtures("endless")
def test_few_pages_are_made_at_once() -> None:
    assert anyio.run(most_at_once, [scope() for _ in range(8)]) == AT_ONCE


def test_nobody_waits_longer_for_a_turn_than_their_patience() -> None:
    """Nobody leaves before all are inside, so that without an end to their patience it would never come to that."""

    async def all_inside() -> int:
        taking, inside, complete = Turns(), 0, anyio.Event()

        async def visit() -> None:
            nonlocal inside
            async with taking.taken(scope()):
                inside += 1
                if inside == 3 * AT_ONCE:
                    complete.set()
                await complete.wait()

        with anyio.fail_after(GUARD):
            async with anyio.create_task_group() as group:
                for _ in range(3 * AT_ONCE):
                    group.start_soon(visit)
        return inside

    assert anyio.run(all_inside) == 3 * AT_ONCE


@pytest.mark.usefixtures("endless")
@pytest.mark.parametrize("other", [scope("POST"), scope(path="/api/v1/consents"), scope(path="/healthz")])
def test_what_may_wait_for_a_writer_takes_no_turn(other: Scope) -> None:
    assert anyio.run(most_at_once, [other] * 8) == 8


@pytest.mark.usefixtures("endless")
def test_who_fails_gives_the_turn_back() -> None:
    async def fail_and_go_on() -> None:
        taking = Turns(1)
        for _ in range(3):
            with pytest.raises(ValueError, match="x"):
                async with taking.taken(scope()):
                    raise ValueError("x")
        with anyio.fail_after(GUARD):
            async with taking.taken(scope()):
                pass

    anyio.run(fail_and_go_on)
