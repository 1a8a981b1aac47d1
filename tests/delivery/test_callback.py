"""Posting to an address that somebody else named reaches that host of the public internet, and nothing else."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from pellucid.delivery import callback
from pellucid.delivery.callback import MOST_ANSWERED, Poster, is_public
from pellucid.errors import DeliveryFailed
from tests.delivery.listener import NAME, Listener
from tests.delivery.post_office import HOST

KIND = "application/json"
INSIDE = [
    *("127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::"),
    *("::ffff:93.184.216.34", "no address", ""),
]


def code_of(poster: Poster, url: str) -> str:
    with pytest.raises(DeliveryFailed, match="callback") as failed:
        poster.post(url, KIND, b"{}")
    assert (failed.value.for_good, NAME in str(failed.value)) == (False, False)
    return failed.value.code


def test_what_is_posted_arrives_as_it_is(listener: Listener) -> None:
    listener.poster().post(listener.url, KIND, '{"ü": 1}'.encode())

    (taken,) = listener.taken
    assert (taken.path, taken.body) == ("/status?of=1", '{"ü": 1}'.encode())
    assert taken.headers == {
        "Host": listener.place,
        "User-Agent": "pellucid",
        "Connection": "close",
        "Content-Length": "9",
        "Content-Type": KIND,
    }


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_inside_is_reached(address: str, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("It connected."))
    poster = Poster(look_up=lambda _host, _port: [address])

    assert is_public(address) is False
    assert code_of(poster, listener.url) == "callback-address"


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
def test_an_address_of_the_public_internet_may_be_reached(address: str) -> None:
    assert is_public(address) is True


def test_one_address_inside_among_others_is_enough_to_refuse(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("It connected."))
    poster = Poster(look_up=lambda _host, _port: ["93.184.216.34", HOST])
    assert code_of(poster, listener.url) == "callback-address"


def test_a_name_that_changes_after_it_was_looked_up_reaches_nothing_else(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[Any] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        reached.append(address)
        raise OSError

    turns = iter([["93.184.216.34"], [HOST], [HOST]])
    monkeypatch.setattr(socket, "create_connection", connect)
    assert code_of(Poster(look_up=lambda _host, _port: next(turns)), listener.url) == "callback-unreachable"
    assert reached == [("93.184.216.34", listener.port)]


def test_this_machine_by_its_own_name_is_not_reached(listener: Listener) -> None:
    assert code_of(Poster(), f"https://localhost:{listener.port}/") == "callback-address"
    assert listener.taken == []


def test_a_name_that_nobody_has_is_tried_again() -> None:
    assert code_of(Poster(), "https://nobody.invalid/") == "callback-unreachable"


def test_without_tls_nothing_is_sent(listener: Listener) -> None:
    assert code_of(listener.poster(), f"http://{listener.place}/") == "callback-address"
    assert (listener.looked_up, listener.taken) == ([], [])


def test_a_certificate_that_nobody_vouches_for_is_refused(listener: Listener) -> None:
    assert code_of(replace(listener.poster(), context=None), listener.url) == "callback-tls"
    assert listener.taken == []


def test_a_certificate_of_another_host_is_refused(listener: Listener) -> None:
    assert code_of(listener.poster(), listener.url.replace("callbacks.", "other.")) == "callback-tls"
    assert listener.taken == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int, listener: Listener) -> None:
    listener.answers(f"{status} There\r\nLocation: https://{listener.place}/there\r\nContent-Length: 0")
    assert code_of(listener.poster(), listener.url) == "callback-redirect"
    assert [taken.path for taken in listener.taken] == ["/status?of=1"]


@pytest.mark.parametrize("status", [103, 400, 404, 410, 500, 503])
def test_what_is_not_taken_is_tried_again(status: int, listener: Listener) -> None:
    listener.answers(f"{status} alice@home.example", b"secret words about alice")
    assert code_of(listener.poster(), listener.url) == "callback-refused"


@pytest.mark.parametrize("answer", [b"", b"hello\r\n", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_an_answer_that_is_none_counts_for_nothing(answer: bytes, listener: Listener) -> None:
    listener.answer = lambda out: out.write(answer)
    assert code_of(listener.poster(), listener.url) == "callback-unreachable"


@pytest.mark.parametrize("part", [b"", b"x", b"HTTP/1.1 100 Continue\r\n\r\n", b"X-Y: z\r\n"])
def test_a_server_that_takes_its_time_is_left_after_ours(part: bytes, listener: Listener) -> None:
    enough = threading.Event()

    def slowly(out: Any) -> None:
        out.write(b"HTTP/1.1 200 OK\r\n" if part.startswith(b"X") else b"")
        for _ in range(6_000):  # for ten minutes, unless it is hung up on
            out.write(part)
            out.flush()
            if enough.wait(0.1):
                return

    listener.answer = slowly
    began = time.monotonic()
    assert code_of(listener.poster(seconds=1.0), listener.url) == "callback-unreachable"
    assert 0.9 < time.monotonic() - began < 300
    enough.set()


def test_a_server_that_never_speaks_tls_is_left_after_our_time() -> None:
    with socket.create_server((HOST, 0)) as silent:
        port = silent.getsockname()[1]
        poster = Poster(ssl.create_default_context(), lambda _address: True, lambda _host, _port: [HOST], 1.0)
        began = time.monotonic()
        assert code_of(poster, f"https://{NAME}:{port}/") == "callback-unreachable"
        assert 0.9 < time.monotonic() - began < 300


def test_an_endless_answer_is_not_read_to_its_end(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    receive = ssl.SSLSocket.recv_into

    def counted(self: ssl.SSLSocket, buffer: Any, *more: Any) -> int:
        read.append(receive(self, buffer, *more))
        return read[-1]

    monkeypatch.setattr(ssl.SSLSocket, "recv_into", counted)
    for head, body in (("200 OK\r\nContent-Length: 9999999", b"x" * 9_999_999), ("200 OK\r\nX: y", b"")):
        listener.answers(head, body)
        listener.poster().post(listener.url, KIND, b"{}")
    assert sum(read) <= 2 * MOST_ANSWERED
    listener.answers("200 OK\r\n" + "\r\n".join(f"X{n}: {'y' * 60_000}" for n in range(50)))
    listener.poster().post(listener.url, KIND, b"{}")
    assert sum(read) <= 3 * MOST_ANSWERED


def test_no_setting_and_no_proxy_of_the_environment_leads_elsewhere(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    listener.poster().post(listener.url, KIND, b"{}")
    assert len(listener.taken) == 1
    assert (Poster().may_reach, Poster().look_up, Poster().context) == (is_public, callback.look_up, None)
