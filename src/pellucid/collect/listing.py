"""What data are held: one row a published dataset, for `pellucid data list`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from pellucid.holdings.publish import generations_published, subjects_of
from pellucid.policy.model import Policy


@dataclass(frozen=True, slots=True)
class DataHeld:
    """A published generation; `subjects` counts distinct people a namespace, `columns` are those declared now."""

    dataset: str
    generation: int
    rows: int
    subjects: dict[str, int]
    published_at: int
    columns: tuple[str, ...]


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
