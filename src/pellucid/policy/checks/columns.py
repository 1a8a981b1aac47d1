"""Columns that a dataset names for a role: they must be there and have a type that fits it."""

from __future__ import annotations

from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import ColumnType, Dataset


def check_typed(
    dataset: Dataset,
    name: str,
    location: tuple[str, ...],
    fitting: tuple[ColumnType, ...],
    wanted: str,
    findings: Findings,
) -> None:
    """Note a named column that is not there or has another type."""
    if findings.column(dataset.columns, name, dataset.name, location) and dataset.columns[name].type not in fitting:
        message = f"`{name}` is {dataset.columns[name].type}; this must be {wanted}."
        findings.error("column-type", location, message, "Name another column, or correct its type.")
