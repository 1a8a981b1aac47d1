"""Sweeping: a published generation that still has rows of people who are gone is written anew without them.

It asks for no list, so it may be done again at any time: after a crash, after a hold ended, in a backup that was
restored. What it did is compared with what was held before it is published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection, delete, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.engines.duckdb_erasing import Counted, Cut, Erase
from pellucid.engines.duckdb_writing import Written
from pellucid.errors import DataRefused
from pellucid.failpoints import reach
from pellucid.holdings.ground import Ground, survey
from pellucid.holdings.leases import unlink_unleased
from pellucid.holdings.place import ImportPlace
from pellucid.holdings.publish import Generation, SubjectBits, file_name, generations_published, publish, subjects_of
from pellucid.policy.model import Actor, Dataset, Policy
from pellucid.records.tables import generation_leases, generations
from pellucid.rights.holds import Hold, held_people, reaching, without_held
from pellucid.rights.people import Ids, gone, within

DAY = 86_400_000_000
Confirm = Callable[[Connection], None]
"""Raises if what was to be cut is not to be cut any more: asked in the transaction that publishes."""


def _confirmed(_connection: Connection) -> None:
    """Let it be cut: nothing can have changed that speaks against it."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep of one dataset did: which generation it made of which, what went, and whose rows there were."""

    dataset: str
    generation: int
    before: int
    counted: Counted
    people: int


def sweep(place: ImportPlace, policy: Policy, *, actor: Actor, now: int) -> list[Swept]:
    """Sweep every dataset that needs it; raises DataRefused, with what was swept before staying so."""
    done = []
    with place.locked():
        for name in to_sweep(place, policy, now):
            swept = _sweep(place, policy.datasets[name], actor, now)
            done += [] if swept is None else [swept]
    unlink_unleased(place.database, place.folder, now=now)
    return done


def to_sweep(place: ImportPlace, policy: Policy, now: int) -> list[str]:
    """Return the datasets with rows of people who are gone, and whom nothing holds."""
    with place.database.read() as connection:
        standing = reaching(connection, now)
        missing = {name: gone(connection, name) for name in policy.namespaces}
        found = []
        for record in generations_published(connection):
            theirs = within(connection, record.dataset, record.generation, missing)
            if record.dataset in policy.datasets and without_held(standing, record.dataset, theirs):
                found.append(record.dataset)
    return found


def cut_of(dataset: Dataset, standing: list[Hold], people: Mapping[str, Ids], now: int) -> Cut:
    """Return what goes of a dataset now of people who are gone."""
    keep = dataset.keep
    kept_from = None if keep is None or dataset.time is None else now - keep.days * DAY
    held = held_people(standing, dataset.name) if len(dataset.subjects) > 1 else {}  # of rows about several people
    return Cut(without_held(standing, dataset.name, people), kept_from, held=held)


def _sweep(place: ImportPlace, dataset: Dataset, actor: Actor, now: int) -> Swept | None:
    ground = survey(place, dataset)
    if ground.held is None or ground.before is None:
        return None
    with place.database.read() as connection:
        missing = {path.namespace: gone(connection, path.namespace) for path in dataset.subjects}
        theirs = within(connection, dataset.name, ground.before.generation, missing)
        cut = cut_of(dataset, reaching(connection, now), theirs, now)
    return rewrite(ground, cut, "data.erased", actor, now)


def rewrite(
    ground: Ground, cut: Cut, action: str, actor: Actor, now: int, confirm: Confirm = _confirmed
) -> Swept | None:
    """Publish a dataset without what is cut, under the place's lock; None if there is nothing to cut."""
    if ground.held is None or ground.before is None:
        return None
    try:
        ground.demand_same_schema()
        with Erase(ground.dataset, ground.held, ground.place.limits, cut) as engine:
            counted = engine.count()
            if not counted.erased + counted.outdated + counted.emptied:
                return None
            written = engine.write(ground.draft)
            reach("sweep.draft-written")
            ground.demand_all_rows(written, ground.before.rows - counted.erased - counted.outdated)
            if not engine.only_those():
                raise _altered()
            reach("sweep.compared")
            ground.put_in_place(engine.finish)
        swept = _publish(ground, ground.before, written, cut, counted, action, actor, now, confirm)
    except BaseException:
        ground.clear()
        raise
    unlink_unleased(ground.place.database, ground.place.folder, now=now)
    return swept


def _publish(
    ground: Ground,
    before: Generation,
    written: Written,
    cut: Cut,
    counted: Counted,
    action: str,
    actor: Actor,
    now: int,
    confirm: Confirm,
) -> Swept:
    made = replace(
        before,
        generation=ground.number,
        path=file_name(before.dataset, ground.number),
        rows=written.rows,
        published_at=now,
    )
    with ground.place.database.write() as connection:
        confirm(connection)
        held = subjects_of(connection, before.dataset, before.generation)
        left = _left(ground.dataset, written, held, cut)
        publish(connection, made, left, replaces=before.generation)
        people = sum(len(held[name].ids()) - len(left[name].ids()) for name in held)
        body = {
            "dataset": made.dataset,
            "generation": made.generation,
            "rows": made.rows,
            "erased_from": before.generation,
            "schema": made.schema_hash,
        }
        append(connection, AuditEntry(action, actor, now, body=body))
        reach("sweep.before-commit")
    reach("sweep.after-commit")
    return Swept(before.dataset, made.generation, before.generation, counted, people)


def _left(dataset: Dataset, written: Written, held: Mapping[str, SubjectBits], cut: Cut) -> dict[str, SubjectBits]:
    """Return who is left; raises DataRefused if somebody else went, or somebody who was to go is there."""
    left = {}
    for namespace, bits in held.items():
        paths = zip(dataset.subjects, written.ids, strict=True)
        ids = np.unique(np.concatenate([np.asarray(i, np.int64) for path, i in paths if path.namespace == namespace]))
        stays = np.setdiff1d(bits.ids(), cut.erased.get(namespace, np.zeros(0, np.int64)))
        alone = len(dataset.subjects) == 1  # who shared all their rows with somebody who went, goes with them
        if len(np.setdiff1d(ids, bits.ids())) or (cut.by_people and alone and not np.array_equal(ids, stays)):
            raise _altered()
        if cut.by_people and not cut.held and len(np.setdiff1d(ids, stays)):
            raise _altered()
        left[namespace] = SubjectBits.of(ids, bits.size)
    return left


def _altered() -> DataRefused:
    return DataRefused(
        "The new file does not hold exactly what was to stay, so it was not published.",
        remedy="Run the command again; if this returns, report it.",
        code="rows-altered",
    )


def take_back(place: ImportPlace, dataset: str, now: int) -> int:
    """Unlink every older generation of a dataset, whoever holds it; return how many held one.

    Whoever left has been awaited: no answer from an older generation can be released any more. A process that still has
    such a file open lets go of it at its next question; no name leads to it meanwhile.
    """
    with place.database.write() as connection:
        older = select(generations.c.generation).where(
            generations.c.dataset == dataset, generations.c.retired_at.is_not(None)
        )
        theirs = (generation_leases.c.dataset == dataset, generation_leases.c.generation.in_(older))
        taken = connection.execute(delete(generation_leases).where(*theirs)).rowcount
    unlink_unleased(place.database, place.folder, now=now)
    return taken
