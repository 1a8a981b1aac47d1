"""Published notices: stored under the hash of their content, so that what was shown to whom can be shown again.

A publication is one transaction with its log entry. Rows are added and never changed or deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from pellucid.audit.entry import AuditEntry, LogReceipt
from pellucid.audit.log import append
from pellucid.consent.submission import policy_overtaken
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.failpoints import reach
from pellucid.policy.model import Actor, Policy
from pellucid.policy.parts.purpose import shown_notice
from pellucid.records.database import Database
from pellucid.records.transparency_tables import notice_publications, notices
from pellucid.transparency import rounds
from pellucid.transparency.content import Content, from_bytes, to_bytes
from pellucid.transparency.differences import differences
from pellucid.transparency.material import material

InForce = Callable[[Connection], tuple[str, str] | None]
"""Tells which policy and laws are in force."""

CURRENT = "current"
"""How the notice that is shown now is named."""
FEWEST_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Publication:
    """A notice that was published: from which policy and laws, by whom and when (UTC µs)."""

    notice: str
    policy: str
    laws: str
    made_by: str
    at: int
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication came to; without a log entry, the very notice was shown already and nothing was done.

    `told` is whether a message about it is now due to everybody: it differs in something material.
    """

    version: str
    previous: str | None
    changes: tuple[str, ...]
    log: LogReceipt | None
    told: bool = False


def publish(
    database: Database, policy: Policy, content: Content, actor: Actor, now: int, in_force: InForce
) -> Published:
    """Show a notice from now on; `policy` is what it was made from. Publishing what is shown already does nothing.

    Raises RecordingFailed (`policy-overtaken`) if another policy, or other laws, are in force by now.
    """
    version = content.version
    with database.write() as connection:
        if in_force(connection) != policy.in_force:
            raise policy_overtaken()
        before = _current(connection)
        if before == version:
            return Published(version, version, (), None)
        if connection.scalar(select(notices.c.version).where(notices.c.version == version)) is None:
            connection.execute(insert(notices).values(version=version, content=to_bytes(content)))
        row = {"notice": version, "policy": policy.version, "laws": policy.laws.version, "made_by": actor.name}
        kept = connection.execute(insert(notice_publications).values(**row, at=now))
        reach("notice.stored")
        changes = _changes(connection, before, content, policy.controller.language)
        told = before is not None and material(_stored(connection, before), content, policy) is not None
        if told:
            rounds.begin(connection, _sequence(kept.inserted_primary_key), now)
        body = {
            "notice": version,
            "previous": before,
            "policy": policy.version,
            "laws": policy.laws.version,
            "languages": list(content.tellings),
            "changes": len(changes),
            "told": told,
        }
        log = append(connection, AuditEntry("notice.published", actor, now, body=body))
        reach("notice.before-commit")
    reach("notice.after-commit")
    return Published(version, before, changes, log, told)


def publications(connection: Connection) -> tuple[Publication, ...]:
    """Return every publication, the oldest first; the last one is what is shown now."""
    statement = select(notice_publications).order_by(notice_publications.c.sequence)
    languages: dict[str, tuple[str, ...]] = {}
    found = []
    for row in connection.execute(statement):
        if row.notice not in languages:
            languages[row.notice] = tuple(_stored(connection, row.notice).tellings)
        found.append(Publication(row.notice, row.policy, row.laws, row.made_by, row.at, languages[row.notice]))
    return tuple(found)


def is_any(connection: Connection) -> bool:
    """Return whether a notice was ever published."""
    return _current(connection) is not None


def notice(connection: Connection, version: str = CURRENT) -> tuple[str, Content]:
    """Return a published notice and its whole version; named by its first digits, by what a record keeps, or `current`.

    Raises NameUnknown for one that was never published, InputInvalid where several begin so.
    """
    whole = _current(connection) if version == CURRENT else _named(connection, version)
    if whole is None:
        raise NameUnknown("notice", version, remedy="Publish one: `pellucid notice publish`.")
    return whole, _stored(connection, whole)


def _named(connection: Connection, version: str) -> str | None:
    start = shown_notice(version) or version
    if len(start) < FEWEST_DIGITS:
        return None
    found = list(
        connection.scalars(select(notices.c.version).where(notices.c.version.startswith(start, autoescape=True)))
    )
    if len(found) > 1:
        raise InputInvalid(
            f"{len(found)} notices begin with {start!r}.", remedy="Write more of its digits.", code="notice-ambiguous"
        )
    return str(found[0]) if found else None


def _sequence(key: Row[Any] | None) -> int:
    assert key is not None  # noqa: S101  -- one row was put
    return int(key[0])


def _current(connection: Connection) -> str | None:
    columns = notice_publications.c
    return connection.scalar(select(columns.notice).order_by(columns.sequence.desc()).limit(1))


def _stored(connection: Connection, version: str) -> Content:
    content = connection.scalar(select(notices.c.content).where(notices.c.version == version))
    return from_bytes(b"" if content is None else bytes(content), version)


def _changes(connection: Connection, before: str | None, new: Content, language: str) -> tuple[str, ...]:
    if before is None:
        return ()
    old = _stored(connection, before)
    return differences(old, new, language) if language in old.tellings else ()
