"""Fetching what `audit.verify` judges: an exported folder, or the log tables of a live workspace, read-only.

It opens the database by itself, with nothing of the product between, so that a damaged workspace can be judged too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO

from pellucid.audit.bundle import CHECKPOINT, BundleOpener, StatedDetails, StatedEntry
from pellucid.audit.merkle import HASH_BYTES, root_from_frontier
from pellucid.audit.treehead import TrustKeys
from pellucid.audit.verify import CLOCK_SLACK, LogMaterial, VerificationReport, verify_bundle, verify_log
from pellucid.errors import InputInvalid, VerificationFailed

BUSY_SECONDS = 30


def folder_opener(folder: Path) -> BundleOpener:
    """Return the opener of a bundle in a folder; raises InputInvalid if there is no such folder."""
    if not folder.is_dir():
        raise InputInvalid("There is no exported log in that folder.", remedy="Name the folder that was exported.")

    def open_file(name: str) -> IO[bytes] | None:
        path = folder / name
        return path.open("rb") if path.is_file() else None

    return open_file


def verify_folder(
    folder: Path, trust: TrustKeys, against: Path | None = None, *, slack: int = CLOCK_SLACK
) -> VerificationReport:
    """Judge an exported bundle; `against` is an older checkpoint's file or an older bundle's folder."""
    return verify_bundle(folder_opener(folder), trust, older_checkpoint(against), slack=slack)


def verify_database(
    path: Path, trust: TrustKeys, against: Path | None = None, *, slack: int = CLOCK_SLACK
) -> VerificationReport:
    """Judge the log in a SQLite control database as it stands, in one read transaction.

    `against` as in `verify_folder`. Raises InputInvalid if there is no such file; what is wrong with the log itself
    is in the report.
    """
    if not path.is_file():
        raise InputInvalid("There is no control database there.", remedy="Name the workspace or its control.sqlite.")
    older = older_checkpoint(against)
    location = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(location, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            return verify_log(_material(connection), trust, older, slack=slack)
    except sqlite3.Error as error:
        raise VerificationFailed(
            "The log tables of the control database cannot be read.",
            remedy="Check that the file is whole, and verify an export or a backup instead.",
            code="log-unreadable",
        ) from error


def older_checkpoint(against: Path | None) -> bytes | None:
    """Return the older signed note that a path leads to: the file itself, or the checkpoint of a bundle's folder."""
    if against is None:
        return None
    path = against / CHECKPOINT if against.is_dir() else against
    try:
        return path.read_bytes()
    except OSError:
        raise InputInvalid(
            "There is no older checkpoint there.",
            remedy="Name a checkpoint's file or the folder of an older export.",
            code="against-missing",
        ) from None


def _material(connection: sqlite3.Connection) -> LogMaterial:
    notes = [_bytes(note) for (note,) in connection.execute("SELECT note FROM log_checkpoints ORDER BY size")]
    return LogMaterial(
        checkpoint=notes[-1] if notes else None,
        entries=_entries(connection),
        details=_details(connection),
        older=tuple(notes[:-1]),
        live=True,
        stated_head=_head(connection),
    )


def _entries(connection: sqlite3.Connection) -> Iterator[StatedEntry]:
    for leaf, body, hashed in connection.execute("SELECT leaf, body, leaf_hash FROM log_entries ORDER BY leaf"):
        yield StatedEntry(leaf, _bytes(body), _bytes(hashed))


def _details(connection: sqlite3.Connection) -> Iterator[StatedDetails]:
    for leaf, nonce, details in connection.execute("SELECT leaf, nonce, details FROM log_details ORDER BY leaf"):
        yield StatedDetails(leaf, _bytes(nonce), _bytes(details))


def _head(connection: sqlite3.Connection) -> tuple[int, bytes]:
    rows = connection.execute("SELECT size, frontier FROM log_head").fetchall()
    if len(rows) != 1 or type(rows[0][0]) is not int:
        return -1, b""
    frontier = _bytes(rows[0][1])
    subtrees = [frontier[at : at + HASH_BYTES] for at in range(0, len(frontier), HASH_BYTES)]
    return rows[0][0], root_from_frontier(subtrees)


def _bytes(value: object) -> bytes:
    # SQLite lets anybody put text where bytes were declared; judge what is there.
    return value if isinstance(value, bytes) else str(value).encode()
