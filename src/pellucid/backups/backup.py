"""Making a backup: one snapshot of the control database, the generations it names, drafts, and the manifest at last.

Others may go on writing. Whatever stops it leaves a folder without a manifest, which no restore takes for a backup.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pellucid.audit.checkpoint import sign_checkpoint
from pellucid.backups.changes import Place, place_of
from pellucid.backups.manifest import Keys, Manifest, copy_hashed, hash_file, remove, write_manifest
from pellucid.backups.stamp import BACKUP, stamp
from pellucid.engines.base import Holding
from pellucid.errors import WorkspaceUnusable
from pellucid.holdings.leases import lease, release
from pellucid.holdings.publish import published
from pellucid.records.database import Database

LEASE_MICROSECONDS = 24 * 3_600_000_000
ATTEMPTS = 5
"""How often it is begun again when an import gave up a generation between the snapshot and its lease."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up: the workspace's folder, the names in it, its control database and keys."""

    folder: Path
    control: str
    drafts: str
    database: Database
    keys: Keys


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A finished backup: its folder, what it is called in log and manifest, entries of the log in it, files, bytes."""

    folder: Path
    identity: str
    entries: int
    files: int
    size: int


def back_up(source: Source, folder: Path, identity: str, now: int) -> BackedUp:
    """Make a backup in a new folder; raises WorkspaceUnusable if it cannot be finished, and then leaves nothing.

    `now` in UTC µs. Logs nothing: the entry that tells of it has to be in the snapshot already.
    """
    folder.mkdir(mode=0o700, parents=True)
    try:
        place, holdings, leases = _snapshot(source, folder, now)
        try:
            files = dict(_copied(source, folder, holdings))
        finally:
            with source.database.write() as connection:
                release(connection, leases)
        files[source.control] = hash_file(folder / source.control)
        key = source.keys.log
        manifest = Manifest(identity, key.name, now, place.size, place.root, source.keys.mark(), files)
        write_manifest(folder, manifest, key)
    except OSError:
        remove(folder)
        raise WorkspaceUnusable(
            "The backup could not be written.", remedy="Check the disk's space and permissions.", code="backup-failed"
        ) from None
    except BaseException:
        remove(folder)
        raise
    size = sum((folder / name).stat().st_size for name in files)
    return BackedUp(folder, identity, place.size, len(files), size)


def _snapshot(source: Source, folder: Path, now: int) -> tuple[Place, list[Holding], tuple[str, ...]]:
    """Copy the control database and hold the generations that this very copy names."""
    control = folder / source.control
    for attempt in range(ATTEMPTS):
        source.database.copy_to(control)
        with _opened(control) as copy, copy.write() as connection:
            sign_checkpoint(connection, source.keys.log, now)
            stamp(connection, BACKUP)
            place, holdings = place_of(connection), list(published(connection, source.folder).values())
        try:
            with source.database.write() as connection:
                return place, holdings, lease(connection, holdings, until=now + LEASE_MICROSECONDS)
        except WorkspaceUnusable as error:
            if error.code != "generation-gone" or attempt == ATTEMPTS - 1:
                raise
            control.unlink()
    raise AssertionError("unreachable")


def _copied(source: Source, folder: Path, holdings: list[Holding]) -> Iterator[tuple[str, str]]:
    """Copy generations and drafts, yielding each file's name below the workspace and its checksum."""
    # A link could lead to the keys.
    found = sorted((source.folder / source.drafts).rglob("*"))
    drafts = [path for path in found if path.is_file() and path.resolve() == path]
    for path in [*(Path(holding.path) for holding in holdings), *drafts]:
        name = path.relative_to(source.folder)
        (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield str(name), copy_hashed(path, folder / name)


@contextmanager
def _opened(control: Path) -> Iterator[Database]:
    database = Database.at(control)
    try:
        yield database
    finally:
        database.close()
