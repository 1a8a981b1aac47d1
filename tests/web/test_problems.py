"""Every refusal is problem+json with a code and a remedy, and neither it nor the log quotes what was sent."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from pellucid.errors import NameUnknown, PellucidError
from pellucid.web import kinds
from pellucid.web.api.body import _depth
from pellucid.web.errors import STATUS_BY_CODE, STATUS_BY_KIND, problem_of
from pellucid.web.logs import LOGGER, JsonLines
from tests.web.conftest import API, Client, Shop, Start, bearer

CANARY = "canary-7f3a@example.com"
CHOICE = {"subject": "h0001", "purpose": "offers", "verb": "withdraw"}
MEMBERS = {"type", "title", "status", "detail", "code", "remedy"}


def raw(client: httpx.Client, body: bytes, kind: str = "application/json") -> httpx.Response:
    return client.post(API, content=body, headers={"Content-Type": kind})


BAD_BODIES = {
    "nothing": (b"", 422, "request-invalid"),
    "no JSON": (b"{" + CANARY.encode(), 400, "json-invalid"),
    "no UTF-8": (b'{"subject": "\xff' + CANARY.encode() + b'"}', 400, "json-invalid"),
    "a list": (json.dumps([CANARY]).encode(), 422, "request-invalid"),
    "deep": (b"[" * 30_000 + b"]" * 30_000, 400, "json-invalid"),
    "deep objects": (b'{"a":' * 9_000 + b"1" + b"}" * 9_000, 400, "json-invalid"),
    "as deep as is read": (b'{"subject":' + b"[" * 7 + b"]" * 7 + b"}", 422, "request-invalid"),
    "one deeper than is read": (b'{"subject":' + b"[" * 8 + b"]" * 8 + b"}", 400, "json-invalid"),
    "a name twice": (b'{"subject": "h0001", "subject": "h0002"}', 400, "json-invalid"),
    "not a number": (b'{"subject": NaN}', 400, "json-invalid"),
    "a text with NUL": (b'{"subject": "a\\u0000b", "purpose": null, "verb": "withdraw"}', 400, "json-invalid"),
    "a name with NUL": (b'{"subject": "h0001", "\\u0000": 1}', 400, "json-invalid"),
    "NUL further within": (b'{"subject": [{"a": ["\\u0000"]}]}', 400, "json-invalid"),
    "what only looks like NUL": (b'{"subject": ["\\\\u0000"]}', 422, "request-invalid"),
    "too long": (json.dumps({**CHOICE, "subject": CANARY * 5_000}).encode(), 413, "body-too-long"),
    "half a letter": (b'{"subject": "\\ud800", "purpose": null, "verb": "withdraw"}', 422, "request-invalid"),
}
OUT_OF_RANGE = [
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "1899-12-31T23:59:59.999999Z",
    "1900-01-01T00:30:00+01:00",
    "9999-12-31T23:59:59-14:00",
    -3e9,  # seconds
]
BAD_FIELDS: dict[str, list[object]] = {
    "subject": [None, 1, "", "a\nb", "x" * 501, [CANARY]],
    "namespace": [1, CANARY, "x" * 101],
    "purpose": [1, CANARY, ""],
    "verb": [CANARY, "erase", None],
    "covers": [CANARY, ""],
    "explicit": [CANARY, 1, None],
    "notice_version": [CANARY, "x" * 41, 1],
    "channel": [CANARY, "a letter", 1],
    "at": [CANARY, "2026-01-01", "2026-01-01T10:00:00", "9999999-01-01T00:00:00Z", *OUT_OF_RANGE],
    CANARY: [CANARY],
}


def demand_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    told = answer.json()
    assert set(told) - {"fields"} == MEMBERS
    assert (told["status"], told["code"], told["type"]) == (status, code, f"urn:pellucid:error:{code}")
    assert told["remedy"] != ""
    assert CANARY not in answer.text
    assert "h0001" not in answer.text
    demand_headers(answer)


def demand_headers(answer: httpx.Response) -> None:
    for name, value in kinds.API.headers:
        assert answer.headers.get_list(name.decode()) == [value.decode()]
    assert "server" not in answer.headers


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_that_cannot_be_read_is_a_problem(client: Client, name: str) -> None:
    body, status, code = BAD_BODIES[name]
    demand_problem(raw(client("consent:write"), body), status, code)


@pytest.mark.parametrize("field", BAD_FIELDS)
def test_a_field_that_does_not_fit_is_named_and_not_quoted(client: Client, shop: Shop, field: str) -> None:
    writing = client("consent:write")
    for value in BAD_FIELDS[field]:
        answer = writing.post(API, json={**CHOICE, field: value})
        demand_problem(answer, 422, "request-invalid")
        named = "(one that is not declared)" if field == CANARY else field
        assert [each["field"].split(".")[1] for each in answer.json()["fields"]] == [named]
    assert shop.said("h0001") == []


def test_what_is_allowed_is_told_of_a_field_that_does_not_fit(client: Client) -> None:
    sent = {**CHOICE, "verb": CANARY, "subject": "x" * 501, "namespace": ""}
    told = client("consent:write").post(API, json=sent).json()["fields"]

    verbs = "'give', 'refuse', 'withdraw', 'object', 'opt_out', 'limit', 'restrict' or 'lift'"
    assert {each["field"]: each.get("allowed") for each in told} == {
        "body.subject": "at most 500 long",
        "body.namespace": "at least 1 long",
        "body.verb": verbs,
    }


@pytest.mark.parametrize("at", OUT_OF_RANGE)
def test_an_instant_out_of_range_is_a_problem_when_asking_why_too(client: Client, at: object) -> None:
    answer = client("consent:why").post(f"{API}/why", json={"subject": "h0001", "purpose": "offers", "at": at})

    demand_problem(answer, 422, "request-invalid")


@pytest.mark.parametrize("at", ["1900-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_the_ends_of_the_range_can_be_asked_about(client: Client, at: str) -> None:
    answer = client("consent:why").post(f"{API}/why", json={"subject": "h0001", "purpose": "offers", "at": at})

    assert answer.status_code == 200


HOSTILE = [b'{"subject":"' + b'\\"' * 30_000, b'"' * 60_000, b'{"a":"' + b"\\" * 60_000, b'"\\' * 30_000]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_body_takes_no_time(client: Client, body: bytes) -> None:
    began = time.thread_time()  # of this thread alone: whatever else the machine does
    _depth(body.decode())
    assert time.thread_time() - began < 0.5
    demand_problem(raw(client("consent:write"), body), 400, "json-invalid")


@pytest.mark.parametrize("text", ['{"a": "[[[[[[[[[[[["}', '{"a": "\\"[[[[[[[[[[[["}', '{"a\\\\": "[", "b": "]]"}'])
def test_brackets_in_texts_are_not_depth(text: str) -> None:
    assert _depth(text) == 1


def test_depth_before_a_text_that_never_ends_counts() -> None:
    assert _depth("[" * 9 + '"' + "]" * 9) == 9


def test_the_body_of_whoever_is_not_let_in_is_not_parsed(client: Client) -> None:
    demand_problem(raw(client(), b"{" + CANARY.encode()), 401, "token-missing")
    demand_problem(raw(client("consent:show"), b"{" + CANARY.encode()), 403, "scope-not-held")


def test_a_field_that_is_missing_is_named(client: Client) -> None:
    answer = client("consent:write").post(API, json={"subject": "h0001"})

    assert answer.json()["fields"] == [{"field": f"body.{name}", "problem": "missing"} for name in ("purpose", "verb")]


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded", "application/json-seq"])
def test_another_media_type_is_a_problem(client: Client, kind: str) -> None:
    demand_problem(raw(client("consent:write"), json.dumps(CHOICE).encode(), kind), 415, "media-type")


def test_a_body_of_unknown_length_is_bounded(client: Client, shop: Shop) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(10_000):
            yield b" " * 1_000

    headers = {**bearer(shop.token("consent:write")), "Content-Type": "application/json"}
    demand_problem(client().post(API, content=endless(), headers=headers), 413, "body-too-long")


REFUSED = {
    "nobody": ({"subject": CANARY}, 404, "name-unknown"),
    "no purpose": ({"purpose": "elsewhere"}, 404, "name-unknown"),
    "no namespace": ({"namespace": "elsewhere"}, 404, "name-unknown"),
    "another notice": ({"verb": "give", "notice_version": "canary-77"}, 422, "notice-not-current"),
    "a yes to everything": ({"verb": "give", "purpose": None}, 422, "input-invalid"),
    "the future": ({"at": "2999-01-01T00:00:00Z"}, 422, "input-invalid"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_recorded_is_a_problem(client: Client, name: str) -> None:
    more, status, code = REFUSED[name]
    answer = client("consent:write").post(API, json={**CHOICE, **more})

    demand_problem(answer, status, code)
    assert "canary-77" not in answer.text
    assert answer.json()["remedy"] != ""


def test_unknown_routes_and_methods_are_problems(client: Client) -> None:
    writing = client("consent:write")
    for path in ("/docs", "/redoc", f"{API}/", f"/{CANARY}", "/api/v1/consents/household/h0001"):
        demand_problem(writing.get(path), 404, "route-unknown")
    for method in ("GET", "DELETE", "PATCH", "OPTIONS"):
        answer = writing.request(method, API, headers={"Content-Type": "application/json"})
        demand_problem(answer, 405, "method-unknown")
        assert answer.headers["allow"] == "POST"


def test_what_is_sent_before_a_body_is_bounded(client: Client) -> None:
    writing = client("consent:write")
    demand_problem(writing.get("/healthz", headers={"X-Long": "x" * 20_000}), 431, "headers-too-long")
    demand_problem(writing.get("/healthz?x=" + "y" * 3_000), 414, "target-too-long")
    demand_problem(writing.get("/healthz", headers={"X-Long": "x" * 80_000}), 400, "http-invalid")


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", CANARY.encode() + b"\r\n\r\n"])
def test_what_is_no_http_is_a_problem(client: Client, sent: bytes) -> None:
    url = client().base_url
    with socket.create_connection((url.host, url.port or 0), 60) as connection:
        connection.sendall(sent)
        told = b""
        while part := connection.recv(4096):
            told += part
    assert told.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert json.loads(told.partition(b"\r\n\r\n")[2])["code"] == "http-invalid"
    assert CANARY.encode() not in told


def test_a_defect_is_told_and_logged_without_its_words(
    client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError(CANARY)

    monkeypatch.setattr(type(shop.workspace.consent), "record", fail)
    caplog.set_level(logging.INFO, LOGGER.name)
    demand_problem(client("consent:write").post(API, json=CHOICE), 500, "defect")

    deadline = time.monotonic() + 60
    told: list[logging.LogRecord] = []
    while len(told) < 2 and time.monotonic() < deadline:  # the line comes after the answer
        time.sleep(0.01)
        told = [each for each in caplog.records if each.name == LOGGER.name]
    lines = [JsonLines().format(each) for each in told]
    assert [json.loads(line)["event"] for line in lines] == ["defect", "request"]
    assert (json.loads(lines[0])["kind"], CANARY in "".join(lines)) == ("ZeroDivisionError", False)


def test_no_key_token_or_body_comes_into_the_log_of_the_server(shop: Shop, start: Start) -> None:
    secret, server = shop.token("consent:write"), start()
    with httpx.Client(base_url=server.address, headers=bearer(secret), timeout=60) as client:
        for subject in ("h0001", CANARY):
            client.post(API, json={**CHOICE, "subject": subject}, headers={"Idempotency-Key": CANARY + subject})
        client.get(f"/{CANARY}?{CANARY}")
        client.request("DELETE", API)
        raw(client, CANARY.encode())
        client.get("/healthz", headers=bearer(CANARY))
        client.post(API, json=CHOICE, headers=bearer(CANARY))
    assert server.end(15) == 0

    told = server.errors.read_text()
    requests = [line for line in server.lines() if line["event"] == "request"]
    assert sorted(line["status"] for line in requests) == [201, 204, 400, 401, 404, 404, 405]
    assert {line["route"] for line in requests} == {API, "none", "/healthz"}
    for secret_text in (CANARY, "h0001", secret, secret.split("_", 2)[2]):
        assert secret_text not in told


def test_every_kind_of_error_has_its_status() -> None:
    kinds = {kind for kind in PellucidError.__subclasses__() if kind.__module__ == PellucidError.__module__}
    covered = {kind for kind, _ in STATUS_BY_KIND}
    assert {kind.__name__ for kind in kinds - covered} == {"DataRefused", "DeliveryFailed"}
    assert set(STATUS_BY_CODE.values()) == {401, 405, 409, 429}


def test_the_headers_are_on_every_answer(client: Client) -> None:
    for path in ("/healthz", "/readyz", "/api/v1/openapi.json", "/nothing"):
        demand_headers(client().get(path))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("log entry", "log entry"),
        ("log entry of the erasure", "log entry"),
        ("account of the staff", "account"),
        ("subject in 'household' with the id", "subject"),
    ],
)
def test_what_is_not_there_is_told_by_its_kind_and_not_by_whose_it_is(kind: str, told: str) -> None:
    assert problem_of(NameUnknown(kind, CANARY)).detail == f"There is no such {told}."
