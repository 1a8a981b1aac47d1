"""Telling what went wrong: to programs as problem+json, to people as a page, and to who is not signed in the way in."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from pellucid.errors import InputInvalid, NameUnknown, PellucidError
from pellucid.web.centre.mistake_words import MISTAKES, OUT_OF_ORDER
from pellucid.web.centre.visiting import SignInNeeded
from pellucid.web.errors import NOWHERE, Problem, problem_for
from pellucid.web.kinds import kind_asked
from pellucid.web.pages import go_to, is_for_staff, policy_of, problem_page
from pellucid.web.site import site_of

RELOAD = "Go back, load the page anew, and try again."


async def tell(request: Request, error: Exception) -> Response:
    """Answer with the problem that an error is; the exception handler of all that are foreseen."""
    if not kind_asked(request.scope).is_page:
        return _noted(request, problem_for(request, error)).response()
    if isinstance(error, SignInNeeded):
        by_script = request.headers.get("hx-request") == "true"  # which would put the other page into this one
        return Response(status_code=204, headers={"HX-Redirect": error.door}) if by_script else go_to(error.door)
    problem = NOWHERE if isinstance(error, RequestValidationError) else _noted(request, problem_for(request, error))
    if problem.code in ("route-unknown", "method-unknown"):
        problem = NOWHERE
    remedy = {InputInvalid.code: RELOAD, NameUnknown.code: NOWHERE.remedy}.get(problem.code)
    if remedy is not None:  # theirs are for who writes a program or a command
        problem = replace(problem, remedy=remedy)
    if isinstance(error, PellucidError) and not is_for_staff(request):
        problem = plain(problem, error)
    policy = await run_in_threadpool(policy_of, site_of(request))
    return problem_page(problem, request, policy)


def plain(problem: Problem, error: PellucidError) -> Problem:
    """Return a problem as customers are told it: in words that are fixed and theirs, where there are such."""
    if error.places:
        return replace(problem, detail=error.sentence, places=error.places)
    told = MISTAKES.get(error.code) or (OUT_OF_ORDER if problem.status == 503 else None)
    return problem if told is None else replace(problem, detail=told[0], remedy=told[1])


def _noted(request: Request, problem: Problem) -> Problem:
    """Have the line of the log name what we could not do, by its code; returns the problem."""
    if problem.status >= 500:
        request.state.code = problem.code
    return problem
