"""Pages that are read take turns, and nobody waits for one for long."""

from __future__ import annotations

import time

import anyio
import pytest
from starlette.types import Scope

from pellucid.web.turns import AT_ONCE, PATIENCE, Turns


def scope(method: str = "GET", path: str = "/privacy") -> Scope:
    return {"type": "http", "method": method, "path": path}


async def most_at_once(asked: list[Scope], seconds: float) -> tuple[int, float]:
    """Return how many were inside at the same time, each for some seconds, and how long all took."""
    turns, inside, most, began = Turns(), 0, 0, time.monotonic()

    async def visit(each: Scope) -> None:
        nonlocal inside, most
        async with turns.taken(each):
            inside += 1
            most = max(most, inside)
            await anyio.sleep(seconds)
            inside -= 1

    async with anyio.create_task_group() as group:
        for each in asked:
            group.start_soon(visit, each)
    return most, time.monotonic() - began


def test_few_pages_are_made_at_once() -> None:
    most, _ = anyio.run(most_at_once, [scope() for _ in range(8)], 0.01)

    assert most == AT_ONCE


def test_nobody_waits_longer_for_a_turn_than_their_patience() -> None:
    most, took = anyio.run(most_at_once, [scope() for _ in range(6)], 2 * PATIENCE)

    assert most == 6
    assert took < 4 * PATIENCE


@pytest.mark.parametrize("other", [scope("POST"), scope(path="/api/v1/consents"), scope(path="/healthz")])
def test_what_may_wait_for_a_writer_takes_no_turn(other: Scope) -> None:
    most, _ = anyio.run(most_at_once, [other] * 8, 0.05)

    assert most == 8


def test_who_fails_gives_the_turn_back() -> None:
    async def fail_and_go_on() -> None:
        turns = Turns(1)
        for _ in range(3):
            with pytest.raises(ValueError, match="x"):
                async with turns.taken(scope()):
                    raise ValueError("x")
        with anyio.fail_after(PATIENCE / 2):
            async with turns.taken(scope()):
                pass

    anyio.run(fail_and_go_on)
