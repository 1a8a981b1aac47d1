"""What happened in a control database after a place in its log: the rows that a restored backup lacks.

Reads only. They are all that narrows or was spent, and what the log needs to go on: its entries, records of what people
said with the people they are about, people whose permission changed, losses of privacy, policies, requests with where
they stand, what is to go out or went. Rows of customer data are not among them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, func, select

from pellucid.audit import log
from pellucid.consent.facts import chunks
from pellucid.delivery.outbox import JOB, message_of
from pellucid.errors import VerificationFailed
from pellucid.records.rights_tables import (
    deliveries,
    erasure_parts,
    erasure_people,
    erasures,
    kept_evidence,
    legal_holds,
    rights_events,
    rights_requests,
    statements,
    tombstones,
)
from pellucid.records.tables import (
    charges,
    consent_records,
    consent_screens,
    insight_cells,
    insight_proposals,
    law_marks,
    law_packs,
    log_entries,
    permitted_changes,
    policy_activations,
    policy_snapshots,
    register,
    subject_keys,
    subject_links,
    subjects,
)
from pellucid.records.transparency_tables import messages_sent, notice_publications, notice_rounds, notices
from pellucid.release.accountant import RESERVED
from pellucid.subjects import ids

CARRIED: Mapping[str, Table] = {
    table.name: table
    for table in (
        log_entries,
        policy_snapshots,
        policy_activations,
        law_packs,
        law_marks,
        notices,
        notice_publications,
        notice_rounds,
        messages_sent,
        consent_screens,
        subjects,
        subject_keys,
        subject_links,
        consent_records,
        charges,
        insight_proposals,
        insight_cells,
        legal_holds,
        erasures,
        erasure_people,
        erasure_parts,
        tombstones,
        kept_evidence,
        rights_requests,
        rights_events,
        statements,
        deliveries,
    )
}
"""The tables whose rows are carried over."""

OF_AN_ERASURE = (erasures, erasure_people, erasure_parts, tombstones, kept_evidence)
"""What an erasure leaves: in a backup from before it, the people are still there."""

OF_A_REQUEST = (rights_requests, rights_events, statements)
"""What people asked, which has its day by law: none that was filed since a backup is lost with it."""

MARKS = (law_marks, consent_screens, subject_links, notice_publications)
"""What people decided about laws, screens, identities and notices: rows are added and never changed."""

ADDED_TO = (*MARKS, deliveries)
"""Tables whose rows have a number that rises."""

Values = dict[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """One row as it is stored, of one of the tables in CARRIED."""

    table: str
    values: Values

    def as_json(self) -> dict[str, object]:
        """Return the row as JSON, bytes in base64."""
        return {"table": self.table, "row": {name: _plain(value) for name, value in self.values.items()}}

    @classmethod
    def from_json(cls, found: object) -> Change:
        """Read what `as_json` gave, also before a column was added; raises ValueError for anything else."""
        if not isinstance(found, dict) or found.keys() != {"table", "row"} or found["table"] not in CARRIED:
            raise ValueError("not a row of a table that is carried over")
        table, row = CARRIED[found["table"]], found["row"]
        if not isinstance(row, dict):
            raise ValueError("not a row")
        row = {column.name: None for column in table.columns if column.info.get("added")} | row
        if row.keys() != set(table.columns.keys()):
            raise ValueError("not the columns of its table")
        return cls(table.name, {column.name: _stored(column.type, row[column.name]) for column in table.columns})


@dataclass(frozen=True, slots=True)
class Place:
    """How far a workspace had come: log (with the hash of its last leaf), records, register, policies, people.

    `subjects` are the ids ever given in each namespace; `reserved` the losses set aside and not settled then; `marks`
    the last of each table in ADDED_TO.
    """

    size: int
    root: str
    last: str
    sequence: int
    register: int
    activation: int
    subjects: Mapping[str, int] = field(default_factory=dict)
    reserved: tuple[Values, ...] = ()
    marks: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the place as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Place:
        """Read what `as_json` gave; raises KeyError or TypeError for anything else."""
        return cls(**(found | {"reserved": tuple(found["reserved"])}))


def place_of(connection: Connection) -> Place:
    """Return how far this control database has come."""
    size, root = log.head(connection)
    reserved = select(charges).where(charges.c.state == RESERVED).order_by(charges.c.id, charges.c.namespace)
    return Place(
        size=size,
        root=root.hex(),
        last=_leaf_hash(connection, size - 1),
        sequence=connection.scalar(select(func.max(consent_records.c.sequence))) or 0,
        register=connection.scalar(select(register.c.version)) or 0,
        activation=connection.scalar(select(func.max(policy_activations.c.sequence))) or 0,
        subjects={name: ids.count(connection, name) for name in _namespaces(connection)},
        reserved=tuple(dict(row._mapping) for row in connection.execute(reserved)),
        marks={table.name: connection.scalar(select(func.max(table.c.sequence))) or 0 for table in ADDED_TO},
    )


def demand_continues(connection: Connection, place: Place) -> None:
    """Raise VerificationFailed unless this log holds every entry that there was at a place."""
    if log.size(connection) < place.size or _leaf_hash(connection, place.size - 1) != place.last:
        raise VerificationFailed(
            f"The log does not go on from the {place.size} entries that are known of it.", code="log-inconsistent"
        )


def changes_after(connection: Connection, place: Place) -> Iterator[Change]:
    """Yield what happened after a place, which must be one of this very log: raises VerificationFailed."""
    demand_continues(connection, place)
    spent: list[str] = []
    erased: set[str] = set()
    held: set[str] = set()
    asked: set[str] = set()
    settled: set[str] = set()
    for entry in log.entries(connection, place.size):
        spent += _told(entry, "charge")
        erased.update(_told(entry, "erasure"))
        held.update(_told(entry, "hold"))
        asked.update(_told(entry, "request"))
        settled.update(_told(entry, "delivery"), _told(entry, "about") if _told(entry, "kind") == [JOB] else ())
        yield Change("log_entries", {"leaf": entry.leaf, "body": entry.body, "leaf_hash": entry.leaf_hash})
    yield from _policies(connection, place)
    yield from _marks(connection, place)
    yield from _said(connection, place, sorted(erased), sorted(asked))
    yield from _erased(connection, sorted(erased), sorted(held))
    for table in OF_A_REQUEST:
        column = table.c.id if table is rights_requests else table.c.request
        for part in _parts(sorted(asked)):
            yield from _rows(connection, table, column.in_(part))
    yield from _rows(connection, notice_rounds, notice_rounds.c.publication > place.marks.get("notice_publications", 0))
    sent = list(_rows(connection, deliveries, deliveries.c.sequence > place.marks.get("deliveries", 0)))
    for part in _parts([link for each in sent if (link := message_of(str(each.values["about"])))]):
        yield from _rows(connection, messages_sent, messages_sent.c.link.in_(part))
    yield from sent
    for part in _parts(sorted(settled)):
        yield from _rows(connection, deliveries, deliveries.c.id.in_(part))
    for part in _parts(spent):
        yield from _rows(connection, charges, charges.c.id.in_(part))
    for table in (insight_proposals, insight_cells):
        yield from _rows(connection, table, table.c.leaf >= place.size)


def _told(entry: log.StoredEntry, what: str) -> list[str]:
    body = entry.fields().get("body")
    found = body.get(what) if isinstance(body, dict) else None
    return [found] if isinstance(found, str) and found else []


def _erased(connection: Connection, erased: Sequence[str], held: Sequence[str]) -> Iterator[Change]:
    for part in _parts(held):
        yield from _rows(connection, legal_holds, legal_holds.c.id.in_(part))
    for table in OF_AN_ERASURE:
        column = table.c.id if table is erasures else table.c.erasure
        for part in _parts(erased):
            yield from _rows(connection, table, column.in_(part))


def _policies(connection: Connection, place: Place) -> Iterator[Change]:
    columns = policy_activations.c
    activated = list(_rows(connection, policy_activations, columns.sequence > place.activation))
    versions = sorted({str(change.values["version"]) for change in activated})
    for part in _parts(versions):
        yield from _rows(connection, policy_snapshots, policy_snapshots.c.version.in_(part))
    yield from activated


def _marks(connection: Connection, place: Place) -> Iterator[Change]:
    made = [row for t in MARKS for row in _rows(connection, t, t.c.sequence > place.marks.get(t.name, 0))]
    packs = sorted({str(change.values["version"]) for change in made if change.values.get("version")})
    for part in _parts(packs):
        yield from _rows(connection, law_packs, law_packs.c.version.in_(part))
    shown = sorted({str(change.values["notice"]) for change in made if change.table == notice_publications.name})
    for part in _parts(shown):
        yield from _rows(connection, notices, notices.c.version.in_(part))
    yield from made


def _said(connection: Connection, place: Place, erased: Sequence[str], asked: Sequence[str]) -> Iterator[Change]:
    """Yield the people concerned before what they said."""
    concerned: dict[str, set[int]] = {}
    said = select(consent_records.c.namespace, consent_records.c.subject)
    for namespace, subject in connection.execute(said.where(consent_records.c.sequence > place.sequence)):
        concerned.setdefault(namespace, set()).add(subject)
    # Whatever else narrowed somebody's permission: a birth year that was set right, an end that came.
    changed = select(permitted_changes.c.namespace, permitted_changes.c.subject)
    where = (permitted_changes.c.version > place.register, permitted_changes.c.subject >= 0)
    for namespace, subject in connection.execute(changed.where(*where)):
        concerned.setdefault(namespace, set()).add(subject)
    for table, column, names in (
        (erasure_people, erasure_people.c.erasure, erased),
        (rights_requests, rights_requests.c.id, asked),
    ):
        theirs = select(table.c.namespace, table.c.subject).where(table.c.subject.is_not(None))
        for some in _parts(names):
            for namespace, subject in connection.execute(theirs.where(column.in_(some))):
                concerned.setdefault(namespace, set()).add(subject)
    for namespace, concerned_ids in sorted(concerned.items()):
        for part in chunks(concerned_ids):
            for table in (subjects, subject_keys):
                yield from _rows(connection, table, table.c.namespace == namespace, table.c.id.in_(part))
    yield from _rows(connection, consent_records, consent_records.c.sequence > place.sequence)


def _rows(connection: Connection, table: Table, *where: object) -> Iterator[Change]:
    statement = select(table).where(*where).order_by(*table.primary_key.columns)  # type: ignore[arg-type]
    for row in connection.execute(statement):
        yield Change(table.name, dict(row._mapping))


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), 500):
        yield names[start : start + 500]


def _namespaces(connection: Connection) -> Iterator[str]:
    """Yield every namespace that has people; a GROUP BY would walk all of them."""
    column, last = subjects.c.namespace, ""
    while (found := connection.scalar(select(func.min(column)).where(column > last))) is not None:
        yield found
        last = found


def _leaf_hash(connection: Connection, leaf: int) -> str:
    found = connection.scalar(select(log_entries.c.leaf_hash).where(log_entries.c.leaf == leaf))
    return "" if found is None else bytes(found).hex()


def _plain(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _stored(kind: object, value: object) -> object:
    if not isinstance(kind, LargeBinary) or value is None:
        return value
    if not isinstance(value, str):
        raise ValueError("not the base64 of bytes")
    return base64.b64decode(value, validate=True)


def as_line(found: Mapping[str, object]) -> bytes:
    """Return an object as one line of JSON."""
    return json.dumps(found, separators=(",", ":")).encode() + b"\n"
