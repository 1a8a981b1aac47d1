"""How long rows and values are kept by a policy, as one list of rules: what goes when, and because of what.

Pure. Which rows that is, and what stays all the same, is `rights.retention`. A purpose says how old rows may be for it;
from that follows what goes: what every purpose that may read it has done with. What one still needs stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from enum import StrEnum
from itertools import pairwise

from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Dataset, Hop, Policy, Purpose


class Because(StrEnum):
    """What a rule follows from: the `retention_days` of a dataset, of a column, or of all purposes that may read it."""

    DATASET = "dataset"
    COLUMN = "column"
    PURPOSES = "purposes"


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Rows of a dataset older than so many days go (`column` is None), or their values of a column are emptied.

    `purposes` are those that may read them, where it follows from these.
    """

    dataset: str
    column: str | None
    days: int
    because: Because
    purposes: tuple[str, ...] = ()


def retention_rules(policy: Policy) -> tuple[RetentionRule, ...]:
    """Return the rules in the order of the policy: one for a dataset's rows at most, and one a column."""
    return tuple(rule for dataset in policy.datasets.values() for rule in rules_of(policy, dataset))


def rules_of(policy: Policy, dataset: Dataset) -> Iterator[RetentionRule]:
    """Yield the rules for one dataset, that of its rows first; for values that go with their rows there is none."""
    if dataset.time is None or dataset.is_public:
        return
    rows = _soonest([*_of_dataset(dataset), *_of_purposes(policy, dataset)])
    if rows is not None:
        yield rows
    needed = _needed_in_rows(policy, dataset)
    for name, column in dataset.columns.items():
        found = [] if name in needed or not column.nullable else [*_of_purposes(policy, dataset, name)]
        if column.retention_days is not None:
            found = [RetentionRule(dataset.name, name, column.retention_days, Because.COLUMN), *found]
        soonest = _soonest(found)
        if soonest is not None and (rows is None or soonest.days < rows.days):
            yield soonest


def rules_version(policy: Policy) -> str:
    """Return what tells these rules from any others: the start of the SHA-256 of all of them."""
    written = json.dumps([astuple(rule) for rule in retention_rules(policy)], separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def days_read(dataset: Dataset, purpose: Purpose) -> int | None:
    """Return how old rows may be that a purpose reads; None: as old as there are."""
    told = (dataset.retention_days, purpose.needs_days(dataset.name))
    return min((days for days in told if days is not None), default=None)


def days_kept(policy: Policy, dataset: Dataset) -> int | None:
    """Return how old rows of a dataset get before they go; None: there is no end, or nothing tells how old they are."""
    return next((rule.days for rule in rules_of(policy, dataset) if rule.column is None), None)


def ever_over(policy: Policy, dataset: Dataset) -> bool:
    """Return whether rows of a dataset are ever too old, be it for one purpose only."""
    limits = (purpose.needs_days(dataset.name) for purpose in policy.purposes.values())
    return dataset.retention_days is not None or any(days is not None for days in limits)


def _of_dataset(dataset: Dataset) -> Iterator[RetentionRule]:
    if dataset.retention_days is not None:
        yield RetentionRule(dataset.name, None, dataset.retention_days, Because.DATASET)


def _of_purposes(policy: Policy, dataset: Dataset, column: str | None = None) -> Iterator[RetentionRule]:
    """Yield the rule that follows if all purposes that may read something of the rows, or the column, have an end.

    Rows that tell facts about people, or lead to them, are needed whatever is read; and a law may have rows kept.
    """
    if column is None and (dataset.fact_columns or _is_on_a_path(policy, dataset)):
        return
    ends = {
        purpose.name: purpose.needs_days(dataset.name)
        for purpose in policy.purposes.values()
        if any(column in (None, each.name) for each in permitted_columns(policy, purpose.name, dataset.name))
    }
    told = [days for days in ends.values() if days is not None]
    if told and len(told) == len(ends):
        least = dataset.keep.days if dataset.keep is not None and column is None else 0
        yield RetentionRule(dataset.name, column, max(*told, least), Because.PURPOSES, tuple(sorted(ends)))


def _is_on_a_path(policy: Policy, dataset: Dataset) -> bool:
    paths = (path for other in policy.datasets.values() for path in other.subjects)
    return any(hop.dataset == dataset.name for path in paths for hop in path.via)


def _needed_in_rows(policy: Policy, dataset: Dataset) -> set[str]:
    """Return the columns without which rows cannot be told apart, judged, ranked, or led to their people."""
    paths = [path for other in policy.datasets.values() for path in other.subjects]
    return {
        *dataset.key,
        *dataset.determines_subject,
        *(path.via[0].column if path.via else path.column for path in dataset.subjects),
        *(path.column for path in paths if path.via and path.via[-1].dataset == dataset.name),
        *(hop.key for path in paths for hop in path.via if hop.dataset == dataset.name),
        *(later.column for path in paths for hop, later in _steps(path.via) if hop.dataset == dataset.name),
        *(rule.column for rule in dataset.sensitive_when),
        *(dataset.rank.by if dataset.rank is not None else ()),
        *dataset.fact_columns.values(),
        dataset.time or "",
    }


def _steps(via: tuple[Hop, ...]) -> Iterable[tuple[Hop, Hop]]:
    return pairwise(via)


def _soonest(rules: list[RetentionRule]) -> RetentionRule | None:
    return min(rules, key=lambda rule: rule.days, default=None)
