"""What the control database holds about people, taken out of it: rows by their ids, and text that names them.

Each trace says what becomes of it, so that the plan, what is done, and the receipt cannot differ. Log entries, and what
happened to requests, are never touched: they hold words of ours, and pseudonyms, which nothing ties to anybody once the
subject's key is destroyed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, func, or_, select, update

from pellucid.audit import log
from pellucid.consent.facts import chunks
from pellucid.engines.needles import Needles
from pellucid.records.rights_tables import (
    deliveries,
    identity_challenges,
    legal_holds,
    packages,
    rights_requests,
    statements,
)
from pellucid.records.tables import (
    api_replies,
    caps_kept,
    consent_records,
    consent_screens,
    insight_proposals,
    log_details,
    log_entries,
    releases_kept,
    signal_questions,
    signals_seen,
    subject_links,
)
from pellucid.records.web_tables import delegations, sign_ins, web_sessions
from pellucid.rights.people import Person, ids_by_namespace

PART = 2_000
_MEMBER = re.compile(rb'"[a-z_]{1,40}":')
"""A member of JSON as we write it: somebody may be called by the same word."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Rows of a table that are about people by their ids: which, and what they are given in place (None: removed)."""

    table: Table
    namespace: str = "namespace"
    subject: str = "subject"
    blanked: Mapping[str, object] | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A table in whose text somebody may be named: the columns searched, what such a row becomes, and `only` which."""

    table: Table
    columns: tuple[str, ...]
    blanked: Mapping[str, object] | None = None
    why: str = ""
    only: ColumnElement[bool] | None = None

    @property
    def name(self) -> str:
        """What a plan calls it: requests hold words of several kinds, each of which goes by itself."""
        return f"{self.table.name}.{self.columns[0]}" if self.table is rights_requests else self.table.name


NAMED = "names somebody who was erased"
BY_ID = (
    Trace(web_sessions, why="their sessions in the privacy centre"),
    Trace(sign_ins, why="how they asked to be let into it"),
    Trace(delegations, why="who may act for them in it"),
    Trace(delegations, "other_namespace", "other", why="for whom they may act in it"),
    Trace(signals_seen, why="signals that their browsers sent"),
    Trace(signal_questions, why="what they were asked about a loyalty programme"),
    Trace(statements, why="what they stated beside what is held of them"),
    Trace(subject_links, blanked={"evidence": ""}, why="how their identifiers were found to be one person's"),
    Trace(subject_links, "other_namespace", "other", {"evidence": ""}, "how their identifiers were found to belong"),
    Trace(
        consent_records,
        blanked={"proof": None, "member": None, "channel": ""},
        why="where proofs lie, and names within a household; what was said is kept as evidence",
    ),
)
WORDS = (
    Words(log_details, ("details",), why="details of log entries that name them, the words of questions among them"),
    Words(releases_kept, ("told", "rows"), why="answers that were kept to be shown again"),
    Words(caps_kept, ("caps",), why="norms that were kept for a question"),
    Words(api_replies, ("body",), why="answers that were kept for who asked"),
    Words(
        insight_proposals,
        ("name", "title", "sql", "plan", "attempts", "reason"),
        {"name": "erased", "title": "", "sql": "", "plan": "{}", "attempts": "[]", "state": "rejected", "reason": ""},
        "proposed figures whose question named them",
    ),
    Words(legal_holds, ("reason",), {"reason": NAMED}, "reasons of holds"),
    Words(rights_requests, ("proof",), {"proof": None}, "where proofs of requests lie"),
    Words(rights_requests, ("channel",), {"channel": ""}, "where requests came in"),
    Words(rights_requests, ("extended",), {"extended": NAMED}, "why requests take longer"),
    Words(rights_requests, ("agent_request",), {"agent_request": None}, "what agents call their requests"),
    Words(rights_requests, ("status_callback",), {"status_callback": None}, "where agents are told of their requests"),
    Words(
        rights_requests,
        ("asked",),
        {"asked": None},
        "requests under a key that nobody was known by",
        rights_requests.c.subject.is_(None),
    ),
    Words(deliveries, ("answer",), {"answer": NAMED}, "answers of recipients that name them"),
    Words(consent_screens, ("reason",), {"reason": NAMED}, "what was found out about screens"),
)


def about(connection: Connection, people: Sequence[Person]) -> Iterator[tuple[Trace, int]]:
    """Yield each trace by id, and how many rows there are."""
    for trace in BY_ID:
        yield trace, sum(connection.scalar(_count(trace, where)) or 0 for where in _where(trace, people))


def naming(connection: Connection, needles: Needles) -> Iterator[tuple[Words, list[tuple[object, ...]]]]:
    """Yield each table of words, and the keys of its rows that name somebody."""
    for words in WORDS:
        yield words, list(_keys_naming(connection, words, needles)) if needles.texts else []


def details_about(connection: Connection, people: Sequence[Person]) -> list[int]:
    """Return the leaves of entries about these people that still have details."""
    pseudonyms = {each.pseudonym for each in people}
    held = select(log_details.c.leaf, log_entries.c.body).join(log_entries, log_entries.c.leaf == log_details.c.leaf)
    found = []
    for row in connection.execute(held.order_by(log_details.c.leaf)):
        entry = log.StoredEntry(row.leaf, bytes(row.body), b"")
        if entry.fields()["subject"] in pseudonyms:
            found.append(int(row.leaf))
    return found


def take_out(connection: Connection, people: Sequence[Person], needles: Needles) -> dict[str, int]:
    """Take all of it out, in the caller's write transaction; return how many rows changed, by table."""
    done: dict[str, int] = {}
    for trace in BY_ID:
        for where in _where(trace, people):
            _note(done, trace.table, _changed(connection, trace.table, where, trace.blanked))
    for part in chunks(details_about(connection, people)):
        gone = connection.execute(delete(log_details).where(log_details.c.leaf.in_(part)))
        _note(done, log_details, gone.rowcount)
    for words, keys in naming(connection, needles):
        for key in keys:
            same = and_(*(column == value for column, value in zip(words.table.primary_key, key, strict=True)))
            _note(done, words.table, _changed(connection, words.table, same, words.blanked))
    for table, rows in _forget_requests(connection, people).items():
        _note(done, table, rows)
    return done


def left_by_id(connection: Connection, people: Sequence[Person]) -> list[str]:
    """Return the tables in which rows that were to be removed are left."""
    gone = [trace for trace in BY_ID if trace.blanked is None]
    return [table.name for table in asked_of(connection, people)] + [
        trace.table.name
        for trace in gone
        if any(connection.scalar(_count(trace, where)) for where in _where(trace, people))
    ]


def packages_of(connection: Connection, people: Sequence[Person]) -> list[tuple[str, str]]:
    """Return id and path of access packages of these people that are still there."""
    found: list[tuple[str, str]] = []
    for where in _where(Trace(rights_requests), people):
        theirs = select(rights_requests.c.id).where(where)
        held = select(packages.c.id, packages.c.path).where(
            packages.c.request.in_(theirs), packages.c.removed_at.is_(None)
        )
        found += [(row.id, row.path) for row in connection.execute(held)]
    return found


def note_packages_gone(connection: Connection, gone: Sequence[str], now: int) -> None:
    """Note that packages were removed."""
    for name in gone:
        connection.execute(update(packages).where(packages.c.id == name).values(removed_at=now, token=None))


def asked_of(connection: Connection, people: Sequence[Person]) -> dict[Table, int]:
    """Return how many challenges there are of these people's requests, and how many requests tell what was asked."""
    found = dict.fromkeys((identity_challenges, rights_requests), 0)
    for challenges, requests in _of_requests(connection, people):
        for table, where in ((identity_challenges, challenges), (rights_requests, requests)):
            found[table] += connection.scalar(select(func.count()).select_from(table).where(where)) or 0
    return {table: rows for table, rows in found.items() if rows}


def _forget_requests(connection: Connection, people: Sequence[Person]) -> dict[Table, int]:
    done = dict.fromkeys((identity_challenges, rights_requests), 0)
    for challenges, requests in _of_requests(connection, people):
        done[identity_challenges] += _changed(connection, identity_challenges, challenges, None)
        done[rights_requests] += _changed(connection, rights_requests, requests, {"asked": None, "proof": None})
    return done


def _of_requests(
    connection: Connection, people: Sequence[Person]
) -> Iterator[tuple[ColumnElement[bool], ColumnElement[bool]]]:
    """Yield which challenges are of people's requests, and which requests tell what was asked in detail.

    Not those requests that are being carried out, which close so.
    """
    own = sorted({each.request for each in people if each.request is not None})
    columns = rights_requests.c
    for where in _where(Trace(rights_requests), people):
        theirs = select(columns.id).where(where)
        some = or_(columns.asked.is_not(None), columns.proof.is_not(None))
        yield identity_challenges.c.request.in_(theirs), and_(where, some, columns.id.not_in(own))


def _where(trace: Trace, people: Sequence[Person]) -> Iterator[ColumnElement[bool]]:
    columns = trace.table.c
    for namespace, ids in ids_by_namespace(people).items():
        for part in chunks(ids.tolist()):
            yield and_(columns[trace.namespace] == namespace, columns[trace.subject].in_(part))


def _count(trace: Trace, where: ColumnElement[bool]) -> Select[int]:
    wanted = [where]
    if trace.blanked is not None:
        wanted.append(or_(*(trace.table.c[name].is_distinct_from(value) for name, value in trace.blanked.items())))
    return select(func.count()).select_from(trace.table).where(*wanted)


def _changed(
    connection: Connection, table: Table, where: ColumnElement[bool], blanked: Mapping[str, object] | None
) -> int:
    statement = delete(table).where(where) if blanked is None else update(table).where(where).values(dict(blanked))
    return connection.execute(statement).rowcount


def _keys_naming(connection: Connection, words: Words, needles: Needles) -> Iterator[tuple[object, ...]]:
    keys = list(words.table.primary_key)
    columns = [words.table.c[name] for name in words.columns]
    held = select(*keys, *columns)
    for rows in connection.execute(held if words.only is None else held.where(words.only)).partitions(PART):
        joined = [_MEMBER.sub(b":", b"\n".join(_bytes(value) for value in row[len(keys) :])) for row in rows]
        if not needles.found(b"\n".join(joined)):
            continue
        yield from (tuple(row[: len(keys)]) for row, text in zip(rows, joined, strict=True) if needles.found(text))


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value or "").encode()


def _note(done: dict[str, int], table: Table, rows: int) -> None:
    if rows:
        done[table.name] = done.get(table.name, 0) + rows
