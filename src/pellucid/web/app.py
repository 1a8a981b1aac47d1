"""The application: routes, the guard around them, and how a problem is told. It starts nothing: see `web.server`."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from pellucid.errors import PellucidError
from pellucid.web import drp, health, passes, start, static_files
from pellucid.web.api import (
    acts,
    budget,
    consents,
    delegations,
    help,
    holdings,
    insights,
    links,
    log_files,
    notices,
    oversight,
    own,
    own_data,
    own_people,
    own_requests,
    requests,
    sign_in,
    signals,
    uses,
    visitor,
    visitors,
)
from pellucid.web.api.words import problem_schemas
from pellucid.web.centre import data as centre_data
from pellucid.web.centre import door as centre_door
from pellucid.web.centre import erase as centre_erase
from pellucid.web.centre import handover as centre_handover
from pellucid.web.centre import help as centre_help
from pellucid.web.centre import inferences as centre_inferences
from pellucid.web.centre import joined as centre_joined
from pellucid.web.centre import link as centre_link
from pellucid.web.centre import messages as centre_messages
from pellucid.web.centre import notice as centre_notice
from pellucid.web.centre import openid as centre_openid
from pellucid.web.centre import pages as centre_pages
from pellucid.web.centre import pause as centre_pause
from pellucid.web.centre import people as centre_people
from pellucid.web.centre import proofs as centre_proofs
from pellucid.web.centre import requests as centre_requests
from pellucid.web.centre import uses as centre_uses
from pellucid.web.centre import verify
from pellucid.web.centre import visitors as centre_visitors
from pellucid.web.centre.visiting import SignInNeeded
from pellucid.web.console import ask as console_ask
from pellucid.web.console import budget as console_budget
from pellucid.web.console import consents as console_consents
from pellucid.web.console import door as console_door
from pellucid.web.console import insights as console_insights
from pellucid.web.console import invitations as console_invitations
from pellucid.web.console import log as console_log
from pellucid.web.console import openid as console_openid
from pellucid.web.console import refusals as console_refusals
from pellucid.web.console import requests as console_requests
from pellucid.web.errors import Problem
from pellucid.web.guard import Guard
from pellucid.web.logs import say_failure
from pellucid.web.site import Site
from pellucid.web.telling import tell
from pellucid.workspace import Workspace

TIDY_SECONDS = 60.0
PARTS: tuple[Any, ...] = (
    centre_pages,
    health,
    start,
    consents,
    signals,
    requests,
    oversight,
    log_files,
    holdings,
    acts,
    delegations,
    help,
    notices,
    insights,
    budget,
    uses,
    visitor,
    visitors,
    sign_in,
    own,
    own_data,
    own_requests,
    own_people,
    links,
    drp,
    static_files,
    verify,
    centre_data,
    centre_door,
    centre_erase,
    centre_handover,
    centre_help,
    centre_inferences,
    centre_link,
    centre_messages,
    centre_notice,
    centre_openid,
    centre_pause,
    centre_people,
    centre_proofs,
    centre_requests,
    centre_uses,
    centre_visitors,
    centre_joined,
    console_door,
    console_invitations,
    passes,
    console_ask,
    console_insights,
    console_budget,
    console_requests,
    console_consents,
    console_refusals,
    console_log,
    console_openid,
)
"""Every module with routes. Routes are tried in this order: what people open first stands first."""
DESCRIPTION = (
    "What people say about the use of their data, the rights that they exercise, and questions for declared purposes, "
    "for programs. Keys of people stand in bodies only. Errors are RFC 9457 problems with a stable code and a remedy, "
    "and quote nothing sent, but for the names in a question that is refused."
)


def make_app(workspace: Workspace, shared: Path | None = None) -> FastAPI:
    """Return the application that serves an open workspace, which the caller closes; `shared` as of `Site.of`."""
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
    app.state.site = Site.of(workspace, workspace.settings, shared)
    app.add_middleware(Guard, site=app.state.site)
    for kind in (PellucidError, Problem, RequestValidationError, HTTPException, SignInNeeded):
        app.add_exception_handler(kind, tell)
    for part in PARTS:  # past `include_router`, by which each request goes through every router's own search
        app.router.routes.extend(part.router.routes)
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
        say_failure(error)
