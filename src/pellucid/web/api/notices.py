"""`/api/v1/notices`: what people are told, for everybody: no token is needed, and each address may ask so often."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from pellucid.transparency.content import Content, Section
from pellucid.transparency.shown import markdown
from pellucid.web.api.body import StrictRoute
from pellucid.web.api.notice_words import ChangesTold, NoticesTold, NoticeTold
from pellucid.web.api.words import moment_of, public_problems
from pellucid.web.errors import too_many
from pellucid.web.site import Site, site_of


class Language(StrEnum):
    """Languages that notices can be in."""

    ENGLISH = "en"
    GERMAN = "de"
    SPANISH = "es"
    FRENCH = "fr"


class Layer(StrEnum):
    """The layers of a notice."""

    SHORT = "short"
    FULL = "full"
    CHILD = "child"


class Written(StrEnum):
    """How a notice is written."""

    JSON = "json"
    MARKDOWN = "markdown"
    JSONLD = "jsonld"


def visited(request: Request) -> Site:
    """Return the site for a visitor whose address has not asked too often; raises Problem (429)."""
    site = site_of(request)
    wait = site.visitors.take(site.place.address_of(request))
    if wait > 0:
        raise too_many(wait, "Too many requests from this address.")
    return site


router = APIRouter(prefix="/api/v1/notices", tags=["notices"], route_class=StrictRoute)
Visited = Annotated[Site, Depends(visited)]
WhichLanguage = Annotated[Language | None, Query(description="Default: the policy's own, else the first there is.")]
WhichVersion = Annotated[
    str, Path(pattern=r"^(current|[0-9a-f]{8,64})$", description="`current`, or the first 8 or more digits.")
]


@router.get("", responses={200: {"model": NoticesTold}, **public_problems()})
def listed(site: Visited) -> Response:
    """Tell which notices were published, the oldest first. The last one is what people are shown now."""
    told = [
        {"version": each.notice, "published_at": moment_of(each.at), "languages": list(each.languages)}
        for each in site.workspace.notices.list()
    ]
    return _json({"current": told[-1]["version"] if told else None, "notices": told})


@router.get(
    "/{version}",
    responses={
        200: {
            "model": NoticeTold,
            "content": {"text/markdown": {}, "application/ld+json": {"schema": {"type": "object"}}},
        },
        **public_problems(404),
    },
)
def shown(
    site: Visited,
    version: WhichVersion,
    language: WhichLanguage = None,
    layer: Layer = Layer.SHORT,
    written: Annotated[Written, Query(alias="format", description="jsonld has no layers.")] = Written.JSON,
) -> Response:
    """Show a published notice, as it was shown, in one of its languages and layers."""
    whole, content = site.workspace.notices.named(version)
    told = content.telling(_language(site, content, language))
    if written is Written.JSONLD:
        return _json({**told.linked, "dct:identifier": whole}, "application/ld+json")
    sections = told.layer(layer.value)
    if written is Written.MARKDOWN:
        return Response(markdown(sections), media_type="text/markdown; charset=utf-8")
    head = {"version": whole, "language": told.language, "layer": layer.value, "purposes": dict(content.purposes)}
    return _json({**head, "languages": sorted(content.tellings), "sections": [_section(each) for each in sections]})


@router.get("/{version}/changes", responses={200: {"model": ChangesTold}, **public_problems(404)})
def changes(
    site: Visited,
    version: WhichVersion,
    since: Annotated[str, Query(pattern=r"^[0-9a-f]{8,64}$", description="The version before: 8 or more digits.")],
    language: WhichLanguage = None,
) -> Response:
    """Tell what differs in a published notice from an earlier one, in plain words."""
    desk = site.workspace.notices
    told_in = _language(site, desk.named(version)[1], language)
    changed = desk.compare(since, version, told_in)
    return _json({"old": desk.named(since)[0], "new": desk.named(version)[0], "language": told_in, "changes": changed})


def _language(site: Site, content: Content, wanted: Language | None) -> str:
    if wanted is not None:
        return wanted.value
    own = site.workspace.policy.active().controller.language
    return own if own in content.tellings else min(content.tellings)


def _section(section: Section) -> dict[str, Any]:
    told = [each.text for each in section.sentences if each.text]
    return {
        "name": section.name,
        "title": section.title,
        "level": section.level,
        "listed": section.listed,
        "sentences": told,
    }


def _json(content: dict[str, Any], kind: str = "application/json") -> Response:
    return Response(json.dumps(content, ensure_ascii=False, separators=(",", ":")), media_type=kind)
