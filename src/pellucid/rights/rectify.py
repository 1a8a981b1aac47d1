"""Rectification (GDPR Art. 16): wrong values of one person's rows corrected, or a statement kept beside what is held.

The dataset's next generation holds the new values, and the file with the old ones is given up. The log keeps neither:
it holds commitments under the person's key, so whoever has a value can show that it was the one, and nobody once the
key is destroyed. What identifies a person or a row, or dates it, is not corrected here: it is imported anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent.register import subjects_added
from pellucid.consent.sets import alike
from pellucid.engines.duckdb_casts import Check
from pellucid.engines.duckdb_correcting import Asked, Correct, Found, stay_as_often
from pellucid.engines.duckdb_writing import Order
from pellucid.errors import DataRefused, InputInvalid
from pellucid.failpoints import reach
from pellucid.holdings.place import ImportPlace
from pellucid.holdings.leases import unlink_unleased
from pellucid.holdings.ground import Ground, survey
from pellucid.holdings.publish import Generation, file_name, publish, subjects_of
from pellucid.policy.model import Actor, Dataset, Policy
from pellucid.rights.asked import asked_of, correction_asked
from pellucid.rights.choice import Close, demand_ready, subject_of
from pellucid.rights.request import Request, Right
from pellucid.rights.stale import mark_stale
from pellucid.subjects.facts import tell_facts
from pellucid.subjects.ids import count
from pellucid.subjects.keys import SubjectKeys

CORRECTED = "corrected"
"""Why a derived table is stale, and the kind of the message to recipients."""

_CAUSES = {
    "null": "a value is needed",
    "wrong-type": "it is not of the declared type",
    "not-finite": "it is no finite number",
    "inexact-money": "it has more decimals than are kept",
    "out-of-range": "it is out of range",
    "not-in-domain": "it is none of the declared values",
}


@dataclass(frozen=True, slots=True)
class Correction:
    """What was corrected, for those whom the data were given: new values as stored, by column."""

    dataset: str
    new: Mapping[str, str | None] = field(repr=False)


TellRecipients = Callable[[Connection, Request, Correction], None]
"""Puts word of a correction (Art. 19) on its way to whom the data were given, in the transaction that publishes it."""


@dataclass(frozen=True, slots=True)
class RectifyParts:
    """What a correction needs of a workspace."""

    place: ImportPlace
    keys: SubjectKeys
    tell_recipients: TellRecipients


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction did. `stale` are derived tables to be built anew; `old_file_gone` is false while somebody who
    asks still reads the old file: it goes when they are done.
    """

    dataset: str
    generation: int
    rows: int
    columns: tuple[str, ...]
    stale: tuple[str, ...]
    old_file_gone: bool


@dataclass(frozen=True, slots=True)
class _Made:
    """A corrected file that is in place, and what becomes true with it."""

    ground: Ground
    before: Generation
    found: Found
    facts: pa.Table | None


def rectify(
    parts: RectifyParts, policy: Policy, request: Request, *, actor: Actor, now: int, close: Close
) -> Corrected:
    """Correct what the request asks, publish it, and close the request, in one control transaction at the end.

    Raises InputInvalid for what cannot be corrected so, and DataRefused where that came from the data or the disk; then
    nothing has changed, and it may be tried again.
    """
    demand_ready(request, Right.RECTIFICATION)
    asked = correction_asked(policy, request)
    dataset = declared(policy, asked.dataset)
    with parts.place.locked():
        ground = survey(parts.place, dataset)
        held, before = _held(ground)
        try:
            made = _write(parts, ground, (held, before), asked_of(request, asked), now)
            with parts.place.database.write() as connection:
                stale = _publish(connection, parts, policy, request, made, actor, now, close)
                reach("correct.before-commit")
            reach("correct.after-commit")
        except BaseException:
            ground.clear()
            raise
        unlink_unleased(parts.place.database, parts.place.folder, now=now)
    gone = not held.exists()
    return Corrected(dataset.name, ground.number, made.found.altered, tuple(made.found.old), stale, gone)


def _held(ground: Ground) -> tuple[Path, Generation]:
    if ground.held is None or ground.before is None:
        raise DataRefused(
            f"There are no rows of {ground.dataset.name!r} to correct.",
            remedy="Name the dataset that holds what is wrong.",
            code="nothing-held",
        )
    ground.demand_same_schema()
    return ground.held, ground.before


def _write(parts: RectifyParts, ground: Ground, held: tuple[Path, Generation], asked: Asked, now: int) -> _Made:
    """Write the corrected file and put it in its place, once it was compared and read again."""
    place, dataset, (file, before) = parts.place, ground.dataset, held
    with place.database.read() as connection:
        kinds = pa.array(alike(connection, dataset.subjects[0].namespace))
    with Correct(dataset, file, asked, place.limits) as engine:
        _demand_fit(dataset, engine.check(now))
        found = _demand_altered(engine.find())
        written = engine.write(ground.draft, Order(kinds, place.rank_key(dataset.name)))
        reach("correct.draft-written")
        ground.demand_all_rows(written, before.rows)
        if not engine.only_that():
            raise _altered()
        reach("correct.compared")
        facts = _facts(dataset, engine, found)
        ground.put_in_place(engine.finish)
    if not stay_as_often(ground.target, dataset, asked, found, place.limits):
        raise _altered()
    reach("correct.verified")
    return _Made(ground, before, found, facts)


def _facts(dataset: Dataset, engine: Correct, found: Found) -> pa.Table | None:
    told = {fact: column for fact, column in dataset.fact_columns.items() if column in found.old}
    return engine.facts(dataset.fact_columns) if told else None


def _publish(
    connection: Connection,
    parts: RectifyParts,
    policy: Policy,
    request: Request,
    made: _Made,
    actor: Actor,
    now: int,
    close: Close,
) -> tuple[str, ...]:
    dataset, before, number = made.ground.dataset, made.before, made.ground.number
    after = Generation(dataset.name, number, file_name(dataset.name, number), before.rows, before.schema_hash, now)
    bits = subjects_of(connection, dataset.name, before.generation)
    publish(connection, after, bits, replaces=before.generation)
    if made.facts is not None:
        space = dataset.subjects[0].namespace
        changed = tell_facts(connection, dataset, made.facts)
        subjects_added(connection, policy, space, count(connection, space), 0, changed, now)
    stale = mark_stale(connection, dataset.name, CORRECTED, now)
    parts.tell_recipients(connection, request, Correction(dataset.name, _altered_only(made.found)))
    close(connection)
    append(connection, _entry(connection, parts.keys, request, made, policy, actor, now))
    return stale


def _altered_only(found: Found) -> dict[str, str | None]:
    return {name: found.new[name] for name in found.old}


def _entry(
    connection: Connection,
    keys: SubjectKeys,
    request: Request,
    made: _Made,
    policy: Policy,
    actor: Actor,
    now: int,
) -> AuditEntry:
    namespace, subject, dataset = request.namespace, subject_of(request), made.ground.dataset.name

    def committed(column: str, which: str, values: list[str | None]) -> str:
        return keys.commitment(connection, namespace, subject, commitment_bytes(dataset, column, which, values))

    body = {
        "request": request.id,
        "dataset": dataset,
        "generation": made.ground.number,
        "corrected_from": made.before.generation,
        "columns": {
            column: {
                "old": committed(column, "old", list(old)),
                "new": committed(column, "new", [made.found.new[column]]),
            }
            for column, old in made.found.old.items()
        },
        "policy": policy.version,
    }
    pseudonym = keys.pseudonym(connection, namespace, subject)
    return AuditEntry("data.corrected", actor, now, subject=pseudonym, body=body)


def commitment_bytes(dataset: str, column: str, which: str, values: list[str | None]) -> bytes:
    """Return what a correction's commitment is made over: its column, `old` or `new`, and the values in order.

    Values are texts as the engine writes them, None for NULL; of the old ones each distinct value once.
    """
    ordered = sorted(values, key=lambda value: (value is not None, value or ""))
    return json.dumps([dataset, column, which, ordered], separators=(",", ":"), ensure_ascii=False).encode()


def _demand_fit(dataset: Dataset, failed: list[Check]) -> None:
    if failed:
        told = "; ".join(f"{check.column}: {_CAUSES.get(check.reason, check.reason)}" for check in failed)
        types = {check.column: dataset.columns[check.column].type.value for check in failed}
        raise InputInvalid(
            f"Values do not fit the columns of {dataset.name!r}: {told}.",
            remedy=f"Write them as declared: {', '.join(f'{name} is {kind}' for name, kind in types.items())}.",
            code="correction-unfit",
        )


def _demand_altered(found: Found) -> Found:
    if not found.picked:
        # Whether the row is somebody else's or nobody's is not told: it would tell of somebody else.
        raise InputInvalid(
            "No row of this person has the values by which it was picked.",
            remedy="Check them, or leave `row` out for all rows of the person.",
            code="row-not-theirs",
        )
    if not found.altered:
        raise InputInvalid(
            "These rows have the new values already.",
            remedy="If nothing is left to be done, close the request.",
            code="nothing-to-correct",
        )
    return found


def _altered() -> DataRefused:
    return DataRefused(
        "The corrected file differs by more than the correction from the one before, so it was not published.",
        remedy="Run the command again; if this returns, report it.",
        code="rows-altered",
    )
