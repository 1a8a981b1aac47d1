"""Rectification (GDPR Art. 16): wrong values of one person's rows corrected, or a statement kept beside what is held.

The person's rows are those that they are shown: of every identity that is theirs by certain links alone.
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
from pellucid.audit.log import append_all
from pellucid.consent.register import subjects_added
from pellucid.consent.sets import alike
from pellucid.engines.duckdb_correcting import Asked, Correct, Found, stay_as_often
from pellucid.engines.duckdb_writing import Order
from pellucid.errors import DataRefused, RecordingFailed
from pellucid.failpoints import reach
from pellucid.holdings.ground import Ground, survey
from pellucid.holdings.leases import unlink_unleased
from pellucid.holdings.place import ImportPlace
from pellucid.holdings.publish import Generation, file_name, publish, remove_leftovers, subjects_of
from pellucid.policy.model import Actor, Dataset, Policy
from pellucid.rights import stored
from pellucid.rights.choice import Told, demand_ready, subject_of
from pellucid.rights.clock import Event
from pellucid.rights.corrections import CorrectionAsked, StatementAsked, rectifications
from pellucid.rights.fitting import demand_altered, demand_fit
from pellucid.rights.request import Request, Right
from pellucid.rights.stale import made_of
from pellucid.rights.statement import keep_statement
from pellucid.rights.stored import RECTIFIED
from pellucid.subjects.facts import tell_facts
from pellucid.subjects.ids import count
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.links import Identity, certain_identities


@dataclass(frozen=True, slots=True)
class Correction:
    """What a part of a request corrected, for those whom the data were given: new values as stored, by column.

    `whose` are the identities of the person in whose rows it did.
    """

    part: int
    whose: tuple[Identity, ...]
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
class _Made:
    """A corrected file that is in place, and what becomes true with it."""

    ground: Ground
    before: Generation
    found: Found
    facts: pa.Table | None


@dataclass(frozen=True, slots=True)
class _Job:
    """A part of a request, by its place there, and who carries it out."""

    parts: RectifyParts
    policy: Policy
    request: Request
    place: int
    actor: Actor
    now: int


def rectify(parts: RectifyParts, policy: Policy, request: Request, actor: Actor, now: int) -> Told:
    """Carry out what a request asks, part by part; a part that was done before stays done.

    Raises InputInvalid for what cannot be corrected so, and DataRefused where that came from the data or the disk; then
    nothing of that part has changed, and it may be tried again.
    """
    demand_ready(request, Right.RECTIFICATION)
    for place, asked in enumerate(rectifications(policy, request)):
        job = _Job(parts, policy, request, place, actor, now)
        if _done(job) is None:
            _state(job, asked) if isinstance(asked, StatementAsked) else _correct(job, asked)
    with parts.place.database.read() as connection:
        told = [dict(each.told) for each in stored.events_of(connection, request.id) if each.kind == RECTIFIED]
    return {"parts": told, "old_files_gone": _give_up_old(parts.place, told, now)}


def _correct(job: _Job, asked: CorrectionAsked) -> None:
    place = job.parts.place
    with place.locked():
        ground = survey(place, asked.dataset)
        held, before = _held(ground)
        try:
            made = _write(job, ground, (held, before), asked.about(_identities(job)))
            with place.database.write() as connection:
                _publish(connection, job, made)
                reach("correct.before-commit")
            reach("correct.after-commit")
        except BaseException:
            ground.clear()
            raise


def _identities(job: _Job) -> tuple[Identity, ...]:
    with job.parts.place.database.read() as connection:
        return certain_identities(connection, (job.request.namespace, subject_of(job.request)))


def _demand_still_theirs(connection: Connection, job: _Job, whose: tuple[Identity, ...]) -> None:
    """Raise RecordingFailed where identities were split off while the file was written: their rows are another's."""
    theirs = certain_identities(connection, (job.request.namespace, subject_of(job.request)))
    if not set(whose) <= set(theirs):
        raise _overtaken(job)


def _state(job: _Job, asked: StatementAsked) -> None:
    with job.parts.place.database.write() as connection:
        _demand_undone(connection, job)
        _note(connection, job, {"dataset": asked.dataset, "statement": True})
        keep_statement(connection, job.parts.keys, job.request, job.place, asked, actor=job.actor, now=job.now)


def _done(job: _Job) -> Told | None:
    with job.parts.place.database.read() as connection:
        return _noted(connection, job)


def _noted(connection: Connection, job: _Job) -> Told | None:
    for event in stored.events_of(connection, job.request.id):
        if event.kind == RECTIFIED and event.told["part"] == job.place:
            return event.told
    return None


def _demand_undone(connection: Connection, job: _Job) -> None:
    if _noted(connection, job) is not None:
        raise _overtaken(job)


def _overtaken(job: _Job) -> RecordingFailed:
    return RecordingFailed(
        f"The request {job.request.id} was carried out meanwhile, or its person's identities were split; nothing was "
        "done.",
        remedy=f"Look at it: pellucid requests show {job.request.id}; then carry it out again.",
        code="request-overtaken",
    )


def _note(connection: Connection, job: _Job, told: Told) -> None:
    at = max(job.now, stored.last_at(connection, job.request.id))  # whatever the clock says
    stored.note(connection, job.request.id, Event(RECTIFIED, at, job.actor.name, {"part": job.place, **told}))


def _give_up_old(place: ImportPlace, told: list[dict[str, object]], now: int) -> bool:
    """Unlink the files with old values, also one that a crash left; return whether none is there any more.

    One stays while somebody who asks still reads it: it goes with the next change of data after that.
    """
    old = [(str(each["dataset"]), int(str(each["corrected_from"]))) for each in told if "corrected_from" in each]
    files = [place.folder / file_name(name, number) for name, number in old]
    if any(file.exists() for file in files):
        with place.locked():
            unlink_unleased(place.database, place.folder, now=now)
            with place.database.read() as connection:
                remove_leftovers(connection, place.folder)
    return not any(file.exists() for file in files)


def _held(ground: Ground) -> tuple[Path, Generation]:
    if ground.held is None or ground.before is None:
        raise DataRefused(
            f"There are no rows of {ground.dataset.name!r} to correct.",
            remedy="Name the dataset that holds what is wrong.",
            code="nothing-held",
        )
    ground.demand_same_schema()
    return ground.held, ground.before


def _write(job: _Job, ground: Ground, held: tuple[Path, Generation], asked: Asked) -> _Made:
    """Write the corrected file and put it in its place, once it was compared and read again."""
    place, dataset, (file, before) = job.parts.place, ground.dataset, held
    with place.database.read() as connection:
        kinds = pa.array(alike(connection, dataset.subjects[0].namespace))
    with Correct(dataset, file, asked, place.limits) as engine:
        demand_fit(dataset, engine.check(job.now))
        found = demand_altered(engine.find())
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


def _publish(connection: Connection, job: _Job, made: _Made) -> None:
    dataset, before, number, now = made.ground.dataset, made.before, made.ground.number, job.now
    _demand_undone(connection, job)
    _demand_still_theirs(connection, job, made.found.whose)
    after = Generation(dataset.name, number, file_name(dataset.name, number), before.rows, before.schema_hash, now)
    bits = subjects_of(connection, dataset.name, before.generation)
    publish(connection, after, bits, replaces=before.generation)
    if made.facts is not None:
        space = dataset.subjects[0].namespace
        changed = tell_facts(connection, dataset, made.facts)
        subjects_added(connection, job.policy, space, count(connection, space), 0, changed, now)
    new = {name: made.found.new[name] for name in made.found.old}
    job.parts.tell_recipients(connection, job.request, Correction(job.place, made.found.whose, dataset.name, new))
    told = {
        "dataset": dataset.name,
        "generation": number,
        "corrected_from": before.generation,
        "columns": sorted(made.found.old),
        "rows": made.found.altered,
        "stale": list(made_of(connection, dataset.name)),
    }
    _note(connection, job, told)
    append_all(connection, [_entry(connection, job, made, each) for each in made.found.whose])


def _entry(connection: Connection, job: _Job, made: _Made, whose: Identity) -> AuditEntry:
    """Return what the log keeps for an identity in whose rows something was corrected, under that identity's key."""
    dataset, keys = made.ground.dataset.name, job.parts.keys

    def committed(column: str, which: str, values: list[str | None]) -> str:
        return keys.commitment(connection, *whose, commitment_bytes(dataset, column, which, values))

    body = {
        "request": job.request.id,
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
        "policy": job.policy.version,
    }
    pseudonym = keys.pseudonym(connection, *whose)
    return AuditEntry("data.corrected", job.actor, job.now, subject=pseudonym, body=body)


def commitment_bytes(dataset: str, column: str, which: str, values: list[str | None]) -> bytes:
    """Return what a correction's commitment is made over: its column, `old` or `new`, and the values in order.

    Values are texts as the engine writes them, None for NULL; of the old ones each distinct value once.
    """
    ordered = sorted(values, key=lambda value: (value is not None, value or ""))
    return json.dumps([dataset, column, which, ordered], separators=(",", ":"), ensure_ascii=False).encode()


def _altered() -> DataRefused:
    return DataRefused(
        "The corrected file differs by more than the correction from the one before, so it was not published.",
        remedy="Run the command again; if this returns, report it.",
        code="rows-altered",
    )
