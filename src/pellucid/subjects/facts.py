"""What a dataset's rows tell about their subjects, joined with what is known: place, year of birth, vulnerability.

What follows for anybody's permission is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from pellucid.policy.model import Dataset
from pellucid.subjects import ids as subject_ids


def tell_facts(
    connection: Connection,
    dataset: Dataset,
    told: pa.Table,
    vouched: Callable[[pa.Table], pa.Table] = lambda held: held,
) -> list[int]:
    """Set what a dataset's rows tell (a row a subject: `id` and the facts) and return the ids of whom that changed.

    The ids are of the first subject path's namespace. `vouched` is given what is known of everybody in it, and returns
    that with what nobody vouches for any more marked as an estimate.
    """
    namespace = dataset.subjects[0].namespace
    before = subject_ids.facts(connection, namespace)
    after = _after(dataset, told, vouched(before))
    differs = np.zeros(len(before), dtype=np.bool_)
    for name in after.column_names:
        differs |= _differs(after[name], before[name])
    changed = after.filter(pa.array(differs))
    given = {name: changed[name].combine_chunks() for name in changed.column_names if name != "id"}
    subject_ids.set_facts(connection, namespace, changed["id"].combine_chunks(), **given)
    return [int(subject) for subject in changed["id"].to_pylist()]


def _after(dataset: Dataset, told: pa.Table, everybody: pa.Table) -> pa.Table:
    """Return what is known now of everybody in a namespace, by id."""
    ids = told["id"].cast(pa.int64())
    merged = _merged(dataset, told, everybody.take(pc.index_in(ids, value_set=everybody["id"])))
    others = everybody.filter(pc.invert(pc.is_in(everybody["id"], value_set=ids)))
    return pa.concat_tables([merged, others.select(merged.column_names)]).sort_by("id")


def _merged(dataset: Dataset, told: pa.Table, before: pa.Table) -> pa.Table:
    """Return what is known now of the subjects of these rows: an estimate never takes the place of what is known.

    Nor does what a dataset does not know, or cannot estimate, take the place of another's estimate, which may protect
    somebody.
    """
    bits = before["estimated"].to_numpy().copy()
    merged = {"id": before["id"]}
    for fact in dataset.fact_columns:
        bit = subject_ids.ESTIMATED[fact]
        old, guessed = before[fact], (bits & bit) != 0
        new = told[fact].cast(old.type)
        none = np.asarray(pc.is_null(new))
        if fact in dataset.estimated_facts:
            kept = np.asarray(pc.is_valid(old)) & (~guessed | none)
            guess = (~kept & ~none) | (guessed & none)
        else:
            kept = guess = guessed & none
        merged[fact] = pc.if_else(pa.array(kept), old, new)
        bits = np.where(guess, bits | bit, bits & ~bit)
    return pa.table({**merged, "estimated": pa.array(bits, pa.int32())})


def _differs(new: pa.ChunkedArray, old: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    unlike = pc.fill_null(pc.not_equal(new, old), fill_value=True)
    both_unknown = pc.and_(pc.is_null(new), pc.is_null(old))
    return np.asarray(pc.and_not(unlike, both_unknown), dtype=np.bool_)
