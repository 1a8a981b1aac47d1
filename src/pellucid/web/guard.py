"""What stands before every route: sizes, the media type, how many requests at once; and behind it, headers and the log.

A plain ASGI middleware: nothing it refuses is read any further, and nothing that fails gets past it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pellucid.errors import PellucidError
from pellucid.web.errors import Problem, defect, problem_of
from pellucid.web.kinds import API, HSTS, SIGNED, STATIC, Headers, Kind, is_for_visitors, kind_asked
from pellucid.web.logs import say, say_failure
from pellucid.web.pages import problem_page
from pellucid.web.site import Site
from pellucid.web.turns import Turns

LONGEST_HEADERS = 16_384
LONGEST_TARGET = 2_048
BODY_SECONDS = 10.0
"""How long a body may take to arrive."""
_ONCE = (b"authorization", b"content-type", b"origin", b"sec-fetch-site")
"""Headers that are judged by: whoever reads the first of two may be told something else than who reads the last."""


@dataclass(slots=True)
class _Told:
    """What became of a request, for its line in the log."""

    kind: Kind = API
    method: str = "GET"
    status: int = 0
    began: float = field(default_factory=time.perf_counter)

    @property
    def is_head(self) -> bool:
        """Whether it was asked what the answer is like, and not for the answer."""
        return self.method == "HEAD"

    def seconds(self) -> float:
        """Return how long it has taken."""
        return time.perf_counter() - self.began

    def headers(self) -> Headers:
        """Return the headers of every such answer; of a failure none that lets it be kept."""
        kept = self.kind is not STATIC or self.status == 200
        return self.kind.headers if kept else (*self.kind.headers, (b"cache-control", b"no-store"))


class Guard:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site
        self._body_bytes = site.workspace.settings.serve_body_bytes
        self._at_once = site.workspace.settings.serve_requests_at_once
        self._under_way = 0
        self._turns = Turns()
        self._always = HSTS if site.place.is_https else ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told, sending = _Told(kind_asked(scope), scope["method"]), send
        if told.is_head:  # answered as GET, but for what that would write
            scope = {**scope, "method": "GET"}

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.body" and told.is_head:
                message = {**message, "body": b""}
            if message["type"] == "http.response.start":
                told.status = message["status"]
                always = () if any(map(self._site.place.is_shop, _hosts(scope))) else self._always
                made = list(message.get("headers", ()))
                if told.is_head and told.status == 405 and not _said(made, b"allow"):
                    made.append((b"allow", _allowed(scope)))
                message["headers"] = [*made, *told.headers(), *always]
            await sending(message)

        try:
            # Said for every request: one that waited in the connection is begun by the answer to the one before.
            with self._site.workspace.room.only_reading(told.is_head):
                await self._answer(scope, receive, send_guarded, told)
        finally:
            _say_request(scope, told)
            self._site.metrics.count(told.method, _route(scope), told.status, told.seconds())

    async def _answer(self, scope: Scope, receive: Receive, send: Send, told: _Told) -> None:
        try:
            self._demand_host(scope, told.kind)
            _demand_unembedded(scope, told.kind)
            await self._counted(scope, await self._admitted(scope, receive, told.kind), send)
        except Problem as problem:
            await _response(problem, told.kind, scope)(scope, receive, send)
        except Exception as error:  # the last resort: told without its words
            say_failure(error, route=_route(scope))
            if not told.status:
                found = problem_of(error) if isinstance(error, PellucidError) else defect()
                await _response(found, told.kind, scope)(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through that is here in full: who only begins to send takes nobody's place."""
        if self._under_way >= self._at_once:
            raise Problem(503, "busy", "Too many requests are under way.", "Try again.", headers={"Retry-After": "1"})
        self._under_way += 1
        self._site.metrics.under_way.set(self._under_way)
        try:
            async with self._turns.taken(scope):
                await self._app(scope, receive, send)
        finally:
            self._under_way -= 1
            self._site.metrics.under_way.set(self._under_way)

    def _demand_host(self, scope: Scope, kind: Kind) -> None:
        """Refuse pages under a name that is not ours: what browsers hold for one host belongs to that host."""
        if not kind.takes_cookies:
            return
        named, place = _hosts(scope), self._site.place
        if len(named) == 1 and place.is_shop(named[0]) and is_for_visitors(scope["path"]):
            return
        if len(named) != 1 or not place.answers_to(named[0]):
            raise Problem(
                421, "host-unknown", "This address is not ours.", "Open the page under the address that you were told."
            )

    async def _admitted(self, scope: Scope, receive: Receive, kind: Kind) -> Receive:
        """Return how the application receives the body, which is here in full; raises Problem."""
        headers = scope["headers"]
        if sum(len(name) + len(value) for name, value in headers) > LONGEST_HEADERS:
            detail = f"The headers are longer than {LONGEST_HEADERS} bytes."
            raise Problem(431, "headers-too-long", detail, "Send less.")
        if len(scope["path"]) + len(scope["query_string"]) > LONGEST_TARGET:
            raise Problem(414, "target-too-long", f"The URL is longer than {LONGEST_TARGET} bytes.", "Send less.")
        if any(_said(headers, name) > 1 for name in _ONCE):
            raise Problem(400, "header-twice", "A header is there twice that has one value.", "Send it once.")
        if scope["method"] not in ("POST", "PUT", "PATCH", *(("DELETE",) if kind is SIGNED else ())):
            return receive
        if _media_type(headers) != kind.media_type.encode() or _said(headers, b"content-encoding"):
            raise Problem(415, "media-type", f"The body is not {kind.media_type}.", "Send it with this `Content-Type`.")
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
                raise Problem(400, "body-cut-off", "The body ended before it was complete.", "Send it again.")
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._body_bytes:
                raise Problem(413, "body-too-long", f"The body is longer than {self._body_bytes} bytes.", "Send less.")
        return body


def _demand_unembedded(scope: Scope, kind: Kind) -> None:
    """Refuse what another site's page asks for without leaving it: it could read nothing of it, but would be counted.

    So no page uses up what an address may ask or try, and none learns by time or size who is signed in.
    """
    if not (kind.takes_cookies or scope["path"].startswith("/api/")):
        return
    sent = dict(scope["headers"])
    leads_here = sent.get(b"sec-fetch-mode", b"navigate") == b"navigate"
    as_page = sent.get(b"sec-fetch-dest", b"document") == b"document"
    if sent.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin") and not (leads_here and as_page):
        raise Problem(403, "page-foreign", "A page of another site asked for this.", "Open the page by itself.")


def _hosts(scope: Scope) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]


def _said(headers: list[tuple[bytes, bytes]], name: bytes) -> int:
    return sum(each == name for each, _ in headers)


def _response(problem: Problem, kind: Kind, scope: Scope) -> Response:
    return problem_page(problem, HTTPConnection(scope)) if kind.is_page else problem.response()


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


def _allowed(scope: Scope) -> bytes:
    """Return which methods there are where HEAD would have left a trace."""
    path = _route(scope)
    found = {name for each in scope["app"].routes if each.path == path for name in each.methods or ()}
    return ", ".join(sorted(found - {"HEAD"})).encode()


def _say_request(scope: Scope, told: _Told) -> None:
    state: dict[str, Any] = scope.get("state", {})
    say(
        "request",
        level=logging.INFO if told.status < 500 else logging.ERROR,
        method=told.method if told.method in ("GET", "POST", "DELETE", "HEAD", "OPTIONS") else "other",
        route=_route(scope),
        status=told.status,
        ms=round(told.seconds() * 1000, 2),
        token=state.get("token"),
        **({"code": state["code"]} if "code" in state else {}),
    )
