"""What datasets that declare a fact known still tell of it, read from what is published.

An estimate never takes the place of what is known. But what is known is only so while somebody vouches for it: where
the policy has come to declare a dataset's fact an estimate, nobody may do so any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pellucid.engines.duckdb_files import Import
from pellucid.holdings.place import ImportPlace
from pellucid.holdings.publish import generations_published
from pellucid.holdings.schema_hash import schema_hash
from pellucid.policy.model import Dataset, Policy
from pellucid.subjects import ids as subject_ids

VouchedFor = dict[str, list[pa.Table]]
"""By fact, what published datasets tell of it as known: tables with an id and the fact, NULL where it is not told."""


def vouched_for(place: ImportPlace, policy: Policy, dataset: Dataset, engine: Import) -> VouchedFor:
    """Return what others tell as known of each fact that a dataset only estimates.

    Only under the place's lock, or another generation could be published meanwhile. Rows that the policy has come to
    declare otherwise vouch for nothing.
    """
    found: VouchedFor = {fact: [] for fact in dataset.estimated_facts}
    if not found:
        return found
    for path, other in _others(place, policy, dataset):
        for fact, column in other.fact_columns.items():
            if fact in found and fact not in other.estimated_facts:
                found[fact].append(engine.held_facts(path, other, {fact: column}))
    return found


def without_voucher(everybody: pa.Table, vouched: VouchedFor) -> pa.Table:
    """Return what is known of everybody in a namespace, with what nobody vouches for marked as an estimate."""
    bits = everybody["estimated"].to_numpy().copy()
    for fact, tables in vouched.items():
        held = everybody[fact]
        unvouched = np.asarray(pc.is_valid(held))
        for told in tables:
            positions = pc.index_in(everybody["id"], value_set=told["id"].cast(pa.int64()))
            same = pc.equal(told[fact].take(positions).cast(held.type), held)
            unvouched &= ~np.asarray(pc.fill_null(same, fill_value=False))
        bits[unvouched] |= subject_ids.ESTIMATED[fact]
    place = everybody.column_names.index("estimated")
    return everybody.set_column(place, "estimated", pa.array(bits, pa.int32()))


def _others(place: ImportPlace, policy: Policy, dataset: Dataset) -> Iterator[tuple[Path, Dataset]]:
    """Yield each other dataset, with its file, that tells facts of people in the same namespace."""
    with place.database.read() as connection:
        held = generations_published(connection)
    for generation in held:
        other = policy.datasets.get(generation.dataset)
        if other is None or other.name == dataset.name or other.is_public:
            continue
        if generation.schema_hash == schema_hash(other) and (
            other.subjects[0].namespace == dataset.subjects[0].namespace
        ):
            yield place.folder / generation.path, other
