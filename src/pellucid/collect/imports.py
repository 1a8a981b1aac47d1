"""Data in, checked at the door: a file becomes the next immutable generation of a dataset, or nothing happens at all.

The file is judged and written first; `collect.publication` then makes it count, in one control transaction. Columns the
policy does not declare are never stored. Who may import is decided by the caller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from pellucid.collect.known_facts import vouched_for
from pellucid.collect.mixed_blocks import who_is_alike
from pellucid.collect.placing import Progress, declared, refusals_logged, say_nothing
from pellucid.collect.publication import Also, Publication, SubjectsAdded, publish_import
from pellucid.engines.duckdb_casts import Check
from pellucid.engines.duckdb_files import ERASED, Import
from pellucid.engines.duckdb_judging import Surroundings, TimeRules
from pellucid.engines.duckdb_sources import find_source
from pellucid.engines.duckdb_staging import Staged
from pellucid.engines.duckdb_writing import Order
from pellucid.errors import DataRefused, InputInvalid
from pellucid.failpoints import reach
from pellucid.holdings.ground import Ground, survey
from pellucid.holdings.leases import unlink_unleased
from pellucid.holdings.place import ImportPlace, keep_rejected, rejected_file
from pellucid.policy.model import Actor, Dataset, Policy
from pellucid.policy.retention import days_kept
from pellucid.subjects import ids as subject_ids
from pellucid.subjects.paths import hop_files
from pellucid.subjects.tombstones import Tombstone, come_back, standing

DAY = 86_400_000_000
EARLIEST = -2_208_988_800_000_000
"""1900-01-01: a row of customer data from before it is a fault of the export."""

MOST_REJECTED = 0.05
"""Above this share of rejected rows the file is likelier to be wrong than its rows, so nothing is published."""


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
    also: Also | None = None,
) -> ImportReport:
    """Import a Parquet or CSV file (or a folder of Parquet files) and publish it as the dataset's next generation.

    Rows are added to those held, or with `replace` stand alone. Rejected rows are listed in the report's file; above
    `max_rejected_share` (0 to 1) of them nothing is published. `also` is called in the publishing transaction. Raises
    InputInvalid or DataRefused, with nothing done but a log entry that says so.
    """
    with refusals_logged(place, policy, dataset, actor=actor, now=now):
        job = _Job(
            place=place,
            policy=policy,
            dataset=declared(policy, dataset),
            actor=actor,
            now=now,
            replace=replace,
            max_rejected_share=_share(max_rejected_share),
            progress=progress or say_nothing,
        )
        with place.locked():
            return _import(job, path, subjects_added, also)


def _share(share: float) -> float:
    if not 0 <= share <= 1:
        raise InputInvalid(
            f"The accepted share of rejected rows is {share:g}; it is a number from 0 to 1.",
            remedy="Give 0.05, say, for one row in twenty.",
            code="share-out-of-range",
        )
    return share


def _import(job: _Job, path: Path, subjects_added: SubjectsAdded, also: Also | None) -> ImportReport:
    ground = survey(job.place, job.dataset)
    around = _surroundings(job, ground)
    try:
        with Import(job.dataset, job.place.limits) as engine:
            staged, faults = _judge(job, around, engine, path)
            reach("import.staged")
            made = _write(job, ground, engine, faults)
        held = ground.before.rows if ground.before is not None and around.held is not None else 0
        ground.demand_all_rows(made.written, staged.rows - made.rejected.total() + held)
        job.progress("publishing", 0.9)
        with job.place.database.write() as connection:
            _note_returns(connection, job, made)
            publish_import(connection, made, actor=job.actor, now=job.now, subjects_added=subjects_added, also=also)
            reach("import.before-commit")
        reach("import.after-commit")
    except BaseException:
        ground.clear()
        raise
    unlink_unleased(job.place.database, job.place.folder, now=job.now)
    job.progress("done", 1.0)
    return _report(job, staged, faults, made)


def _surroundings(job: _Job, ground: Ground) -> Surroundings:
    if not job.replace:
        ground.demand_same_schema()
    return Surroundings(None if job.replace else ground.held, hop_files(job.dataset, ground.holdings))


def _judge(job: _Job, around: Surroundings, engine: Import, path: Path) -> tuple[Staged, dict[Check, int]]:
    job.progress("reading", 0.0)
    staged = engine.stage(find_source(path, tuple(job.dataset.columns)))
    job.progress("checking", 0.3)
    days = days_kept(job.policy, job.dataset)
    rules = TimeRules(EARLIEST, job.now + DAY, None if days is None else job.now - days * DAY)
    faults = engine.check(staged, rules, around) | _reject_erased(job, engine)
    _demand_enough(job, staged.rows, faults)
    return staged, faults


def _reject_erased(job: _Job, engine: Import) -> dict[Check, int]:
    """Reject rows of people from before they were erased."""
    found: dict[Check, int] = {}
    for position, path in enumerate(job.dataset.subjects if job.place.tombstone_key else ()):
        stones = _stones(job, path.namespace, engine.keys(position))
        if stones:
            erased = {
                "key": pa.array(list(stones), pa.string()),
                "at": pa.array([each.erased_at for each in stones.values()], pa.int64()),
                "returned": pa.array([each.returned for each in stones.values()], pa.bool_()),
            }
            column = path.via[0].column if path.via else path.column
            found |= engine.reject_erased(position, pa.table(erased), column)
    return found


def _stones(job: _Job, namespace: str, keys: pa.Array) -> dict[str, Tombstone]:
    with job.place.database.read() as connection:
        return standing(connection, job.place.tombstone_key, namespace, keys.to_pylist(), job.now)


def _note_returns(connection: Connection, job: _Job, made: Publication) -> None:
    """Note who came back: they were erased, and rows from after that make them a new subject."""
    for plan in made.plans if job.place.tombstone_key else ():
        key, keys = job.place.tombstone_key, plan.new_keys.to_pylist()
        come_back(connection, key, plan.namespace, standing(connection, key, plan.namespace, keys, job.now), job.now)


def _write(job: _Job, ground: Ground, engine: Import, faults: Mapping[Check, int]) -> Publication:
    job.progress("writing", 0.5)
    dataset, plans = job.dataset, _plan_subjects(job, engine)
    keys = [(plans[path.namespace].keys, plans[path.namespace].ids) for path in dataset.subjects]
    with job.place.database.read() as connection:
        kinds = who_is_alike(connection, dataset)
    written = engine.write(ground.draft, keys, Order(kinds, job.place.rank_key(dataset.name)))
    facts, vouched = _facts(dataset, engine), vouched_for(job.place, job.policy, dataset, engine)
    reach("import.draft-written")
    if faults:
        keep_rejected(job.place, dataset.name, ground.number, engine.rejected())
        reach("import.rejected-kept")
    ground.put_in_place(engine.finish)
    return Publication(
        dataset=dataset,
        number=ground.number,
        replaces=ground.before.generation if ground.before else None,
        rows_stand_alone=job.replace,
        written=written,
        plans=tuple(plans.values()),
        facts=facts,
        vouched=vouched,
        rejected=_by_reason(faults),
        policy_version=job.policy.version,
    )


def _demand_enough(job: _Job, rows: int, faults: Mapping[Check, int]) -> None:
    rejected = sum(faults.values())
    wrong = rejected - sum(count for fault, count in faults.items() if fault.reason == ERASED)
    told = "; ".join(f"{fault.reason} in {fault.column or 'the line'}: {count}" for fault, count in faults.items())
    if rows == 0:
        raise DataRefused("The file has no rows.", remedy="Export it again, with its rows.", code="no-rows")
    if rejected == rows:
        raise DataRefused(
            f"All {rows} rows were rejected ({told}), so nothing was published.",
            remedy="Mend the file, or what the policy declares about it.",
            code="nothing-left",
        )
    if wrong > job.max_rejected_share * rows:
        raise DataRefused(
            f"{rejected} of {rows} rows were rejected ({told}); at most a share of {job.max_rejected_share:g} is "
            "accepted, so nothing was published.",
            remedy="Mend the file, or accept the loss with --accept-rejected.",
            code="too-many-rejected",
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
    columns = dataset.fact_columns
    return engine.facts(columns) if columns and not dataset.is_public else None


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
