"""What comes in at the socket: where a request ends, headers that come late, and who holds a connection unused."""

from __future__ import annotations

import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from pellucid.settings import Settings
from pellucid.web import protocol
from pellucid.web.protocol import BoundedProtocol
from pellucid.workspace import Workspace
from tests.web.conftest import API, serving

POST = f"POST {API} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HIDDEN = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def address(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = shutil.copytree(made, tmp_path_factory.mktemp("protocol") / "workspace")
    with Workspace(folder, Settings()) as workspace, serving(workspace) as found:
        yield found


def connected(address: str) -> socket.socket:
    url = urlsplit(address)
    return socket.create_connection((url.hostname, url.port), 60)


def told(connection: socket.socket) -> bytes:
    """Return all that is answered until the server hangs up."""
    found = b""
    while part := connection.recv(65_536):
        found += part
    return found


def statuses(address: str, sent: str) -> list[int]:
    with connected(address) as connection:
        connection.sendall(sent.encode("latin-1"))
        return [int(each) for each in re.findall(rb"HTTP/1\.1 (\d{3}) ", told(connection))]


def in_time(talk: Callable[[], bytes]) -> bytes:
    """Return what a talk comes to in which the server was not left waiting for our first byte, nor for the next one.

    Who is late is hung up on without a word, and comes again: on a busy machine anybody may be late.
    """
    for _ in range(100):
        with suppress(ConnectionError):
            if found := talk():
                return found
    raise AssertionError("whoever came was hung up on")


@pytest.mark.parametrize(
    "length",
    [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
        "Content-Length: 0, 44\r\n\r\n",
        "Content-Length: +0\r\n\r\n",
        "Content-Length: 0x0\r\n\r\n",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 99999999999999999999999\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0\n\n",
        "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        "X: a\r\n Content-Length: 0\r\n\r\n",
        "X: a\nContent-Length: 0\n\n",
        "X: a\0b\r\n\r\n",
        "X a\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_where_a_request_ends_is_certain_or_the_connection_does(address: str, length: str) -> None:
    """Else a proxy in front and this server could take the same bytes for different requests."""
    assert statuses(address, POST + length + HIDDEN) == [400]


def test_what_comes_after_a_body_is_no_header(address: str) -> None:
    """A proxy says from where somebody asks in a header; whoever asks could say something else in a trailer."""
    head = "POST /privacy/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    trailer = "0\r\nAccept-Language: de\r\nHost: evil.example\r\n\r\n"
    with connected(address) as connection:
        connection.sendall(f"{head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n{trailer}".encode())
        answer = told(connection)

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.count(b'<html lang="en"') == 1


@pytest.mark.parametrize(
    "target", ["*", "http://evil.example/privacy/sign-in", "//evil.example/privacy", "privacy", "/\xff"]
)
def test_a_target_that_is_no_path_of_ours_is_refused(address: str, target: str) -> None:
    sent = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    assert statuses(address, sent) == [404 if target.startswith("//") else 400]


@pytest.mark.parametrize("header", ["Origin: null", "Sec-Fetch-Site: cross-site", "Content-Type: text/plain"])
def test_what_is_judged_by_is_not_said_twice(address: str, header: str) -> None:
    own = "Host: localhost\r\nOrigin: http://localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n"
    kind = "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
    sent = f"POST /privacy/sign-in HTTP/1.1\r\n{own}{kind}"

    assert statuses(address, f"{sent}\r\n") == [403]  # no token
    assert statuses(address, f"{sent}{header}\r\n\r\n") == [400]
    assert statuses(address, f"{sent}Content-Encoding: gzip\r\n\r\n") == [415]


def test_nothing_is_switched_to_another_protocol(address: str) -> None:
    upgrade = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

    assert statuses(address, upgrade + HIDDEN) == [204]


def test_few_requests_are_taken_before_the_first_is_answered(address: str) -> None:
    """They would wait where no limit counts them; who sends so many is hung up on, whatever was answered by then."""
    answered = b""
    with connected(address) as connection, suppress(ConnectionError):  # it is hung up on while it still sends
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 3_000)
        while part := connection.recv(65_536):
            answered += part

    assert answered.count(b"HTTP/1.1 ") < 100


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    """Begin to answer, and never end."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2000")]})
    await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
    assert (await receive())["type"] == "http.disconnect"


@contextmanager
def answering_without_end() -> Iterator[str]:
    """Serve such answers by our protocol."""
    server = uvicorn.Server(
        uvicorn.Config(endless, host="127.0.0.1", port=0, http=BoundedProtocol, lifespan="off", log_config=None)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


class TestARefusalBehindARequest:
    """Whoever reads answers in order would take it for the answer to the request before, or for a part of that."""

    NONSENSE = b"NONSENSE\r\n\r\n"

    def test_it_lands_in_no_answer_that_is_under_way(self) -> None:
        with answering_without_end() as address, connected(address) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            begun = b""
            while not begun.endswith(b"x" * 1000):
                begun += connection.recv(65_536)
            connection.sendall(self.NONSENSE)
            rest = rest_of(connection)

        assert (begun.count(b"HTTP/1.1 200 "), rest) == (1, b"")

    def test_it_comes_before_no_answer_that_is_to_begin(self, address: str) -> None:
        with connected(address) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n" + self.NONSENSE)
            assert rest_of(connection) == b""

    def test_it_is_told_where_it_is_the_answer(self, address: str) -> None:
        with connected(address) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 204 ")
            connection.sendall(self.NONSENSE)
            assert told(connection).startswith(b"HTTP/1.1 400 ")


def rest_of(connection: socket.socket) -> bytes:
    """Return what still comes until the server hangs up, in whichever way."""
    found = b""
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            found += part
    return found


class TestSlow:
    @pytest.fixture(autouse=True)
    def few_seconds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("HEAD_SECONDS", "MESSAGE_SECONDS", "READ_SECONDS"):
            monkeypatch.setattr(protocol, name, 0.3)

    @pytest.fixture
    def some_seconds(self, few_seconds: None, monkeypatch: pytest.MonkeyPatch) -> None:
        """Give so long to what has to arrive in time that it does on a busy machine too."""
        for name in ("HEAD_SECONDS", "MESSAGE_SECONDS"):
            monkeypatch.setattr(protocol, name, 2.0)

    def test_who_says_nothing_is_not_waited_for(self, address: str) -> None:
        with connected(address) as connection:
            assert told(connection) == b""

    @pytest.mark.parametrize("begun", ["GET /heal", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a"])
    def test_who_begins_a_head_and_stops_is_told_and_not_waited_for(self, address: str, begun: str) -> None:
        def begin_and_stop() -> bytes:
            with connected(address) as connection:
                connection.sendall(begun.encode())
                return told(connection)

        answer = in_time(begin_and_stop)
        assert (answer[:13], answer.count(b"HTTP/1.1 ")) == (b"HTTP/1.1 408 ", 1)

    def test_who_sends_a_little_now_and_then_is_not_waited_for_either(self, address: str) -> None:
        def trickle() -> bytes:
            with connected(address) as connection:
                connection.settimeout(0.05)
                connection.sendall(b"GET /healthz HTTP/1.1\r\n")
                for _ in range(1_200):
                    try:
                        connection.sendall(b"X: a\r\n")
                        return connection.recv(4096)
                    except TimeoutError:
                        continue
                raise AssertionError("it was waited for")

        assert in_time(trickle).startswith(b"HTTP/1.1 408 ")

    @pytest.mark.usefixtures("some_seconds")
    @pytest.mark.parametrize("between", ["", "\r\n"])
    def test_a_second_request_is_waited_for_no_longer(self, address: str, between: str) -> None:
        first = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        wanted = b"HTTP/1.1 204 " + (b"" if between else b"HTTP/1.1 408 ")

        def ask_and_begin_again() -> bytes:
            with connected(address) as connection:
                connection.sendall(first.encode())
                found = connection.recv(4096)[:13]
                connection.sendall((between or "GET /he").encode())
                found += told(connection)[:13]
                return found if len(found) >= len(wanted) else b""

        assert in_time(ask_and_begin_again) == wanted

    @pytest.mark.usefixtures("some_seconds")
    def test_a_body_that_nobody_asked_for_is_not_waited_for(self, address: str) -> None:
        def ask() -> bytes:
            with connected(address) as connection:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
                return told(connection)

        answer = in_time(ask)
        assert (answer[:13], answer.count(b"HTTP/1.1 ")) == (b"HTTP/1.1 204 ", 1)

    def test_who_does_not_read_the_answers_is_not_waited_for(self, address: str) -> None:
        ask = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
        with connected(address) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(ask * 80)  # far more than is held on the way
            with pytest.raises(ConnectionError):
                for _ in range(1_200):
                    time.sleep(0.05)
                    connection.sendall(b"G")
