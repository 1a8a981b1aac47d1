"""Reading a body as JSON, strictly: UTF-8, one meaning, and no deeper than anything that is declared.

Only the bodies of those who are let in are parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from itertools import accumulate
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from pellucid.web.security import Admits

DEEPEST = 8

# Possessive, and ended by the end of the body too: a text that is never closed is looked at once, not from each quote.
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+\\?(?:"|\Z)', re.DOTALL)
_NUL = r"\u0000"
_BRACKET = re.compile(r"[\[\]{}]")


class StrictRequest(Request):
    """A request whose JSON may not repeat a name, nest deeply or hold what JSON does not know (NaN, Infinity), or NUL.

    Forms take no NUL either: databases cut a text off there, or do not take it, and nobody types it.
    """

    async def json(self) -> Any:
        """Return the body parsed; raises HTTPException (400) without a word of it."""
        try:
            text = (await self.body()).decode("utf-8")
            if _depth(text) > DEEPEST:
                _refuse()
            found = json.loads(text, object_pairs_hook=_unrepeated, parse_constant=_refuse)
            return _refuse() if _NUL in text and _has_nul(found) else found
        except (ValueError, RecursionError):
            raise HTTPException(400) from None


class StrictRoute(APIRoute):
    """A route that lets the caller in first, and then reads the body so."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, given strict requests."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            for each in self.dependant.dependencies:
                if isinstance(each.call, Admits):
                    await each.call.admit(request)
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly


def _depth(text: str) -> int:
    steps = accumulate(1 if bracket in "[{" else -1 for bracket in _BRACKET.findall(_TEXT.sub("", text)))
    return max(steps, default=0)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse()
    return found


def _has_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_nul, (*value, *value.values())))
    return any(map(_has_nul, value)) if isinstance(value, list) else isinstance(value, str) and "\0" in value


def _refuse(_constant: str = "") -> NoReturn:
    raise ValueError
