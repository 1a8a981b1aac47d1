"""How many requests are let through: buckets, and what the server does with them."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from contextlib import ExitStack

import httpx
import pytest

from pellucid.consent.receipt import ConsentReceipt
from pellucid.settings import Settings
from pellucid.web import guard
from pellucid.web.limits import MOST_KEYS, Buckets
from tests.web.conftest import API, Client, Shop, until

CHOICE = {"subject": "h0001", "purpose": "offers", "verb": "withdraw"}


def test_a_bucket_empties_and_fills_again() -> None:
    time = [0.0]
    buckets = Buckets(rate=2.0, size=3.0, clock=lambda: time[0])

    assert [buckets.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert buckets.take("b") == 0.0
    time[0] = 0.5
    assert (buckets.wait("a"), buckets.take("a"), buckets.wait("a")) == (0.0, 0.0, 0.5)


def test_an_endless_row_of_keys_takes_no_endless_memory() -> None:
    buckets = Buckets(rate=1e-9, size=1.0)
    for number in range(MOST_KEYS + 500):
        buckets.take(str(number))

    assert len(buckets._held) <= MOST_KEYS


@pytest.mark.usefixtures("still")
class TestFewRequests:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_requests_per_second=0.5, serve_failures_per_minute=3, serve_misses_per_minute=2)

    def test_a_token_that_asks_too_often_has_to_wait(self, client: Client) -> None:
        answers = [client("consent:changes").get(f"{API}/changes") for _ in range(2)]

        assert [each.status_code for each in answers] == [200, 429]
        assert answers[1].headers["retry-after"] == "2"
        assert answers[1].json()["code"] == "too-many-requests"

    def test_one_token_does_not_use_up_the_other_s(self, client: Client) -> None:
        for scopes in (("consent:changes",), ("consent:changes", "consent:show")):
            assert client(*scopes).get(f"{API}/changes").status_code == 200

    def test_an_address_without_tokens_is_not_judged_for_long(self, client: Client) -> None:
        statuses = [client().get(f"{API}/changes").status_code for _ in range(5)]

        assert statuses == [401, 401, 401, 429, 429]
        assert client("consent:changes").get(f"{API}/changes").status_code == 200


@pytest.mark.usefixtures("still")
class TestFewMisses:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_misses_per_minute=2)

    def test_who_guesses_people_has_to_wait(self, client: Client) -> None:
        showing = client("consent:show")
        statuses = [
            showing.post(f"{API}/show", json={"subject": who}).status_code for who in ("x", "h0001", "y", "h0001")
        ]

        assert statuses == [404, 200, 404, 429]
        assert client("consent:write").post(API, json=CHOICE).status_code == 201  # another token's guesses are its own

    @pytest.mark.parametrize("verb", ["give", "refuse", "withdraw", "object", "opt_out", "limit", "restrict", "lift"])
    def test_recording_is_no_way_to_guess_people(self, client: Client, shop: Shop, verb: str) -> None:
        writing = client("consent:write", "consent:lift")
        body = {"purpose": None if verb in ("restrict", "lift") else "offers", "verb": verb}
        statuses = [writing.post(API, json={**body, "subject": who}).status_code for who in ("x", "y", "z", "h0001")]

        # Nobody's no waits for others' guesses: it is recorded, so a guess is seen by whom it hits.
        assert statuses == ([404, 404, 429, 429] if verb in ("give", "lift") else [404, 404, 404, 201])
        told = [entry["body"] for entry in shop.entries() if entry["action"] == "token.refused"]
        assert told == [{"reasons": ["subject-unknown"], "number": 1, "outcome": "refused"}]
        shop.workspace.tokens.refusals.flush_all()
        missed = 1 if verb in ("give", "lift") else 2
        assert (shop.actions()[-1], shop.entries()[-1]["body"]["number"]) == ("token.refused", missed)


class TestFewAtOnce:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_requests_at_once=64)

    def test_more_than_can_wait_are_told_to_retry(
        self, client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go_on, record = threading.Event(), type(shop.workspace.consent).record

        def slow(*given: object, **more: object) -> ConsentReceipt:
            go_on.wait(300)
            return record(*given, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(type(shop.workspace.consent), "record", slow)
        answers: list[httpx.Response] = []
        writing = client("consent:write")
        writing.get("/healthz")
        waiting = [threading.Thread(target=lambda: answers.append(writing.post(API, json=CHOICE))) for _ in range(80)]
        for each in waiting:
            each.start()
        try:
            until(lambda: len(answers) >= 80 - 64)  # the others wait until they may go on
            asking = client()
            until(lambda: asking.get("/healthz").status_code == 503)  # the last of them may still be on its way
        finally:
            go_on.set()
            for each in waiting:
                each.join()
        statuses = Counter(each.status_code for each in answers)
        assert statuses.keys() == {201, 503}
        assert 60 < statuses[201] <= 64  # a request before these may still have been under way


class TestSlowBodies:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_requests_at_once=64)

    def begin(self, client: Client, stack: ExitStack, number: int) -> list[socket.socket]:
        """Open connections that send the first byte of a body and stop."""
        url = client().base_url
        head = f"POST {API} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"
        opened = [stack.enter_context(socket.create_connection((url.host, url.port or 0), 60)) for _ in range(number)]
        for each in opened:
            each.sendall(head.encode())
        time.sleep(0.5)
        return opened

    def test_who_only_begins_to_send_takes_nobody_s_place(self, client: Client) -> None:
        with ExitStack() as stack:
            self.begin(client, stack, 80)

            assert client("consent:write").post(API, json=CHOICE).status_code == 201
            assert client().get("/healthz").status_code == 204

    def test_a_body_that_does_not_arrive_is_not_waited_for(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(guard, "BODY_SECONDS", 0.2)
        with ExitStack() as stack:
            for each in self.begin(client, stack, 3):
                told = b""
                while part := each.recv(4096):  # until it hangs up
                    told += part
                assert told.startswith(b"HTTP/1.1 408 ")
                assert b'"code": "body-too-slow"' in told
