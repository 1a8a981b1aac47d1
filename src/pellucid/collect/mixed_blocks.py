"""How much of a generation's blocks is mixed for consent, and whether a sort would help. Reads; changes nothing.

Permission is told by blocks of thousands of rows, never person by person.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Connection

from pellucid.consent.sets import alike, pack, read_set, stored_sets
from pellucid.engines.base import PermittedSet
from pellucid.engines.duckdb_layout import blocks_of
from pellucid.engines.duckdb_private import EngineLimits
from pellucid.engines.duckdb_sorting import members_of
from pellucid.engines.mixing import mixed_shares, sorted_members
from pellucid.policy.model import Dataset
from pellucid.records.database import Database

WORTH_SORTING = 0.5
"""A dataset is sorted unasked if that settles at least this share of its blocks for some purpose.

Measured (`benchmarks/consent_filter.py`, 10 million rows): with a tenth of the blocks mixed a group by costs 1.0 to 1.4
times what it costs unfiltered and a bare sum 4 times, with two thirds 1.7 to 2.1 and 10, with all 2.2 to 2.4 and 12 to
14. A sort takes as long as some twenty questions, so it is not made for a few blocks, which the next file mixes again.
"""

FEWEST_BLOCKS = 64
"""131,072 rows. With fewer blocks any question takes milliseconds, and a share of them would tell of few people."""

SMALL = "small"
BANDS = ((0.1, "under 10 %"), (0.5, "10 to 50 %"), (1.1, "over 50 %"))


@dataclass(frozen=True, slots=True)
class Mixed:
    """The share of blocks (0 to 1) that are mixed, by purpose: as they lie, and about as they would after a sort."""

    now: dict[str, float]
    sorted: dict[str, float]

    @property
    def is_worth_sorting(self) -> bool:
        """Whether a sort would settle enough."""
        return any(share - self.sorted[purpose] >= WORTH_SORTING for purpose, share in self.now.items())


def is_small(rows: int) -> bool:
    """Return whether a dataset has too few rows for its blocks to matter."""
    return blocks_of(rows) < FEWEST_BLOCKS


def mixed_now(database: Database, dataset: Dataset, file: Path, limits: EngineLimits) -> dict[str, float]:
    """Return the share of mixed blocks by purpose; raises DataRefused if the file cannot be read."""
    with database.read() as connection:
        sets = _sets(connection, dataset)
    members = members_of(file, limits)
    return {} if members is None else mixed_shares(members, sets)


def mixed(database: Database, dataset: Dataset, file: Path, limits: EngineLimits) -> Mixed:
    """Return the share of mixed blocks now and after a sort; raises DataRefused if the file cannot be read."""
    with database.read() as connection:
        sets = _sets(connection, dataset)
        kinds = alike(connection, dataset.subjects[0].namespace)
    members = members_of(file, limits)
    if members is None:
        return Mixed({}, {})
    return Mixed(mixed_shares(members, sets), mixed_shares(sorted_members(members, kinds), sets))


def who_is_alike(connection: Connection, dataset: Dataset) -> pa.Array:
    """Return a number for each id of the first subject path; those with the same number may be read alike now.

    That only decides who stands beside whom, so it may be out of date later.
    """
    if dataset.is_public:
        return pa.array([], pa.int32())
    return pa.array(alike(connection, dataset.subjects[0].namespace))


def band_of(shares: dict[str, float]) -> str:
    """Return the band of the purpose that has most mixed blocks."""
    most = max(shares.values(), default=0.0)
    return next(name for limit, name in BANDS if most < limit)


def _sets(connection: Connection, dataset: Dataset) -> list[PermittedSet]:
    namespaces = {path.namespace for path in dataset.subjects}
    found = []
    for purpose, namespace in stored_sets(connection):
        if namespace in namespaces:
            held = read_set(connection, purpose, namespace, among=())
            found.append(PermittedSet(purpose, namespace, held.size, pack(held.plain), pack(held.sensitive)))
    return found
