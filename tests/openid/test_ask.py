"""A provider is asked by https under its own name, or on this machine if that may be; never for long or at length."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pellucid.openid.ask import MOST_ANSWERED, Asker, NotShown, ProviderDown
from tests.delivery.listener import Listener, listening
from tests.delivery.post_office import HOST


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A server by TLS under a name that leads to this machine."""
    look_up = socket.getaddrinfo

    def looked_up(host: Any, *rest: Any, **named: Any) -> Any:
        return look_up(HOST if str(host).endswith("agent.example") else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    with listening(tmp_path) as found:
        yield found


def asker(listener: Listener, seconds: float = 60.0) -> Asker:
    return Asker(context=ssl.create_default_context(cafile=str(listener.trusted)), seconds=seconds)


def why(asker: Asker, url: str) -> str:
    with pytest.raises(ProviderDown) as down:
        asker.post(url, {}, "code=x")
    return down.value.why


def test_a_form_arrives_as_it_is_and_its_answer_is_returned(listener: Listener) -> None:
    listener.answers("200 OK", b'{"id_token": "x"}')
    told = asker(listener).post(listener.url, {"Authorization": "Basic eDp5"}, "code=a&code_verifier=b")

    (taken,) = listener.taken
    assert (told, taken.path, taken.body) == ({"id_token": "x"}, "/status?of=1", b"code=a&code_verifier=b")
    assert taken.headers == {
        "Host": listener.place,
        "User-Agent": "pellucid",
        "Accept": "application/json",
        "Connection": "close",
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": "Basic eDp5",
        "Content-Length": "22",
    }


def test_whoever_has_no_certificate_for_that_name_is_told_nothing(listener: Listener) -> None:
    other = f"https://other.agent.example:{listener.port}/"

    assert [why(Asker(), listener.url), why(asker(listener), other)] == ["tls", "tls"]
    assert why(asker(listener), listener.url.replace("https:", "http:")) == "address"
    assert listener.taken == []


def test_a_refused_code_is_told_apart_from_a_provider_that_is_not_well(listener: Listener) -> None:
    told = []
    for status in ("400 x", "401 x", "404 x", "408 x", "429 x", "500 x", "302 x\r\nLocation: https://m.example/"):
        listener.answers(status, b'{"error": "alice"}')
        try:
            asker(listener).post(listener.url, {}, "code=x")
        except (NotShown, ProviderDown) as error:
            told.append((type(error).__name__, error.why))

    assert told == [("NotShown", "code")] * 3 + [("ProviderDown", "status")] * 4


def test_what_trickles_in_ends_with_the_time(listener: Listener) -> None:
    def trickle(out: Any) -> None:
        out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        for _ in range(6_000):  # for ten minutes, unless it is hung up on
            out.write(b" ")
            out.flush()
            time.sleep(0.1)

    listener.answer = trickle
    began = time.monotonic()

    assert why(asker(listener, seconds=0.5), listener.url) == "unreachable"
    assert time.monotonic() - began < 300


@pytest.mark.parametrize("framed", ["to its end", "by length", "in chunks"])
def test_an_answer_that_is_too_long_is_none_though_it_could_be_read(listener: Listener, framed: str) -> None:
    told = []
    for size in (1_000, MOST_ANSWERED):
        body = b'{"x": "' + b"x" * (size - 9) + b'"}'
        heads = {
            "to its end": "",
            "by length": f"Content-Length: {size}\r\n",
            "in chunks": "Transfer-Encoding: chunked\r\n",
        }
        chunked = f"{size:x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        listener.answers(f"200 OK\r\n{heads[framed]}".rstrip(), chunked if framed == "in chunks" else body)
        try:
            told.append(len(asker(listener).post(listener.url, {}, "code=x")["x"]))
        except ProviderDown as down:
            told.append(down.why in ("unreachable", "answer"))

    assert told == [991, True]


@pytest.mark.parametrize(
    ("url", "may", "openly"),
    [
        ("https://id.example", True, True),
        ("https://id.example:8443/realms/x", True, True),
        ("http://id.example", False, False),
        ("http://127.0.0.1:8080/realms/x", False, True),
        ("http://localhost", False, True),
        ("http://[::1]:80/", False, True),
        ("http://127.0.0.1.mallory.example/", False, False),
        ("http://127.0.0.1@mallory.example/", False, False),
        ("https://id.example@mallory.example/", False, False),
        ("https://id.example/#x", False, False),
        ("https://id.example/ x", False, False),
        ("https://id.example/\r\nX: y", False, False),
        ("https://id.exämple/", False, False),
        ("https:///x", False, False),
        ("https://id.example:99999/", False, False),
        ("https://id.example:0/", False, False),
        ("https://[::1", False, False),
        ("ftp://127.0.0.1/", False, False),
        ("file:///etc/passwd", False, False),
        ("javascript:alert(1)", False, False),
        ("", False, False),
        (None, False, False),
        (["https://id.example"], False, False),
    ],
    ids=str,
)
def test_only_such_addresses_are_asked(url: object, may: bool, openly: bool) -> None:
    assert (Asker().may_ask(url), Asker(openly=True).may_ask(url)) == (may, openly)
