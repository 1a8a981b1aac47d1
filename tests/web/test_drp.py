"""The Data Rights Protocol as agents use it: each for itself; and nothing tells who is known."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from pellucid.records.rights_tables import agents
from pellucid.settings import Settings
from tests.web.conftest import Client, Shop, bearer
from tests.web.drp_agents import BUSINESS, PLAIN, REQUESTS, Agent, Register, sealed


@pytest.fixture
def settings() -> Settings:
    return Settings(serve_failures_per_minute=1e6)


def test_an_agent_files_follows_and_takes_back(register: Register, shop: Shop) -> None:
    agent = register("AGENT")
    made = agent.exercise("deletion", **{"agent-request-id": "foo"})
    told = made.json()
    held = shop.workspace.requests.show(told["request_id"], actor=shop.workspace.actor("pia"))

    assert (made.status_code, told["status"], told["agent_request_id"]) == (200, "in_progress", "foo")
    assert told.keys() == {
        *("request_id", "received_at", "expected_by", "processing_details", "status", "agent_request_id")
    }
    assert (held.key, held.request.right, held.request.by_whom, held.request.proof) == (
        "h0001",
        "erasure",
        "agent",
        "AGENT",
    )
    assert (held.request.verification, held.request.verified_strength) == ("none", 0)
    at = f"{REQUESTS}/{told['request_id']}"
    assert agent.send("GET", at).json() == told
    back = agent.send("DELETE", at, sealed(agent.key, {"reason": "I do not want it any more"}))
    assert (back.status_code, back.json()["status"]) == (200, "revoked")
    assert agent.send("GET", f"/v1/agent/{agent.id}").json() == {}


@pytest.mark.parametrize(
    ("exercise", "right"),
    [
        ("access", "access"),
        ("access:categories", "access"),
        ("access:specific", "access"),
        ("deletion", "erasure"),
        ("sale:opt-out", "opt-out"),
    ],
)
def test_every_answer_is_the_same_whether_the_person_is_known(
    register: Register, shop: Shop, exercise: str, right: str
) -> None:
    agent = register("AGENT")
    answers = [agent.exercise(exercise, identifier=who) for who in ("h0001", "nobody")]
    held = [
        shop.workspace.requests.show(each.json()["request_id"], actor=shop.workspace.actor("pia")) for each in answers
    ]

    texts = [re.sub(r"r[0-9a-f]{12}|\d{4}-\d\d-\d\dT[^\"]*", "*", each.text) for each in answers]
    assert texts[0] == texts[1]
    assert [each.request.right for each in held] == [right, right]
    assert [(each.key, each.request.subject is None) for each in held] == [("h0001", False), ("nobody", True)]


@pytest.mark.parametrize(
    ("claims", "known"),
    [
        ({"identifier": "h0001"}, True),
        ({"identifier": "", "email": "h0001", "email_verified": True}, True),
        ({"identifier": "", "email": "h0001"}, False),
        ({"identifier": "", "phone_number": "h0001", "phone_number_verified": "yes"}, False),
        (
            {"identifier": "h0002", "email": "h0001", "email_verified": True},
            False,
        ),  # two people: which is for the staff
        ({"identifier": ["h0001"], "address": {"country": "\ud800"}}, False),
        ({"identifier": "h0001\x00", "name": "\ud800"}, False),
    ],
)
def test_only_what_is_exactly_one_persons_key_finds_them(
    register: Register, shop: Shop, claims: dict[str, Any], known: bool
) -> None:
    request = register("AGENT").exercise(**claims).json()["request_id"]
    held = shop.workspace.requests.show(request, actor=shop.workspace.actor("pia"))

    assert (held.request.subject is not None) is known


def test_the_same_message_again_is_the_same_request(register: Register, shop: Shop) -> None:
    agent = register("AGENT")
    body = sealed(agent.key, agent.says(exercise="access", identifier="h0001"))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: agent.send("POST", REQUESTS, body), range(8)))

    assert len({each.text for each in answers}) == 1
    assert (answers[0].status_code, shop.requests()) == (200, 1)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"exercise": "sale:opt-in"}, "Unsupported rights actions submitted."),
        ({"exercise": ["access"]}, "Unsupported rights actions submitted."),
        ({"regime": "gdpr"}, "Unsupported regime submitted."),
        ({"drp.version": "0.9"}, "This version of the protocol is not supported."),
        ({"agent-request-id": "x" * 201}, "The agent-request-id is no short text."),
    ],
)
def test_what_is_not_supported_is_said_and_not_filed(
    register: Register, shop: Shop, more: dict[str, Any], message: str
) -> None:
    agent = register("AGENT")
    answer = agent.send("POST", REQUESTS, sealed(agent.key, agent.says(exercise="access") | more))

    assert (answer.status_code, answer.json()["code"], shop.requests()) == (400, "400", 0)
    assert answer.json()["message"].startswith(message)


@pytest.mark.parametrize("why", ["no_match", "suspected_fraud", "insuf_verification"])
def test_a_denial_does_not_tell_whether_the_person_is_known(register: Register, shop: Shop, why: str) -> None:
    agent = register("AGENT")
    request = agent.exercise().json()["request_id"]
    shop.workspace.requests.deny(request, why=why, actor=shop.workspace.actor("pia"))
    told = agent.send("GET", f"{REQUESTS}/{request}").json()

    assert (told["status"], told["reason"]) == ("denied", "insuf_verification")


def test_who_has_to_show_who_they_are_is_told_in_words(register: Register, shop: Shop) -> None:
    agent, pia = register("AGENT"), shop.workspace.actor("pia")
    request = agent.exercise().json()["request_id"]
    shop.workspace.requests.challenge(request, actor=pia)
    told = agent.send("GET", f"{REQUESTS}/{request}").json()

    assert (told["status"], "reason" in told) == ("in_progress", False)
    assert (
        told["processing_details"] == "If a contact of the person is held, they are asked there to show who they are."
    )


def test_the_token_is_kept_as_a_keyed_hash(register: Register, shop: Shop) -> None:
    agent = register("AGENT")
    with shop.workspace.room.database.read() as connection:
        row = connection.execute(select(agents)).one()

    assert (len(row.token), agent.token.encode() in bytes(row.token)) == (32, False)
    assert agent.token not in json.dumps(shop.entries())


@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_a_message_is_plain_text(register: Register, kind: str) -> None:
    agent = register("AGENT")
    body = sealed(agent.key, agent.says(exercise="access"))
    headers = bearer(agent.token) | {"Content-Type": kind}

    assert agent.client.post(REQUESTS, content=body, headers=headers).status_code == 415


class TestAnotherName:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(drp_business_id="GROCER")

    def test_a_business_may_be_known_by_another_name(self, client: Client, shop: Shop) -> None:
        agent = Agent("AGENT", client())
        public = agent.key.public_key().public_bytes_raw()
        shop.workspace.agents.add("AGENT", "An agent", public, actor=shop.workspace.actor("pia"))
        answers = [
            agent.client.post(
                "/v1/agent/AGENT", content=sealed(agent.key, agent.says() | {"business-id": name}), headers=PLAIN
            )
            for name in (BUSINESS, "GROCER")
        ]

        assert [each.status_code for each in answers] == [403, 200]


@pytest.mark.slow
def test_the_command_line_registers_lists_and_revokes(shop: Shop, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()) + b"\n")

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        whole = [sys.executable, "-m", "pellucid", "-w", str(shop.folder), "--as", "pia", "agents", *words]
        return subprocess.run(whole, capture_output=True, text=True)

    assert command("add", "An agent", "--id", "AGENT", "--key", str(key)).stdout == (
        "Registered the agent AGENT: An agent.\n"
    )
    assert command("list").stdout.split()[-1] == "pia"
    assert command("callback", "AGENT", "--host", "Agent.example:443").stdout == (
        "Callbacks of the agent AGENT go to agent.example.\n"
    )
    assert command("callback", "AGENT", "--none").stdout == "Callbacks of the agent AGENT are not sent.\n"
    assert [command("callback", "AGENT", *words).returncode for words in ([], ["--host", "127.0.0.1"])] == [2, 2]
    more = ("--id", "TOLD", "--key", str(key), "--callback-host", "agent.example:8443")
    assert command("add", "Another", *more).returncode == 0
    places = ("none", "agent.example:8443")
    assert [word for word in command("list").stdout.split() if word in places] == [*places]
    assert command("revoke", "AGENT").stdout == "Revoked the agent AGENT.\n"
    assert "revoked" in command("list").stdout
    key.write_text("no key")
    assert command("add", "An agent", "--id", "OTHER", "--key", str(key)).returncode == 2
