"""Publishing a finished file: subjects, their facts, the generation and its log entry, in one control transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.collect.known_facts import VouchedFor, without_voucher
from pellucid.engines.duckdb_writing import Written
from pellucid.errors import DataRefused
from pellucid.failpoints import reach
from pellucid.holdings.publish import Generation, SubjectBits, file_name, publish
from pellucid.holdings.schema_hash import schema_hash
from pellucid.policy.model import Actor, Dataset
from pellucid.subjects import ids as subject_ids
from pellucid.subjects.facts import tell_facts
from pellucid.subjects.paths import namespaces

Also = Callable[[Connection, "Publication"], object]
"""Called last in the control transaction that publishes: what has to become true with it, or raises."""


class SubjectsAdded(Protocol):
    """Called in the import's control transaction, for each namespace whose subjects or facts changed.

    New ids are first_new .. first_new + count - 1; `facts_changed` are older ids whose facts changed.
    """

    def __call__(
        self, connection: Connection, namespace: str, first_new: int, count: int, facts_changed: Sequence[int], /
    ) -> object:
        """Bring whatever depends on the subjects of a namespace up to date, or raise."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A file that is in place, the state it was made for, and all that becomes true with it."""

    dataset: Dataset
    number: int
    replaces: int | None
    rows_stand_alone: bool
    written: Written
    plans: tuple[subject_ids.Assignment, ...]
    facts: pa.Table | None
    vouched: VouchedFor
    rejected: Counter[str]
    policy_version: str


def publish_import(
    connection: Connection,
    made: Publication,
    *,
    actor: Actor,
    now: int,
    subjects_added: SubjectsAdded,
    also: Also | None = None,
) -> None:
    """Publish, in the caller's write transaction; raises DataRefused if the state it was made for has changed."""
    for plan in made.plans:
        if not subject_ids.is_current(connection, plan):
            raise DataRefused(
                "Subjects were added or erased while the file was read, so it was not published.",
                remedy="Run the import again.",
                code="import-overtaken",
            )
        subject_ids.store(connection, plan)
        reach("import.subjects-stored")
    for plan in made.plans:
        changed = _set_facts(connection, made, plan)
        if len(plan.new_keys) or changed:
            subjects_added(connection, plan.namespace, plan.first_new, len(plan.new_keys), changed)
    name, hashed = made.dataset.name, schema_hash(made.dataset)
    generation = Generation(name, made.number, file_name(name, made.number), made.written.rows, hashed, now)
    publish(connection, generation, _bits(connection, made), replaces=made.replaces)
    append(connection, AuditEntry("data.published", actor, now, body=_body(made, generation)))
    if also is not None:
        also(connection, made)


def _set_facts(connection: Connection, made: Publication, plan: subject_ids.Assignment) -> list[int]:
    """Set the facts that changed; returns the ids of those subjects who were known before."""
    if made.facts is None or plan.namespace != made.dataset.subjects[0].namespace:
        return []
    changed = tell_facts(connection, made.dataset, made.facts, lambda held: without_voucher(held, made.vouched))
    return [subject for subject in changed if subject < plan.first_new]


def _bits(connection: Connection, made: Publication) -> dict[str, SubjectBits]:
    found = {}
    pairs = list(zip(made.dataset.subjects, made.written.ids, strict=True))
    for namespace in namespaces(made.dataset):
        ids = [np.asarray(held, dtype=np.int64) for path, held in pairs if path.namespace == namespace]
        found[namespace] = SubjectBits.of(np.concatenate(ids), subject_ids.count(connection, namespace))
    return found


def _body(made: Publication, generation: Generation) -> dict[str, object]:
    return {
        "dataset": generation.dataset,
        "generation": generation.generation,
        "rows": generation.rows,
        "rejected": dict(sorted(made.rejected.items())),
        "replaces": made.rows_stand_alone,
        "schema": generation.schema_hash,
        "policy": made.policy_version,
    }
