"""The record of erasures: how far they came, and what became of each part. Carrying one out is `rights.erase`."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, or_, select, update

from pellucid.errors import NameUnknown
from pellucid.policy.model import Actor
from pellucid.records.rights_tables import erasure_parts, erasure_people, erasures
from pellucid.rights.plan import Part
from pellucid.subjects.links import Identity

RUNNING, DONE, OPEN = "running", "done", "open"


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure as recorded; `step` is the last numbered step that was done."""

    id: str
    kind: str
    state: str
    step: int
    made_by: str
    started_at: int
    finished_at: int | None
    people: int


@dataclass(frozen=True, slots=True)
class Told:
    """A part of an erasure and where it stands."""

    part: Part
    state: str
    done_at: int | None


def begin(connection: Connection, kind: str, actor: Actor, now: int) -> str:
    """Record that an erasure begins; return its id."""
    name = secrets.token_hex(8)
    connection.execute(
        insert(erasures).values(id=name, kind=kind, state=RUNNING, step=1, made_by=actor.name, started_at=now)
    )
    return name


def reached(connection: Connection, erasure: str, step: int) -> None:
    """Record that a step was done; an erasure that goes on again never goes back."""
    behind = (erasures.c.id == erasure, erasures.c.step < step)
    connection.execute(update(erasures).where(*behind).values(step=step))


def finish(connection: Connection, erasure: str, now: int) -> None:
    """Record that an erasure is done."""
    connection.execute(update(erasures).where(erasures.c.id == erasure).values(state=DONE, finished_at=now))


def keep_receipt(connection: Connection, erasure: str, receipt: bytes) -> None:
    """Keep the receipt of an erasure."""
    connection.execute(update(erasures).where(erasures.c.id == erasure).values(receipt=receipt))


def receipt_of(connection: Connection, erasure: str) -> bytes | None:
    """Return the receipt of an erasure, if it was made yet; raises NameUnknown."""
    get(connection, erasure)
    found = connection.scalar(select(erasures.c.receipt).where(erasures.c.id == erasure))
    return None if found is None else bytes(found)


def get(connection: Connection, erasure: str) -> Erasure:
    """Return an erasure; raises NameUnknown."""
    row = connection.execute(_all().where(erasures.c.id == erasure)).one_or_none()
    if row is None:
        raise NameUnknown("erasure", erasure, remedy="See `pellucid erase list`.")
    return _erasure(row)


def listed(connection: Connection, state: str | None = None) -> list[Erasure]:
    """Return erasures, the oldest first."""
    statement = _all().order_by(erasures.c.started_at, erasures.c.id)
    if state is not None:
        statement = statement.where(erasures.c.state == state)
    return [_erasure(row) for row in connection.execute(statement)]


def done_for(connection: Connection, request: str, identity: Identity) -> Erasure | None:
    """Return the erasure by which a request was carried out, or in which its person went otherwise, if one was."""
    columns = erasure_people.c
    same = and_(columns.namespace == identity[0], columns.subject == identity[1])
    mine = select(columns.erasure).where(or_(columns.request == request, same))
    done = select(erasures.c.id).where(erasures.c.id.in_(mine), erasures.c.state == DONE)
    name = connection.scalar(done.order_by(erasures.c.finished_at, erasures.c.id).limit(1))
    return None if name is None else get(connection, name)


def of_request(connection: Connection, request: str, identity: Identity) -> Erasure | None:
    """Return the erasure of a request, as far as it came; None before it began."""
    mine = select(erasure_people.c.erasure).where(erasure_people.c.request == request)
    running: str | None = connection.scalar(
        select(erasures.c.id).where(erasures.c.id.in_(mine), erasures.c.state == RUNNING).limit(1)
    )
    return done_for(connection, request, identity) if running is None else get(connection, running)


def running_of(connection: Connection, identity: Identity) -> str | None:
    """Return the erasure under way of an identity, if there is one."""
    mine = (erasure_people.c.namespace == identity[0], erasure_people.c.subject == identity[1])
    statement = (
        select(erasures.c.id)
        .join(erasure_people, erasure_people.c.erasure == erasures.c.id)
        .where(*mine, erasures.c.state == RUNNING)
    )
    found: str | None = connection.scalar(statement)
    return found


def put_parts(connection: Connection, erasure: str, parts: Sequence[Part], now: int, *, state: str = OPEN) -> None:
    """Record parts; one that is recorded keeps its number, and counts and reasons become what they are now.

    A part that is done stays done. Of what was kept or cannot be reached there is nothing more to do. Nothing is added
    to an erasure that is done: its receipt, and the log, tell what its parts were then.
    """
    if get(connection, erasure).state == DONE:
        return
    held = {(each.part.kind, each.part.target): number for number, each in _numbered(connection, erasure)}
    done = {(each.part.kind, each.part.target) for each in parts_of(connection, erasure) if each.state == DONE}
    for part in parts:
        place = (part.kind, part.target)
        if place in done and state == OPEN:
            continue
        settled = state == DONE or part.decision in ("keep", "unreachable")
        values = {
            "decision": part.decision,
            "until": part.until,
            "basis": part.basis,
            "reason": part.reason,
            "told": json.dumps(part.told, sort_keys=True),
            "state": DONE if settled else OPEN,
            "done_at": now if settled else None,
        }
        if place in held:
            same = (erasure_parts.c.erasure == erasure, erasure_parts.c.number == held[place])
            connection.execute(update(erasure_parts).where(*same).values(values))
        else:
            held[place] = len(held)
            new = {"erasure": erasure, "number": held[place], "kind": part.kind, "target": part.target}
            connection.execute(insert(erasure_parts).values(new | values))


def settle(connection: Connection, erasure: str, kinds: Sequence[str], now: int) -> None:
    """Record that the open parts of some kinds are done."""
    mine = (erasure_parts.c.erasure == erasure, erasure_parts.c.kind.in_(kinds), erasure_parts.c.state == OPEN)
    connection.execute(update(erasure_parts).where(*mine).values(state=DONE, done_at=now))


def parts_of(connection: Connection, erasure: str) -> list[Told]:
    """Return the parts of an erasure in the order in which they were planned."""
    return [each for _, each in _numbered(connection, erasure)]


def _numbered(connection: Connection, erasure: str) -> list[tuple[int, Told]]:
    statement = select(erasure_parts).where(erasure_parts.c.erasure == erasure).order_by(erasure_parts.c.number)
    return [
        (
            row.number,
            Told(
                Part(row.kind, row.target, row.decision, row.basis, row.reason, row.until, json.loads(row.told)),
                row.state,
                row.done_at,
            ),
        )
        for row in connection.execute(statement)
    ]


def _all() -> Select[Any]:
    people = select(func.count()).where(erasure_people.c.erasure == erasures.c.id).scalar_subquery()
    return select(erasures, people.label("people"))


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(row.id, row.kind, row.state, row.step, row.made_by, row.started_at, row.finished_at, row.people)
