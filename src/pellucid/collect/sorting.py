"""A dataset's rows sorted anew by what people say now: the same rows, as the next immutable generation.

No answer changes, only what an answer costs. The new file is compared with the old one before it is published; who
may sort is decided by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.collect.mixed_blocks import is_small, mixed, who_is_alike
from pellucid.collect.placing import Progress, declared, refusals_logged, say_nothing
from pellucid.engines.duckdb_sorting import Sort
from pellucid.engines.duckdb_writing import Order, Written
from pellucid.errors import DataRefused, InputInvalid
from pellucid.failpoints import reach
from pellucid.holdings.ground import Ground, survey
from pellucid.holdings.leases import unlink_unleased
from pellucid.holdings.place import ImportPlace
from pellucid.holdings.publish import (
    Generation,
    SubjectBits,
    file_name,
    generations_published,
    publish,
    published,
    subjects_of,
)
from pellucid.policy.model import Actor, Dataset, Policy
from pellucid.subjects.paths import namespaces


@dataclass(frozen=True, slots=True)
class SortReport:
    """What a sort did."""

    dataset: str
    generation: int
    rows: int


@dataclass(frozen=True, slots=True)
class _Held:
    """The generation that is sorted: its file, its record, and who has rows in it."""

    file: Path
    record: Generation
    subjects: dict[str, SubjectBits]


def worth_sorting(
    place: ImportPlace, policy: Policy, namespace: str | None = None, *, actor: Actor, now: int
) -> list[str]:
    """Return the datasets about people, of a namespace or of any, whose questions a sort would make cheaper.

    Raises DataRefused if an import or a sort is running or a file cannot be read, with a log entry that says so.
    """
    found = []
    with refusals_logged(place, policy, "", actor=actor, now=now), place.locked():
        with place.database.read() as connection:
            holdings, records = published(connection, place.folder), generations_published(connection)
        for record in records:
            dataset = policy.datasets.get(record.dataset)
            if dataset is None or is_small(record.rows) or not _is_about(dataset, namespace):
                continue
            if mixed(place.database, dataset, Path(holdings[dataset.name].path), place.limits).is_worth_sorting:
                found.append(dataset.name)
    return found


def sort_data(
    place: ImportPlace, policy: Policy, dataset: str, *, actor: Actor, now: int, progress: Progress | None = None
) -> SortReport:
    """Write a dataset's rows in the order of what people say now and publish them as its next generation.

    Raises InputInvalid or DataRefused, with nothing done but a log entry that says so.
    """
    with refusals_logged(place, policy, dataset, actor=actor, now=now):
        found = declared(policy, dataset)
        if found.is_public:
            raise InputInvalid(
                f"The rows of {dataset!r} are about nobody, so there is nothing that people say to sort them by.",
                remedy="Name datasets about people, or none for all that profit.",
                code="dataset-public",
            )
        with place.locked():
            return _sort(survey(place, found), policy, actor, now, progress or say_nothing)


def _sort(ground: Ground, policy: Policy, actor: Actor, now: int, progress: Progress) -> SortReport:
    database = ground.place.database
    held = _held(ground)
    try:
        _write(ground, held, progress)
        progress("publishing", 0.9)
        made = _generation(ground, held.record, now)
        with database.write() as connection:
            publish(connection, made, held.subjects, replaces=held.record.generation)
            append(connection, AuditEntry("data.sorted", actor, now, body=_body(made, held.record, policy)))
            reach("sort.before-commit")
        reach("sort.after-commit")
    except BaseException:
        ground.clear()
        raise
    unlink_unleased(database, ground.place.folder, now=now)
    progress("done", 1.0)
    return SortReport(made.dataset, made.generation, made.rows)


def _held(ground: Ground) -> _Held:
    name = ground.dataset.name
    if ground.held is None or ground.before is None:
        raise DataRefused(
            f"There are no rows of {name!r} to sort.",
            remedy=f"Import some first: pellucid data add {name} FILE.",
            code="nothing-held",
        )
    ground.demand_same_schema()
    with ground.place.database.read() as connection:
        return _Held(ground.held, ground.before, subjects_of(connection, name, ground.before.generation))


def _write(ground: Ground, held: _Held, progress: Progress) -> None:
    progress("sorting", 0.0)
    with ground.place.database.read() as connection:
        kinds = who_is_alike(connection, ground.dataset)
    with Sort(ground.dataset, held.file, ground.place.limits) as engine:
        written = engine.write(ground.draft, Order(kinds, ground.place.rank_key(ground.dataset.name)))
        reach("sort.draft-written")
        progress("comparing", 0.7)
        ground.demand_all_rows(written, held.record.rows)
        if not engine.same_rows():
            raise _altered("rows")
        if not _same_people(ground.dataset, written, held.subjects):
            raise _altered("people")
        reach("sort.compared")
        ground.put_in_place(engine.finish)


def _same_people(dataset: Dataset, written: Written, subjects: dict[str, SubjectBits]) -> bool:
    """Return whether those who have rows in the new file are those of whom the records say so."""
    found = {}
    for namespace in namespaces(dataset):
        ids = [
            np.asarray(each, np.int64)
            for path, each in zip(dataset.subjects, written.ids, strict=True)
            if path.namespace == namespace
        ]
        found[namespace] = np.unique(np.concatenate(ids))
    return found.keys() == subjects.keys() and all(
        np.array_equal(ids, subjects[namespace].ids()) for namespace, ids in found.items()
    )


def _altered(what: str) -> DataRefused:
    return DataRefused(
        f"The sorted file does not hold the {what} of the one it was made from, so it was not published.",
        remedy="Run the command again; if this returns, report it.",
        code="rows-altered",
    )


def _generation(ground: Ground, before: Generation, now: int) -> Generation:
    path = file_name(before.dataset, ground.number)
    return Generation(before.dataset, ground.number, path, before.rows, before.schema_hash, now)


def _body(made: Generation, before: Generation, policy: Policy) -> dict[str, object]:
    return {
        "dataset": made.dataset,
        "generation": made.generation,
        "rows": made.rows,
        "sorted_from": before.generation,
        "schema": made.schema_hash,
        "policy": policy.version,
    }


def _is_about(dataset: Dataset, namespace: str | None) -> bool:
    found = namespaces(dataset)
    return bool(found) if namespace is None else namespace in found
