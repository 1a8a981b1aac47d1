"""Bringing what happened since a backup into its control database: everything, in order, or nothing.

The rows come from journals or from what survived of the workspace, and are believed because the log that results has
the root that was sealed. The permitted sets are not touched here: whoever calls makes them anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, and_, delete, func, insert, select, update

from pellucid.audit import log
from pellucid.audit.merkle import leaf_hash
from pellucid.backups.changes import CARRIED, MARKS, OF_A_REQUEST, OF_AN_ERASURE, Change, Place, Values, place_of
from pellucid.backups.journal import Segment
from pellucid.consent.record import ConsentVerb
from pellucid.consent.register import LAWS_VERSION
from pellucid.delivery import outbox
from pellucid.errors import VerificationFailed
from pellucid.holdings.leases import GONE
from pellucid.records.kept import keep
from pellucid.records.rights_tables import agents, deliveries, legal_holds
from pellucid.records.tables import (
    api_tokens,
    charges,
    consent_records,
    generations,
    insight_cells,
    insight_proposals,
    law_packs,
    policy_activations,
    policy_snapshots,
    register,
    subject_keys,
    subjects,
)
from pellucid.records.transparency_tables import messages_sent, notice_rounds, notices

WRITTEN = frozenset({"data.published", "data.sorted", "data.erased", "data.retired"})
"""What writes a generation."""
Named = dict[tuple[str, int], str]
"""People who were erased, by namespace and id: the name under which they were known."""
Forget = Callable[[Connection, Named], None]


def nobody(_connection: Connection, _named: Named) -> None:
    """Forget nobody."""


SAID = frozenset(f"consent.{verb.value}" for verb in ConsentVerb)


@dataclass(slots=True)
class Replayed:
    """What was brought in: entries of the log, records, and the datasets whose older rows may be used no more."""

    bodies: Sequence[Values] = ()
    records: int = 0
    retired: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)

    @property
    def entries(self) -> int:
        """How many entries were brought in."""
        return len(self.bodies)


@dataclass(slots=True)
class _Gathered:
    """The newest state of each row, by table and primary key, in the order in which each was first seen."""

    rows: dict[str, dict[tuple[object, ...], Values]] = field(default_factory=lambda: {name: {} for name in CARRIED})
    bodies: list[dict[str, object]] = field(default_factory=list)

    def put(self, change: Change) -> None:
        key = tuple(change.values[column.name] for column in CARRIED[change.table].primary_key)
        self.rows[change.table][key] = change.values

    def of(self, table: Table) -> list[Values]:
        return list(self.rows[table.name].values())


def replay(connection: Connection, sources: Sequence[Iterable[Segment]], now: int, forget: Forget = nobody) -> Replayed:
    """Bring in what the sources hold beyond this database, in the caller's write transaction.

    Each source has to begin where the one before it, or this database, ends, or earlier. Raises VerificationFailed if
    something between is missing (`journal-gap`), if the last source ends before the backup or was ended for another,
    and if it does not lead to what was sealed. `forget` takes out what this database still holds of people who were
    erased since.
    """
    start, gathered = place_of(connection), _Gathered()
    last: Segment | None = None
    for source in sources:
        for number, segment in enumerate(source):
            if number == 0 and segment.place.size > log.size(connection):
                raise _gap(log.size(connection), segment.place.size)
            _take(connection, start, segment, gathered)
            last = segment
    if last is None:
        return Replayed()
    if last.closed or last.place.size < start.size:
        raise VerificationFailed(
            "What happened after the end of that journal stands in another one.",
            remedy="Give the journals that follow too, each with --since, in order.",
            code="journal-ended",
        )
    return _apply(connection, start, last.place, gathered, now, forget)


def skip_ids(connection: Connection, namespace: str, count: int) -> None:
    """See to it that the next id given in a namespace is at least `count`: those below are never given again."""
    highest = connection.scalar(select(func.max(subjects.c.id)).where(subjects.c.namespace == namespace))
    if count - 1 > (-1 if highest is None else highest):
        # Without a natural key, a subject is nobody who can be found, and is permitted nothing.
        connection.execute(insert(subjects).values(namespace=namespace, id=count - 1))


def _take(connection: Connection, start: Place, segment: Segment, gathered: _Gathered) -> None:
    """Append a stretch's entries, and gather its rows if they are newer than the backup."""
    bodies: list[bytes] = []
    size = log.size(connection)
    for change in segment.changes:
        if change.table == "log_entries":
            body = _next_body(connection, change.values, size + len(bodies))
            bodies += [] if body is None else [body]
        elif segment.place.size > start.size:
            gathered.put(change)
    log.append_verbatim(connection, bodies)
    gathered.bodies += [json.loads(body) for body in bodies]
    if segment.place.size >= size and log.head(connection) != (segment.place.size, bytes.fromhex(segment.place.root)):
        raise _other_log(segment.place.size)


def _next_body(connection: Connection, values: Values, size: int) -> bytes | None:
    """Return an entry's bytes if it is the next one, None if the log has it already."""
    leaf, body = values["leaf"], values["body"]
    if not isinstance(leaf, int) or not isinstance(body, bytes) or leaf > size:
        raise _gap(size, leaf)
    if leaf < size:
        if log.entry_at(connection, leaf).leaf_hash != leaf_hash(body):
            raise _other_log(leaf + 1)
        return None
    return body


def _apply(connection: Connection, start: Place, end: Place, gathered: _Gathered, now: int, forget: Forget) -> Replayed:
    done = Replayed(gathered.bodies)
    named = _named(connection, gathered)
    _insert_missing(connection, policy_snapshots, gathered.of(policy_snapshots))
    _insert_missing(connection, policy_activations, gathered.of(policy_activations))
    _put_people(connection, gathered)
    for table in (law_packs, notices, *MARKS):
        _insert_missing(connection, table, gathered.of(table))
    for entry in gathered.bodies:
        told = entry["body"]
        if str(entry["action"]).startswith("law.") and isinstance(told, dict):
            keep(connection, LAWS_VERSION, str(told["laws"]))
    _revoke(connection, gathered.bodies)
    done.records = _insert_missing(connection, consent_records, gathered.of(consent_records))
    said = sum(entry["action"] in SAID for entry in gathered.bodies)
    if said != done.records:
        raise VerificationFailed(
            f"The log tells of {said} choices since the backup, and {done.records} were handed over.",
            remedy="Use the journal as it was written.",
            code="journal-altered",
        )
    _put_rows(connection, charges, [*gathered.of(charges), *end.reserved])
    told = (notice_rounds, messages_sent, deliveries)
    for table in (insight_proposals, insight_cells, legal_holds, *OF_AN_ERASURE, *OF_A_REQUEST, *told):
        _put_rows(connection, table, gathered.of(table))
    outbox.due_again(connection, now)
    _put_generations(connection, gathered.bodies, done, now)
    forget(connection, named)
    for namespace, count in end.subjects.items():
        skip_ids(connection, namespace, count)
    # Above every version that an answer was ever stamped with.
    connection.execute(update(register).where(register.c.version < end.register).values(version=end.register))
    return done


def _revoke(connection: Connection, bodies: Sequence[dict[str, object]]) -> None:
    """Revoke the tokens and agents that were revoked since; those that were created since are unknown, and stay so.

    An agent that was given another token since has to set up its key again: the one before it must open nothing.
    """
    for entry in bodies:
        told = entry["body"]
        if entry["action"] == "token.revoked" and isinstance(told, dict):
            held = (api_tokens.c.id == told["token"], api_tokens.c.revoked_at.is_(None))
            connection.execute(update(api_tokens).where(*held).values(revoked_at=entry["at"]))
        if entry["action"] == "agent.callback-set" and isinstance(told, dict):
            host = {"callback_host": told["callback_host"]}
            connection.execute(update(agents).where(agents.c.id == told["agent"]).values(host))
        if entry["action"] in ("agent.revoked", "agent.token-given") and isinstance(told, dict):
            ended = {"revoked_at": entry["at"]} if entry["action"] == "agent.revoked" else {}
            connection.execute(update(agents).where(agents.c.id == told["agent"]).values(token=None, **ended))


def _insert_missing(connection: Connection, table: Table, rows: Sequence[Values]) -> int:
    (key,) = table.primary_key.columns
    held = set(connection.scalars(select(key)))
    missing = [row for row in rows if row[key.name] not in held]
    if missing:
        connection.execute(insert(table), missing)
    return len(missing)


def _put_people(connection: Connection, gathered: _Gathered) -> None:
    """Give people the state they were in last; one whose key was destroyed or whose name was erased stays without."""
    people = gathered.of(subjects)
    for row in people:
        for table in (subjects, subject_keys):
            same = (table.c.namespace == row["namespace"], table.c.id == row["id"])
            connection.execute(delete(table).where(*same))
    if people:
        connection.execute(insert(subjects), people)
    erased = {(row["namespace"], row["id"]) for row in people if row["natural_key"] is None}
    if keys := [row for row in gathered.of(subject_keys) if (row["namespace"], row["id"]) not in erased]:
        connection.execute(insert(subject_keys), keys)


def _named(connection: Connection, gathered: _Gathered) -> Named:
    """Return the names under which this database still knows people who were erased since."""
    named: Named = {}
    for row in gathered.of(subjects):
        if row["natural_key"] is None:
            same = (subjects.c.namespace == row["namespace"], subjects.c.id == row["id"])
            key = connection.scalar(select(subjects.c.natural_key).where(*same))
            named[str(row["namespace"]), int(str(row["id"]))] = "" if key is None else key
    return named


def _put_rows(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    for row in rows:
        same = and_(*(column == row[column.name] for column in table.primary_key.columns))
        connection.execute(delete(table).where(same))
        connection.execute(insert(table).values(row))


def _put_generations(connection: Connection, bodies: Sequence[dict[str, object]], done: Replayed, now: int) -> None:
    """Never give a generation's number again, and take older rows out of use where they were replaced or unfit."""
    for entry in bodies:
        told = entry["body"]
        if not isinstance(told, dict):
            continue
        if entry["action"] in WRITTEN:
            row = {"dataset": told["dataset"], "generation": told["generation"], "rows": told["rows"], "path": GONE}
            dates = {"schema_hash": told["schema"], "published_at": entry["at"], "retired_at": now}
            connection.execute(insert(generations).values(row | dates))
        if entry["action"] == "data.published":  # a sort has the rows of the generation before it: nothing is lost
            done.lost.add(str(told["dataset"]))
            done.retired |= {str(told["dataset"])} if told["replaces"] else set()
        if entry["action"] == "policy.activated":
            done.retired |= set(told["retired"])
    held = generations.c.retired_at.is_(None)
    where = (held, generations.c.dataset.in_(sorted(done.retired)))
    connection.execute(update(generations).where(*where).values(retired_at=now))


def _gap(size: int, leaf: object) -> VerificationFailed:
    return VerificationFailed(
        f"The entries from {size} to {leaf} of the log are in neither the backup nor the journal.",
        remedy="Give the journals in between too, each with --since, in order, or take a newer backup.",
        code="journal-gap",
    )


def _other_log(size: int) -> VerificationFailed:
    return VerificationFailed(
        f"The first {size} entries that were handed over are not those of the backup's log.",
        remedy="Use the journal, or the workspace, that this backup was made of.",
        code="log-inconsistent",
    )
