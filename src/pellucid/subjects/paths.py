"""Subject paths that lead through other datasets: which generations they need. The join itself runs in the engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pellucid.engines.base import Holding
from pellucid.errors import DataRefused
from pellucid.policy.model import Dataset, SubjectPath


def hop_files(dataset: Dataset, holdings: Mapping[str, Holding]) -> tuple[dict[str, Path], ...]:
    """Return, for each subject path, the published file of each dataset on its way.

    Raises DataRefused naming every dataset that has to be imported first.
    """
    missing = sorted({hop.dataset for path in dataset.subjects for hop in path.via} - holdings.keys())
    if missing:
        raise DataRefused(
            f"Rows of {dataset.name!r} find their subjects through {', '.join(missing)}, which hold no data yet.",
            remedy=f"Import first: {'; '.join(f'pellucid data add {name} FILE' for name in missing)}.",
            code="hop-missing",
        )
    return tuple(_files(path, holdings) for path in dataset.subjects)


def namespaces(dataset: Dataset) -> tuple[str, ...]:
    """Return the namespaces that a dataset's rows belong to, each once, in the order of its paths."""
    return tuple(dict.fromkeys(path.namespace for path in dataset.subjects))


def _files(path: SubjectPath, holdings: Mapping[str, Holding]) -> dict[str, Path]:
    return {hop.dataset: Path(holdings[hop.dataset].path) for hop in path.via}
