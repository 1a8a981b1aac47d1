"""How one subject's contribution to each block is bounded: by person and cell, or by the stored rank of rows.

Chosen from what is public: declared bounds, the number of public cells, the months a question is about, and whether
the data are ranked as declared. The rank is taken if no measure needs more noise by it and the question keeps within
the ranked months, since other rows would not count. Whoever asks may choose otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

from pellucid.errors import InputInvalid
from pellucid.release.sensitivity import block_sensitivity
from pellucid.rewrite.governed import Block, GovernedQuery

BOUNDINGS = ("auto", "groups", "rank")
"""What can be asked: the one with less noise, by person and cell (clamped, or by a norm), or by rank."""


def ranks_needed(query: GovernedQuery) -> dict[str, tuple[str, ...]]:
    """Return by dataset the statements over public tables that must come to 0 before its rank may bound a block."""
    found = [other.ranked for block in query.blocks for other in block.others if other.ranked is not None]
    return {each.dataset: tuple(dict.fromkeys(sql for one in found for sql in one.unique)) for each in found}


def choose(query: GovernedQuery, wanted: str, *, cells: Mapping[str, int], ranked: Collection[str]) -> GovernedQuery:
    """Return the question with each block bounded one way.

    `cells` is the number of public cells by block, where it is known; `ranked` are the datasets whose rows are ranked
    as declared. Raises InputInvalid where `wanted` is not to be had.
    """
    blocks = tuple(_choose(block, wanted, cells.get(block.name), ranked) for block in query.blocks)
    return query if blocks == query.blocks else replace(query, blocks=blocks)


def _choose(block: Block, wanted: str, cells: int | None, ranked: Collection[str]) -> Block:
    known = cells if block.keys else 1
    if known is not None and known <= block.max_groups and block.few is not None:
        block = replace(block.few, others=block.others, unranked=block.unranked)
    ready = [each for each in block.others if each.ranked is not None and each.ranked.dataset in ranked]
    ready = [each for each in ready if known is not None or each.ranked is None or each.ranked.by is None]
    if wanted == "rank" and not ready:
        if known is None and block.others:
            return block  # by a dimension alone, and how many cells there are is not known yet: a preview
        raise _not_to_be_had(block)
    if wanted == "groups" or not ready:
        return block
    best = min(ready, key=lambda each: _noise(each, known))
    return best if wanted == "rank" or (_is_inside(best) and _is_no_worse(best, block, known)) else block


def _is_inside(block: Block) -> bool:
    return block.ranked is not None and block.ranked.inside


def _is_no_worse(ranked: Block, block: Block, cells: int | None) -> bool:
    """Return whether no measure needs more noise by rank."""
    pairs = zip(ranked.measures, block.measures, strict=True)
    return all(block_sensitivity(ranked, one, cells) <= block_sensitivity(block, other, cells) for one, other in pairs)


def _noise(block: Block, cells: int | None) -> float:
    """Return the mean of the logarithms of what one subject moves each measure by, in its own units."""
    moved = [block_sensitivity(block, measure, cells) for measure in block.measures]
    return math.fsum(math.log(max(each, 1e-9)) for each in moved) / max(1, len(moved))


def _not_to_be_had(block: Block) -> InputInvalid:
    why = block.unranked or (
        "the rows are not ranked as the policy declares" if block.others else "the purpose declares no rank"
    )
    return InputInvalid(
        f"This question cannot be bounded by rank, because {why}.",
        code="bounding-unavailable",
        remedy="Leave the bounding out. Ranks are made when data come in or are sorted: `pellucid data sort DATASET`.",
    )
