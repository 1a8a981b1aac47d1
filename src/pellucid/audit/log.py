"""The one log of a workspace: appending entries in the writer's own transaction, reading them, and proving things.

An entry is serialised once and its bytes are stored verbatim; proofs are made from the stored leaf hashes. Signing is
in `audit.checkpoint`, judging somebody's log in `audit.verify`, which shares no code with the database.

The bytes of an entry, version 1, are canonical JSON with exactly these keys:

    v           1
    action      dotted action
    actor       {kind, name, roles, authenticated}
    at          UTC microseconds
    purpose     name or null
    subject     pseudonym or null
    stamp       what the answer rests on, or null
    body        object: what every verifier may read
    commitment  lowercase hex of SHA-256(nonce ‖ details), or null where the entry has no details
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, bindparam, func, insert, select, update

from pellucid.audit import merkle
from pellucid.audit.canonical import canonical_bytes
from pellucid.audit.entry import AuditEntry, LogReceipt
from pellucid.errors import NameUnknown, RecordingFailed
from pellucid.records.tables import log_details, log_entries, log_head

VERSION = 1
"""Version of the entry bytes, their `v`."""

NONCE_BYTES = 32
HEAD_ID = 1

_HEAD = select(log_head.c.size, log_head.c.frontier).where(log_head.c.id == HEAD_ID)
_PUT_ENTRIES, _PUT_DETAILS = insert(log_entries), insert(log_details)
_LOCKED_HEAD = _HEAD.with_for_update()
_MOVE_HEAD = (
    update(log_head)
    .where(log_head.c.id == HEAD_ID)
    .values(size=bindparam("new_size"), frontier=bindparam("new_frontier"))
)


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry as stored: leaf index, the bytes that were hashed, their leaf hash."""

    leaf: int
    body: bytes
    leaf_hash: bytes

    def fields(self) -> dict[str, object]:
        """Return the entry parsed, for display and search; never hash what is made from it."""
        parsed: dict[str, object] = json.loads(self.body)
        return parsed


@dataclass(frozen=True, slots=True)
class StoredDetails:
    """The erasable part of one entry: its nonce and its canonical JSON bytes."""

    leaf: int
    nonce: bytes
    details: bytes

    def commitment(self) -> str:
        """Return what the entry must hold for these details."""
        return sha256(self.nonce + self.details).hexdigest()

    def fields(self) -> dict[str, object]:
        """Return the details parsed."""
        parsed: dict[str, object] = json.loads(self.details)
        return parsed


@dataclass(frozen=True, slots=True)
class _Head:
    size: int
    frontier: list[bytes]


def append(connection: Connection, entry: AuditEntry) -> LogReceipt:
    """Append one entry, in the caller's write transaction and as its last statement; raises RecordingFailed."""
    return append_all(connection, (entry,))[0]


def append_all(connection: Connection, entries: Iterable[AuditEntry]) -> tuple[LogReceipt, ...]:
    """Append entries in order, in the caller's write transaction and as its last statement.

    The head row stays locked until the caller commits, so leaf indexes have no gaps. Raises RecordingFailed: let it
    leave the transaction, so that what is not recorded is not done.
    """
    return append_prepared(connection, [prepare(entry) for entry in entries])


def append_verbatim(connection: Connection, bodies: Iterable[bytes]) -> tuple[LogReceipt, ...]:
    """Append bytes that are entries of this very log already, as a restored backup needs: they are hashed as they are.

    Their details are not brought back. The caller compares the head that results with one that was signed.
    """
    return append_prepared(connection, [(body, b"", None) for body in bodies])


def append_prepared(
    connection: Connection, prepared: list[tuple[bytes, bytes, bytes | None]]
) -> tuple[LogReceipt, ...]:
    """Append entries as `prepare` gave them; see `append_all`."""
    if not prepared:
        return ()
    head = _locked_head(connection)
    bodies: list[dict[str, object]] = []
    details: list[dict[str, object]] = []
    receipts: list[LogReceipt] = []
    for leaf, (body, nonce, detail) in enumerate(prepared, start=head.size):
        hashed = merkle.leaf_hash(body)
        merkle.extend_frontier(head.frontier, leaf, hashed)
        bodies.append({"leaf": leaf, "body": body, "leaf_hash": hashed})
        if detail is not None:
            details.append({"leaf": leaf, "nonce": nonce, "details": detail})
        receipts.append(LogReceipt(leaf, hashed.hex()))
    connection.execute(_PUT_ENTRIES, bodies)
    if details:
        connection.execute(_PUT_DETAILS, details)
    connection.execute(_MOVE_HEAD, {"new_size": head.size + len(prepared), "new_frontier": b"".join(head.frontier)})
    return tuple(receipts)


def size(connection: Connection) -> int:
    """Return the number of entries."""
    return _head(connection).size


def reach_of(connection: Connection) -> int:
    """Return where the entries that are there end, whatever the head says."""
    last = connection.scalar(select(func.max(log_entries.c.leaf)))
    return 0 if last is None else int(last) + 1


def root(connection: Connection) -> bytes:
    """Return the head of the tree over all entries."""
    return merkle.root_from_frontier(_head(connection).frontier)


def head(connection: Connection) -> tuple[int, bytes]:
    """Return size and root together, read by one statement."""
    found = _head(connection)
    return found.size, merkle.root_from_frontier(found.frontier)


def entries(connection: Connection, start: int = 0, stop: int | None = None) -> Iterator[StoredEntry]:
    """Yield the entries with start <= leaf < stop in order (`stop` None: to the end)."""
    columns = log_entries.c
    statement = select(columns.leaf, columns.body, columns.leaf_hash).where(columns.leaf >= start)
    if stop is not None:
        statement = statement.where(columns.leaf < stop)
    for row in connection.execute(statement.order_by(columns.leaf)):
        yield StoredEntry(row.leaf, bytes(row.body), bytes(row.leaf_hash))


def entry_at(connection: Connection, leaf: int) -> StoredEntry:
    """Return one entry; raises NameUnknown if the log has no such leaf."""
    for found in entries(connection, leaf, leaf + 1):
        return found
    raise NameUnknown("log entry", str(leaf), remedy=f"The log holds {size(connection)} entries, counted from 0.")


def details(connection: Connection, start: int = 0, stop: int | None = None) -> Iterator[StoredDetails]:
    """Yield the details that are still held, for start <= leaf < stop, in order."""
    columns = log_details.c
    statement = select(columns.leaf, columns.nonce, columns.details).where(columns.leaf >= start)
    if stop is not None:
        statement = statement.where(columns.leaf < stop)
    for row in connection.execute(statement.order_by(columns.leaf)):
        yield StoredDetails(row.leaf, bytes(row.nonce), bytes(row.details))


def actions(connection: Connection, start: int = 0) -> tuple[str, ...]:
    """Return the actions logged from leaf `start` on, in order."""
    return tuple(str(entry.fields()["action"]) for entry in entries(connection, start))


def inclusion_proof(connection: Connection, leaf: int, size: int) -> tuple[bytes, ...]:
    """Return the inclusion proof of one leaf in the tree of the first `size` entries; raises NameUnknown."""
    leaves = leaf_hashes(connection, size)
    if not 0 <= leaf < size <= len(leaves):
        raise NameUnknown("log entry", str(leaf), remedy=f"Name a leaf below {min(size, len(leaves))}, counted from 0.")
    return merkle.inclusion_proof(leaves, leaf, size)


def consistency_proof(connection: Connection, old_size: int, new_size: int) -> tuple[bytes, ...]:
    """Return the proof that the first `new_size` entries only append to the first `old_size`; raises NameUnknown."""
    leaves = leaf_hashes(connection, new_size)
    if not 0 <= old_size <= new_size <= len(leaves):
        raise NameUnknown("log size", str(old_size), remedy=f"Sizes run from 0 to {len(leaves)}, the older first.")
    return merkle.consistency_proof(leaves, old_size, new_size)


def prepare(entry: AuditEntry) -> tuple[bytes, bytes, bytes | None]:
    """Return the bytes of an entry, and its nonce and details if it has any."""
    nonce = b""
    detail: bytes | None = None
    commitment: str | None = None
    if entry.details:
        nonce = secrets.token_bytes(NONCE_BYTES)
        detail = canonical_bytes(entry.details)
        commitment = sha256(nonce + detail).hexdigest()
    return canonical_bytes(_fields(entry, commitment)), nonce, detail


def _fields(entry: AuditEntry, commitment: str | None) -> dict[str, object]:
    actor = entry.actor
    return {
        "v": VERSION,
        "action": entry.action,
        "actor": {
            "kind": actor.kind,
            "name": actor.name,
            "roles": actor.roles,
            "authenticated": actor.authenticated,
        },
        "at": entry.at,
        "purpose": entry.purpose,
        "subject": entry.subject,
        "stamp": entry.stamp.as_json() if entry.stamp is not None else None,
        "body": entry.body,
        "commitment": commitment,
    }


def _locked_head(connection: Connection) -> _Head:
    # SQLite ignores FOR UPDATE: there the whole transaction holds the write lock since BEGIN IMMEDIATE.
    return _head(connection, lock=True)


def _head(connection: Connection, *, lock: bool = False) -> _Head:
    row = connection.execute(_LOCKED_HEAD if lock else _HEAD).one_or_none()
    if row is None:
        raise _damaged("has no head")
    joined = bytes(row.frontier)
    if len(joined) != merkle.HASH_BYTES * row.size.bit_count():
        raise _damaged("has a head that cannot belong to its size")
    step = merkle.HASH_BYTES
    return _Head(row.size, [joined[at : at + step] for at in range(0, len(joined), step)])


def leaf_hashes(connection: Connection, stop: int) -> list[bytes]:
    """Return the stored hashes of the leaves below `stop` in order; raises RecordingFailed if one is missing."""
    statement = select(log_entries.c.leaf_hash).where(log_entries.c.leaf < stop).order_by(log_entries.c.leaf)
    found = [bytes(value) for value in connection.scalars(statement)]
    held = connection.scalar(select(func.max(log_entries.c.leaf)).where(log_entries.c.leaf < stop))
    if held is not None and held + 1 != len(found):
        raise _damaged("has a gap in its leaf indexes")
    return found


def _damaged(what: str) -> RecordingFailed:
    return RecordingFailed(
        f"The log of this workspace {what}, so nothing can be recorded.",
        remedy="Run `pellucid audit verify` and restore the control database from a backup.",
        code="log-damaged",
    )
