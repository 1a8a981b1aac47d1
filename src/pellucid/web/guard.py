"""What stands before every route: sizes, the media type, how many requests at once; and behind it, headers and the log.

A plain ASGI middleware: nothing it refuses is read any further, and nothing that fails gets past it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pellucid.settings import Settings
from pellucid.web.errors import Problem, defect
from pellucid.web.logs import say, say_defect

LONGEST_HEADERS = 16_384
LONGEST_TARGET = 2_048
SIGNED = "/v1/"
"""Where bodies are signed texts (Data Rights Protocol 1.0 §3.07.1), of DELETE too."""
BODY_SECONDS = 10.0
"""How long a body may take to arrive."""
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"interest-cohort=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
"""On every answer."""


@dataclass(slots=True)
class _Told:
    """What became of a request, for its line in the log."""

    status: int = 0
    began: float = field(default_factory=time.perf_counter)


class Guard:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._body_bytes = settings.serve_body_bytes
        self._at_once = settings.serve_requests_at_once
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told, sending = _Told(), send

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.status = message["status"]
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await sending(message)

        try:
            await self._answer(scope, receive, send_guarded, told)
        finally:
            _say_request(scope, told)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, told: _Told) -> None:
        try:
            await self._counted(scope, await self._admitted(scope, receive), send)
        except Problem as problem:
            await problem.response()(scope, receive, send)
        except Exception as error:  # the last resort: a defect, told without its words
            say_defect(error, route=_route(scope))
            if not told.status:
                await defect().response()(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through that is here in full: who only begins to send takes nobody's place."""
        if self._under_way >= self._at_once:
            raise Problem(503, "busy", "Too many requests are under way.", "Try again.", headers={"Retry-After": "1"})
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1

    async def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        """Return how the application receives the body, which is here in full; raises Problem."""
        headers = scope["headers"]
        if sum(len(name) + len(value) for name, value in headers) > LONGEST_HEADERS:
            raise Problem(431, "headers-too-long", f"The headers are longer than {LONGEST_HEADERS} bytes.")
        if len(scope["path"]) + len(scope["query_string"]) > LONGEST_TARGET:
            raise Problem(414, "target-too-long", f"The URL is longer than {LONGEST_TARGET} bytes.")
        signed = scope["path"].startswith(SIGNED)
        if scope["method"] not in ("POST", "PUT", "PATCH", *(("DELETE",) if signed else ())):
            return receive
        kind = "text/plain" if signed else "application/json"
        if _media_type(headers) != kind.encode():
            raise Problem(415, "media-type", f"The body is not {kind}.", "Send it with this `Content-Type`.")
        try:
            with anyio.fail_after(BODY_SECONDS):
                return _given(await self._body(receive))
        except TimeoutError:
            hang_up = {"Connection": "close"}  # what comes after this is no request
            detail = f"The body did not arrive within {BODY_SECONDS:g} s."
            raise Problem(408, "body-too-slow", detail, "Send it again.", headers=hang_up) from None

    async def _body(self, receive: Receive) -> bytes:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                raise Problem(400, "body-cut-off", "The body ended before it was complete.")
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._body_bytes:
                raise Problem(413, "body-too-long", f"The body is longer than {self._body_bytes} bytes.")
        return body


def _given(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.disconnect"}, {"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if len(messages) > 1 else messages[0]

    return receive


def _media_type(headers: list[tuple[bytes, bytes]]) -> bytes:
    found = next((value for name, value in headers if name == b"content-type"), b"")
    return found.partition(b";")[0].strip().lower()


def _route(scope: Scope) -> str:
    """Return the declared path of the route that answered; never the path that was sent."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", "none"))


def _say_request(scope: Scope, told: _Told) -> None:
    state: dict[str, Any] = scope.get("state", {})
    say(
        "request",
        level=logging.INFO if told.status < 500 else logging.ERROR,
        method=scope["method"] if scope["method"] in ("GET", "POST", "DELETE", "HEAD", "OPTIONS") else "other",
        route=_route(scope),
        status=told.status,
        ms=round((time.perf_counter() - told.began) * 1000, 2),
        token=state.get("token"),
    )
