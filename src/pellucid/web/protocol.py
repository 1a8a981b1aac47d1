"""HTTP as it comes in at the socket: no head without end, and nobody who holds a connection without using it.

What stands before routes, once a request is there, is `guard`'s. Of the parser, and so of what is one request and where
the next begins, everything is left to httptools: two lengths, or a length that is none, end the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from pellucid.web.errors import Problem
from pellucid.web.guard import BODY_SECONDS, LONGEST_HEADERS
from pellucid.web.kinds import API

HEAD_SECONDS = 10.0
"""How long a head may take to arrive, of the first request from when the connection is there."""
MESSAGE_SECONDS = 2 * BODY_SECONDS
"""How long the rest may take: of what a route waits for, the guard says sooner that it does not come."""
MOST_WAITING = 8
"""How many requests may wait in one connection for the answers to those before; browsers send none ahead."""
READ_SECONDS = 60.0
"""How long whoever asked may read nothing of an answer that is too long to wait for them."""


class _Deadline:
    """Something that is done at some time unless it is put off."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
        self._loop = loop
        self._work = work
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Whether it is waited for."""
        return self._timer is not None

    def set(self, seconds: float) -> None:
        """Do it in so many seconds, and not when it was to be done before."""
        self.clear()
        self._timer = self._loop.call_later(seconds, self._due)

    def clear(self) -> None:
        """Do it no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        self._work()


class BoundedProtocol(HttpToolsProtocol):
    """HTTP as uvicorn parses it, but for heads without end and slow ones, and with problems in place of plain text."""

    _head_bytes = 0
    _head_done = False
    """Whether headers are over: what comes after the body is a trailer, and none of ours."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's
        """Wait for a request, for a while."""
        super().connection_made(transport)
        self._answers: list[RequestResponseCycle] = []
        self._arriving = _Deadline(self.loop, self._give_up)
        self._reading = _Deadline(self.loop, self.transport.abort)
        self._arriving.set(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more, and have no answer written that is under way or waits its turn."""
        self._arriving.clear()
        self._reading.clear()
        self.pipeline.clear()
        for each in self._answers:
            each.disconnected = not each.response_complete
            each.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came; if it is of a request that has only begun, or of none, the rest has to come soon."""
        if not self._arriving.is_set:
            self._arriving.set(HEAD_SECONDS)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to count the bytes of what stands before a body."""
        super().on_message_begin()
        self._head_bytes, self._head_done = 0, False
        if not self._arriving.is_set:  # it begins in what was sent with the one before
            self._arriving.set(HEAD_SECONDS)

    def on_url(self, url: bytes) -> None:
        """Take in a part of the target; too much of it fails the parser."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header; too many of them fail the parser. Trailers are left out: nobody may add headers late."""
        self._count(name, value)
        if not self._head_done:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer; the body has to come soon. A target that names a host of its own fails the parser."""
        if not self.url.startswith(b"/"):
            raise ValueError("not a path")
        if len(self.pipeline) >= MOST_WAITING:
            raise ValueError("too many at once")
        self._head_done = True
        self._arriving.set(MESSAGE_SECONDS)
        super().on_headers_complete()
        self._answers = [each for each in self._answers if not each.response_complete] + [self.cycle]

    def on_message_complete(self) -> None:
        """Wait for nothing more of this request."""
        self._arriving.clear()
        super().on_message_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Answer what was asked, and hang up: who asks for another protocol may take what follows for that one."""
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def pause_writing(self) -> None:
        """Wait until more is read of the answer, for a while."""
        super().pause_writing()
        self._reading.set(READ_SECONDS)

    def resume_writing(self) -> None:
        """Go on: some was read."""
        if not self.transport.is_closing():  # else the rest has to be read in time
            self._reading.clear()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Hang up on who asks nothing more, also if they have not read the last answer."""
        if not self.transport.is_closing():
            self.transport.close()
            self._reading.set(READ_SECONDS)

    def send_400_response(self, msg: str) -> None:
        """Tell what is no HTTP, or too much of it, as a problem, and hang up; at once where it would not be told apart
        from the answer to a request before.
        """
        if any(not each.response_complete and (each.response_started or not each.more_body) for each in self._answers):
            self.transport.abort()
            return
        self._refuse(Problem(400, "http-invalid", "This is no HTTP request, or its head is too long.", "Send less."))

    def _give_up(self) -> None:
        """Hang up on who does not go on; on who does not even begin, without a word."""
        if self.transport.is_closing():
            return
        if self._is_answering():  # what comes meanwhile is not read yet
            self._arriving.set(HEAD_SECONDS)
        elif self._head_bytes and not self._head_done:
            self._refuse(Problem(408, "head-too-slow", "The head did not arrive in time.", "Send it again."))
        else:
            self.transport.close()
            self._reading.set(READ_SECONDS)

    def _is_answering(self) -> bool:
        """Return whether an answer is under way to a request that came before the one that is arriving."""
        cycle: RequestResponseCycle | None = self.cycle
        own = self._head_done and not self.pipeline
        return cycle is not None and not cycle.response_complete and not own

    def _refuse(self, problem: Problem) -> None:
        answer = problem.response()
        head = [*answer.raw_headers, *API.headers, (b"connection", b"close")]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in head)
        status = f"HTTP/1.1 {problem.status} {problem.as_json()['title']}\r\n".encode()
        self.transport.write(status + lines + b"\r\n" + bytes(answer.body))
        self.transport.close()
        self._reading.set(READ_SECONDS)

    def _count(self, *parts: bytes) -> None:
        self._head_bytes += sum(map(len, parts))
        if self._head_bytes > 4 * LONGEST_HEADERS:
            raise ValueError("the head is too long")
