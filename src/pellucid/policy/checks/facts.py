"""What a dataset tells of its people: its columns are there, of the right type, and estimates are of facts it has."""

from __future__ import annotations

from pellucid.policy.checks.columns import check_typed
from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import ColumnType, Dataset

_WANTED = {
    "jurisdiction": ColumnType.TEXT,
    "birth_year": ColumnType.INTEGER,
    "vulnerable": ColumnType.BOOLEAN,
}


def check(dataset: Dataset, findings: Findings) -> None:
    """Check the facts that a dataset declares."""
    at, told = ("datasets", dataset.name, "facts"), dataset.fact_columns
    if told and not any(not path.via for path in dataset.subjects):
        message = "Facts describe the subject whose key stands in the row, and no path of this dataset is direct."
        findings.error("facts-without-subject", at, message, "Declare them in the dataset that has the subject's key.")
    for fact, column in told.items():
        check_typed(dataset, column, (*at, fact), (_WANTED[fact],), _WANTED[fact], findings)
    for index, fact in enumerate(dataset.estimated_facts):
        if fact not in told:
            message = f"`{fact}` is said to be an estimate, and no column tells it."
            findings.error("estimated-without-column", (*at, "estimated", index), message, f"Add `{fact}: COLUMN`.")
