"""The Data Rights Protocol 1.0, for agents: `/v1/data-rights-request` and `/v1/agent`, as its text says.

Not part of `/api/v1`: bodies are signed `text/plain`, errors have the protocol's shape (§3.06), and tokens are the
agents' own. Status callbacks (§2.03) are `workspace.callbacks`'s.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from pellucid.errors import PellucidError
from pellucid.rights.agent_message import AgentRefused
from pellucid.rights.status import Status, document_text
from pellucid.web.errors import Problem, problem_of, too_many
from pellucid.web.site import Site, site_of

T = TypeVar("T")


class DrpRoute(APIRoute):
    """A route whose errors have the protocol's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with its errors told as §3.06 says."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except PellucidError as error:
                return _error(problem_of(error, ()))
            except Problem as problem:
                return _error(problem)

        return told


router = APIRouter(prefix="/v1", include_in_schema=False, route_class=DrpRoute)


@router.post("/data-rights-request")
async def exercise(request: Request) -> Response:
    """File what an agent asks for a person (§2.01)."""
    body, token = await request.body(), _token(request)
    return _status(await _asked(request, lambda site: site.workspace.agents.exercise(token, body)))


@router.get("/data-rights-request/{request_id}")
async def status(request: Request, request_id: str) -> Response:
    """Tell how a request stands (§2.02)."""
    token = _token(request)
    return _status(await _asked(request, lambda site: site.workspace.agents.status(token, request_id)))


@router.delete("/data-rights-request/{request_id}")
async def revoke(request: Request, request_id: str) -> Response:
    """Take a request back (§2.04)."""
    body, token = await request.body(), _token(request)
    return _status(await _asked(request, lambda site: site.workspace.agents.take_back(token, request_id, body)))


@router.post("/agent/{agent_id}")
async def set_up(request: Request, agent_id: str) -> Response:
    """Give an agent its token (§2.05); a refusal has no body."""
    body = await request.body()
    try:
        token = await _asked(request, lambda site: site.workspace.agents.set_up(agent_id, body))
    except AgentRefused:
        return Response(status_code=403)
    return _json(200, {"agent-id": agent_id, "token": token})


@router.get("/agent/{agent_id}")
async def information(request: Request, agent_id: str) -> Response:
    """Tell an agent that its token holds (§2.06)."""
    token = _token(request)
    await _asked(request, lambda site: site.workspace.agents.let_in(agent_id, token))
    return _json(200, {})


async def _asked(request: Request, work: Callable[[Site], T]) -> T:
    """Do what is asked; an address whose messages are refused too often has to wait. Raises Problem (429)."""
    site = site_of(request)
    try:
        return await run_in_threadpool(work, site)
    except AgentRefused:
        wait = site.failures.take(site.place.address_of(request))
        if wait > 0:
            raise too_many(wait, "Too many requests from this address were refused.") from None
        raise


def _token(request: Request) -> str:
    kind, _, shown = request.headers.get("authorization", "").partition(" ")
    return shown.strip() if kind.lower() == "bearer" else ""


def _status(found: Status) -> Response:
    """Return the status object (§3.03)."""
    return Response(document_text(found), media_type="application/json")


def _error(problem: Problem) -> Response:
    status = 400 if problem.status == 422 else problem.status
    headers = {name: value for name, value in problem.headers.items() if name == "Retry-After"}
    return _json(status, {"code": str(status), "message": f"{problem.detail} {problem.remedy}".strip()}, headers)


def _json(status: int, told: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(told, ensure_ascii=False), status, headers, media_type="application/json")
