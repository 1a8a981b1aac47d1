"""Tombstones: identifiers that were erased, as keyed hashes, so that their old rows do not come in again by a file.

Without the key, a file of its own that is backed up apart, nobody can tell whether a hash is somebody's. A tombstone is
no bar to a person who comes back: rows from after the erasure bring a new subject, and rows without a date once the
staff said that they are back. What they say brings nobody: consent of a key that nobody is known by is refused.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from pellucid.records.rights_tables import tombstones

CONTEXT = b"pellucid tombstone v1\0"
DAYS = 3_653
"""Ten years: the longest that books and backups are usually kept, out of which old rows could be read in again."""
BASIS = "legal_obligation"
"""GDPR Art. 17(1) with Art. 5(2): what was erased has to stay erased, and that has to be shown."""
PART = 500


@dataclass(frozen=True, slots=True)
class Tombstone:
    """When an identifier was erased (UTC µs), and whether the person came back since."""

    erased_at: int
    returned: bool


def digest(key: bytes, namespace: str, natural_key: str) -> bytes:
    """Return the keyed hash of an identifier."""
    return hmac.digest(key, CONTEXT + namespace.encode() + b"\0" + natural_key.encode(), "sha256")


def put(
    connection: Connection, key: bytes, people: Iterable[tuple[str, str]], erasure: str, now: int, until: int
) -> None:
    """Set tombstones for (namespace, natural key), in place of older ones, in the caller's write transaction."""
    rows = [
        {
            "namespace": namespace,
            "digest": digest(key, namespace, natural_key),
            "erasure": erasure,
            "erased_at": now,
            "until": until,
            "basis": BASIS,
            "returned_at": None,
        }
        for namespace, natural_key in people
    ]
    for row in rows:
        connection.execute(delete(tombstones).where(*_same(row)))
    if rows:
        connection.execute(insert(tombstones), rows)


def standing(
    connection: Connection, key: bytes, namespace: str, natural_keys: Sequence[str], now: int
) -> dict[str, Tombstone]:
    """Return the tombstones that stand for some of these identifiers."""
    live = (tombstones.c.namespace == namespace, tombstones.c.until > now)
    if connection.execute(select(tombstones.c.namespace).where(*live).limit(1)).first() is None:
        return {}
    held = {
        bytes(row.digest): Tombstone(row.erased_at, row.returned_at is not None)
        for row in connection.execute(select(tombstones).where(*live))
    }
    hashed = ((each, held.get(digest(key, namespace, each))) for each in natural_keys)
    return {each: found for each, found in hashed if found is not None}


def come_back(connection: Connection, key: bytes, namespace: str, natural_keys: Iterable[str], now: int) -> int:
    """Note that people came back, in the caller's write transaction; return how many had a tombstone."""
    done = 0
    for each in natural_keys:
        same = _same({"namespace": namespace, "digest": digest(key, namespace, each)})
        found = update(tombstones).where(*same, tombstones.c.returned_at.is_(None)).values(returned_at=now)
        done += connection.execute(found).rowcount
    return done


def expire(connection: Connection, now: int) -> int:
    """Remove tombstones whose time is over, in the caller's write transaction; return how many."""
    return connection.execute(delete(tombstones).where(tombstones.c.until <= now)).rowcount


def _same(row: Mapping[str, object]) -> tuple[ColumnElement[bool], ...]:
    return tombstones.c.namespace == row["namespace"], tombstones.c.digest == row["digest"]
