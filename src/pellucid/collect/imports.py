"""Data in, checked at the door: a file becomes the next immutable generation of a dataset, or nothing happens at all.

The file is judged and written first; ids, facts, the generation and its log entry then go into one control transaction.
Columns the policy does not declare are never stored. Who may import, and consent, are decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.collect.import_place import ImportPlace, keep_rejected, rejected_file
from pellucid.collect.schema_hash import schema_hash
from pellucid.engines.duckdb_casts import Check
from pellucid.engines.duckdb_files import EngineLimits, Import, TimeRules, Written
from pellucid.engines.duckdb_sources import find_source
from pellucid.errors import DataRefused, NameUnknown, PellucidError
from pellucid.holdings.leases import unlink_unleased
from pellucid.holdings.publish import (
    Generation,
    SubjectBits,
    file_name,
    generation_published,
    next_generation,
    publish,
    published,
    remove_leftovers,
)
from pellucid.policy.model import Actor, Dataset, Policy
from pellucid.subjects import ids as subject_ids
from pellucid.subjects.paths import hop_files, namespaces

DAY = 86_400_000_000
EARLIEST = -2_208_988_800_000_000
"""1900-01-01: a row of customer data from before it is a fault of the export."""

MOST_REJECTED = 0.05
"""Above this share of rejected rows the file is likelier to be wrong than its rows, so nothing is published."""

Progress = Callable[[str, float], None]
"""Told the step that begins and the share of the work done before it (0 to 1)."""


class SubjectsAdded(Protocol):
    """Called in the import's control transaction, for each namespace whose subjects or facts changed.

    New ids are first_new .. first_new + count - 1; `facts_changed` are older ids whose place or birth year changed.
    """

    def __call__(
        self, connection: Connection, namespace: str, first_new: int, count: int, facts_changed: Sequence[int]
    ) -> None:
        """Bring whatever depends on the subjects of a namespace up to date, or raise."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `rejected` counts rows by reason, `faults` by reason and column; the file lists each row."""

    dataset: str
    generation: int
    rows_in: int
    rows_kept: int
    rows_total: int
    subjects: int
    new_subjects: int
    rejected: Counter[str] = field(default_factory=Counter)
    faults: Mapping[tuple[str, str], int] = field(default_factory=dict)
    rejected_file: Path | None = None
    not_taken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Job:
    """What one import needs to know throughout."""

    place: ImportPlace
    policy: Policy
    dataset: Dataset
    actor: Actor
    now: int
    replace: bool
    max_rejected_share: float
    subjects_added: SubjectsAdded
    progress: Progress


@dataclass(frozen=True, slots=True)
class _Ground:
    """The state an import builds on; publishing fails if it changed meanwhile."""

    number: int
    before: Generation | None
    held: Path | None
    hops: tuple[dict[str, Path], ...]


@dataclass(frozen=True, slots=True)
class _Made:
    """A finished file and all that is published with it."""

    written: Written
    plans: tuple[subject_ids.Assignment, ...]
    facts: pa.Table | None
    rejected: Counter[str]


def add_data(
    place: ImportPlace,
    policy: Policy,
    dataset: str,
    path: Path,
    *,
    actor: Actor,
    now: int,
    subjects_added: SubjectsAdded,
    replace: bool = False,
    max_rejected_share: float = MOST_REJECTED,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a Parquet or CSV file (or a folder of Parquet files) and publish it as the dataset's next generation.

    Rows are added to those held, or with `replace` stand alone. Rejected rows are listed in the report's file; above
    `max_rejected_share` (0 to 1) of them nothing is published. Raises InputInvalid or DataRefused, with nothing done
    but a log entry that says so.
    """
    try:
        if dataset not in policy.datasets:
            raise NameUnknown("dataset", dataset, tuple(policy.datasets))
        declared = policy.datasets[dataset]
        job = _Job(
            place, policy, declared, actor, now, replace, max_rejected_share, subjects_added, progress or _say_nothing
        )
        with place.locked():
            return _import(job, path)
    except PellucidError as error:
        body = {"dataset": dataset if dataset in policy.datasets else None, "code": error.code}
        with place.database.write() as connection:
            append(connection, AuditEntry("data.refused", actor, now, body=body))
        raise


def _import(job: _Job, path: Path) -> ImportReport:
    ground = _survey(job)
    target = job.place.folder / file_name(job.dataset.name, ground.number)
    try:
        with Import(job.dataset, EngineLimits(job.place.spill, job.place.memory, job.place.threads)) as engine:
            report, made = _make(job, ground, engine, path, target)
        job.progress("publishing", 0.9)
        with job.place.database.write() as connection:
            _publish(connection, job, ground, made)
    except BaseException:
        _clear(job, ground.number)
        raise
    unlink_unleased(job.place.database, job.place.folder, now=job.now)
    job.progress("done", 1.0)
    return report


def _survey(job: _Job) -> _Ground:
    name = job.dataset.name
    with job.place.database.read() as connection:
        remove_leftovers(connection, job.place.folder)
        holdings = published(connection, job.place.folder)
        before = generation_published(connection, name)
        number = next_generation(connection, name)
    rejected_file(job.place, name, number).unlink(missing_ok=True)
    held = Path(holdings[name].path) if name in holdings and not job.replace else None
    if before is not None and held is not None and before.schema_hash != schema_hash(job.dataset):
        raise DataRefused(
            f"The policy now declares {name!r} otherwise than when its {before.rows} rows were imported.",
            remedy="Import all rows anew with --replace.",
            code="schema-changed",
        )
    return _Ground(number, before, held, hop_files(job.dataset, holdings))


def _make(job: _Job, ground: _Ground, engine: Import, path: Path, target: Path) -> tuple[ImportReport, _Made]:
    job.progress("reading", 0.0)
    staged = engine.stage(find_source(path, tuple(job.dataset.columns)))
    job.progress("checking", 0.3)
    faults = engine.check(time=_time_rules(job), held=ground.held, hops=ground.hops)
    rejected = Counter[str]()
    for fault, rows in faults.items():
        rejected[fault.reason] += rows
    kept = staged.rows - rejected.total()
    _demand_enough(job, staged.rows, kept, faults)
    job.progress("writing", 0.5)
    plans = _plan_subjects(job, engine)
    draft = target.with_name(f"{target.name}.draft")
    written = engine.write(draft, [(plan.keys, plan.ids) for plan in _plan_by_path(job.dataset, plans)])
    facts = _facts(job.dataset, engine)
    engine.finish(draft)
    expected = kept + (ground.before.rows if ground.before is not None and ground.held is not None else 0)
    if written.rows != expected:
        raise DataRefused(
            f"The new file holds {written.rows} rows where {expected} were expected, so it was not published.",
            remedy="Import the file again; if this returns, report it.",
            code="rows-lost",
        )
    listing = keep_rejected(job.place, job.dataset.name, ground.number, engine.rejected()) if rejected else None
    draft.rename(target)
    report = ImportReport(
        dataset=job.dataset.name,
        generation=ground.number,
        rows_in=staged.rows,
        rows_kept=kept,
        rows_total=written.rows,
        subjects=len(written.ids[0]) if written.ids else 0,
        new_subjects=sum(len(plan.new_keys) for plan in plans),
        rejected=rejected,
        faults={(fault.reason, fault.column): rows for fault, rows in faults.items()},
        rejected_file=listing,
        not_taken=staged.not_taken,
    )
    return report, _Made(written, plans, facts, rejected)


def _time_rules(job: _Job) -> TimeRules:
    days = job.dataset.retention_days
    return TimeRules(EARLIEST, job.now + DAY, None if days is None else job.now - days * DAY)


def _demand_enough(job: _Job, rows: int, kept: int, faults: Mapping[Check, int]) -> None:
    if rows == 0:
        raise DataRefused("The file has no rows.", remedy="Export it again, with its rows.", code="no-rows")
    told = "; ".join(f"{fault.reason} in {fault.column or 'the line'}: {count}" for fault, count in faults.items())
    if kept == 0:
        raise DataRefused(
            f"All {rows} rows were rejected ({told}), so nothing was published.",
            remedy="Mend the file, or what the policy declares about it.",
            code="nothing-left",
        )
    if rows - kept > job.max_rejected_share * rows:
        raise DataRefused(
            f"{rows - kept} of {rows} rows were rejected ({told}); at most a share of {job.max_rejected_share:g} is "
            "accepted, so nothing was published.",
            remedy="Mend the file, or accept the loss with --accept-rejected.",
            code="too-many-rejected",
        )


def _plan_subjects(job: _Job, engine: Import) -> tuple[subject_ids.Assignment, ...]:
    keys: dict[str, list[pa.Array]] = {}
    for position, path in enumerate(job.dataset.subjects):
        keys.setdefault(path.namespace, []).append(engine.keys(position))
    with job.place.database.read() as connection:
        return tuple(
            subject_ids.plan(connection, namespace, pc.unique(pa.chunked_array(found)))
            for namespace, found in keys.items()
        )


def _plan_by_path(dataset: Dataset, plans: Sequence[subject_ids.Assignment]) -> list[subject_ids.Assignment]:
    by_namespace = {plan.namespace: plan for plan in plans}
    return [by_namespace[path.namespace] for path in dataset.subjects]


def _facts(dataset: Dataset, engine: Import) -> pa.Table | None:
    if dataset.is_public or (dataset.jurisdiction_column is None and dataset.birth_year_column is None):
        return None
    return engine.facts(dataset.jurisdiction_column, dataset.birth_year_column)


def _publish(connection: Connection, job: _Job, ground: _Ground, made: _Made) -> None:
    for plan in made.plans:
        if not subject_ids.is_current(connection, plan):
            raise DataRefused(
                "Subjects were added or erased while the file was read, so it was not published.",
                remedy="Run the import again.",
                code="import-overtaken",
            )
        subject_ids.store(connection, plan)
    for plan in made.plans:
        changed = _set_facts(connection, job.dataset, plan, made.facts)
        if len(plan.new_keys) or changed:
            job.subjects_added(connection, plan.namespace, plan.first_new, len(plan.new_keys), changed)
    dataset = job.dataset
    generation = Generation(
        dataset.name,
        ground.number,
        file_name(dataset.name, ground.number),
        made.written.rows,
        schema_hash(dataset),
        job.now,
    )
    replaced = ground.before.generation if ground.before else None
    publish(connection, generation, _bits(connection, dataset, made.written), replaces=replaced)
    append(connection, AuditEntry("data.published", job.actor, job.now, body=_body(job, generation, made)))


def _set_facts(
    connection: Connection, dataset: Dataset, plan: subject_ids.Assignment, facts: pa.Table | None
) -> list[int]:
    """Set the facts that changed; returns the ids of those subjects who were known before."""
    if facts is None or plan.namespace != dataset.subjects[0].namespace:
        return []
    names = [
        name
        for name, column in (("jurisdiction", dataset.jurisdiction_column), ("birth_year", dataset.birth_year_column))
        if column is not None
    ]
    before = subject_ids.facts(connection, plan.namespace)
    before = before.take(pc.index_in(facts["id"].cast(pa.int64()), value_set=before["id"]))
    differs = np.zeros(len(facts), dtype=np.bool_)
    for name in names:
        differs |= _differs(facts[name], before[name])
    changed = facts.filter(pa.array(differs))
    given = {name: changed[name].combine_chunks() for name in names}
    subject_ids.set_facts(connection, plan.namespace, changed["id"].combine_chunks(), **given)
    return [subject for subject in changed["id"].to_pylist() if subject < plan.first_new]


def _differs(new: pa.ChunkedArray, old: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    unlike = pc.fill_null(pc.not_equal(new, old.cast(new.type)), fill_value=True)
    both_unknown = pc.and_(pc.is_null(new), pc.is_null(old))
    return np.asarray(pc.and_not(unlike, both_unknown))


def _bits(connection: Connection, dataset: Dataset, written: Written) -> dict[str, SubjectBits]:
    found = {}
    for namespace in namespaces(dataset):
        ids = [held for path, held in zip(dataset.subjects, written.ids, strict=True) if path.namespace == namespace]
        numbers = np.concatenate([np.asarray(array, dtype=np.int64) for array in ids])
        found[namespace] = SubjectBits.of(numbers, subject_ids.count(connection, namespace))
    return found


def _body(job: _Job, generation: Generation, made: _Made) -> dict[str, object]:
    return {
        "dataset": generation.dataset,
        "generation": generation.generation,
        "rows": generation.rows,
        "rejected": dict(sorted(made.rejected.items())),
        "replaces": job.replace,
        "schema": generation.schema_hash,
        "policy": job.policy.version,
    }


def _clear(job: _Job, number: int) -> None:
    """Remove what a failed import wrote; should the transaction have gone through after all, the file has its row."""
    with job.place.database.read() as connection:
        remove_leftovers(connection, job.place.folder)
        before = generation_published(connection, job.dataset.name)
    if before is None or before.generation != number:
        rejected_file(job.place, job.dataset.name, number).unlink(missing_ok=True)


def _say_nothing(_step: str, _share: float) -> None:
    return None
