"""People's requests over HTTP: one program's are no other's, and nothing tells who is known."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from pellucid.errors import NotPermitted
from pellucid.records.rights_tables import identity_challenges
from pellucid.rights.challenges import CODE, challenge_key, secret_of
from pellucid.rights.status import DEALT_WITH
from pellucid.settings import Settings
from pellucid.subjects.keys import load_or_create_key
from pellucid.workspace.room import PSEUDONYM_KEY
from tests.web.conftest import Client, Shop

API = "/api/v1/requests"
ALL = ("request:file", "request:read", "request:verify")
ACCESS = {"subject": "h0001", "right": "access"}
ASKED = "If we hold a contact of the person, a code or link is on its way to it. It holds for ten minutes."


def filed(client: httpx.Client, **more: Any) -> str:
    return str(client.post(API, json={**ACCESS, **more}).json()["request_id"])


def plain(answer: httpx.Response) -> tuple[int, str, list[str]]:
    """Return an answer but for what differs each time: its id and instants."""
    text = re.sub(r"r[0-9a-f]{12}|\d{4}-\d\d-\d\dT[^\"]*", "*", answer.text)
    return answer.status_code, text, sorted(set(answer.headers) - {"date"})


def pia(shop: Shop) -> Any:
    return shop.workspace.actor("pia")


def test_a_request_is_filed_acknowledged_and_followed(client: Client, shop: Shop) -> None:
    program = client(*ALL)
    made = program.post(API, json=ACCESS)
    told = made.json()

    assert (made.status_code, told["right"], told["status"], told["reason"]) == (201, "access", "in_progress", "")
    assert (told["answer"], told["closed_at"]) == ("We work on what you asked.", None)
    assert program.get(f"{API}/{told['request_id']}").json() == told
    assert shop.actions()[-2:] == ["request.filed", "request.acknowledged"]
    assert shop.workspace.requests.show(told["request_id"], actor=pia(shop)).key == "h0001"


@pytest.mark.parametrize("right", ["access", "erasure", "opt-out", "rectification", "human-review"])
def test_every_answer_is_the_same_whether_the_person_is_known(client: Client, shop: Shop, right: str) -> None:
    program, told = client(*ALL), []
    for subject in ("h0001", "nobody"):
        made = program.post(API, json={"subject": subject, "right": right, "changes": [{"statement": "It is not so."}]})
        at = f"{API}/{made.json()['request_id']}"
        steps = [
            made,
            program.get(at),
            program.post(f"{at}/challenge", json={}),
            program.get(at),
            program.post(f"{at}/answer", json={"answer": "00000000"}),
            program.delete(at),
            program.delete(at),
            program.post(f"{at}/challenge", json={}),
        ]
        told.append([plain(each) for each in steps])

    asking = 409 if right == "opt-out" else 200
    assert told[0] == told[1]
    assert [status for status, *_ in told[0]] == [201, 200, asking, 200, 403, 200, 200, 409]


def test_whoever_made_a_programs_token_does_not_approve_what_it_filed(client: Client, shop: Shop) -> None:
    erasure = filed(client(*ALL), right="erasure")
    desk, omar = shop.workspace.requests, shop.workspace.actor("omar")
    desk.verify(erasure, evidence="file 7", actor=omar)
    message = f"'till-0' filed the request {erasure}, and one person stands behind 'till-0' and 'pia'"
    with pytest.raises(NotPermitted, match=message):
        desk.approve(erasure, actor=pia(shop))
    assert shop.entries()[-1]["body"] == {"action": "request-approve", "reasons": ["request-own"], "outcome": "refused"}

    assert desk.approve(erasure, actor=omar).missing == ()


def test_whoever_made_a_programs_token_does_not_review_what_it_filed(client: Client, shop: Shop) -> None:
    review = filed(client(*ALL), right="human-review")
    desk, remedies, omar = shop.workspace.requests, shop.workspace.remedies, shop.workspace.actor("omar")
    desk.verify(review, evidence="file 7", actor=omar)
    desk.approve(review, actor=omar)
    with pytest.raises(NotPermitted, match="one person stands behind 'till-0' and 'pia'"):
        remedies.review(review, "upheld", reasons="It is right.", actor=pia(shop))

    remedies.review(review, "upheld", reasons="It is right.", actor=omar)
    assert shop.actions()[-1] == "request.decided"


@pytest.mark.parametrize("why", ["no_match", "suspected_fraud", "insuf_verification"])
def test_a_denial_does_not_tell_whether_the_person_is_known(client: Client, shop: Shop, why: str) -> None:
    program = client(*ALL)
    request = filed(program)
    shop.workspace.requests.deny(request, why=why, actor=pia(shop))
    told = program.get(f"{API}/{request}").json()

    assert (told["status"], told["reason"]) == ("denied", "insuf_verification")
    assert told["answer"] == "We could not do what you asked, since we could not make sure who asks."


def test_other_denials_are_told_to_who_showed_who_they_are(client: Client, shop: Shop) -> None:
    program = client(*ALL)
    request = filed(program)
    shop.workspace.requests.verify(request, evidence="file 7", actor=pia(shop))
    shop.workspace.requests.deny(request, why="claim_not_covered", actor=pia(shop))

    assert program.get(f"{API}/{request}").json()["reason"] == "claim_not_covered"


def test_the_end_of_what_needs_no_proof_does_not_tell_whether_somebody_is_known(client: Client, shop: Shop) -> None:
    program, desk, told = client(*ALL), shop.workspace.requests, []
    known, nobody, refused = (filed(program, right="opt-out", subject=each) for each in ("h0001", "nobody", "h0002"))
    desk.carry_out(known, actor=pia(shop))
    desk.deny(nobody, why="no_match", actor=pia(shop))
    desk.deny(refused, why="outside_jurisdiction", actor=pia(shop))
    for each in (known, nobody, refused):
        at = f"{API}/{each}"
        steps = [program.get(at), program.delete(at), program.post(f"{at}/challenge", json={}), program.get(at)]
        told.append([plain(step) for step in steps])

    assert (told[0], told[1]) == (told[1], told[2])
    assert [status for status, *_ in told[0]] == [200, 409, 409, 200]
    assert program.get(f"{API}/{known}").json()["answer"] == DEALT_WITH


def test_a_duplicate_is_told_like_the_first(client: Client) -> None:
    program = client(*ALL)
    answers = [plain(program.post(API, json=ACCESS)) for _ in range(2)]

    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "/challenge", {}),
        ("POST", "/answer", {"answer": "12345678"}),
    ],
)
def test_a_request_of_another_is_answered_like_one_that_is_not_there(
    client: Client, shop: Shop, method: str, path: str, body: Any
) -> None:
    mine, other = client(*ALL), client(*ALL, "consent:show")
    staffs = shop.workspace.requests.file("access", "h0001", actor=pia(shop)).request.id
    before = shop.workspace.requests.show(request := filed(mine), actor=pia(shop)).request
    answers = [
        plain(other.request(method, f"{API}/{each}{path}", json=body)) for each in (request, staffs, "r0123456789ab")
    ]

    assert [status for status, *_ in answers] == [404, 404, 404]
    assert answers[0] == answers[1] == answers[2]
    assert shop.workspace.requests.show(request, actor=pia(shop)).request == before


def test_a_new_token_of_the_same_program_goes_on(client: Client, shop: Shop) -> None:
    first = shop.workspace.tokens.create("web", ALL, actor=pia(shop))
    request = filed(client(secret=first.secret))
    shop.workspace.tokens.revoke(first.token.id, actor=pia(shop))
    second = shop.workspace.tokens.create("web", ALL, actor=pia(shop))

    assert client(secret=second.secret).get(f"{API}/{request}").status_code == 200


def test_a_member_of_the_staff_of_the_same_name_is_somebody_else(client: Client, shop: Shop) -> None:
    staffs = shop.workspace.requests.file("access", "h0001", actor=pia(shop)).request.id
    secret = shop.workspace.tokens.create("pia", ALL, actor=pia(shop)).secret

    assert client(secret=secret).get(f"{API}/{staffs}").status_code == 404


def code_of(shop: Shop, request: str) -> str:
    """Return the code of the newest challenge, as the worker would send it, and note that it was sent."""
    key = challenge_key(load_or_create_key(shop.folder / "keys" / PSEUDONYM_KEY))
    table = identity_challenges
    with shop.workspace.room.database.write() as connection:
        newest = select(table.c.id).where(table.c.request == request).order_by(table.c.made_at.desc()).limit(1)
        id = connection.scalar(newest)
        values = {"sent_at": shop.workspace.room.clock(), "contact": b"mailbox"}
        connection.execute(update(table).where(table.c.id == id).values(values))
    return secret_of(key, str(id), CODE)


def test_who_gives_what_was_sent_is_known(client: Client, shop: Shop) -> None:
    program = client(*ALL)
    at = f"{API}/{(request := filed(program))}"
    asked = program.post(f"{at}/challenge", json={"kind": "code"})
    waits = program.get(at).json()["reason"]
    shown = program.post(f"{at}/answer", json={"answer": code_of(shop, request)})

    assert (asked.json(), waits) == ({"told": ASKED}, "need_user_verification")
    assert (shown.status_code, shown.json()["reason"]) == (200, "")
    assert shop.workspace.requests.show(request, actor=pia(shop)).request.verified_strength == 1


def test_a_code_of_another_request_shows_nothing(client: Client, shop: Shop) -> None:
    program = client(*ALL)
    first, second = filed(program), filed(program, right="portability")
    for each in (first, second):
        program.post(f"{API}/{each}/challenge", json={})
    answer = program.post(f"{API}/{second}/answer", json={"answer": code_of(shop, first)})

    assert (answer.status_code, answer.json()["code"]) == (403, "identity-not-shown")


def test_more_codes_than_a_day_has_are_refused(client: Client) -> None:
    program = client(*ALL)
    at = f"{API}/{filed(program)}/challenge"
    answers = [program.post(at, json={}) for _ in range(7)]

    assert [each.status_code for each in answers] == [200] * 6 + [429]
    assert (answers[-1].json()["code"], answers[-1].headers["retry-after"]) == ("challenges-too-many", "3600")


def test_a_link_needs_an_address_of_the_site(client: Client) -> None:
    program = client(*ALL)
    answer = program.post(f"{API}/{filed(program)}/challenge", json={"kind": "link"})

    assert (answer.status_code, answer.json()["code"]) == (422, "challenge-kind")


def test_a_repeated_request_files_once(client: Client, shop: Shop) -> None:
    program, headers = client(*ALL), {"Idempotency-Key": "0123456789"}
    first, second = (program.post(API, json=ACCESS, headers=headers) for _ in range(2))
    other = program.post(API, json={**ACCESS, "right": "limit"}, headers=headers)

    assert (first.json(), first.status_code) == (second.json(), second.status_code)
    assert ["idempotent-replayed" in each.headers for each in (first, second)] == [False, True]
    assert (other.status_code, other.json()["code"], shop.requests()) == (422, "idempotency-other-request", 1)


def test_many_threads_with_one_key_file_once(client: Client, shop: Shop) -> None:
    program, headers = client(*ALL), {"Idempotency-Key": "0123456789"}
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: program.post(API, json=ACCESS, headers=headers), range(8)))

    assert ({each.status_code for each in answers} <= {201, 409}, shop.requests()) == (True, 1)


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"right": "approval"}, 422, "request-invalid"),
        ({"right": "rectification"}, 422, "request-empty"),
        ({"by": "guardian"}, 422, "proof-missing"),
        ({"purposes": ["elsewhere"]}, 404, "name-unknown"),
        ({"namespace": "elsewhere"}, 404, "name-unknown"),
        ({"received_at": "2100-01-01T00:00:00Z"}, 422, "request-received"),
        ({"changes": [{"dataset": "purchases"}]}, 422, "request-invalid"),
        ({"changes": [{"statement": "canary", "row": {"week": "1"}}]}, 422, "request-invalid"),
    ],
)
def test_what_cannot_be_filed_is_refused_alike(
    client: Client, shop: Shop, more: dict[str, Any], status: int, code: str
) -> None:
    answers = [client(*ALL).post(API, json={**ACCESS, "subject": who, **more}) for who in ("h0001", "nobody")]

    assert (answers[0].status_code, answers[0].json()["code"]) == (status, code)
    now = r"(\d{4}-\d\d-\d\d.)?\d\d:\d\d:\d\d"  # it tells what time it is
    one, other = (re.sub(now, "", str(plain(each))) for each in answers)
    assert (one, "canary" in answers[0].text, shop.requests()) == (other, False, 0)


def test_a_correction_is_kept_as_it_was_sent(client: Client, shop: Shop) -> None:
    changes = [
        {"dataset": "purchases", "column": "product_id", "value": None, "row": {"week": "1"}},
        {"statement": "It is not so."},
    ]
    request = filed(client(*ALL), right="rectification", changes=changes)

    assert shop.workspace.requests.show(request, actor=pia(shop)).request.asked == {"changes": changes}


@pytest.mark.usefixtures("still")
class TestFewMisses:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_misses_per_minute=2)

    def test_who_guesses_ids_has_to_wait(self, client: Client, shop: Shop) -> None:
        program = client(*ALL)
        own = filed(program)
        statuses = [program.get(f"{API}/{each}").status_code for each in ("r0123456789ab", own, "rffffffffffff", own)]

        assert statuses == [404, 200, 404, 429]
        assert [each["body"]["reasons"] for each in shop.entries() if each["action"] == "token.refused"] == [
            ["request-unknown"]
        ]

    def test_who_guesses_codes_has_to_wait(self, client: Client) -> None:
        program = client(*ALL)
        at = f"{API}/{filed(program)}"
        program.post(f"{at}/challenge", json={})
        answers = [program.post(f"{at}/answer", json={"answer": "00000000"}) for _ in range(3)]

        assert [each.status_code for each in answers] == [403, 403, 429]
