"""How much of a generation is mixed: blocks in which some people may be read for a purpose and others not. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pellucid.engines.base import PermittedSet
from pellucid.engines.members import WORD, Members
from pellucid.engines.readable import Replica


def mixed_shares(members: Members, sets: Sequence[PermittedSet]) -> dict[str, float]:
    """Return for each purpose the share of blocks (0 to 1) that are mixed."""
    replica = Replica({"": members})
    replica.load(sets, 0)
    return {purpose: replica.mixed_share(purpose, "") for purpose in sorted({each.purpose for each in sets})}


def sorted_members(members: Members, alike: NDArray[np.int32]) -> Members:
    """Return about how members would stand after a sort: by who is alike, then by the first subject.

    `alike` has a number for each id. Every member counts as many rows as any other, for nothing else is known of them.
    """
    first = members.subjects[0]
    known = (first >= 0) & (first < len(alike))
    kind = np.full(len(first), np.iinfo(np.int32).max, np.int32)
    kind[known] = alike[first[known]]
    order = np.lexsort((first, kind))
    each = max(1, -(-len(order) // max(1, members.blocks)))
    block, rank = np.divmod(np.arange(len(order)), each)
    word, bit = block * -(-each // WORD) + rank // WORD, rank % WORD
    subjects = tuple(subject[order] for subject in members.subjects)
    return Members(members.namespaces, subjects, *(places.astype(np.int32) for places in (block, word, bit)))
