"""Consents in bulk: files of what people said, in and out, and the feed of changes for other systems."""

from __future__ import annotations

import csv
import io
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent.bulk import Done, Trial, find_subjects, record_rows, try_rows
from pellucid.consent.bulk_ahead import NoesAhead, Reading, noes_ahead
from pellucid.consent.bulk_changes import ChangeRow, changes
from pellucid.consent.bulk_export import write_records
from pellucid.consent.bulk_file import BLOCK, COLUMNS, Block
from pellucid.consent.bulk_rows import BROKEN, Rejection, Rows
from pellucid.consent.bulk_trial import ScratchTrial
from pellucid.consent.leases import await_leases, standing_leases
from pellucid.errors import InputInvalid, NameUnknown, RecordingFailed
from pellucid.failpoints import reach
from pellucid.policy.model import Actor, Policy
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room

EXAMPLES = 5
"""Rejected lines that are kept to be told at once; all of them are in the file of rejected rows."""

Reject = Callable[[Block, Mapping[int, Rejection]], None]
"""Writes down rejected rows of a block, by their place in it, and its broken lines."""


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line of the file that is not recorded, and why."""

    line: int
    why: Rejection


@dataclass(slots=True)
class Imported:
    """What became of a file's rows. `codes` counts the rejected by code; `examples` are the first of them."""

    recorded: int = 0
    known: int = 0
    rejected: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    examples: list[RejectedLine] = field(default_factory=list)
    dry_run: bool = False

    def add(self, line: int, why: Rejection) -> None:
        """Count a rejected line."""
        self.rejected += 1
        self.codes[why.code] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(RejectedLine(line, why))


@dataclass(frozen=True, slots=True)
class ConsentFiles:
    """Consents in bulk; `workspace.consent` hands these calls on."""

    room: Room

    def import_records(
        self,
        path: Path,
        *,
        actor: Actor,
        namespace: str | None = None,
        dry_run: bool = False,
        rejected: Path | None = None,
        block: int = BLOCK,
    ) -> Imported:
        """Record a CSV or Parquet file of what people said: each row that can be, whatever stands beside it.

        A row ends recorded, known already, or rejected; with `rejected` the last are written to that file (0600), each
        with its line, why, and what to do. With `dry_run` nothing changes but the log. `block` rows share a
        transaction. Every narrowing row is in force for every answer once this returns. Raises InputInvalid for a file
        that cannot be read (further); what was read before is recorded, and repeating it records nothing twice.
        """
        policy = self.room.demand(actor, "consent-record")
        default = _namespace(policy, namespace)
        done = Imported(dry_run=dry_run)
        reading = Reading(path, block, default, self.room.clock())
        with _rejected_file(rejected) as reject, _trial(dry_run) as trial, noes_ahead(reading, policy) as ahead:
            try:
                for part in reading.blocks():
                    try:
                        self._take(part, policy, reading, ahead, actor, trial, done, reject)
                    except RecordingFailed as error:
                        if error.code != "policy-overtaken":
                            raise
                        policy = self.room.demand(actor, "consent-record")
                        self._take(part, policy, reading, ahead, actor, trial, done, reject)
            finally:
                self._log(actor, done)
        return done

    def export(self, path: Path, *, actor: Actor, namespace: str | None = None, purpose: str | None = None) -> int:
        """Write everything people said, with their keys, to a new CSV or Parquet file (0600); return how many rows.

        Raises NotPermitted, NameUnknown, and InputInvalid for a file that is there already or cannot be written.
        """
        policy = self.room.demand(actor, "consent-export")
        if purpose is not None and purpose not in policy.purposes:
            raise NameUnknown("purpose", purpose, tuple(policy.purposes))
        spaces = tuple(policy.namespaces) if namespace is None else (_declared(policy, namespace),)
        parquet = path.suffix.lower() in (".parquet", ".pq")
        with _new_file(path) as file:
            with self.room.database.read() as connection:
                count = write_records(connection, file, spaces, purpose, parquet)
            body: dict[str, object] = {"namespaces": list(spaces), "number": count}
            with self.room.database.write() as connection:
                append(connection, AuditEntry("consent.exported", actor, self.room.clock(), purpose, body=body))
        return count

    def changes(self, since: int, limit: int, *, actor: Actor) -> tuple[list[ChangeRow], int]:
        """Return at most `limit` changes after place `since`, and the place to go on from; logged if there are any."""
        policy = self.room.demand(actor, "consent-changes")
        with self.room.database.read() as connection:
            found, after = changes(connection, policy, since, limit)
        if found:
            body = {"after": since, "until": after, "number": len(found)}
            with self.room.database.write() as connection:
                append(connection, AuditEntry("consent.changes-shown", actor, self.room.clock(), body=body))
        return found, after

    def _take(
        self,
        block: Block,
        policy: Policy,
        reading: Reading,
        ahead: NoesAhead,
        actor: Actor,
        trial: ScratchTrial | None,
        done: Imported,
        reject: Reject,
    ) -> None:
        """Take in a block, and count and tell what became of its rows."""
        rows = reading.rows(block, policy)
        rows = replace(rows, noes={place: no.line for place, no in ahead.against(rows).items()})
        outcome = self._recorded(policy, rows, actor) if trial is None else self._tried(policy, rows, trial)
        done.recorded += outcome.recorded
        done.known += outcome.known
        for line, why in sorted(_rejected_lines(block, outcome.rejected), key=_line):
            done.add(line, why)
        reject(block, outcome.rejected)

    def _recorded(self, policy: Policy, rows: Rows, actor: Actor) -> Done:
        database = self.room.database
        with database.read() as connection:
            subjects = find_subjects(connection, rows)
        with database.write() as connection:
            standing = standing_leases(connection)
            done = record_rows(connection, self.room.subject_keys, policy, rows, subjects, actor, self.room.clock())
            reach("bulk.before-commit")
        reach("bulk.after-commit")
        if done.narrowed:
            purposes = None if None in done.narrowed else {each for each in done.narrowed if each is not None}
            await_leases(database, purposes, self.room.clock, time.sleep, standing)
        reach("bulk.acknowledged")
        return done

    def _tried(self, policy: Policy, rows: Rows, trial: Trial) -> Done:
        with self.room.database.read() as connection:
            subjects = find_subjects(connection, rows)
            return try_rows(connection, policy, rows, subjects, self.room.clock(), trial)

    def _log(self, actor: Actor, done: Imported) -> None:
        """Log that rows were rejected, or that an import was only tried; what is recorded has its own entries."""
        if not (done.dry_run or done.rejected):
            return
        action = "consent.import-tried" if done.dry_run else "consent.import-rejected"
        body = {"recorded": done.recorded, "known": done.known, "rejected": dict(sorted(done.codes.items()))}
        with self.room.database.write() as connection:
            append(connection, AuditEntry(action, actor, self.room.clock(), body=body))


def _rejected_lines(block: Block, rejected: Mapping[int, Rejection]) -> list[tuple[int, Rejection]]:
    lines = [(int(block.lines[place]), why) for place, why in rejected.items()]
    return lines + [(line, BROKEN) for line in block.broken]


def _line(bad: tuple[int, Rejection]) -> int:
    return bad[0]


def _namespace(policy: Policy, name: str | None) -> str | None:
    """Return the namespace of rows that name none; None where each row has to."""
    try:
        return namespace_of(policy, name)
    except NameUnknown:
        if name is not None:
            raise
        return None


def _declared(policy: Policy, name: str) -> str:
    if name not in policy.namespaces:
        raise NameUnknown("namespace", name, tuple(policy.namespaces), remedy="Say which with --namespace.")
    return name


@contextmanager
def _trial(dry_run: bool) -> Iterator[ScratchTrial | None]:
    trial = ScratchTrial() if dry_run else None
    try:
        yield trial
    finally:
        if trial is not None:
            trial.close()


@contextmanager
def _rejected_file(path: Path | None) -> Iterator[Reject]:
    """Give a function that writes rejected rows, to a file that is there once all is done; nowhere without a path."""
    if path is None:
        yield lambda block, rejected: None
        return
    with _new_file(path, replace=True) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        yield _RejectedRows(csv.writer(text, lineterminator="\n").writerow).write
        text.detach()


class _RejectedRows:
    """Rows as they stand in a file, each with its line, why it is rejected and what to do: mended, it imports again."""

    def __init__(self, put: Callable[[list[object]], object]) -> None:
        self._put = put
        self._names: list[str] | None = None

    def write(self, block: Block, rejected: Mapping[int, Rejection]) -> None:
        if self._names is None:
            self._names = [name for name in block.cells.column_names if name in COLUMNS]
            self._put(["line", "code", "message", "remedy", *self._names, "row"])
        places = sorted(rejected)
        cells = block.cells.select(self._names).take(np.array(places, np.int64)).to_pylist()
        found = [(int(block.lines[place]), rejected[place], row, "") for place, row in zip(places, cells, strict=True)]
        found += [(line, BROKEN, {}, text) for line, text in block.broken.items()]
        for line, why, row, whole in sorted(found, key=lambda each: each[0]):
            told = [(row.get(name) or "").rstrip("\0") for name in self._names]
            self._put([line, why.code, why.message, why.remedy, *told, whole])


@contextmanager
def _new_file(path: Path, *, replace: bool = False) -> Iterator[BinaryIO]:
    """Give a file (0600) to write, which gets its name once all went well.

    Raises InputInvalid if it is there already, unless it may be replaced, or cannot be written.
    """
    draft = path.with_name(f".{path.name}.part")
    if path.exists() and not replace:
        raise InputInvalid(
            "There is a file of that name already.", code="file-exists", remedy="Choose another name, or remove it."
        )
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
        draft.replace(path)
    except OSError:
        raise InputInvalid(
            "The file cannot be written.", code="file-unwritable", remedy="Name a folder that exists, with room left."
        ) from None
    finally:
        draft.unlink(missing_ok=True)
