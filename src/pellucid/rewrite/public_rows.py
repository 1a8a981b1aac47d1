"""The one statement that reads a public dimension as it is: for samples, which need its values and nobody's data.

It refuses to be made for a dataset about people.
"""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.policy.model import Dataset
from pellucid.rewrite.permit_rows import held, quoted


def public_rows(dataset: Dataset, columns: Sequence[str], most: int) -> str:
    """Return SQL for the distinct values of some columns, in order, at most `most`; raises ValueError if not public."""
    if not dataset.is_public:
        raise ValueError(f"{dataset.name} is about people")
    names = ", ".join(quoted(name) for name in columns)
    return f"SELECT DISTINCT {names} FROM {held(dataset.name)} ORDER BY {names} LIMIT {most:d}"  # noqa: S608
