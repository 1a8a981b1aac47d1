"""Looking through the log from its newest entries back: one page at a time, and no further than a page can wait for.

An entry is told without whom it is about: who acted in which role, what, when, for which purpose. Reads only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from pellucid.audit import log
from pellucid.errors import NameUnknown

FURTHEST = 20_000
"""Entries looked at for one page, a tenth of a second's work: what is older is looked at when asked for."""
CHUNK = 1_000
REFUSED = b'"outcome":"refused"'


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries to show; what is empty leaves nothing out.

    `family` is what actions begin with before their dot, or a whole action; `kind` the kind of who acted.
    """

    family: str = ""
    kind: str = ""
    purpose: str = ""
    refused: bool = False

    def fits(self, body: bytes) -> bool:
        """Return whether the bytes of an entry are such a one's; nothing is parsed that cannot be."""
        if self.refused and REFUSED not in body:
            return False
        if not (self.family or self.kind or self.purpose):
            return True
        told = json.loads(body)
        action = str(told["action"])
        return (
            (not self.family or action == self.family or action.startswith(f"{self.family}."))
            and self.kind in ("", told["actor"]["kind"])
            and self.purpose in ("", told["purpose"])
        )


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as a list tells it; `reasons` are codes, where it tells of a refusal. Instants are UTC µs."""

    leaf: int
    at: int
    action: str
    kind: str
    roles: tuple[str, ...]
    purpose: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries, the newest first, of a log of `size`; `before` is where to go on, None where nothing is older.

    `looked` is how many entries were looked at for it.
    """

    lines: tuple[Line, ...]
    size: int
    before: int | None
    looked: int


def newest(connection: Connection, wanted: Wanted, before: int | None, limit: int) -> LogPage:
    """Return the newest entries wanted below `before` (None: of all), at most `limit`, of the nearest FURTHEST."""
    size = log.size(connection)
    top = size if before is None else max(0, min(before, size))
    lines: list[Line] = []
    looked = 0
    for entry in _back(connection, top):
        if len(lines) == limit or looked == FURTHEST:
            return LogPage(tuple(lines), size, entry.leaf + 1, looked)
        looked += 1
        if wanted.fits(entry.body):
            lines.append(_line(entry))
    return LogPage(tuple(lines), size, None, looked)


def one(connection: Connection, leaf: int, action: str = "") -> tuple[Line, bytes]:
    """Return an entry and its bytes; raises NameUnknown, also where it is of another action."""
    entry = log.entry_at(connection, leaf)
    line = _line(entry)
    if action and line.action != action:
        raise NameUnknown("log entry of that kind", str(leaf))
    return line, entry.body


def _back(connection: Connection, top: int) -> Iterator[log.StoredEntry]:
    while top > 0:
        start = max(0, top - CHUNK)
        yield from reversed(list(log.entries(connection, start, top)))
        top = start


def _line(entry: log.StoredEntry) -> Line:
    told: dict[str, Any] = entry.fields()
    actor, body = told["actor"], told["body"]
    reasons = body.get("reasons", ()) if body.get("outcome") == "refused" else ()
    return Line(
        entry.leaf,
        told["at"],
        told["action"],
        actor["kind"],
        tuple(actor["roles"]),
        told["purpose"],
        tuple(map(str, reasons)),
    )
