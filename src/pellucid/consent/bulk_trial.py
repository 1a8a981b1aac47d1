"""What a dry run would have recorded so far, so that its later rows are judged as an import's would be.

Kept in a database of its own, in a file that has no name and is gone with the process, however that ends; never in the
workspace's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from pellucid.consent.bulk_heard import Heard, Kinds
from pellucid.consent.bulk_insert import insert_rows
from pellucid.consent.bulk_read import heard_of
from pellucid.records.tables import consent_records, consent_screens


class ScratchTrial:
    """Rows of `consent_records` that were only tried; its memory is constant, its place a temporary file."""

    def __init__(self) -> None:
        # SQLite makes a database without a name in a file that it unlinks at once, and keeps small ones in memory.
        self._engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(""), poolclass=StaticPool)
        self._connection = self._engine.connect()
        for table in (consent_records, consent_screens):
            table.create(self._connection)

    def heard(self, namespace: str, subjects: Sequence[int], table: Kinds) -> Heard:
        """Return what was tried of these subjects before."""
        return heard_of(self._connection, namespace, subjects, table)

    def keep(self, names: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
        """Keep rows of these columns that would have been recorded."""
        insert_rows(self._connection, consent_records, names, rows)

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()
        self._engine.dispose()
