"""`/privacy/notice`: what people are told, for everybody, in each language and layer; earlier versions, what differs.

Everything is named in the address, so that a link leads to the very text that somebody was shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from pellucid.errors import NameUnknown
from pellucid.transparency.content import Content, Telling
from pellucid.transparency.published import CURRENT
from pellucid.transparency.shown import markdown
from pellucid.transparency.words import SOURCE
from pellucid.web.api.notices import Layer
from pellucid.web.centre.notice_words import LANGUAGE_NAMES, LAYER_TITLES
from pellucid.web.centre.reading import Anybody, Reading
from pellucid.web.language import language_of
from pellucid.web.pages import page
from pellucid.workspace.notices import NoticeDesk

router = APIRouter(prefix="/privacy/notice", include_in_schema=False)

WhichVersion = Annotated[str, Query(alias="version", pattern=r"^(current|[0-9a-f]{8,64})$")]
Old = Annotated[str, Query(alias="old", pattern=r"^[0-9a-f]{8,64}$")]
New = Annotated[str, Query(alias="new", pattern=r"^(current|[0-9a-f]{8,64})$")]


@dataclass(frozen=True, slots=True)
class Found:
    """A published notice in the language of whoever reads, or in the policy's own where it is not in that one."""

    version: str
    content: Content
    telling: Telling

    @property
    def name(self) -> str:
        """How files of it are named."""
        return f"privacy-notice-{self.telling.language}-{self.version[:16]}"


@router.get("")
def shown(request: Request, anybody: Anybody, version: WhichVersion = CURRENT, layer: Layer = Layer.SHORT) -> Response:
    """Show a published notice, as it was shown, in a language and layer."""
    try:
        found = _found(request, anybody, version)
    except NameUnknown:
        return _none(request, anybody, version)
    current = version == CURRENT or _current(anybody.site.workspace.notices) == found.version
    return page(
        request,
        "centre/notice.html",
        visit=anybody.visit,
        here="notice",
        found=found,
        sections=found.telling.layer(layer.value),
        layer=layer.value,
        layers=LAYER_TITLES,
        names=LANGUAGE_NAMES,
        is_current=current,
    )


@router.get("/text")
def as_text(request: Request, anybody: Anybody, version: WhichVersion = CURRENT, layer: Layer = Layer.FULL) -> Response:
    """Give a layer of a notice as a file of Markdown."""
    try:
        found = _found(request, anybody, version)
    except NameUnknown:
        return _none(request, anybody, version)
    text = markdown(found.telling.layer(layer.value))
    return _file(f"{found.name}-{layer.value}.md", text, "text/markdown; charset=utf-8", found.telling.language)


@router.get("/linked-data")
def as_linked_data(request: Request, anybody: Anybody, version: WhichVersion = CURRENT) -> Response:
    """Give a notice as a file of JSON-LD."""
    try:
        found = _found(request, anybody, version)
    except NameUnknown:
        return _none(request, anybody, version)
    told = {**found.telling.linked, "dct:identifier": found.version}
    text = json.dumps(told, ensure_ascii=False, indent=2)
    return _file(f"{found.name}.jsonld", text, "application/ld+json", found.telling.language)


@router.get("/versions")
def versions(request: Request, anybody: Anybody) -> Response:
    """Show every version that was published, the newest first."""
    found = anybody.site.workspace.notices.list()
    before = (None, *(each.notice for each in found))
    listed = [(each, earlier) for each, earlier in zip(found, before, strict=False)][::-1]
    if not listed:
        return _none(request, anybody, CURRENT)
    return page(
        request,
        "centre/notice_versions.html",
        visit=anybody.visit,
        here="notice",
        listed=listed,
        names=LANGUAGE_NAMES,
        language_chosen=language_of(request),
    )


@router.get("/changes")
def changes(request: Request, anybody: Anybody, old: Old, new: New = CURRENT) -> Response:
    """Show what differs from one version to another, in plain words."""
    desk = anybody.site.workspace.notices
    try:
        before, after = desk.named(old), desk.named(new)
    except NameUnknown:
        return _none(request, anybody, old)
    language = _among(request, anybody, [each for each in before[1].tellings if each in after[1].tellings])
    changed = desk.compare(before[0], after[0], language) if language else None
    return page(
        request,
        "centre/notice_changes.html",
        visit=anybody.visit,
        here="notice",
        old=before[0],
        new=after[0],
        changed=changed,
        told_in=language or SOURCE,
    )


def _found(request: Request, anybody: Reading, version: str) -> Found:
    """Return a published notice; raises NameUnknown."""
    whole, content = anybody.site.workspace.notices.named(version)
    return Found(whole, content, content.telling(_among(request, anybody, list(content.tellings))))


def _among(request: Request, anybody: Reading, languages: Sequence[str]) -> str:
    """Return the language to tell something in that is there in these; empty if there are none."""
    own = anybody.site.workspace.policy.active().controller.language
    return next((each for each in (language_of(request), own) if each in languages), min(languages, default=""))


def _current(desk: NoticeDesk) -> str:
    return desk.named()[0]


def _none(request: Request, anybody: Reading, version: str) -> Response:
    """Say that there is no such notice; the staff's remedy is nothing for those who read it."""
    return page(
        request,
        "centre/notice_none.html",
        status=404,
        visit=anybody.visit,
        here="notice",
        is_first=version == CURRENT,
    )


def _file(name: str, text: str, kind: str, language: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Language": language}
    return Response(text, 200, headers, kind)
