"""Finding where a choice stands in the log: by the instant at which it was recorded, without reading all of it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from pellucid.audit import log
from pellucid.errors import NameUnknown
from pellucid.records.tables import consent_records
from pellucid.subjects.keys import SubjectKeys

LOOKED_AT = 5_000
"""Entries of the same instant, and after a clock was set back, among which the choice is looked for."""


def place_of(connection: Connection, keys: SubjectKeys, namespace: str, subject: int, sequence: int) -> int:
    """Return the leaf of the entry about a record of a person, in a write transaction; raises NameUnknown.

    Alike for a record that is not there, is somebody else's, or whose entry is not where it should be.
    """
    columns = consent_records.c
    theirs = (columns.sequence == sequence, columns.namespace == namespace, columns.subject == subject)
    row = connection.execute(select(columns.version, columns.recorded_at, columns.verb).where(*theirs)).one_or_none()
    if row is None or row.recorded_at is None:
        raise _unknown(sequence)
    pseudonym = keys.pseudonym(connection, namespace, subject)
    wanted = (f"consent.{row.verb}", pseudonym, row.version)
    start = _first_at(connection, row.recorded_at)
    for entry in log.entries(connection, max(0, start - 1), start + LOOKED_AT):
        fields = entry.fields()
        body = fields["body"]
        version = body.get("register_version") if isinstance(body, dict) else None
        if (fields["action"], fields["subject"], version) == wanted:
            return entry.leaf
    raise _unknown(sequence)


def _first_at(connection: Connection, at: int) -> int:
    """Return the first leaf whose entry is not older, where entries stand in the order of their instants."""
    low, high = 0, log.size(connection)
    while low < high:
        middle = (low + high) // 2
        if int(str(log.entry_at(connection, middle).fields()["at"])) < at:
            low = middle + 1
        else:
            high = middle
    return low


def _unknown(sequence: int) -> NameUnknown:
    return NameUnknown("choice of this person", str(sequence), remedy="Name one from the history.")
