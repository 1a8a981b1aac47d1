"""Pages that are only read take turns: a few at a time are made sooner than all of them at once.

Threads of one process that all want the interpreter keep one another waiting at every statement of the database: fifty
pages at once took twice the processor time of fifty in turn. Nobody waits long for a turn: whoever has one may have to
wait for something else, such as a writer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.types import Scope

from pellucid.web.kinds import kind_of

AT_ONCE = 2
PATIENCE = 0.5
"""Seconds after which somebody goes on without a turn."""


class Turns:
    """The turns of one process."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = anyio.Semaphore(at_once)

    @asynccontextmanager
    async def taken(self, scope: Scope) -> AsyncIterator[None]:
        """Wait for a turn, if it is a page that is only read, and give it back at the end."""
        held = False
        if scope["method"] == "GET" and kind_of(scope["path"]).is_page:
            with anyio.move_on_after(PATIENCE):
                await self._free.acquire()
                held = True
        try:
            yield
        finally:
            if held:
                self._free.release()
