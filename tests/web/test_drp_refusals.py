"""What agents may not do: forged, replayed, late, or another's: all refused in the same words."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from pellucid.errors import InputInvalid
from pellucid.records.rights_tables import agent_messages
from pellucid.rights.agent_message import AgentRefused
from pellucid.settings import Settings
from pellucid.workspace import Workspace
from tests.web.conftest import Client, Shop
from tests.web.drp_agents import PLAIN, REFUSED, REQUESTS, Agent, Register, sealed


@pytest.fixture
def settings() -> Settings:
    return Settings(serve_failures_per_minute=1e6)


def reasons(shop: Shop) -> list[str]:
    """Return why agents were refused, as the log tells it."""
    return [each["body"]["reasons"][0] for each in shop.entries() if each["action"] == "token.refused"]


def forged(agent: Agent) -> bytes:
    return sealed(Ed25519PrivateKey.generate(), agent.says(exercise="access"))


def altered(agent: Agent) -> bytes:
    text = json.dumps(agent.says(exercise="access")).encode()
    return b64encode(agent.key.sign(text) + text.replace(b"access", b"deletion"))


def of_another(agent: Agent) -> bytes:
    return sealed(agent.key, agent.says(exercise="access") | {"agent-id": "OTHER"})


def to_another(agent: Agent) -> bytes:
    return sealed(agent.key, agent.says(exercise="access") | {"business-id": "OTHER"})


def early(agent: Agent) -> bytes:
    return sealed(agent.key, agent.says(exercise="access") | {"issued-at": "2100-01-01T00:00:00Z"})


def expired(agent: Agent) -> bytes:
    return sealed(agent.key, agent.says(exercise="access") | {"expires-at": "2026-01-01T00:00:00+00:00"})


def undated(agent: Agent) -> bytes:
    return sealed(agent.key, agent.says(exercise="access") | {"expires-at": "2100-01-01T00:00:00"})


def twice(agent: Agent) -> bytes:
    text = json.dumps(agent.says(exercise="access")).encode().replace(b"{", b'{"exercise": "deletion", ', 1)
    return b64encode(agent.key.sign(text) + text)


def unsigned(agent: Agent) -> bytes:
    return b64encode(json.dumps(agent.says(exercise="access")).encode())


def raw(agent: Agent) -> bytes:
    return json.dumps(agent.says(exercise="access")).encode()


def deep(agent: Agent) -> bytes:
    text = b"[" * 20_000
    return b64encode(agent.key.sign(text) + text)


WRONG = {
    forged: "signature-wrong",
    altered: "signature-wrong",
    of_another: "agent-other",
    to_another: "business-other",
    early: "message-early",
    expired: "message-expired",
    undated: "message-undated",
    twice: "message-unreadable",
    unsigned: "signature-wrong",
    raw: "message-unreadable",
    deep: "message-unreadable",
    lambda agent: b"": "message-unreadable",
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda each: each.__name__)
def test_a_message_that_is_not_as_agreed_is_refused_in_the_same_words(
    register: Register, shop: Shop, wrong: Callable[[Agent], bytes]
) -> None:
    agent = register("AGENT")
    answer = agent.send("POST", REQUESTS, wrong(agent))

    assert (answer.status_code, answer.json(), shop.requests()) == (403, REFUSED, 0)
    assert reasons(shop) == [WRONG[wrong]]
    assert agent.exercise().status_code == 200


@pytest.mark.parametrize("wrong", WRONG, ids=lambda each: each.__name__)
def test_a_key_set_up_that_is_not_as_agreed_gives_no_token(
    register: Register, shop: Shop, wrong: Callable[[Agent], bytes]
) -> None:
    agent = register("AGENT")
    answer = agent.client.post(f"/v1/agent/{agent.id}", content=wrong(agent), headers=PLAIN)

    assert (answer.status_code, answer.content) == (403, b"")
    assert agent.exercise().status_code == 200  # its token holds


def test_a_message_of_one_agent_is_refused_from_another(register: Register, shop: Shop) -> None:
    first, second = register("FIRST"), register("SECOND")
    answer = second.send("POST", REQUESTS, sealed(first.key, first.says(exercise="access")))

    assert (answer.status_code, answer.json(), shop.requests()) == (403, REFUSED, 0)


def test_an_old_message_is_refused_although_it_was_taken(register: Register, shop: Shop) -> None:
    agent = register("AGENT")
    body = sealed(agent.key, agent.says(exercise="access", identifier="h0001"))
    assert agent.send("POST", REQUESTS, body).status_code == 200

    hour = shop.workspace.room.clock() + 3_600_000_000
    with Workspace(shop.folder, clock=lambda: hour) as later:
        with pytest.raises(AgentRefused, match=r"^This is not for you, or not sent as agreed\.$"):
            later.agents.exercise(agent.token, body)
        ahead = {"expires-at": "2100-01-01T00:00:00Z"}
        later.agents.exercise(agent.token, sealed(agent.key, agent.says(exercise="deletion") | ahead))
    with shop.workspace.room.database.read() as connection:  # what holds no longer is forgotten
        assert connection.scalar(select(func.count()).select_from(agent_messages)) == 1


def test_a_key_set_up_is_taken_once_and_ends_the_token_before(register: Register) -> None:
    agent = register("AGENT")
    body, old = sealed(agent.key, agent.says()), agent.token
    answers = [agent.client.post("/v1/agent/AGENT", content=body, headers=PLAIN) for _ in range(2)]
    agent.token = answers[0].json()["token"]

    assert [each.status_code for each in answers] == [200, 403]
    assert agent.exercise().status_code == 200
    agent.token = old
    assert (agent.exercise().status_code, agent.exercise().json()) == (403, REFUSED)


def test_a_message_that_exercises_a_right_gives_no_token(register: Register, shop: Shop) -> None:
    agent = register("AGENT")
    body = sealed(agent.key, agent.says(exercise="access"))
    answer = agent.client.post("/v1/agent/AGENT", content=body, headers=PLAIN)

    assert (answer.status_code, reasons(shop)) == (403, ["message-other"])


def test_a_request_of_another_is_refused_like_one_that_is_not_there(register: Register, shop: Shop) -> None:
    mine, other = register("MINE"), register("OTHER")
    request = mine.exercise().json()["request_id"]
    staffs = shop.workspace.requests.file("access", "h0001", actor=shop.workspace.actor("pia")).request.id
    told = [
        (answer.status_code, answer.json())
        for each in (request, staffs, "r0123456789ab", "x")
        for answer in (
            other.send("GET", f"{REQUESTS}/{each}"),
            other.send("DELETE", f"{REQUESTS}/{each}", sealed(other.key, {})),
        )
    ]

    assert told == [(403, REFUSED)] * 8
    assert mine.send("GET", f"{REQUESTS}/{request}").json()["status"] == "in_progress"


@pytest.mark.parametrize("said", [{"reason": "no", "exercise": "deletion"}, [], "no"])
def test_taking_back_takes_a_message_of_its_own_kind(register: Register, said: Any) -> None:
    agent = register("AGENT")
    at = f"{REQUESTS}/{agent.exercise().json()['request_id']}"
    answers = [agent.send("DELETE", at, sealed(agent.key, said)), agent.send("DELETE", at, forged(agent))]

    assert [(each.status_code, each.json()) for each in answers] == [(403, REFUSED)] * 2
    assert agent.send("GET", at).json()["status"] == "in_progress"


def test_a_token_of_another_agent_or_of_none_is_refused(register: Register) -> None:
    agent, other = register("AGENT"), register("OTHER")
    assert other.send("GET", "/v1/agent/AGENT").json() == REFUSED
    agent.token = ""
    assert (agent.send("GET", "/v1/agent/AGENT").json(), agent.exercise().json()) == (REFUSED, REFUSED)


def test_a_revoked_agent_is_let_in_no_more_and_its_requests_go_on(register: Register, shop: Shop) -> None:
    agent, pia = register("AGENT"), shop.workspace.actor("pia")
    request = agent.exercise().json()["request_id"]
    shop.workspace.agents.revoke("AGENT", actor=pia)

    assert (agent.exercise().status_code, agent.set_up().status_code) == (403, 403)
    assert shop.workspace.requests.show(request, actor=pia).request.state == "in_progress"
    with pytest.raises(InputInvalid, match=r"^The agent AGENT is registered, or was\.$"):
        shop.workspace.agents.add("AGENT", "x", bytes(32), actor=pia)


@pytest.mark.usefixtures("still")
class TestFewFailures:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_failures_per_minute=3)

    def test_who_tries_too_often_has_to_wait(self, register: Register) -> None:
        agent = register("AGENT")
        answers = [agent.send("POST", REQUESTS, forged(agent)) for _ in range(4)]

        assert [each.status_code for each in answers] == [403, 403, 403, 429]
        assert (answers[-1].json()["code"], int(answers[-1].headers["retry-after"]) > 0) == ("429", True)


@pytest.mark.usefixtures("still")
class TestBehindAProxy:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_failures_per_minute=2, serve_proxies=("127.0.0.1",))

    def test_who_is_refused_too_often_makes_no_other_agent_wait(self, client: Client) -> None:
        def status(address: str) -> int:
            shown = {"Authorization": "Bearer none", "X-Forwarded-For": address}
            return client().get("/v1/agent/NOBODY", headers=shown).status_code

        assert [status("192.0.2.1") for _ in range(3)] == [403, 403, 429]
        assert status("192.0.2.2") == 403
