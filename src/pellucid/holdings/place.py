"""Where an import or a sort happens: the workspace's database and folders, one at a time, its list of rejected rows."""

from __future__ import annotations

import fcntl
import hmac
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from pellucid.engines.duckdb_private import EngineLimits
from pellucid.errors import DataRefused
from pellucid.holdings.publish import DATA_FOLDER
from pellucid.records.database import Database

_RANKS = b"pellucid contribution rank v1\0"


@dataclass(frozen=True, slots=True)
class ImportPlace:
    """A workspace as an import sees it: control database, folder, what the engine may take, and the workspace's secret
    from which keys are made. `tombstone_key` is the key of the hashes of who was erased; empty before the first was.
    """

    database: Database
    folder: Path
    memory: str = "4GB"
    threads: int = 0
    secret: bytes = field(default=b"", repr=False)
    tombstone_key: bytes = field(default=b"", repr=False)

    @property
    def spill(self) -> Path:
        """Where the engine spills rows that do not fit in memory; only there while an import runs."""
        return self.folder / DATA_FOLDER / ".spill"

    @property
    def limits(self) -> EngineLimits:
        """What the engine of an import or a sort may take."""
        return EngineLimits(self.spill, self.memory, self.threads)

    def rank_key(self, dataset: str) -> str:
        """Return the key under which a dataset's rows are ranked; it depends on the workspace's secret."""
        return hmac.new(self.secret, _RANKS + dataset.encode(), sha256).hexdigest()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the workspace's import lock and an empty spill folder (0700).

        Raises DataRefused if an import or a sort runs already, and for whatever the operating system does not allow in
        the block.
        """
        try:
            with _lock_file(self.folder / DATA_FOLDER):
                self._empty_spill()
                try:
                    yield
                finally:
                    shutil.rmtree(self.spill, ignore_errors=True)
        except OSError:
            raise DataRefused(
                "The operating system did not let a file be read or written.",
                remedy="Check the permissions of the file and of the workspace, and the free space on the disk.",
                code="import-file-access",
            ) from None

    def _empty_spill(self) -> None:
        shutil.rmtree(self.spill, ignore_errors=True)
        self.spill.mkdir(mode=0o700)


@contextmanager
def _lock_file(data: Path) -> Iterator[None]:
    data.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(data / ".import.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataRefused(
                "Another import or sort is running in this workspace.",
                remedy="Wait until it is done, then run this one again.",
                code="import-running",
            ) from None
        yield
    finally:
        os.close(descriptor)  # releases the lock


def rejected_file(place: ImportPlace, dataset: str, generation: int) -> Path:
    """Return where the rejected rows of a generation are listed, if it has any."""
    return place.folder / DATA_FOLDER / "rejected" / f"{dataset}.{generation}.csv"


def keep_rejected(place: ImportPlace, dataset: str, generation: int, rows: pa.Table) -> Path:
    """Write row numbers, reasons and columns (never values) to a file of mode 0600; returns its path."""
    path = rejected_file(place, dataset, generation)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        csv.write_csv(rows, file, csv.WriteOptions(quoting_style="needed"))
        file.flush()
        os.fsync(file.fileno())
    return path
