"""Whether a correction fits: its values the dataset as declared, its rows the person, and whether it alters anything.

No error repeats a value, nor tells whether a row is somebody else's.
"""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.engines.duckdb_casts import Check
from pellucid.engines.duckdb_correcting import Found
from pellucid.errors import InputInvalid
from pellucid.policy.model import Dataset

_CAUSES = {
    "null": "a value is needed",
    "wrong-type": "it is not of the declared type",
    "not-finite": "it is no finite number",
    "inexact-money": "it has more decimals than are kept",
    "out-of-range": "it is out of range",
    "not-in-domain": "it is none of the declared values",
}


def demand_fit(dataset: Dataset, failed: Sequence[Check]) -> None:
    """Raise InputInvalid for values that do not fit, with the columns and why."""
    if failed:
        told = "; ".join(f"{check.column}: {_CAUSES.get(check.reason, check.reason)}" for check in failed)
        types = {check.column: dataset.columns[check.column].type.value for check in failed}
        raise InputInvalid(
            f"Values do not fit the columns of {dataset.name!r}: {told}.",
            remedy=f"Write them as declared: {', '.join(f'{name} is {kind}' for name, kind in types.items())}.",
            code="correction-unfit",
        )


def demand_altered(found: Found) -> Found:
    """Return what was found; raises InputInvalid where no row was picked, or none would be altered."""
    if not found.picked:
        # Whether the row is somebody else's or nobody's is not told: it would tell of somebody else.
        raise InputInvalid(
            "No row of this person has the values by which it was picked.",
            remedy="Check them, or leave `row` out for all rows of the person.",
            code="row-not-theirs",
        )
    if not found.altered:
        raise InputInvalid(
            "These rows have the new values already.",
            remedy="If nothing is left to be done, close the request.",
            code="nothing-to-correct",
        )
    return found
