"""Static files under names that hold their content's hash, so that browsers may keep them for good.

Under `/privacy`, as everything that customers' browsers load: so a proxy needs to pass on no other path, and the
company's own `/static` stays its own. What other people's pages load is found under its plain name too.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi import Path as InPath

from pellucid.web.errors import Problem

FOLDER = Path(__file__).with_name("static")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
PREFIX = "/privacy/static"
KEPT = "public, max-age=31536000, immutable"
EMBEDDED = ("consent.js",)
"""What pages of the company name for good, whatever it holds."""
KEPT_SHORTLY = "public, max-age=600"
KEPT_A_DAY = "public, max-age=86400"

router = APIRouter()


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is served."""

    name: str
    media_type: str
    content: bytes


@cache
def static_files() -> dict[str, StaticFile]:
    """Return every static file, by the name that it is served under."""
    found = (_read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES)
    return {each.name: each for each in found}


@cache
def static_url(name: str) -> str:
    """Return where a static file is served; raises KeyError for one that is not there."""
    return f"{PREFIX}/{_read(FOLDER / name).name}" if (FOLDER / name).is_file() else _missing(name)


@router.get(PREFIX + "/{name}", include_in_schema=False)
def static(name: Annotated[str, InPath(max_length=100)]) -> Response:
    """Return a static file."""
    found = _read(FOLDER / name) if name in EMBEDDED else static_files().get(name)
    if found is None:
        raise Problem(404, "route-unknown", "There is nothing here.", "Load the page anew.")
    return Response(
        found.content,
        media_type=found.media_type,
        headers={"Cache-Control": KEPT_SHORTLY if name in EMBEDDED else KEPT},
    )


@router.get("/favicon.ico", include_in_schema=False)
def icon() -> Response:
    """Return our icon where browsers look for it by themselves: beside what is no page, and old ones always."""
    found = _read(FOLDER / "favicon.ico")
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": KEPT_A_DAY})


@cache
def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    mark = base64.urlsafe_b64encode(sha256(content).digest()[:9]).decode()
    return StaticFile(f"{path.stem}.{mark}{path.suffix}", TYPES[path.suffix], content)


def _missing(name: str) -> str:
    raise KeyError(name)
