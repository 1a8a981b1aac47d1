"""Agents that name a status callback are told there of each change; only there, and only while they may be."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from pellucid.delivery import outbox
from pellucid.records import jobs
from pellucid.records.rights_tables import deliveries, rights_requests
from pellucid.records.rights_tables import jobs as job_rows
from pellucid.settings import Settings
from pellucid.worker import Worker
from pellucid.workspace import Workspace
from pellucid.workspace.callbacks import Callbacks
from pellucid.workspace.sending import Sending
from pellucid.workspace.tasks import WORKER, Task
from pellucid.workspace.work import WorkDesk
from tests.delivery.listener import NAME, Listener, listening
from tests.web.conftest import Shop
from tests.web.drp_agents import REQUESTS, Agent, Register, sealed


@pytest.fixture
def settings() -> Settings:
    return Settings(serve_failures_per_minute=1e6)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with listening(tmp_path) as opened:
        yield opened


def desk_of(workspace: Workspace, listener: Listener) -> WorkDesk:
    """Return a desk whose callbacks go to the listener."""
    sending = Sending(workspace.room, WORKER, Callbacks(workspace.room, listener.poster()))
    return WorkDesk(workspace.room, {outbox.JOB: Task(sending, sending.given_up)}, ())


@dataclass
class Asked:
    """A request of an agent that is told at the listener of each change."""

    shop: Shop
    agent: Agent
    listener: Listener
    id: str

    def work(self) -> Counter[str]:
        return Worker(desk_of(self.shop.workspace, self.listener)).run_until_idle()

    def status(self) -> str:
        return self.agent.send("GET", f"{REQUESTS}/{self.id}").text

    def deny(self, why: str = "other") -> None:
        self.shop.workspace.requests.deny(self.id, why=why, actor=self.shop.workspace.actor("pia"))

    def taken(self) -> list[str]:
        return [each.body.decode() for each in self.listener.taken]

    def hold_time(self) -> None:
        """Let the clock of the workspace stand still: what is to be tried again later is not due, however long we take.

        Only once the agent has said all that it says, for it dates it by its own clock.
        """
        now = self.shop.workspace.room.clock()
        object.__setattr__(self.shop.workspace.room, "clock", lambda: now)

    def again(self) -> None:
        """Let what waits for its next attempt be due now."""
        with self.shop.workspace.room.database.write() as connection:
            connection.execute(update(job_rows).values(due_at=0))


@pytest.fixture
def asked(register: Register, shop: Shop, listener: Listener) -> Asked:
    agent = register("AGENT", listener.place)
    made = agent.exercise(status_callback=listener.url, **{"agent-request-id": "foo"})
    assert made.status_code == 200, made.text
    return Asked(shop, agent, listener, made.json()["request_id"])


def test_each_change_is_told_in_the_very_words_of_the_status(asked: Asked) -> None:
    assert asked.work() == Counter(done=1)
    first = asked.status()
    asked.shop.workspace.requests.challenge(asked.id, actor=asked.shop.workspace.actor("pia"))
    assert asked.work() == Counter(done=1)
    second = asked.status()
    asked.deny("no_match")
    assert asked.work() == Counter(done=1)

    assert asked.taken() == [first, second, asked.status()]
    assert [json.loads(each)["status"] for each in asked.taken()] == ["in_progress", "in_progress", "denied"]
    assert (json.loads(first)["agent_request_id"], json.loads(asked.status())["reason"]) == (
        "foo",
        "insuf_verification",
    )
    assert {(each.path, each.headers["Content-Type"]) for each in asked.listener.taken} == {
        ("/status?of=1", "application/json")
    }


def test_what_was_sent_is_forgotten_and_logged_without_where_it_went(asked: Asked) -> None:
    asked.deny()
    asked.work()
    with asked.shop.workspace.room.database.read() as connection:
        assert list(connection.scalars(select(deliveries.c.content))) == [None, None]
        assert list(connection.scalars(select(rights_requests.c.status_callback))) == [None]
    bodies = [each["body"] for each in asked.shop.entries() if each["action"] == "delivery.sent"]
    assert [{**each, "delivery": ""} for each in bodies] == [
        {"delivery": "", "kind": "callback", "recipient": "AGENT", "about": f"callback:{asked.id}", "by": "callback"}
    ] * 2
    assert "status?of=1" not in json.dumps(asked.shop.entries())


def test_a_late_callback_tells_how_it_stands_now(asked: Asked) -> None:
    asked.deny()
    assert asked.work() == Counter(done=2)
    assert asked.taken() == [asked.status()] * 2


def test_a_change_while_it_is_sent_is_told_after_all(asked: Asked) -> None:
    answer = asked.listener.answer

    def late(out: Any) -> None:
        asked.listener.answer = answer
        asked.deny()
        answer(out)

    asked.listener.answer = late
    asked.hold_time()
    assert asked.work() == Counter(due=1, done=1)
    asked.again()
    assert asked.work() == Counter(done=1)
    assert (len(asked.taken()), set(asked.taken()[1:])) == (3, {asked.status()})


def test_what_changes_nothing_that_is_told_sends_nothing(asked: Asked) -> None:
    asked.work()
    pia = asked.shop.workspace.actor("pia")
    asked.shop.workspace.requests.challenge(asked.id, actor=pia)
    asked.shop.workspace.requests.challenge(asked.id, actor=pia)
    assert asked.work() == Counter(done=1)


def test_who_takes_a_request_back_is_told_so(asked: Asked) -> None:
    asked.work()
    asked.agent.send("DELETE", f"{REQUESTS}/{asked.id}", sealed(asked.agent.key, {"reason": "no"}))
    assert asked.work() == Counter(done=1)
    assert json.loads(asked.taken()[-1])["status"] == "revoked"


def test_a_request_without_a_callback_sends_none(register: Register, shop: Shop, listener: Listener) -> None:
    agent = register("AGENT", listener.place)
    made = [agent.exercise(status_callback=said) for said in (None, "")]
    assert [each.status_code for each in made] == [200, 200]
    assert Worker(desk_of(shop.workspace, listener)).run_until_idle() == Counter()


@pytest.mark.parametrize(
    "url",
    [
        *("http://callbacks.agent.example/", "https://evil.example/", "https://127.0.0.1/", "https://localhost/"),
        *(f"https://{NAME}:8443/", f"https://{NAME}@evil.example/", ["https://callbacks.agent.example/"]),
    ],
)
def test_a_callback_to_anywhere_else_is_refused_and_nothing_is_filed(register: Register, shop: Shop, url: Any) -> None:
    answer = register("AGENT", NAME).exercise(status_callback=url)

    assert (answer.status_code, shop.requests()) == (400, 0)
    assert answer.json() == {
        "code": "400",
        "message": f"The status_callback is not allowed; allowed is https://{NAME}/…. Leave it out and ask for the "
        "status, or have the host registered by the technical contact.",
    }


def test_without_a_registered_host_no_callback_is_allowed(register: Register, shop: Shop) -> None:
    answer = register("AGENT").exercise(status_callback=f"https://{NAME}/")
    assert (answer.status_code, shop.requests()) == (400, 0)
    assert answer.json()["message"].startswith("The status_callback is not allowed; allowed is none")


@pytest.mark.parametrize("end", ["revoke", "other host", "no host"])
def test_an_agent_that_may_not_be_told_any_more_is_not(asked: Asked, end: str) -> None:
    desk, pia = asked.shop.workspace.agents, asked.shop.workspace.actor("pia")
    if end == "revoke":
        desk.revoke("AGENT", actor=pia)
    else:
        desk.set_callback_host("AGENT", "other.example" if end == "other host" else None, actor=pia)

    assert asked.work() == Counter(done=1)
    assert (asked.taken(), asked.listener.looked_up) == ([], [])
    assert asked.shop.actions()[-1] == "delivery.stopped"
    with asked.shop.workspace.room.database.read() as connection:
        assert [each.state for each in outbox.about(connection, f"callback:{asked.id}")] == ["given-up"]


def test_one_that_is_never_answered_is_tried_as_often_as_mail_and_then_given_up(asked: Asked) -> None:
    asked.hold_time()
    asked.listener.answers("503 No\r\nContent-Length: 0")
    for _ in range(jobs.MOST_ATTEMPTS - 1):
        assert asked.work() == Counter(due=1)
        asked.again()
    assert asked.work() == Counter({"given-up": 1})

    (job,) = asked.shop.workspace.work.list(actor=asked.shop.workspace.actor("pia"))
    assert (job.kind, job.state, job.attempts, job.error) == ("delivery", "given-up", 20, "callback-refused")
    with asked.shop.workspace.room.database.read() as connection:
        (delivery,) = outbox.about(connection, f"callback:{asked.id}")
        assert (delivery.state, outbox.content_of(connection, delivery.id)) == ("given-up", None)
    assert len(asked.taken()) == 20


def test_the_next_attempt_waits_longer_each_time(asked: Asked) -> None:
    asked.hold_time()
    asked.listener.answers("503 No\r\nContent-Length: 0")
    asked.work()
    (job,) = asked.shop.workspace.work.list(actor=asked.shop.workspace.actor("pia"))
    assert job.due_at - asked.shop.workspace.room.clock() == 30 * jobs.SECOND
    assert asked.work() == Counter()


def test_by_itself_a_worker_reaches_no_host_of_this_machine(asked: Asked) -> None:
    asked.hold_time()
    ended = Worker(asked.shop.workspace.work).run_until_idle()
    (job,) = asked.shop.workspace.work.list(actor=asked.shop.workspace.actor("pia"))
    assert (ended, job.error, asked.taken()) == (Counter(due=1), "callback-unreachable", [])


def test_of_two_workers_that_send_the_same_one_settles_it(asked: Asked) -> None:
    answer, both = asked.listener.answer, threading.Barrier(2)

    def together(out: Any) -> None:
        both.wait(60)
        answer(out)

    asked.listener.answer = together
    desk = desk_of(asked.shop.workspace, asked.listener)
    ended: list[Any] = []

    def work() -> None:
        ended.append(desk.do_next("other"))

    first = threading.Thread(target=work)
    first.start()
    while not asked.listener.taken:
        assert first.is_alive()
    with asked.shop.workspace.room.database.write() as connection:
        connection.execute(update(job_rows).values(claimed_until=0))
    work()
    first.join()

    assert sorted(each.state for each in ended) == ["done", "lost"]
    assert asked.taken() == [asked.status()] * 2
    assert Counter(asked.shop.actions())["delivery.sent"] == 1


def test_of_two_requests_that_were_joined_each_is_told_of_its_own_changes(asked: Asked) -> None:
    other = asked.agent.exercise(status_callback=asked.listener.url).json()["request_id"]
    asked.work()
    asked.deny()
    asked.work()
    told = [json.loads(each) for each in asked.taken()]
    assert {(each["request_id"], each["status"]) for each in told} == {
        (asked.id, "in_progress"),
        (asked.id, "denied"),
        (other, "in_progress"),
    }
