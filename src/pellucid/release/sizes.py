"""How large the figures of a question are, by a first answer to it that is charged: a relative accuracy is of these.

A measure's size is the median of its cells that are clearly not empty, each at the lower end of its 95 % interval:
large enough to be told from noise, and not larger than the figures are. Computed from noisy cells alone.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pellucid.errors import InputInvalid
from pellucid.release.private import ReleasedBlocks
from pellucid.rewrite.governed import GovernedQuery, MeasureKind

ESTIMATE_SHARE = 0.1
"""The part of a purpose's default epsilon that the first answer spends."""

Sizes = Mapping[tuple[str, str], float]

_WITHOUT_SIZE = frozenset({MeasureKind.DEVIATIONS, MeasureKind.SQUARES})


def demand_sizes(query: GovernedQuery) -> None:
    """Raise InputInvalid (`accuracy-meaningless`) unless an error can be a share of each figure."""
    kinds = [measure.kind for block in query.blocks for measure in block.measures if measure.grid is None]
    if query.blocks and (not kinds or _WITHOUT_SIZE & set(kinds)):
        raise InputInvalid(
            "Only of counts, sums and averages can an error be a share of the figure; a spread or a quantile has no "
            "size in that sense.",
            code="accuracy-meaningless",
            remedy="Ask with an epsilon, or with an error in the figure's own units.",
        )


def sizes_of(released: ReleasedBlocks) -> Sizes:
    """Return the size of each measure that has a half-width, by (block, measure), in its own units; 0 if no cell of it
    is clear of noise.
    """
    return {
        (block, measure): _size(released.tables[block].column(measure), width)
        for (block, measure), width in released.half_widths.items()
    }


def demand_clear(sizes: Sequence[tuple[str, float]]) -> None:
    """Raise InputInvalid (`accuracy-out-of-reach`) if a measure, by its title, has no size."""
    unclear = [title for title, size in sizes if size <= 0]
    if unclear:
        raise InputInvalid(
            f"By a first answer, no figure of {', '.join(unclear)} can be told from nothing.",
            code="accuracy-out-of-reach",
            remedy="Ask with an epsilon, or over larger groups.",
        )


def _size(cells: pa.ChunkedArray, width: float) -> float:
    lower = [abs(float(value)) - width for value in pc.drop_null(cells).to_pylist()]
    clear = [end for end in lower if end > 0]
    return statistics.median(clear) if clear else 0.0
