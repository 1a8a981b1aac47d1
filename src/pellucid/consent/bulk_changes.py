"""The feed of changes for other systems: what people said, in the order in which it came into the register.

A place in the feed is a record's `sequence`. Nothing is ever put in before a place that was given out: a writer takes
the lock on all writing before its first statement (`records.database`), and only then are its register version and its
records' sequence numbers drawn; so whoever draws later commits later, on PostgreSQL too, and order by sequence is order
by version. A transaction that comes to nothing leaves numbers unused, and no record behind them.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, select

from pellucid.policy.model import Policy
from pellucid.records.tables import consent_records, subjects

_RECORDS = consent_records.c
_WHO = and_(subjects.c.namespace == _RECORDS.namespace, subjects.c.id == _RECORDS.subject)
_AFTER = (
    select(
        _RECORDS.sequence,
        _RECORDS.version,
        _RECORDS.namespace,
        subjects.c.natural_key,
        _RECORDS.purpose,
        _RECORDS.verb,
        _RECORDS.at,
        _RECORDS.recorded_at,
    )
    .outerjoin_from(consent_records, subjects, _WHO)
    .where(_RECORDS.sequence > bindparam("since"))
    .order_by(_RECORDS.sequence)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One thing that was said: its place, the register version it made, whose key (None once erased) said what, when.

    `purposes` are those that it concerns under the policy in force: all of them where `purpose` is None. Instants are
    UTC µs; `recorded_at` is None for what was recorded before it was noted.
    """

    sequence: int
    version: int
    namespace: str
    subject: str | None
    purpose: str | None
    purposes: tuple[str, ...]
    verb: str
    at: int
    recorded_at: int | None

    def to_json(self) -> dict[str, object]:
        """Return the change as JSON, its shape stable."""
        return {name: getattr(self, name) for name in self.__slots__} | {"purposes": list(self.purposes)}


def changes(connection: Connection, policy: Policy, since: int, limit: int) -> tuple[list[ChangeRow], int]:
    """Return at most `limit` changes after place `since` (0: from the start), and the place to go on from.

    A page is a snapshot. Fewer than `limit` are all that there is for now; asking again from the place that is
    returned misses nothing and repeats nothing. Who may follow everybody's choices is the caller's to check.
    """
    rows = connection.execute(_AFTER, {"since": since, "most": limit}).all()
    every = tuple(policy.purposes)
    found = [
        ChangeRow(
            row.sequence,
            row.version,
            row.namespace,
            row.natural_key,
            row.purpose,
            every if row.purpose is None else tuple(name for name in every if name == row.purpose),
            row.verb,
            row.at,
            row.recorded_at,
        )
        for row in rows
    ]
    return found, found[-1].sequence if found else since
