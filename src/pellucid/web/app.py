"""The application: routes, the guard around them, and how a problem is told. It starts nothing: see `web.server`."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from pellucid.errors import PellucidError
from pellucid.web import drp, health, passes, static_files
from pellucid.web.api import consents, notices, requests, signals
from pellucid.web.api.words import problem_schemas
from pellucid.web.centre import door as centre_door
from pellucid.web.centre import handover as centre_handover
from pellucid.web.centre import link as centre_link
from pellucid.web.centre import messages as centre_messages
from pellucid.web.centre import openid as centre_openid
from pellucid.web.centre import pages as centre_pages
from pellucid.web.centre import requests as centre_requests
from pellucid.web.centre import verify
from pellucid.web.centre.visiting import SignInNeeded
from pellucid.web.console import door as console_door
from pellucid.web.console import openid as console_openid
from pellucid.web.errors import Problem
from pellucid.web.guard import Guard
from pellucid.web.logs import say_defect
from pellucid.web.site import Site
from pellucid.web.telling import tell
from pellucid.workspace import Workspace

TIDY_SECONDS = 60.0
PARTS: tuple[Any, ...] = (
    health,
    consents,
    signals,
    requests,
    notices,
    drp,
    static_files,
    verify,
    centre_door,
    centre_handover,
    centre_link,
    centre_messages,
    centre_openid,
    centre_pages,
    centre_requests,
    console_door,
    console_openid,
    passes,
)
"""Every module with routes."""
DESCRIPTION = (
    "What people say about the use of their data, and the rights that they exercise, for programs. Keys of people "
    "stand in bodies only. Errors are RFC 9457 problems with a stable code and a remedy, and quote nothing sent."
)


def make_app(workspace: Workspace) -> FastAPI:
    """Return the application that serves an open workspace, which the caller closes."""
    app = FastAPI(
        title="pellucid",
        version="1",
        description=DESCRIPTION,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(workspace),
        redirect_slashes=False,
    )
    app.openapi = partial(_document, app.openapi)  # type: ignore[method-assign]  # as FastAPI documents it
    app.state.site = Site.of(workspace, workspace.settings)
    app.add_middleware(Guard, site=app.state.site)
    for kind in (PellucidError, Problem, RequestValidationError, HTTPException, SignInNeeded):
        app.add_exception_handler(kind, tell)
    for part in PARTS:
        app.include_router(part.router)
    return app


def _document(made: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the OpenAPI document with what problems look like."""
    document = made()
    document["components"]["schemas"] |= problem_schemas()
    return document


def _lifespan(workspace: Workspace) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = workspace.settings.serve_threads
        ended = threading.Event()
        tidier = threading.Thread(target=_tidy_now_and_then, args=(workspace, ended), name="tidy", daemon=True)
        tidier.start()
        yield
        ended.set()
        await anyio.to_thread.run_sync(tidier.join)

    return lifespan


def _tidy_now_and_then(workspace: Workspace, ended: threading.Event) -> None:
    """Log what was only counted, and forget what is old; the former once more at the end."""
    while not ended.wait(TIDY_SECONDS):
        _try(workspace.tokens.refusals.flush)
        _try(workspace.tokens.replies.forget)
        _try(workspace.doors.refusals.flush)
        _try(workspace.doors.asked.flush)
        _try(workspace.doors.tidy)
    _try(workspace.tokens.refusals.flush_all)
    _try(workspace.doors.refusals.flush_all)
    _try(workspace.doors.asked.flush_all)


def _try(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # the next time will do; no request waits for it
        say_defect(error)
