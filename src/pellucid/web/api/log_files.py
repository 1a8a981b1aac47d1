"""What a program takes out of the log, to verify it elsewhere: entries, proofs, all of it; and signing its head."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from pellucid.audit.note import parse_note
from pellucid.audit.treehead import parse_checkpoint
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.log_file_words import CheckpointAsked, CheckpointTold, ExportAsked
from pellucid.web.api.oversight_words import EntryTold
from pellucid.web.api.words import WITH_BODY, problems
from pellucid.web.log_archive import packed_log
from pellucid.web.security import Caller, needs

router = APIRouter(prefix="/api/v1/log", tags=["oversight"], route_class=StrictRoute)

BYTES, ZIP = "application/octet-stream", "application/zip"
Entry = Annotated[int, Path(ge=0, le=2**53)]
MayTake = Annotated[Caller, Depends(needs("audit:export"))]
MaySign = Annotated[Caller, Depends(needs("audit:checkpoint"))]


def _file(media_type: str, described: str) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}, "description": described}
    }


@router.get("/entries/{entry}", responses={200: {"model": EntryTold}, **problems(404)})
def entry(caller: MayTake, entry: Entry) -> Response:
    """Give one entry as it was hashed, and the proof that it is in the log (c2sp.org/tlog-proof@v1).

    The leaf's hash is SHA-256 of a zero byte and the bytes of `body` in UTF-8. 404: no signed head covers it yet.
    """
    body, proof = caller.site.workspace.audit.proof(entry, actor=caller.actor)
    return _json({"entry": entry, "body": body.decode(), "proof": proof.decode()})


@router.get(
    "/entries/{entry}/bytes",
    response_class=Response,
    responses={**_file(BYTES, "The entry, byte by byte as it was hashed."), **problems(404)},
)
def bytes_of(caller: MayTake, entry: Entry) -> Response:
    """Give one entry as it was hashed, as a file; also where no signed head covers it yet."""
    _, body = caller.site.workspace.audit.entry(entry, actor=caller.actor)
    return _attached(body, f"entry-{entry}.json", BYTES)


@router.get(
    "/entries/{entry}/proof",
    response_class=Response,
    responses={**_file(BYTES, "The proof of that entry."), **problems(404)},
)
def proof(caller: MayTake, entry: Entry) -> Response:
    """Give the proof that one entry is in the log, as a file (c2sp.org/tlog-proof@v1).

    404: no signed head covers it yet.
    """
    _, made = caller.site.workspace.audit.proof(entry, actor=caller.actor)
    return _attached(made, f"entry-{entry}.tlog-proof", BYTES)


@router.post(
    "/exports",
    response_class=Response,
    responses={**_file(ZIP, "The log, as a ZIP file."), **problems(*WITH_BODY, 409)},
)
def export(caller: MayTake, _asked: ExportAsked) -> Response:
    """Give the log to be verified elsewhere, without details; its head is signed, and exporting it is logged.

    How to verify it stands in the file. 409: it has more than 100,000 entries, so export it at the command line.
    """
    return _attached(packed_log(caller.site.workspace.audit, caller.actor), "log.zip", ZIP)


@router.post("/checkpoints", status_code=201, responses={201: {"model": CheckpointTold}, **problems(*WITH_BODY)})
def checkpoint(caller: MaySign, _asked: CheckpointAsked) -> Response:
    """Sign the present head of the log with its key, if it follows from what was signed before.

    A head that was signed already comes back as it is. Nothing is appended to the log.
    """
    note = caller.site.workspace.audit.checkpoint(actor=caller.actor)
    head = parse_checkpoint(parse_note(note).text)
    return _json({"signed": head.size, "root": head.root.hex(), "checkpoint": note.decode()}, 201)


def _attached(body: bytes, name: str, media_type: str) -> Response:
    return Response(body, 200, {"Content-Disposition": f'attachment; filename="{name}"'}, media_type)


def _json(told: dict[str, Any], status: int = 200) -> Response:
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, media_type="application/json")
