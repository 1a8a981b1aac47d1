"""A real HTTPS server for tests that takes callbacks, in a thread, and answers as it is told."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import Any

from pellucid.delivery.callback import Poster
from tests.delivery.post_office import HOST, make_certificate

NAME = "callbacks.agent.example"


@dataclass(frozen=True, slots=True)
class Taken:
    """What was posted."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """What a server took, in order, and what it answers with: bytes, written by `answer` to the connection."""

    port: int
    trusted: Path
    taken: list[Taken] = field(default_factory=list)
    answer: Callable[[Any], None] = lambda out: _write(out, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    looked_up: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"{NAME}:{self.port}"

    @property
    def url(self) -> str:
        return f"https://{self.place}/status?of=1"

    def poster(self, seconds: float = 60.0) -> Poster:
        """Return what posts here and nowhere else, whatever the name."""
        context = ssl.create_default_context(cafile=str(self.trusted))
        return Poster(context, lambda address: address == HOST, self._look_up, seconds)

    def answers(self, head: str, body: bytes = b"") -> None:
        self.answer = lambda out: _write(out, f"HTTP/1.1 {head}\r\n\r\n".encode() + body)

    def _look_up(self, host: str, _port: int) -> list[str]:
        self.looked_up.append(host)
        return [HOST]


@contextmanager
def listening(folder: Path, on_post: Callable[[Taken], None] = lambda taken: None, port: int = 0) -> Iterator[Listener]:
    """Give a server under NAME for as long as the block lasts."""
    context, trusted = make_certificate(folder, NAME)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.taken.append(Taken(self.path, dict(self.headers), body))
            on_post(found.taken[-1])
            found.answer(self.wfile)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def finish_request(self, request: Any, client_address: Any) -> None:
            with suppress(OSError), context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)

        def shutdown_request(self, request: socket | tuple[bytes, socket]) -> None:
            with suppress(OSError):
                super().shutdown_request(request)

    server = Server((HOST, port), Handler)
    found = Listener(server.server_address[1], trusted)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _write(out: Any, data: bytes) -> None:
    with suppress(OSError):
        out.write(data)
        out.flush()
