"""What data are held: one row a published dataset, for `pellucid data list`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection

from pellucid.collect.mixed_blocks import SMALL, band_of, is_small, mixed_now
from pellucid.engines.spill import SpillFolder
from pellucid.errors import DataRefused, WorkspaceUnusable
from pellucid.holdings.place import ImportPlace
from pellucid.holdings.publish import DATA_FOLDER, file_name, generations_published, subjects_of
from pellucid.policy.model import Policy

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DataHeld:
    """A published generation; `subjects` counts distinct people a namespace, `columns` are those declared now.

    `mixed` is the band of blocks in which some people may be read and others not, empty where it is not told.
    """

    dataset: str
    generation: int
    rows: int
    subjects: dict[str, int]
    published_at: int
    columns: tuple[str, ...]
    mixed: str = ""


def list_data(connection: Connection, policy: Policy) -> list[DataHeld]:
    """Return what is held of each dataset, by name."""
    return [
        DataHeld(
            found.dataset,
            found.generation,
            found.rows,
            {
                namespace: int(np.unpackbits(np.frombuffer(held.bits, dtype=np.uint8)).sum())
                for namespace, held in subjects_of(connection, found.dataset, found.generation).items()
            },
            found.published_at,
            tuple(policy.datasets[found.dataset].columns) if found.dataset in policy.datasets else (),
        )
        for found in generations_published(connection)
    ]


def with_mixed(place: ImportPlace, policy: Policy, held: Sequence[DataHeld]) -> list[DataHeld]:
    """Return the same with the band of mixed blocks of each dataset about people; UNKNOWN where a file cannot be read.

    Only for those who may sort: coarse as it is, it comes from what people said.
    """
    return [replace(each, mixed=_mixed(place, policy, each)) for each in held]


def _mixed(place: ImportPlace, policy: Policy, held: DataHeld) -> str:
    dataset = policy.datasets.get(held.dataset)
    if dataset is None or dataset.is_public:
        return ""
    if is_small(held.rows):
        return SMALL
    try:
        spill = SpillFolder(place.folder / DATA_FOLDER / ".engine")
        try:
            file = place.folder / file_name(held.dataset, held.generation)
            return band_of(mixed_now(place.database, dataset, file, replace(place.limits, spill=spill.path)))
        finally:
            spill.remove()
    except (DataRefused, WorkspaceUnusable):
        return UNKNOWN
