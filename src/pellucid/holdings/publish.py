"""Which generation of each dataset is the published one. A row publishes a generation, never a file's being there.

Files are written before their row and unlinked after it, so a crash leaves at worst a file that nobody refers to, which
`remove_leftovers` clears away. Writing the files is an engine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Integer, and_, bindparam, func, insert, select, update

from pellucid.engines.base import Holding
from pellucid.errors import DataRefused
from pellucid.failpoints import reach
from pellucid.records.asked import Asked
from pellucid.records.tables import generation_subjects, generations

DATA_FOLDER = "data"

_HELD, _MADE = generation_subjects.c, generations.c
_HOLDING = Asked(
    select(_HELD.dataset, func.substr(_HELD.bits, bindparam("place", type_=Integer), 1))
    .join(generations, and_(_MADE.dataset == _HELD.dataset, _MADE.generation == _HELD.generation))
    .where(_MADE.retired_at.is_(None), _HELD.namespace == bindparam("space"), _HELD.size > bindparam("subject"))
)
"""Datasets whose published generation is wide enough for a subject, with the byte in which its bit stands."""


@dataclass(frozen=True, slots=True)
class SubjectBits:
    """Who has rows in a generation: bit i of byte i//8, little-endian, is subject i; `size` counts bits."""

    size: int
    bits: bytes

    @classmethod
    def of(cls, ids: npt.NDArray[np.int64], size: int) -> SubjectBits:
        """Return the bitmap of some ids, all below `size`."""
        flags = np.zeros(size, dtype=np.bool_)
        flags[ids] = True
        return cls(size, np.packbits(flags, bitorder="little").tobytes())

    def has(self, subject: int | None) -> bool:
        """Return whether an id has rows."""
        return subject is not None and 0 <= subject < self.size and self.bits[subject // 8] >> subject % 8 & 1 == 1

    def ids(self) -> npt.NDArray[np.int64]:
        """Return the ids, ascending."""
        flags = np.unpackbits(np.frombuffer(self.bits, dtype=np.uint8), count=self.size, bitorder="little")
        return np.flatnonzero(flags).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation as recorded: its file below the workspace, rows, schema hash, and when it was published."""

    dataset: str
    generation: int
    path: str
    rows: int
    schema_hash: str
    published_at: int


def file_name(dataset: str, generation: int) -> str:
    """Return the path of a generation's file, relative to the workspace."""
    return f"{DATA_FOLDER}/{dataset}.{generation}.duckdb"


def published(connection: Connection, folder: Path) -> dict[str, Holding]:
    """Return the published generation of every dataset that has one, with absolute paths."""
    return {
        found.dataset: Holding(found.dataset, found.generation, str(folder.resolve() / found.path))
        for found in generations_published(connection)
    }


def generations_published(connection: Connection) -> list[Generation]:
    """Return the records of all published generations, by dataset."""
    columns = generations.c
    statement = select(generations).where(columns.retired_at.is_(None)).order_by(columns.dataset)
    return [
        Generation(row.dataset, row.generation, row.path, row.rows, row.schema_hash, row.published_at)
        for row in connection.execute(statement)
    ]


def generation_published(connection: Connection, dataset: str) -> Generation | None:
    """Return the record of a dataset's published generation, if there is one."""
    return next((found for found in generations_published(connection) if found.dataset == dataset), None)


def next_generation(connection: Connection, dataset: str) -> int:
    """Return the number that a dataset's next generation gets; numbers start at 1, rise, and are never used twice."""
    highest = connection.scalar(select(func.max(generations.c.generation)).where(generations.c.dataset == dataset))
    return int(highest or 0) + 1


def publish(
    connection: Connection, made: Generation, subjects: Mapping[str, SubjectBits], *, replaces: int | None
) -> None:
    """Publish a generation whose file is in place and retire the one before, in the caller's write transaction.

    `subjects` holds a bitmap a namespace. Raises DataRefused if `replaces` is no longer the published generation.
    """
    before = generation_published(connection, made.dataset)
    if (before.generation if before else None) != replaces or made.generation != next_generation(
        connection, made.dataset
    ):
        raise DataRefused(
            f"Other data of {made.dataset!r} were published or retired meanwhile, so these were not published.",
            remedy="Run the command again.",
            code="import-overtaken",
        )
    connection.execute(
        update(generations)
        .where(generations.c.dataset == made.dataset, generations.c.retired_at.is_(None))
        .values(retired_at=made.published_at)
    )
    reach("publish.retired")
    connection.execute(
        insert(generations).values(
            dataset=made.dataset,
            generation=made.generation,
            path=made.path,
            rows=made.rows,
            schema_hash=made.schema_hash,
            published_at=made.published_at,
            retired_at=None,
        )
    )
    for namespace, held in subjects.items():
        connection.execute(
            insert(generation_subjects).values(
                dataset=made.dataset,
                generation=made.generation,
                namespace=namespace,
                size=held.size,
                bits=held.bits,
            )
        )


def subjects_of(connection: Connection, dataset: str, generation: int) -> dict[str, SubjectBits]:
    """Return who has rows in a generation, a bitmap a namespace."""
    columns = generation_subjects.c
    statement = select(columns.namespace, columns.size, columns.bits).where(
        columns.dataset == dataset, columns.generation == generation
    )
    return {row.namespace: SubjectBits(row.size, bytes(row.bits)) for row in connection.execute(statement)}


def datasets_with(connection: Connection, namespace: str, subject: int) -> frozenset[str]:
    """Return the datasets in whose published generations one subject has rows; of each bitmap one byte is read."""
    asked = {"space": namespace, "subject": subject, "place": subject // 8 + 1}
    return frozenset(name for name, byte in _HOLDING(connection, **asked) if bytes(byte)[0] >> subject % 8 & 1)


def remove_leftovers(connection: Connection, folder: Path) -> tuple[str, ...]:
    """Unlink files of crashed imports: those in the data folder that no generation refers to; returns their names.

    Only for whoever holds the import lock: a running import's file has no row yet.
    """
    known = {str(path) for path in connection.scalars(select(generations.c.path))}
    leftovers = [
        file
        for file in sorted((folder / DATA_FOLDER).glob("*.duckdb*"))
        if f"{DATA_FOLDER}/{file.name}" not in known and file.is_file()
    ]
    for file in leftovers:
        file.unlink()
    return tuple(file.name for file in leftovers)
