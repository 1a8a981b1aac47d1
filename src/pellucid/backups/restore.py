"""The parts of a restore: taking a backup in, finding what came after it, and what holds when that is lost.

`workspace.restore` tells the order. All of it works on a draft that nobody can open as a workspace before it is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from pellucid.audit import log
from pellucid.audit.keys import SigningKey
from pellucid.audit.merkle import root_from_leaves
from pellucid.audit.note import VerifierKey
from pellucid.audit.read import older_checkpoint, verify_database
from pellucid.audit.treehead import Checkpoint, TrustKeys, open_checkpoint
from pellucid.audit.witness import Witness
from pellucid.backups.changes import changes_after, place_of
from pellucid.backups.journal import Segment, read_journal
from pellucid.backups.keeper import keep_journal
from pellucid.backups.manifest import Keys, Manifest, copy_files, read_manifest
from pellucid.backups.replay import skip_ids
from pellucid.consent import register
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.errors import VerificationFailed
from pellucid.policy.model import Actor, Policy
from pellucid.records.database import Database
from pellucid.records.rights_tables import agents
from pellucid.records.tables import api_tokens, generation_leases, log_checkpoints, purpose_leases, subjects
from pellucid.records.upgrade import upgrade
from pellucid.release.accountant import exhaust
from pellucid.subjects import ids
from pellucid.subjects.keys import SubjectKeys

BATCH = 20_000
LEAST_GAP = 100_000
"""Ids left out after a loss, at the least: nobody knows how many were given since the backup."""


def take_in(backup: Path, control: str, draft: Path, keys: Keys) -> Manifest:
    """Copy a backup into a draft and verify it: signature, checksums, and its log from the first entry to the last.

    Raises InputInvalid and VerificationFailed.
    """
    manifest = read_manifest(backup, keys.log.verifier)
    if manifest.pseudonyms != keys.mark():
        raise VerificationFailed(
            "The pseudonym key is not the one of this backup.",
            remedy="Name the folder in which the keys of this very workspace were backed up.",
            code="backup-keys",
        )
    copy_files(backup, manifest, draft)
    _demand_log(draft / control, keys.log.verifier)
    with opened(draft / control) as database:
        upgrade(database)
        with database.read() as connection:
            size, root = log.head(connection)
    if (size, root.hex()) != (manifest.entries, manifest.root):
        raise VerificationFailed("The log of the backup is not the one that its manifest tells of.", code="log-altered")
    return manifest


def _demand_log(control: Path, key: VerifierKey) -> None:
    # Not step 6: a clock that was once set back is no reason to lose a workspace; the entries are signed as they are.
    steps = verify_database(control, TrustKeys(key)).steps
    failed = [str(step) for step in steps if step.outcome not in ("held", "absent") and step.number != 6]
    if failed:
        raise VerificationFailed(
            failed[0], remedy="Use another backup, and keep this one as evidence.", code="log-altered"
        )


def source_of(place: Path, control: str, draft: Connection, keys: Keys) -> Iterator[Segment]:
    """Yield what a journal's file, or the control database in the folder of a broken workspace, holds since."""
    if not (place / control).is_file():
        yield from read_journal(place, keys.pseudonyms, keys.log.name)
        return
    start = place_of(draft)
    yield Segment([], start)
    with opened(place / control) as database, database.read() as connection:
        yield Segment(list(changes_after(connection, start)), place_of(connection))


def known_head(place: Path, log_key: VerifierKey) -> Checkpoint:
    """Return the newest head that a checkpoint's file, an export's folder or a witness's folder knows of the log."""
    if (place / "witness.key").is_file():
        seen = Witness.open(place).seen(log_key.name)
        return Checkpoint(log_key.name, seen.size, seen.root)
    note = older_checkpoint(place)
    return open_checkpoint(note or b"", log_key)[0]


def demand_reached(connection: Connection, known: Checkpoint, *, accept_loss: bool) -> None:
    """Raise VerificationFailed if the log lacks entries that were known elsewhere, or has others in their place."""
    size = log.size(connection)
    if known.size > size:
        if accept_loss:
            return
        raise VerificationFailed(
            f"The log is known to have had {known.size} entries, {known.size - size} of which are neither in the "
            "backup nor in what was replayed.",
            remedy="Find the journal, or what survived of the workspace, and name it with --since.",
            code="restore-behind",
        )
    if known.size and root_from_leaves(log.leaf_hashes(connection, known.size)) != known.root:
        raise VerificationFailed(
            f"The {known.size} entries that are known elsewhere are not those of this backup.", code="log-inconsistent"
        )


def forget_the_past(connection: Connection) -> None:
    """Drop what belonged to processes that are gone: leases, and the place of the journal."""
    for table in (generation_leases, purpose_leases):
        connection.execute(delete(table))
    keep_journal(connection, None)


def accept_loss(connection: Connection, policy: Policy | None, actor: Actor, now: int) -> int:
    """Take all that may have happened since as happened: ids given, budgets spent, tokens and agents revoked.

    Old heads go. The caller restricts everybody afterwards and goes on with another log. Returns how many tokens were
    revoked.
    """
    for namespace in set(connection.scalars(select(subjects.c.namespace).distinct())):
        count = ids.count(connection, namespace)
        skip_ids(connection, namespace, count + max(count, LEAST_GAP))
    if policy is not None:
        exhaust(connection, policy, actor.name, now)
    connection.execute(delete(log_checkpoints))
    connection.execute(update(agents).where(agents.c.revoked_at.is_(None)).values(revoked_at=now, token=None))
    revoked = update(api_tokens).where(api_tokens.c.revoked_at.is_(None)).values(revoked_at=now)
    return connection.execute(revoked).rowcount


def restrict_everybody(database: Database, keys: SubjectKeys, policy: Policy, actor: Actor, now: int) -> int:
    """Record for each person that their data are restricted; return for how many. Lifted one by one, by whoever may."""
    done = 0
    for namespace in policy.namespaces:
        with database.read() as connection:
            columns = subjects.c
            named = select(columns.id).where(columns.namespace == namespace, columns.natural_key.is_not(None))
            ids = list(connection.scalars(named.order_by(columns.id)))
        for start in range(0, len(ids), BATCH):
            said = [
                ConsentRecord(namespace, subject, None, ConsentVerb.RESTRICT, channel="restore", at=now)
                for subject in ids[start : start + BATCH]
            ]
            with database.write() as connection:
                done += len(register.record(connection, keys, policy, said, actor, now))
    return done


def continued(connection: Connection, key: SigningKey, known: int) -> dict[str, object]:
    """Return what the first entry of a new log says of the one that it goes on from."""
    size, root = log.head(connection)
    return {"origin": key.name, "size": size, "root": root.hex(), "known": max(known, size)}


@contextmanager
def opened(control: Path) -> Iterator[Database]:
    """Open a control database for a while."""
    database = Database.at(control)
    try:
        yield database
    finally:
        database.close()
