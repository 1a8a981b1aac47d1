"""Fetching what `audit.verify` judges: an exported folder, or the log tables of a live workspace, read-only.

It opens the database by itself, with nothing of the product between, so that a damaged workspace can be judged too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import IO, Any, Protocol

from pellucid.audit.bundle import CHECKPOINT, BundleOpener
from pellucid.audit.chunk import CHUNK, Chunk, InOrder, SealedChunk, StatedDetails
from pellucid.audit.keys import load_verifier_key
from pellucid.audit.merkle import HASH_BYTES, root_from_frontier
from pellucid.audit.places import CONTROL, CONTROL_URL
from pellucid.audit.spread import over_processes
from pellucid.audit.treehead import TrustKeys
from pellucid.audit.verify import CLOCK_SLACK, LogMaterial, VerificationReport, verify_bundle, verify_log
from pellucid.errors import InputInvalid, VerificationFailed

BUSY_SECONDS = 30

Row = tuple[Any, ...]


class Cursor(Protocol):
    """What SQLite's and PostgreSQL's cursors have in common."""

    def fetchmany(self, size: int, /) -> list[Row]:
        """Return the next rows, none at the end."""

    def fetchall(self) -> list[Row]:
        """Return all rows that are left."""


Execute = Callable[[str], Cursor]


def verify_place(
    place: Path,
    *,
    log_key: str,
    witness_keys: Sequence[str] = (),
    against: Path | None = None,
    slack: int = CLOCK_SLACK,
    processes: int = 1,
    first: int | None = None,
) -> VerificationReport:
    """Verify an exported log, or the log of a workspace's folder as it stands.

    Needs neither a healthy workspace nor anybody's permission; keys are given apart, as text or files. With more than
    one process a long log takes less time (see `audit.spread`). Of a workspace's log only the `first` so many entries
    are judged, if given: a checkpoint has to be of them.
    """
    trust = TrustKeys(load_verifier_key(log_key), tuple(load_verifier_key(key) for key in witness_keys))
    control, elsewhere = place / CONTROL, place / CONTROL_URL
    if control.is_file():
        return verify_database(control, trust, against, slack=slack, processes=processes, first=first)
    if elsewhere.is_file():
        url = elsewhere.read_text(encoding="utf-8").strip()
        return verify_server(url, trust, against, slack=slack, processes=processes, first=first)
    return verify_folder(place, trust, against, slack=slack, processes=processes)


def folder_opener(folder: Path) -> BundleOpener:
    """Return the opener of a bundle in a folder; raises InputInvalid if there is no such folder."""
    if not folder.is_dir():
        raise InputInvalid("There is no exported log in that folder.", remedy="Name the folder that was exported.")

    def open_file(name: str) -> IO[bytes] | None:
        path = folder / name
        return path.open("rb") if path.is_file() else None

    return open_file


def verify_folder(
    folder: Path, trust: TrustKeys, against: Path | None = None, *, slack: int = CLOCK_SLACK, processes: int = 1
) -> VerificationReport:
    """Judge an exported bundle; `against` is an older checkpoint's file or an older bundle's folder."""
    return verify_bundle(
        folder_opener(folder), trust, older_checkpoint(against), slack=slack, spread=over_processes(processes)
    )


def verify_database(
    path: Path,
    trust: TrustKeys,
    against: Path | None = None,
    *,
    slack: int = CLOCK_SLACK,
    processes: int = 1,
    first: int | None = None,
) -> VerificationReport:
    """Judge the log in a SQLite control database as it stands, in one read transaction.

    `against` as in `verify_folder`, `first` as in `verify_place`. Raises InputInvalid if there is no such file; what is
    wrong with the log itself is in the report.
    """
    if not path.is_file():
        raise InputInvalid("There is no control database there.", remedy="Name the workspace or its control.sqlite.")
    older = older_checkpoint(against)
    location = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(location, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            return verify_log(
                _material(connection.execute, first), trust, older, slack=slack, spread=over_processes(processes)
            )
    except (sqlite3.Error, UnicodeDecodeError) as error:  # a flipped bit can make a BLOB a TEXT that is none
        raise _unreadable() from error


def verify_server(
    url: str,
    trust: TrustKeys,
    against: Path | None = None,
    *,
    slack: int = CLOCK_SLACK,
    processes: int = 1,
    first: int | None = None,
) -> VerificationReport:
    """Judge the log in a control database on a PostgreSQL server as it stands, in one read transaction.

    Otherwise as `verify_database`; needs the driver `psycopg`.
    """
    older = older_checkpoint(against)
    try:
        import psycopg  # noqa: PLC0415  -- optional
    except ModuleNotFoundError:
        raise InputInvalid(
            "The log is in a PostgreSQL database, whose driver is not installed.",
            remedy="Install `psycopg`, or verify an export.",
            code="driver-missing",
        ) from None
    names = count()
    try:
        with psycopg.connect(url.replace("+psycopg:", ":", 1)) as connection, ExitStack() as cursors:
            connection.isolation_level, connection.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True

            def execute(statement: str) -> Cursor:
                # A named cursor stays on the server: the log is never in memory as a whole.
                cursor = cursors.enter_context(connection.cursor(name=f"log_{next(names)}"))
                return cursor.execute(statement.encode())

            return verify_log(_material(execute, first), trust, older, slack=slack, spread=over_processes(processes))
    except psycopg.Error as error:
        raise _unreadable() from error


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


def _material(execute: Execute, first: int | None) -> LogMaterial:
    """Return what is judged: all that there is, or the first so many entries as if nothing had come after them."""
    below = "" if first is None else f" WHERE size <= {int(first)}"
    notes = [_bytes(note) for (note,) in execute(f"SELECT note FROM log_checkpoints{below} ORDER BY size").fetchall()]  # noqa: S608
    return LogMaterial(
        checkpoint=notes[-1] if notes else None,
        chunks=_chunks(execute, "" if first is None else f" WHERE leaf < {int(first)}"),
        has_details=True,
        older=tuple(notes[:-1]),
        live=first is None,
        stated_head=_head(execute) if first is None else None,
    )


def _chunks(execute: Execute, where: str) -> Iterator[SealedChunk]:
    entries = execute(f"SELECT leaf, body, leaf_hash FROM log_entries{where} ORDER BY leaf")  # noqa: S608
    details_rows = _rows(execute(f"SELECT leaf, nonce, details FROM log_details{where} ORDER BY leaf"))  # noqa: S608
    details = InOrder(details_rows, _leaf_of)
    start = 0
    while rows := entries.fetchmany(CHUNK):
        yield partial(open_rows, start, rows, details.below(start + len(rows)))
        start += len(rows)
    yield partial(open_rows, start, [], details.rest())


def open_rows(first: int, rows: Sequence[Row], details: Sequence[Row]) -> Chunk:
    """Read the rows of a chunk apart; entries that follow a gap are left out."""
    leaves = [row[0] for row in rows]
    expected = range(first, first + len(rows))
    gap = next((place for place in range(len(rows)) if leaves[place] != expected[place]), None)
    whole = rows[:gap]
    return Chunk(
        first,
        [_bytes(body) for _, body, _ in whole],
        [_bytes(hashed) for _, _, hashed in whole],
        [StatedDetails(row[0], _bytes(row[1]), _bytes(row[2])) for row in details if _leaf_of(row) is not None],
        ["there are details that belong to no leaf."] * sum(_leaf_of(row) is None for row in details),
        None if gap is None else (6, f"leaf {first + gap} is missing: {_said_leaf(leaves[gap])} follows."),
    )


def _rows(cursor: Cursor) -> Iterator[Row]:
    while rows := cursor.fetchmany(CHUNK):
        yield from rows


def _leaf_of(row: Row) -> int | None:
    return row[0] if type(row[0]) is int else None


def _said_leaf(leaf: object) -> str:
    return f"leaf {leaf}" if type(leaf) is int else "something that is no leaf"


def _head(execute: Execute) -> tuple[int, bytes]:
    rows = execute("SELECT size, frontier FROM log_head").fetchall()
    if len(rows) != 1 or type(rows[0][0]) is not int:
        return -1, b""
    frontier = _bytes(rows[0][1])
    subtrees = [frontier[at : at + HASH_BYTES] for at in range(0, len(frontier), HASH_BYTES)]
    return rows[0][0], root_from_frontier(subtrees)


def _bytes(value: object) -> bytes:
    # SQLite lets anybody put text where bytes were declared; judge what is there.
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")


def _unreadable() -> VerificationFailed:
    return VerificationFailed(
        "The log tables of the control database cannot be read.",
        remedy="Check that the database is whole, and verify an export or a backup instead.",
        code="log-unreadable",
    )
