"""Stored ranks of a dataset's rows, and the bounds of purposes that use them."""

from __future__ import annotations

from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import ColumnType, Dataset, Policy, Purpose
from pellucid.policy.ranks import LARGEST_RANK, month_number

MOST_RANKS = 4
MOST_MONTHS = 1_200


def check(dataset: Dataset, findings: Findings) -> None:
    """Check the rank that a dataset declares."""
    rank, at = dataset.rank, ("datasets", dataset.name, "rank")
    if rank is None:
        return
    if len(dataset.subjects) != 1:
        message = f"A rank counts one subject's rows, and each row of `{dataset.name}` has {len(dataset.subjects)}."
        findings.error("rank-subjects", at, message, "Take `rank` out, or declare one subject path.")
    if dataset.time is None:
        message = "A rank is within months, and there is no `time` column."
        findings.error("rank-without-time", at, message, "Add `time:` with a date or timestamp.")
    try:
        if not 1 <= month_number(rank.until) - month_number(rank.since) + 1 <= MOST_MONTHS:
            message = f"Got {rank.since} to {rank.until}; allowed: 1 to {MOST_MONTHS:,} months, the first one first."
            findings.error("rank-months", at, message, "Write the first and the last month.")
    except ValueError:
        message = f"Got {rank.since} to {rank.until}; allowed: months from 1900-01 on, as YYYY-MM."
        findings.error("rank-months", at, message, "Quote them: since: '2024-01'.")
    if len(rank.by) > MOST_RANKS:
        message = f"Rows can be ranked within at most {MOST_RANKS} columns; got {len(rank.by)}."
        findings.error("rank-by", (*at, "by"), message, "Keep the columns that questions group by most.")
    for place, name in enumerate(rank.by):
        here = (*at, "by", place)
        if findings.column(dataset.columns, name, dataset.name, here) and dataset.columns[name].type is ColumnType.REAL:
            message = f"`{name}` is real; rows are ranked within values that can be told apart."
            findings.error("column-type", here, message, "Name a column of another type.")
        if name in rank.by[:place]:
            findings.error("column-twice", here, f"`{name}` is listed twice.", "Keep one of the two.")


def check_bound(policy: Policy, purpose: Purpose, findings: Findings) -> None:
    """Check how many ranked rows count for a purpose."""
    bound, at = purpose.release.rank, ("purposes", purpose.name, "release", "rank")
    if bound is None:
        return
    for member, value in (("rows", bound.rows), ("each", bound.each)):
        if not 0 <= value < LARGEST_RANK:
            message = f"Got {value}; allowed: 0 to {LARGEST_RANK - 1}."
            findings.error("limit-range", (*at, member), message, "Write how many rows of one subject count.")
    ranked = any(dataset.rank is not None for dataset in policy.datasets.values())
    if not ranked and not findings.any_broken("datasets"):
        message = "No dataset has a stored rank, so the bound is never used."
        findings.warn("bound-unused", at, message, "Declare `rank` with a dataset, or take this out.")
