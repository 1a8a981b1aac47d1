"""What the index of uses takes from one entry of the log. Pure.

Entries about one person are found by a part of their pseudonym; entries about many people's data by what they say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FORM = 1
"""Of what is taken; raise it when entries are read otherwise, and every index is made anew."""
BUCKET_DIGITS = 4

RELEASED, REPEATED, CAPS, FAILED = "query.released", "query.repeated", "query.caps-drawn", "query.failed"
REFUSED, INSIGHT, PROPOSED = "query.refused", "insight.released", "insight.proposed"
BUILT, ATTACKED = "data.built", "attack.made"
FEED, EXPORT = "consent.changes-shown", "consent.exported"
OVER_DATA = frozenset({RELEASED, REPEATED, CAPS, FAILED, INSIGHT, PROPOSED, BUILT, ATTACKED})
"""Uses of the data of many people; the log says which data, never whose."""
CHOICES = frozenset({FEED, EXPORT})
"""What people said was handed out."""
USES = OVER_DATA | CHOICES | {REFUSED}

_MARKS = tuple(f'"action":"{action}"'.encode() for action in sorted(USES))
_SUBJECT = b'"subject":"'


@dataclass(frozen=True, slots=True)
class EntryOfUse:
    """What is taken of an entry: the kind of use and its ground, or whom it is about; neither of most entries.

    `after` and `until` are places in the feed of choices, `of` the place of the entry that is told again.
    """

    at: int = 0
    kind: Mapping[str, Any] | None = None
    ground: Mapping[str, Any] = field(default_factory=dict)
    as_of: int | None = None
    register: int | None = None
    after: int | None = None
    until: int | None = None
    of: int | None = None
    about: str | None = None


def read_entry(entry: bytes) -> EntryOfUse:
    """Return what the index takes from the bytes of an entry."""
    if _SUBJECT not in entry and not any(mark in entry for mark in _MARKS):
        return EntryOfUse()
    told = json.loads(entry)
    if told["action"] not in USES:
        return EntryOfUse(at=told["at"], about=told["subject"])
    body = told["body"]
    stamp = body.get("stamp") if told["action"] == BUILT else told["stamp"]
    rests = stamp is not None
    return EntryOfUse(
        at=told["at"],
        kind=_kind(told),
        ground={name: stamp[name] for name in ("generations", "policy", "regulations")} if rests else {},
        as_of=stamp["as_of"] if rests else None,
        register=stamp["register"] if rests else None,
        after=body.get("after") if told["action"] == FEED else None,
        until=body.get("until") if told["action"] == FEED else None,
        of=body.get("of") if told["action"] == REPEATED else None,
        about=told["subject"],
    )


def bucket_of(pseudonym: str) -> int:
    """Return the part of a pseudonym by which entries about it are found; many people share it."""
    return int(pseudonym[:BUCKET_DIGITS], 16)


def text_of(told: Mapping[str, Any]) -> str:
    """Return a kind or a ground as it is kept: the same text for the same content."""
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _kind(told: Mapping[str, Any]) -> dict[str, Any]:
    body, action = told["body"], told["action"]
    columns = body.get("reads" if action == BUILT else "columns", ())
    datasets = (
        dict.fromkeys(name.partition(".")[0] for name in columns) if action == BUILT else body.get("datasets", ())
    )
    kind = {
        "action": action,
        "purpose": body["purpose"] if action == BUILT else told["purpose"],
        "actor": told["actor"]["kind"],
        "roles": list(told["actor"]["roles"]),
        "datasets": list(datasets),
        "columns": sorted(columns),
        "people": body.get("people", {}),
    }
    extra = {
        REFUSED: ("reasons",),
        RELEASED: ("estimate",),
        EXPORT: ("namespaces",),
    }
    return kind | {name: body[name] for name in extra.get(action, ()) if name in body}
