"""What a crash test does in a process of its own where the command line does not reach: another clock, a crowd."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.register import record
from pellucid.engines.base import Engine, Holding
from pellucid.governance.activate import active_policy
from pellucid.insights.answer import answer
from pellucid.insights.query import InsightQuery
from pellucid.insights.replica import Replica
from pellucid.rights.request import Right
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace, wall_clock
from tests.insights.conftest import Watch, WatchedEngine
from tests.races.kiosk import CONSENT_DAYS, READERS, TOTAL
from tests.races.posting import call_back, challenge, deliver

DAY = 86_400_000_000


def later(folder: Path) -> None:
    """Ask when every consent has run out."""
    with Workspace(folder, clock=lambda: wall_clock() + (CONSENT_DAYS + 1) * DAY) as workspace:
        release = workspace.query(TOTAL, purpose="newsletter", actor="ana", epsilon=0.1)
        print(release.receipt.leaf)


def contended(folder: Path) -> None:
    """Ask while somebody objects during each of the first three runs: the fourth goes under a lease."""
    with Workspace(folder) as workspace:
        watch = Watch(after=[lambda who=who: _object(workspace, who) for who in ("c000", "c001", "c002")])  # type: ignore[misc]

        def opened(holdings: list[Holding]) -> Engine:
            return WatchedEngine(workspace._open_engine(holdings), watch)

        replica = Replica(workspace.room.database, folder, active_policy=active_policy, open_engine=opened)
        parts = dataclasses.replace(workspace._parts, replica=replica)
        print(answer(parts, InsightQuery(TOTAL, "range-planning", workspace.actor("ana"), 0.1, {})).receipt.leaf)
        replica.close()


def _object(workspace: Workspace, who: str) -> None:
    """Record an objection without waiting to acknowledge it."""
    room, now = workspace.room, wall_clock()
    policy, pia = room.policy(), workspace.actor("pia")
    with room.database.read() as connection:
        found = find(connection, "customer", who)
    assert found is not None
    said = ConsentRecord("customer", found, "range-planning", ConsentVerb.OBJECT, at=now)
    with room.database.write() as connection:
        record(connection, room.subject_keys, policy, [said], pia, now)


def correct(folder: Path) -> None:
    """Carry out the rectification that waits, if one does."""
    with Workspace(folder) as workspace:
        pia = workspace.actor("pia")
        for waiting in workspace.requests.list(actor=pia):
            print(workspace.requests.carry_out(waiting.request.id, actor=pia).request.state.value)


def together(folder: Path) -> None:
    """Withdraw for one reader, then for all others at once, by a thread each; tell of each acknowledgement as it comes.

    One alone first, or all might be recorded in one transaction, and no second one be reached.
    """
    with Workspace(folder) as workspace, ThreadPoolExecutor(len(READERS)) as threads:
        pia = workspace.actor("pia")

        def withdraw(reader: str) -> None:
            receipt = workspace.consent.record("withdraw", reader, purpose="newsletter", actor=pia)
            os.write(1, f"{receipt.log.leaf}\n".encode())

        withdraw(READERS[0])
        list(threads.map(withdraw, READERS[1:]))


def fulfil(folder: Path) -> None:
    """Carry out the first request that is open, by a fulfiller that only tells what it did."""
    with Workspace(folder) as workspace:
        pia = workspace.actor("pia")
        workspace.requests.fulfillers[Right.OPT_OUT] = lambda request, actor, now: {"purposes": 1}
        first, *_ = workspace.requests.list(actor=pia)
        print(workspace.requests.carry_out(first.request.id, actor=pia).request.state)


SCRIPTS: dict[str, Callable[[Path], None]] = {
    "later": later,
    "contended": contended,
    "correct": correct,
    "together": together,
    "fulfil": fulfil,
    "deliver": deliver,
    "call_back": call_back,
    "challenge": challenge,
}

if __name__ == "__main__":
    SCRIPTS[sys.argv[1]](Path(os.environ["PELLUCID_WORKSPACE"]))
