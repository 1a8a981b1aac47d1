"""Stored ranks in names and months: what the import writes, what the gate may ask for. Pure."""

from __future__ import annotations

import re

from pellucid.policy.model import Dataset

LARGEST_RANK = 255
"""A rank is stored in a byte; the last value stands for all rows that never count."""

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


def month_number(month: str) -> int:
    """Return the months from year 0 to a month (`YYYY-MM`) from 1900 on; raises ValueError for anything else."""
    found = _MONTH.fullmatch(month)
    if found is None or int(found[1]) < 1900:
        raise ValueError("not a month from 1900-01 on")
    return int(found[1]) * 12 + int(found[2]) - 1


def rank_column(dataset: Dataset, by: str | None = None) -> str:
    """Return the name of a stored rank: within months, or within months and the values of a declared column."""
    return "_rank" if by is None or dataset.rank is None else f"_rank{dataset.rank.by.index(by)}"


def rank_columns(dataset: Dataset) -> list[str]:
    """Return the names of a dataset's stored ranks; none where it declares no rank."""
    return [] if dataset.rank is None else [rank_column(dataset, by) for by in (None, *dataset.rank.by)]


def rank_rule(dataset: Dataset) -> str:
    """Return what a dataset declares of its ranks, as a text to compare; empty where it declares none."""
    rank = dataset.rank
    return "" if rank is None else f"{dataset.time} {rank.since} {rank.until} {' '.join(rank.by)}"
