"""A small exported log as bytes in memory, with everything that an export can hold, and what makes forks of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from sqlalchemy import Connection

from pellucid.audit.checkpoint import add_cosignature, sign_checkpoint
from pellucid.audit.entry import AuditEntry
from pellucid.audit.export import export_bundle
from pellucid.audit.keys import SigningKey
from pellucid.audit.log import append_all
from pellucid.audit.note import COSIGNATURE, ED25519
from pellucid.audit.treehead import TrustKeys, open_checkpoint
from pellucid.audit.verify import VerificationReport, verify_bundle
from pellucid.records.database import Database
from tests.audit.conftest import NOON, ORIGIN, entry
from tests.records.sqlite import new_control

SIZE = 12
SIGNED = (4, 8, 12)
COSIGNED = (8, 12)
FILES = ("checkpoint", "checkpoints.txt", "details.txt", "entries.jsonl", "leaf_hashes.txt")

LOG = SigningKey(ORIGIN, ED25519, b"log key of the tests, 32 bytes  ")
WITNESS = SigningKey("witness.example/w1", COSIGNATURE, b"witness of the tests, 32 bytes  ")
MALLORY = SigningKey(ORIGIN, ED25519, b"mallory's own key, also 32 bytes")
TRUST = TrustKeys(LOG.verifier, (WITNESS.verifier,))
WITHOUT_WITNESS = TrustKeys(LOG.verifier)

Files = dict[str, bytes]


def judge(files: Mapping[str, bytes], trust: TrustKeys = TRUST, against: bytes | None = None) -> VerificationReport:
    return verify_bundle(lambda name: BytesIO(files[name]) if name in files else None, trust, against)


def failed_steps(report: VerificationReport) -> list[int]:
    return [step.number for step in report.steps if step.outcome == "failed"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Exports of one log at the sizes at which it was signed, and its database as it was at some sizes."""

    at: dict[int, Files]
    kept: dict[int, Path]

    @property
    def files(self) -> Files:
        return dict(self.at[SIZE])

    @property
    def note(self) -> bytes:
        return self.files["checkpoint"]


def make_evidence(
    folder: Path,
    *,
    key: SigningKey = LOG,
    witness: SigningKey | None = WITNESS,
    write: Callable[[int], AuditEntry] = entry,
    begin: tuple[int, Path] | None = None,
    stops: Sequence[int] = SIGNED,
) -> Evidence:
    """Make a log of twelve entries, signed at four, eight and twelve, the latter two cosigned, exported each time.

    With `begin` it goes on from a database that was kept at that size.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "control.sqlite"
    made = 0
    if begin is None:
        database = new_control(path)
    else:
        made, kept = begin
        database = Database.at(Path(shutil.copy(kept, path)))
    found = Evidence({}, {})
    for stop in (stop for stop in stops if stop >= made):
        with database.write() as connection:
            append_all(connection, [write(number) for number in range(made, stop)])
            if stop in SIGNED and stop > made:
                sign_and_cosign(connection, key, witness if stop in COSIGNED else None)
        made = stop
        if stop in SIGNED:
            with database.read() as connection:
                export_bundle(connection, folder / str(stop), with_details=True)
            found.at[stop] = {each.name: each.read_bytes() for each in (folder / str(stop)).iterdir()}
        database.close()
        found.kept[stop] = Path(shutil.copy(path, folder / f"kept-{stop}.sqlite"))
    return found


def sign_and_cosign(connection: Connection, key: SigningKey, witness: SigningKey | None) -> None:
    note = sign_checkpoint(connection, key, NOON)
    if witness is not None:
        checkpoint, opened = open_checkpoint(note, key.verifier)
        line = witness.cosign(opened.text, NOON // 1_000_000 + checkpoint.size).line()
        add_cosignature(connection, line, witness.verifier)


def altered_from(start: int) -> Callable[[int], AuditEntry]:
    """Return what writes the same entries, but others from one on: a fork."""
    return lambda number: entry(number) if number < start else replace(entry(number), purpose="something-else")
