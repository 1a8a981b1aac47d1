"""A request with an idempotency key has one effect, whoever repeats it, and whatever happened in between."""

from __future__ import annotations

import signal
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import httpx
import pytest
from sqlalchemy import func, select

from pellucid.consent.leases import take_lease
from pellucid.errors import InputInvalid
from pellucid.governance.replies import KEPT_FOR, KeyedRequest, Replies, Reply
from pellucid.records.tables import api_replies
from pellucid.web.api.words import instant_of
from pellucid.workspace import Workspace, wall_clock
from tests.web.conftest import API, Client, Shop, Start, bearer, recorded, serving

CHOICE = {"subject": "h0001", "purpose": "offers", "verb": "withdraw"}


def post(client: httpx.Client, key: str, **more: object) -> httpx.Response:
    return client.post(API, json={**CHOICE, **more}, headers={"Idempotency-Key": key})


def kept(shop: Shop) -> int:
    with shop.workspace.room.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(api_replies)) or 0


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


def test_a_repeated_request_gets_the_same_reply_and_records_nothing(client: Client, shop: Shop, key: str) -> None:
    writing = client("consent:write")
    first, second = post(writing, key), post(writing, key)

    assert (second.status_code, recorded(second)) == (201, recorded(first))
    assert list(second.json()) == list(first.json())
    assert ["idempotent-replayed" in each.headers for each in (first, second)] == [False, True]
    assert shop.said("h0001") == ["withdraw"]


def test_another_request_with_the_same_key_is_refused(client: Client, shop: Shop, key: str) -> None:
    writing = client("consent:write")
    post(writing, key)
    answer = post(writing, key, subject="h0002")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-other-request")
    assert shop.said("h0002") == []


def test_keys_of_two_tokens_are_apart(client: Client, shop: Shop, key: str) -> None:
    for scopes in (("consent:write",), ("consent:write", "consent:show")):
        assert post(client(*scopes), key).status_code == 201

    assert shop.said("h0001") == ["withdraw", "withdraw"]


def test_a_refusal_is_judged_anew(client: Client, key: str) -> None:
    writing = client("consent:write")
    answers = [post(writing, key, subject=subject) for subject in ("nobody", "nobody", "h0001")]

    assert [each.status_code for each in answers] == [404, 404, 201]


def test_many_threads_with_one_key_record_once(client: Client, shop: Shop, key: str) -> None:
    clients = [client("consent:write") for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda each: post(each, key), clients))

    leaves = {recorded(each)["leaf"] for each in answers if each.status_code == 201}
    others = {each.json()["code"] for each in answers if each.status_code != 201}
    assert len(leaves) == 1
    assert others <= {"idempotency-in-progress"}
    assert shop.said("h0001") == ["withdraw"]


def test_while_a_request_is_answered_its_key_is_taken(shop: Shop) -> None:
    replies, begun, go_on = shop.workspace.tokens.replies, threading.Event(), threading.Event()
    asked = KeyedRequest.of("t", "key", b"request")

    def work() -> str:
        begun.set()
        go_on.wait(60)
        return "done"

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(replies.once, asked, work, str)
        begun.wait(60)
        with pytest.raises(InputInvalid, match=r"^A request with this idempotency key is being answered\.$"):
            replies.once(asked, work, str)
        go_on.set()
        assert first.result() == "done"


def test_two_servers_with_one_key_at_once_record_once(shop: Shop, key: str) -> None:
    """Both find no answer and begin; all that goes with the one who comes second is recorded nevertheless."""
    replies = [Replies(shop.workspace.room.database, wall_clock) for _ in range(2)]
    asked, pia = KeyedRequest.of("t", key, b"request"), shop.workspace.actor("pia")
    both_began, told = threading.Barrier(3), []

    def work(server: int) -> str:
        beside = replies[server].beside(asked, lambda receipts: Reply(201, str(receipts[0].log.leaf).encode()))
        both_began.wait(60)
        shop.workspace.consent.record("withdraw", "h0001", purpose="offers", actor=pia, beside=beside)
        return "recorded"

    def ask(server: int) -> None:
        told.append(replies[server].once(asked, lambda: work(server), lambda reply: reply.body.decode()))

    recorder = shop.workspace.room.recorder
    with ThreadPoolExecutor(3) as threads:
        with shop.workspace.room.database.write():  # so that all three share a transaction
            asking = [threads.submit(ask, server) for server in range(2)]
            both_began.wait(60)
            other = threads.submit(shop.workspace.consent.record, "refuse", "h0002", purpose="offers", actor=pia)
            while len(recorder._waiting) < 3:
                threading.Event().wait(0.001)
        for each in asking:
            each.result(60)
        other.result(60)

    leaf = next(n for n, entry in enumerate(shop.entries()) if entry["action"] == "consent.withdraw")
    assert sorted(told) == [str(leaf), "recorded"]
    assert (shop.said("h0001"), shop.said("h0002"), kept(shop)) == (["withdraw"], ["refuse"], 1)


def test_an_answer_given_again_waits_for_the_questions_that_the_first_waited_for(shop: Shop, key: str) -> None:
    secret, seconds = shop.token("consent:write"), 1.5
    headers = {**bearer(secret), "Idempotency-Key": key}
    with serving(shop.workspace) as address:
        httpx.post(address + API, json=CHOICE, headers=headers, timeout=60)
        with shop.workspace.room.database.write() as connection:
            take_lease(connection, "offers", began := wall_clock(), seconds)
        answer = httpx.post(address + API, json=CHOICE, headers=headers, timeout=60)

    at = instant_of(datetime.fromisoformat(answer.json()["acknowledged_at"]))
    assert at - began >= seconds * 1_000_000


def test_a_reply_outlives_the_server(shop: Shop, key: str) -> None:
    secret = shop.token("consent:write")
    answers = []
    for _ in range(2):
        with Workspace(shop.folder) as workspace, serving(workspace) as address:
            answers.append(
                httpx.post(address + API, json=CHOICE, headers={**bearer(secret), "Idempotency-Key": key}, timeout=60)
            )

    assert [each.status_code for each in answers] == [201, 201]
    assert recorded(answers[0]) == recorded(answers[1])
    assert shop.said("h0001") == ["withdraw"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "there"),
    [
        ("consent.said", 0),
        ("consent.sets-changed", 0),
        ("consent.before-commit", 0),
        ("consent.after-commit", 1),
        ("consent.acknowledged", 1),
    ],
)
@pytest.mark.promise("whole", "kill -9 at each named point of consent, release, import, checkpoint and activation")
def test_what_a_killed_server_recorded_under_a_key_is_told_and_else_recorded_once(
    shop: Shop, start: Start, key: str, point: str, there: int
) -> None:
    sent = {**bearer(shop.token("consent:write")), "Idempotency-Key": key}
    dying = start(PELLUCID_FAILPOINT=point)
    with pytest.raises(httpx.TransportError):
        httpx.post(dying.address + API, json=CHOICE, headers=sent, timeout=60)
    assert dying.process.wait(60) == -signal.SIGKILL

    assert (shop.said("h0001"), kept(shop)) == (["withdraw"] * there, there)

    again = start()
    answers = [httpx.post(again.address + API, json=CHOICE, headers=sent, timeout=60) for _ in range(2)]

    assert [each.status_code for each in answers] == [201, 201]
    assert ["idempotent-replayed" in each.headers for each in answers] == [bool(there), True]
    assert recorded(answers[0]) == recorded(answers[1])
    assert shop.entries()[recorded(answers[0])["leaf"]]["action"] == "consent.withdraw"
    assert (shop.said("h0001"), kept(shop)) == (["withdraw"], 1)


def test_replies_are_forgotten_after_a_day(shop: Shop, key: str) -> None:
    time = [1_000_000]
    replies = Replies(shop.workspace.room.database, lambda: time[0])
    keep = replies.beside(KeyedRequest.of("t", key, b"a"), lambda _: Reply(201, b"1"))
    with shop.workspace.room.database.write() as connection:
        keep(connection, ())
    left = []
    for passed in (KEPT_FOR, 1):
        time[0] += passed
        replies.forget()
        left.append(kept(shop))

    assert left == [1, 0]


def test_a_key_is_kept_as_a_hash(client: Client, shop: Shop) -> None:
    post(client("consent:write"), "alice@example.com")

    with shop.workspace.room.database.read() as connection:
        assert [len(each) for each in connection.scalars(select(api_replies.c.key))] == [64]


@pytest.mark.parametrize("wrong", ["short", "x" * 256, "with a space"])
def test_what_is_no_key_is_refused(client: Client, wrong: str) -> None:
    assert post(client("consent:write"), wrong).status_code == 422
