"""Leases of generations: whoever has a file attached holds one, and an old file goes when no live lease holds it.

A lease ends by release or at its instant, whichever comes first: a reader that died must not keep data for ever.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, delete, exists, insert, select, update

from pellucid.engines.base import Holding
from pellucid.errors import WorkspaceUnusable
from pellucid.failpoints import reach
from pellucid.records.database import Database
from pellucid.records.tables import generation_leases, generation_subjects, generations

GONE = ""
"""The path of a generation whose file is given up."""


def lease(connection: Connection, holdings: Iterable[Holding], *, until: int) -> tuple[str, ...]:
    """Hold generations until an instant (UTC µs), in the caller's write transaction; returns the leases' ids.

    Raises WorkspaceUnusable if one of them is gone: read what is published again and retry.
    """
    taken = []
    for holding in holdings:
        # The row is locked so that, on PostgreSQL too, it cannot be given up while the lease is made.
        statement = select(generations.c.path).where(*_same(generations, holding)).with_for_update()
        if connection.scalar(statement) in (None, GONE):
            raise WorkspaceUnusable(
                f"Generation {holding.generation} of {holding.dataset!r} is no longer held.",
                remedy="Try again: newer data have been published.",
                code="generation-gone",
            )
        name = secrets.token_hex(16)
        connection.execute(
            insert(generation_leases).values(
                id=name, dataset=holding.dataset, generation=holding.generation, expires_at=until
            )
        )
        taken.append(name)
    return tuple(taken)


def release(connection: Connection, leases: Iterable[str]) -> None:
    """Give leases back; ids that are unknown or expired are ignored."""
    connection.execute(delete(generation_leases).where(generation_leases.c.id.in_(list(leases))))


def unlink_unleased(database: Database, folder: Path, *, now: int) -> tuple[str, ...]:
    """Give up retired generations that no live lease holds, then unlink their files; returns the files' names.

    The records change first, in one transaction: from then on no lease can be taken, and a crash leaves a file that the
    next import clears away. The records stay, without a path, so that a generation's number is never used twice.
    """
    with database.read() as connection:  # mostly there is none, and a question should not write for that
        if connection.execute(_unheld(now)).first() is None:
            return ()
    with database.write() as connection:
        connection.execute(delete(generation_leases).where(generation_leases.c.expires_at <= now))
        gone = connection.execute(_unheld(now)).all()
        for row in gone:
            connection.execute(delete(generation_subjects).where(*_same(generation_subjects, row)))
            connection.execute(update(generations).where(*_same(generations, row)).values(path=GONE))
            reach("unlink.given-up")
    for row in gone:
        reach("unlink.committed")
        (folder / row.path).unlink(missing_ok=True)
        reach("unlink.done")
    return tuple(Path(row.path).name for row in gone)


def _same(table: Table, wanted: Holding | Row[tuple[str, int, str]]) -> tuple[ColumnElement[bool], ...]:
    return table.c.dataset == wanted.dataset, table.c.generation == wanted.generation


def _unheld(now: int) -> Select[tuple[str, int, str]]:
    held = exists().where(
        and_(
            generation_leases.c.dataset == generations.c.dataset,
            generation_leases.c.generation == generations.c.generation,
            generation_leases.c.expires_at > now,
        )
    )
    columns = generations.c
    statement = select(columns.dataset, columns.generation, columns.path)
    retired = statement.where(columns.retired_at.is_not(None), columns.path != GONE, ~held)
    return retired.order_by(columns.dataset, columns.generation)
