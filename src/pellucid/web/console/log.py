"""`/staff/log`: the log from its newest entries back, one entry with its proof, and verifying it from within."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi import Path as PathPart
from starlette.responses import Response

from pellucid.audit.browse import Wanted
from pellucid.errors import InputInvalid, NameUnknown, VerificationFailed
from pellucid.web.console import officer_words as words
from pellucid.web.console.working import Here, Posted, Working
from pellucid.web.log_archive import packed_log
from pellucid.web.pages import go_to, page, sentences_of

router = APIRouter(prefix="/staff/log", include_in_schema=False)

HOME = "/staff/log"
A_PAGE = 50
TOO_LONG = "The log is too long for a page. Export it at the command line."
MOST = 2**53
Leaf = Annotated[int, PathPart(ge=0, le=MOST)]
Place = Annotated[int | None, Query(ge=0, le=MOST)]
Name = Annotated[str, Query(pattern=r"^[a-z-]*(\.[a-z-]+)?$", max_length=60)]


@router.get("")
def listed(
    request: Request,
    working: Here,
    family: Name = "",
    kind: Name = "",
    purpose: Annotated[str, Query(pattern=r"^[a-z0-9-]*$", max_length=100)] = "",
    refused: Annotated[str, Query(pattern="^(yes)?$")] = "",
    before: Place = None,
) -> Response:
    """Show the newest entries wanted, the head of the log, and what was found when it was last verified."""
    wanted = Wanted(family, kind, purpose, refused=refused == "yes")
    return _listed(request, working, wanted, before)


@router.get("/entries/{leaf}")
def entry(leaf: Leaf, request: Request, working: Here) -> Response:
    """Show one entry as it was hashed, with the proof that it is in the log, if a signed head covers it."""
    line, body = working.site.workspace.audit.entry(leaf, actor=working.actor)
    proof = _proof(working, leaf)
    return page(
        request,
        "console/log_entry.html",
        working=working,
        here="log",
        line=line,
        body=body.decode(errors="replace"),
        proof=None if proof is None else proof.decode(),
        words=words,
        reasons=words.reason_words(line.reasons),
    )


@router.get("/entries/{leaf}/proof")
def proof(leaf: Leaf, working: Here) -> Response:
    """Give the proof of one entry, as a file (c2sp.org/tlog-proof@v1)."""
    _, made = working.site.workspace.audit.proof(leaf, actor=working.actor)
    headers = {"Content-Disposition": f'attachment; filename="entry-{leaf}.tlog-proof"'}
    return Response(made, 200, headers, "application/octet-stream")


@router.get("/entries/{leaf}/bytes")
def bytes_of(leaf: Leaf, working: Here) -> Response:
    """Give one entry as it was hashed, as a file."""
    _, body = working.site.workspace.audit.entry(leaf, actor=working.actor)
    headers = {"Content-Disposition": f'attachment; filename="entry-{leaf}.json"'}
    return Response(body, 200, headers, "application/octet-stream")


@router.post("/verify")
def verify(request: Request, working: Here, _form: Posted) -> Response:
    """Verify the log, and go to what was found."""
    try:
        leaf = working.site.workspace.audit.verify(actor=working.actor)
    except (InputInvalid, VerificationFailed) as error:
        return _listed(request, working, Wanted(), None, wrong=sentences_of(error))
    return go_to(f"{HOME}/verifications/{leaf}")


@router.post("/checkpoint")
def checkpoint(request: Request, working: Here, _form: Posted) -> Response:
    """Sign the present head."""
    try:
        working.site.workspace.audit.checkpoint(actor=working.actor)
    except VerificationFailed as error:
        return _listed(request, working, Wanted(), None, wrong=sentences_of(error))
    return go_to(HOME, told="done")


@router.post("/export")
def export(request: Request, working: Here, _form: Posted) -> Response:
    """Give the log as a file to verify elsewhere, without details; logged, and its head is signed."""
    try:
        packed = packed_log(working.site.workspace.audit, working.actor)
    except InputInvalid as error:
        if error.code != "log-too-long":
            raise
        return _listed(request, working, Wanted(), None, wrong=(TOO_LONG,))
    headers = {"Content-Disposition": 'attachment; filename="log.zip"'}
    return Response(packed, 200, headers, "application/zip")


@router.get("/verifications/{leaf}")
def verification(leaf: Leaf, request: Request, working: Here) -> Response:
    """Show what a verification found."""
    audit = working.site.workspace.audit
    found, head = audit.verification(leaf, actor=working.actor), audit.head(actor=working.actor)
    return page(request, "console/log_verified.html", working=working, here="log", found=found, head=head, words=words)


def _listed(
    request: Request, working: Working, wanted: Wanted, before: int | None, *, wrong: tuple[str, ...] = ()
) -> Response:
    workspace = working.site.workspace
    found = workspace.audit.page(wanted, actor=working.actor, before=before, limit=A_PAGE)
    shown: dict[str, Any] = {
        "page": found,
        "head": workspace.audit.head(actor=working.actor),
        "last": workspace.audit.last_verification(actor=working.actor),
        "policy": workspace.centre.policy(),
        "wanted": wanted,
        "before": before,
        "wrong": wrong,
        "words": words,
    }
    status = 409 if wrong else 200
    return page(request, "console/log.html", status=status, working=working, here="log", **shown)


def _proof(working: Working, leaf: int) -> bytes | None:
    """Return the proof of an entry; None while no signed head covers it, or for who may not take proofs out."""
    if not working.may("audit-export"):
        return None
    try:
        return working.site.workspace.audit.proof(leaf, actor=working.actor)[1]
    except NameUnknown:
        return None
