"""Packages that wait to be fetched: their records, the link that opens one, their end. `rights.access` makes them.

A link holds a random secret of 256 bits, told once; what is kept is its HMAC-SHA256 under a key of the workspace, a
file outside the control database. Whoever shows a wrong one, or shows it too late, learns nothing else.
"""

from __future__ import annotations

import hmac
import secrets
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import InputInvalid, NotPermitted
from pellucid.policy.model import Actor
from pellucid.records.rights_tables import packages, rights_requests
from pellucid.rights.request import RequestState

FOLDER = "exports/access"
"""Where packages lie, below the workspace."""
ARCHIVE = "package.zip"
DAY = 86_400_000_000
CONTEXT = b"pellucid package link v1\0"
REFUSED = (RequestState.DENIED.value, RequestState.REVOKED.value, RequestState.EXPIRED.value)
"""States of a request of which nothing is handed over, whatever was made before it was closed so."""
WORKER = Actor("system", "worker", (), "system")
WITH_LINK = Actor("customer", "link", (), "package-link")
"""Whoever opens a link: that they hold it is all that is known."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package as kept. `digest` is the SHA-256 of its manifest, None until it is whole; instants in UTC µs."""

    id: str
    request: str
    path: str
    digest: str | None
    made_at: int
    expires_at: int
    fetched_at: int | None
    removed_at: int | None

    def waits(self, now: int) -> bool:
        """Return whether it is whole and may still be fetched."""
        return self.digest is not None and self.removed_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class PackageLink:
    """What opens a package; the secret is told once, and is in no repr."""

    package: str
    secret: str
    expires_at: int

    def __repr__(self) -> str:
        return f"PackageLink({self.package!r})"


def package_of(connection: Connection, request: str) -> Package | None:
    """Return the newest package of a request that was not removed, whole or not."""
    kept = select(packages).where(packages.c.request == request, packages.c.removed_at.is_(None))
    row = connection.execute(kept.order_by(packages.c.made_at.desc(), packages.c.id).limit(1)).one_or_none()
    return None if row is None else _package(row)


def begin(connection: Connection, request: str, days: int, now: int) -> Package:
    """Note that a package is being made, before its first file is, so that whoever erases the person finds it."""
    id = secrets.token_hex(16)
    made = Package(id, request, f"{FOLDER}/{id}", None, now, now + days * DAY, None, None)
    connection.execute(
        insert(packages).values(id=id, request=request, path=made.path, made_at=now, expires_at=made.expires_at)
    )
    return made


def finish(connection: Connection, package: Package, digest: str, expires_at: int) -> bool:
    """Note that a package is whole; returns False if it was removed meanwhile."""
    still = (packages.c.id == package.id, packages.c.removed_at.is_(None))
    return bool(
        connection.execute(update(packages).where(*still).values(digest=digest, expires_at=expires_at)).rowcount
    )


def issue_link(connection: Connection, key: bytes, package: str, now: int) -> PackageLink:
    """Make the link that opens a package; one that was made before opens it no more. Raises InputInvalid."""
    row = connection.execute(select(packages).where(packages.c.id == package)).one_or_none()
    if row is None or not _package(row).waits(now) or is_refused(connection, row.request):
        raise InputInvalid(
            "There is no package that could be fetched.",
            remedy="Make it first: `pellucid subject package REQUEST --to FOLDER`.",
            code="package-missing",
        )
    secret = secrets.token_urlsafe(32)
    digest = _digest(key, package, secret)
    connection.execute(update(packages).where(packages.c.id == package).values(token=digest))
    return PackageLink(package, secret, row.expires_at)


def opened_by(connection: Connection, key: bytes, package: str, secret: str, now: int) -> Package:
    """Return the package that a link opens; raises NotPermitted, always the same, for every link that opens none.

    How long it takes does not tell how much of a secret was right.
    """
    row = connection.execute(select(packages).where(packages.c.id == package)).one_or_none()
    kept = bytes(32) if row is None or row.token is None else bytes(row.token)
    right = hmac.compare_digest(kept, _digest(key, package, secret))
    if row is None or not right or not _package(row).waits(now) or is_refused(connection, row.request):
        raise link_refused()
    return _package(row)


def is_refused(connection: Connection, request: str) -> bool:
    """Return whether nothing is handed over for a request: it was denied, taken back, or expired."""
    return connection.scalar(select(rights_requests.c.state).where(rights_requests.c.id == request)) in REFUSED


def over(now: int) -> ColumnElement[bool]:
    """Return which packages are to be removed: those whose time is over, and those of requests that were refused."""
    refused = select(rights_requests.c.id).where(rights_requests.c.state.in_(REFUSED))
    return and_(packages.c.removed_at.is_(None), or_(packages.c.expires_at <= now, packages.c.request.in_(refused)))


def link_refused() -> NotPermitted:
    """Return the one refusal of a link."""
    return NotPermitted(
        "This link opens nothing, or no longer does.",
        remedy="Ask for a new one: a link lasts only some days.",
        code="package-link",
    )


def note_fetched(connection: Connection, package: Package, actor: Actor, pseudonym: str | None, now: int) -> None:
    """Note, and log, that a package was handed over; the transaction's last call."""
    if package.fetched_at is None:
        connection.execute(update(packages).where(packages.c.id == package.id).values(fetched_at=now))
    body = {"package": package.id, "request": package.request}
    append(connection, AuditEntry("access.package-fetched", actor, now, subject=pseudonym, body=body))


def remove_expired(connection: Connection, folder: Path, now: int) -> tuple[str, ...]:
    """Remove the files of packages that are over, in the caller's write transaction; returns their ids.

    `folder` is the workspace. The files go first, so that a crash leaves work to be done again and never a file.
    """
    gone = select(packages).where(over(now))
    removed = _remove(connection, folder, [_package(row) for row in connection.execute(gone)], "expired", now)
    remove_forsaken(connection, folder)
    return removed


def remove_packages(connection: Connection, folder: Path, namespace: str, subject: int, now: int) -> tuple[str, ...]:
    """Remove every package of a person, also one that is being made, in the caller's write transaction."""
    return _remove(connection, folder, _of_person(connection, namespace, subject), "erased", now)


def remove_made(
    connection: Connection, folder: Path, namespace: str, subject: int, because: str, now: int
) -> tuple[str, ...]:
    """Remove a person's packages that are whole, likewise; who makes one looks at its end whose it is."""
    whole = [each for each in _of_person(connection, namespace, subject) if each.digest is not None]
    return _remove(connection, folder, whole, because, now)


def _of_person(connection: Connection, namespace: str, subject: int) -> list[Package]:
    theirs = select(rights_requests.c.id).where(
        rights_requests.c.namespace == namespace, rights_requests.c.subject == subject
    )
    kept = select(packages).where(packages.c.request.in_(theirs), packages.c.removed_at.is_(None))
    return [_package(row) for row in connection.execute(kept)]


def _remove(connection: Connection, folder: Path, gone: list[Package], why: str, now: int) -> tuple[str, ...]:
    for package in gone:
        place = folder / package.path
        if place.exists():
            shutil.rmtree(place)
    ids = tuple(package.id for package in gone)
    if ids:
        connection.execute(update(packages).where(packages.c.id.in_(ids)).values(removed_at=now, token=None))
        body = {"packages": list(ids), "because": why}
        append(connection, AuditEntry("access.packages-removed", WORKER, now, body=body))
    return ids


def remove_forsaken(connection: Connection, folder: Path) -> None:
    """Remove folders that belong to no package that waits or is being made: a run that was overtaken left them.

    For a write transaction: who begins a package notes it in one before making its folder.
    """
    known = {
        Path(path).name for path in connection.scalars(select(packages.c.path).where(packages.c.removed_at.is_(None)))
    }
    for place in sorted((folder / FOLDER).iterdir()) if (folder / FOLDER).is_dir() else ():
        if place.name not in known:
            shutil.rmtree(place)


def _digest(key: bytes, package: str, secret: str) -> bytes:
    return hmac.new(key, CONTEXT + package.encode() + b"\0" + secret.encode(), sha256).digest()


def _package(row: Row[Any]) -> Package:
    return Package(
        row.id, row.request, row.path, row.digest, row.made_at, row.expires_at, row.fetched_at, row.removed_at
    )
