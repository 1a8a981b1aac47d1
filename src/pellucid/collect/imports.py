"""Data in, checked at the door: a file becomes the next immutable generation of a dataset, or nothing happens at all.

The file is judged and written first; `collect.publication` then makes it count, in one control transaction. Columns the
policy does not declare are never stored. Who may import is decided by the caller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.collect.import_place import ImportPlace, keep_rejected, rejected_file
from pellucid.collect.publication import Publication, SubjectsAdded, publish_import
from pellucid.collect.schema_hash import schema_hash
from pellucid.consent.sets import alike
from pellucid.engines.duckdb_casts import Check
from pellucid.engines.duckdb_files import Import, Written, sync
from pellucid.engines.duckdb_judging import Surroundings, TimeRules
from pellucid.engines.duckdb_private import EngineLimits
from pellucid.engines.duckdb_sources import find_source
from pellucid.engines.duckdb_staging import Staged
from pellucid.errors import DataRefused, InputInvalid, NameUnknown, NotJournaled, PellucidError
from pellucid.failpoints import reach
from pellucid.holdings.leases import unlink_unleased
from pellucid.holdings.publish import (
    Generation,
    file_name,
    generation_published,
    next_generation,
    published,
    remove_leftovers,
)
from pellucid.policy.model import Actor, Dataset, Policy
from pellucid.subjects import ids as subject_ids
from pellucid.subjects.paths import hop_files

DAY = 86_400_000_000
EARLIEST = -2_208_988_800_000_000
"""1900-01-01: a row of customer data from before it is a fault of the export."""

MOST_REJECTED = 0.05
"""Above this share of rejected rows the file is likelier to be wrong than its rows, so nothing is published."""

Progress = Callable[[str, float], None]
"""Told the step that begins and the share of the work done before it (0 to 1)."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `rejected` counts rows by reason, `faults` by reason and column; the file lists each row.

    `rows_total` are the generation's rows, those held before included; `subjects` are its distinct people (by the first
    subject path); `not_taken` are the file's columns that the policy does not declare.
    """

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
    """What was asked for."""

    place: ImportPlace
    policy: Policy
    dataset: Dataset
    actor: Actor
    now: int
    replace: bool
    max_rejected_share: float
    progress: Progress


@dataclass(frozen=True, slots=True)
class _Ground:
    """The state an import builds on; publishing fails if it changed meanwhile."""

    number: int
    before: Generation | None
    around: Surroundings

    @property
    def rows_held(self) -> int:
        """The rows that the new ones are added to."""
        return self.before.rows if self.before is not None and self.around.held is not None else 0


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
        job = _Job(
            place=place,
            policy=policy,
            dataset=_declared(policy, dataset),
            actor=actor,
            now=now,
            replace=replace,
            max_rejected_share=_share(max_rejected_share),
            progress=progress or _say_nothing,
        )
        with place.locked():
            return _import(job, path, subjects_added)
    except NotJournaled:
        raise  # it is published
    except PellucidError as error:
        body = {"dataset": dataset if dataset in policy.datasets else None, "code": error.code}
        with place.database.write() as connection:
            append(connection, AuditEntry("data.refused", actor, now, body=body))
        raise


def _declared(policy: Policy, dataset: str) -> Dataset:
    if dataset not in policy.datasets:
        raise NameUnknown("dataset", dataset, tuple(policy.datasets), remedy="Declare it in the policy first.")
    return policy.datasets[dataset]


def _share(share: float) -> float:
    if not 0 <= share <= 1:
        raise InputInvalid(
            f"The accepted share of rejected rows is {share:g}; it is a number from 0 to 1.",
            remedy="Give 0.05, say, for one row in twenty.",
            code="share-out-of-range",
        )
    return share


def _import(job: _Job, path: Path, subjects_added: SubjectsAdded) -> ImportReport:
    ground = _survey(job)
    try:
        with Import(job.dataset, EngineLimits(job.place.spill, job.place.memory, job.place.threads)) as engine:
            staged, faults = _judge(job, ground, engine, path)
            reach("import.staged")
            made = _write(job, ground, engine, faults)
        _demand_all_rows(made.written, staged.rows - made.rejected.total() + ground.rows_held)
        job.progress("publishing", 0.9)
        with job.place.database.write() as connection:
            publish_import(connection, made, actor=job.actor, now=job.now, subjects_added=subjects_added)
            reach("import.before-commit")
        reach("import.after-commit")
    except BaseException:
        _clear(job, ground.number)
        raise
    unlink_unleased(job.place.database, job.place.folder, now=job.now)
    job.progress("done", 1.0)
    return _report(job, staged, faults, made)


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
    return _Ground(number, before, Surroundings(held, hop_files(job.dataset, holdings)))


def _judge(job: _Job, ground: _Ground, engine: Import, path: Path) -> tuple[Staged, dict[Check, int]]:
    job.progress("reading", 0.0)
    staged = engine.stage(find_source(path, tuple(job.dataset.columns)))
    job.progress("checking", 0.3)
    days = job.dataset.retention_days
    rules = TimeRules(EARLIEST, job.now + DAY, None if days is None else job.now - days * DAY)
    faults = engine.check(staged, rules, ground.around)
    _demand_enough(job, staged.rows, faults)
    return staged, faults


def _write(job: _Job, ground: _Ground, engine: Import, faults: Mapping[Check, int]) -> Publication:
    job.progress("writing", 0.5)
    dataset, target = job.dataset, job.place.folder / file_name(job.dataset.name, ground.number)
    plans = _plan_subjects(job, engine)
    draft = target.with_name(f"{target.name}.draft")
    written = engine.write(
        draft, [(plans[path.namespace].keys, plans[path.namespace].ids) for path in dataset.subjects], _alike(job)
    )
    facts = _facts(dataset, engine)
    reach("import.draft-written")
    engine.finish(draft)
    reach("import.draft-durable")
    if faults:
        keep_rejected(job.place, dataset.name, ground.number, engine.rejected())
        reach("import.rejected-kept")
    draft.rename(target)
    sync(target.parent)  # or a power failure could leave a published generation under its draft's name
    reach("import.in-place")
    return Publication(
        dataset=dataset,
        number=ground.number,
        replaces=ground.before.generation if ground.before else None,
        rows_stand_alone=job.replace,
        written=written,
        plans=tuple(plans.values()),
        facts=facts,
        rejected=_by_reason(faults),
        policy_version=job.policy.version,
    )


def _alike(job: _Job) -> pa.Array:
    """Return who may be read alike now; that only decides who stands beside whom, so it may be out of date later."""
    if job.dataset.is_public:
        return pa.array([], pa.int32())
    with job.place.database.read() as connection:
        return pa.array(alike(connection, job.dataset.subjects[0].namespace))


def _demand_enough(job: _Job, rows: int, faults: Mapping[Check, int]) -> None:
    rejected = sum(faults.values())
    told = "; ".join(f"{fault.reason} in {fault.column or 'the line'}: {count}" for fault, count in faults.items())
    if rows == 0:
        raise DataRefused("The file has no rows.", remedy="Export it again, with its rows.", code="no-rows")
    if rejected == rows:
        raise DataRefused(
            f"All {rows} rows were rejected ({told}), so nothing was published.",
            remedy="Mend the file, or what the policy declares about it.",
            code="nothing-left",
        )
    if rejected > job.max_rejected_share * rows:
        raise DataRefused(
            f"{rejected} of {rows} rows were rejected ({told}); at most a share of {job.max_rejected_share:g} is "
            "accepted, so nothing was published.",
            remedy="Mend the file, or accept the loss with --accept-rejected.",
            code="too-many-rejected",
        )


def _demand_all_rows(written: Written, expected: int) -> None:
    if written.rows != expected:
        raise DataRefused(
            f"The new file holds {written.rows} rows where {expected} were expected, so it was not published.",
            remedy="Import the file again; if this returns, report it.",
            code="rows-lost",
        )


def _plan_subjects(job: _Job, engine: Import) -> dict[str, subject_ids.Assignment]:
    keys: dict[str, list[pa.Array]] = {}
    for position, path in enumerate(job.dataset.subjects):
        keys.setdefault(path.namespace, []).append(engine.keys(position))
    with job.place.database.read() as connection:
        return {
            namespace: subject_ids.plan(connection, namespace, pc.unique(pa.chunked_array(found)))
            for namespace, found in keys.items()
        }


def _facts(dataset: Dataset, engine: Import) -> pa.Table | None:
    if dataset.is_public or (dataset.jurisdiction_column is None and dataset.birth_year_column is None):
        return None
    return engine.facts(dataset.jurisdiction_column, dataset.birth_year_column)


def _clear(job: _Job, number: int) -> None:
    """Remove what a failed import wrote; should the transaction have gone through after all, the file has its row."""
    with job.place.database.read() as connection:
        remove_leftovers(connection, job.place.folder)
        before = generation_published(connection, job.dataset.name)
    if before is None or before.generation != number:
        rejected_file(job.place, job.dataset.name, number).unlink(missing_ok=True)


def _report(job: _Job, staged: Staged, faults: Mapping[Check, int], made: Publication) -> ImportReport:
    return ImportReport(
        dataset=job.dataset.name,
        generation=made.number,
        rows_in=staged.rows,
        rows_kept=staged.rows - made.rejected.total(),
        rows_total=made.written.rows,
        subjects=len(made.written.ids[0]) if made.written.ids else 0,
        new_subjects=sum(len(plan.new_keys) for plan in made.plans),
        rejected=made.rejected,
        faults=_by_reason_and_column(faults),
        rejected_file=rejected_file(job.place, job.dataset.name, made.number) if faults else None,
        not_taken=staged.not_taken,
    )


def _by_reason(faults: Mapping[Check, int]) -> Counter[str]:
    counts = Counter[str]()
    for fault, rows in faults.items():
        counts[fault.reason] += rows
    return counts


def _by_reason_and_column(faults: Mapping[Check, int]) -> Counter[tuple[str, str]]:
    counts = Counter[tuple[str, str]]()
    for fault, rows in faults.items():
        counts[fault.reason, fault.column] += rows
    return counts


def _say_nothing(_step: str, _share: float) -> None:
    return None
