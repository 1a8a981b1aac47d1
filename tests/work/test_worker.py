"""The worker as a process: two share what is due, SIGTERM lets a job end, and what fails is shown by its code."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from pellucid.audit import log
from pellucid.delivery import outbox, recipients
from pellucid.errors import DeliveryFailed, NameUnknown, RecordingFailed
from pellucid.policy.model import Recipient
from pellucid.records import jobs
from pellucid.records.jobs import MOST_ATTEMPTS, Claim
from pellucid.records.rights_tables import deliveries, rights_requests
from pellucid.records.rights_tables import jobs as table
from pellucid.worker import Worker
from pellucid.workspace import Workspace
from pellucid.workspace.tasks import Task
from pellucid.workspace.work import WorkDesk, Worked
from tests.delivery.post_office import PostOffice
from tests.shop import Shop
from tests.work.conftest import put_mails


def start(shop: Shop, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pellucid", "work", *words],
        env=os.environ | {"PELLUCID_WORKSPACE": str(shop.folder)} | shop.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def states(workspace: Workspace) -> Counter[str]:
    with workspace.room.database.read() as connection:
        return Counter(connection.scalars(select(table.c.state)))


def actions(workspace: Workspace) -> Counter[str]:
    with workspace.room.database.read() as connection:
        return Counter(str(entry.fields()["action"]) for entry in log.entries(connection))


def desk_of(workspace: Workspace, do: Any, kind: str = "test") -> WorkDesk:
    """Return a desk with one more kind of work, and put one job of it."""
    with workspace.room.database.write() as connection:
        jobs.put(connection, kind, "x", workspace.room.clock())
    return WorkDesk(workspace.room, {**workspace.work.tasks, kind: Task(do)}, ())


@pytest.mark.slow
@pytest.mark.promise("whole", "two workers take a hundred jobs at once")
def test_two_workers_do_each_of_a_hundred_jobs_once(shop: Shop, office: PostOffice) -> None:
    with Workspace(shop.folder) as workspace:
        ids = put_mails(workspace, 100)
    workers = [start(shop, "--until-idle") for _ in range(2)]
    told = [worker.communicate(timeout=300) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], told
    assert Counter(str(mail["Message-ID"]) for mail in office.taken) == Counter(f"<{id}@shop.example>" for id in ids)
    with Workspace(shop.folder) as workspace:
        assert (states(workspace), actions(workspace)["delivery.sent"]) == (Counter(done=100), 100)
        with workspace.room.database.read() as connection:
            assert set(connection.scalars(select(deliveries.c.content))) == {None}
    assert b"".join(err for _, err in told) == b""


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_worker_that_is_told_to_stop_ends_its_job_and_takes_no_other(
    shop: Shop, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slowly(self: PostOffice, server: Any, session: Any, envelope: Any) -> str:
        began.set()
        while not told.is_set():
            await asyncio.sleep(0.02)
        return await taking(self, server, session, envelope)

    began, told = threading.Event(), threading.Event()
    taking = PostOffice.handle_DATA
    monkeypatch.setattr(PostOffice, "handle_DATA", slowly)
    with Workspace(shop.folder) as workspace:
        put_mails(workspace, 2)
    worker = start(shop)
    assert began.wait(300)
    worker.send_signal(signal.SIGTERM)
    told.set()
    out, _ = worker.communicate(timeout=300)
    assert (worker.returncode, out.decode().strip()) == (0, "1 done, 0 to be tried again, 0 given up.")
    assert len(office.taken) == 1
    with Workspace(shop.folder) as workspace:
        assert states(workspace) == Counter(done=1, due=1)


@pytest.mark.slow
def test_what_fails_is_shown_by_its_code_and_begun_anew_on_demand(shop: Shop, office: PostOffice) -> None:
    office.replies["RCPT"] = "450 secret words about alice"
    with Workspace(shop.folder) as workspace:
        put_mails(workspace)
    first = shop.run("work", "--once")
    assert (first.code, first.out) == (0, "0 done, 1 to be tried again, 0 given up.\n")
    assert "[mail-deferred], tried again" in first.err
    office.replies["RCPT"] = "550 secret words about alice"
    with Workspace(shop.folder) as workspace, workspace.room.database.write() as connection:
        connection.execute(update(table).values(due_at=0))
    second = shop.run("work", "--until-idle")
    assert second.out == "0 done, 0 to be tried again, 1 given up.\n"
    listed = shop.run("work", "--list", "--as", "pia")
    (row,) = [line.split() for line in listed.out.splitlines() if "given-up" in line]
    assert (row[1], row[-1]) == ("delivery", "mail-refused")
    told = "".join((first.out, first.err, second.out, second.err, listed.out))
    assert [word for word in ("secret", "alice", "home.example") if word in told] == []
    again = shop.run("work", "--retry", row[0], "--as", "pia")
    assert (again.code, again.out) == (0, f"The delivery job {row[0]} is due again.\n")
    third = shop.run("work", "--until-idle")
    assert "[delivery-forgotten], given-up" in third.err  # what it said is gone, and nobody claims that it was sent
    with Workspace(shop.folder) as workspace, workspace.room.database.read() as connection:
        assert [(each.state, each.content) for each in connection.execute(select(deliveries))] == [("given-up", None)]
    assert shop.run("work", "--list", "--as", "ana").code == 3


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_the_options_do_not_go_together_and_nothing_due_is_said(shop: Shop) -> None:
    assert (shop.run("work", "--once", "--list").code, shop.run("work", "--once").out) == (2, "Nothing was due.\n")
    assert shop.run("work", "--list", "--as", "pia").out == "Nothing waits, and nothing was given up.\n"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_without_a_mail_server_a_job_waits_and_says_why(shop: Shop) -> None:
    shop.environment.clear()
    with Workspace(shop.folder) as workspace:
        put_mails(workspace)
    assert "[mail-unset], tried again" in shop.run("work", "--until-idle").err


# -- one worker in this process ---------------------------------------------------------------------------------------


def test_a_defect_of_one_kind_of_work_does_not_keep_the_worker_from_others(
    workspace: Workspace, office: PostOffice
) -> None:
    def broken(_claim: Claim) -> None:
        raise ZeroDivisionError("alice")

    desk = desk_of(workspace, broken)
    put_mails(workspace)
    told: list[Worked] = []
    assert Worker(desk, tell=told.append).run_until_idle() == Counter(due=1, done=1)
    assert [(each.kind, each.error) for each in told] == [("test", "defect"), ("delivery", None)]
    assert len(office.taken) == 1


def test_a_handler_that_lost_its_claim_settles_nothing(workspace: Workspace) -> None:
    def lose(claim: Claim) -> None:
        with claim.database.write() as connection:  # as another worker that took it does
            connection.execute(update(table).values(claimed_by="other/1"))
        claim.renew()

    def lose_and_fail(claim: Claim) -> None:
        with claim.database.write() as connection:
            connection.execute(update(table).values(claimed_by="other/1"))
        raise DeliveryFailed("no")

    assert desk_of(workspace, lose).do_next("w") == Worked("test", _id(workspace), "lost", "claim-lost")
    _free(workspace)
    desk = WorkDesk(workspace.room, {"test": Task(lose_and_fail)}, ())
    assert desk.do_next("w") == Worked("test", _id(workspace), "lost", "claim-lost")
    _free(workspace)
    desk = WorkDesk(workspace.room, {"test": Task(lambda claim: None)}, ())
    assert desk.do_next("w") == Worked("test", _id(workspace), "done")


def _id(workspace: Workspace) -> str:
    with workspace.room.database.read() as connection:
        return str(connection.scalars(select(table.c.id)).one())


def _free(workspace: Workspace) -> None:
    with workspace.room.database.write() as connection:
        connection.execute(update(table).values(claimed_by=None, claimed_until=None))


def test_a_job_that_takes_its_worker_along_is_given_up_in_the_end(workspace: Workspace) -> None:
    desk = desk_of(workspace, lambda claim: None)
    with workspace.room.database.write() as connection:
        connection.execute(update(table).values(attempts=MOST_ATTEMPTS))
    worked = desk.do_next("w")
    assert worked is not None
    assert (worked.state, worked.error) == ("given-up", "worker-lost")
    assert actions(workspace)["work.given-up"] == 1


def test_what_happens_when_a_job_is_given_up_happens_with_it_or_not_at_all(workspace: Workspace) -> None:
    def broken(_connection: object, _job: object, _now: int) -> None:
        raise RecordingFailed("no", code="database-busy")

    def refuse(_claim: Claim) -> None:
        raise DeliveryFailed("no", for_good=True)

    desk_of(workspace, refuse)
    desk = WorkDesk(workspace.room, {"test": Task(refuse, broken)}, ())
    with pytest.raises(RecordingFailed, match="no"):
        desk.do_next("w")
    assert states(workspace) == Counter(due=1)


def test_a_kind_that_nothing_does_is_left(workspace: Workspace) -> None:
    with workspace.room.database.write() as connection:
        jobs.put(connection, "of-a-later-version", "x", 0)
    assert Worker(workspace.work).run_until_idle() == Counter()
    assert states(workspace) == Counter(due=1)


def test_a_worker_that_was_stopped_takes_nothing(workspace: Workspace) -> None:
    put_mails(workspace)
    worker = Worker(workspace.work)
    worker.stop()
    assert (worker.run(), states(workspace)) == (Counter(), Counter(due=1))


def test_a_request_that_is_due_is_reminded_of_by_mail_once(workspace: Workspace, office: PostOffice) -> None:
    row = {"id": "r1", "right": "access", "namespace": "customer", "subject": 7, "by_whom": "self", "reason": ""}
    row |= {"channel": "web", "state": "in_progress", "verification": "none", "verified_strength": 0, "received_at": 0}
    row["strength"] = 1
    with workspace.room.database.write() as connection:
        connection.execute(insert(rights_requests).values(row | {"due": "2020-01-01"}))
    for _ in range(2):
        Worker(workspace.work).run_until_idle()
    assert [(mail["To"], mail["Subject"]) for mail in office.taken] == [
        ("privacy@shop.example", "Request r1 is overdue: 2020-01-01")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_recipient_without_an_address_finds_a_file_until_it_answers(shop: Shop) -> None:
    hosting = Recipient("hosting", "our hosting company", "DE", "processor")
    notice = recipients.Notice("erasure", "e1", "customer", ("alice-17",))
    with Workspace(shop.folder) as workspace:
        controller, now = workspace.policy.active().controller, workspace.room.clock()
        with workspace.room.database.write() as connection:
            (id,) = recipients.tell(connection, controller, [hosting], notice, now)
    assert shop.run("work", "--until-idle").out == "1 done, 0 to be tried again, 0 given up.\n"
    path = shop.folder / "outbox" / "hosting" / f"{id}.json"
    assert json.loads(path.read_text())["notice"]["keys"] == ["alice-17"]
    listed = shop.run("recipient", "list", "--as", "pia").out
    assert ("alice" in listed, "erasure:e1" in listed, "sent" in listed) == (False, True, True)
    assert shop.run("recipient", "answer", id, "all erased", "--as", "pia").out == "Recorded.\n"
    assert (path.exists(), Path(path.parent).is_dir()) == (False, True)
    assert shop.run("recipient", "answer", id, "again", "--as", "pia").code == 8
    with Workspace(shop.folder) as workspace, workspace.room.database.read() as connection:
        assert outbox.find(connection, id).answer == "all erased"


def test_a_delivery_that_is_gone_is_given_up_and_not_taken_for_sent(workspace: Workspace, office: PostOffice) -> None:
    with workspace.room.database.write() as connection:
        jobs.put(connection, outbox.JOB, "none", 0)
    with pytest.raises(NameUnknown, match="There is no delivery"), workspace.room.database.read() as connection:
        outbox.find(connection, "none")
    assert Worker(workspace.work).run_until_idle() == Counter({"given-up": 1})
    assert office.taken == []
