"""How long rows and values are kept by a policy, as one list of rules: what goes when, and because of what.

Pure. Which rows that is, and what stays all the same, is `rights.retention`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from enum import StrEnum

from pellucid.policy.model import Dataset, Policy


class Because(StrEnum):
    """What a rule follows from: the `retention_days` of a dataset or of a column."""

    DATASET = "dataset"
    COLUMN = "column"


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Rows of a dataset older than so many days go (`column` is None), or their values of a column are emptied."""

    dataset: str
    column: str | None
    days: int
    because: Because


def retention_rules(policy: Policy) -> tuple[RetentionRule, ...]:
    """Return the rules in the order of the policy: one for a dataset's rows at most, and one a column."""
    return tuple(rule for dataset in policy.datasets.values() for rule in rules_of(dataset))


def rules_of(dataset: Dataset) -> Iterator[RetentionRule]:
    """Yield the rules for one dataset, that of its rows first."""
    if dataset.time is None or dataset.is_public:
        return
    if dataset.retention_days is not None:
        yield RetentionRule(dataset.name, None, dataset.retention_days, Because.DATASET)
    for name, column in dataset.columns.items():
        if column.retention_days is not None:
            yield RetentionRule(dataset.name, name, column.retention_days, Because.COLUMN)


def rules_version(policy: Policy) -> str:
    """Return what tells these rules from any others: the start of the SHA-256 of all of them."""
    written = json.dumps([astuple(rule) for rule in retention_rules(policy)], separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:16]
