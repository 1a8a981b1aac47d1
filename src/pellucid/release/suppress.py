"""The suppressed rule: exact cells in, and out those that tell of enough people. Pure: Arrow in, Arrow out.

    (1) contributors     each measure has the minimum of people, and nobody brings more than the largest share of it
    (2) atoms            so has each part of the cell that a condition in a measure marks off        `judged.judge`
    (3) one subject a row                                                                            the gate
    (4) changes          a cell shown before is shown again only if nobody's data in it changed, or enough people's;
                         one withheld to hide another stays withheld until then                      `changed`
    (5) complements      further cells, from which with totals a withheld one could be worked out    `complement`

It does not protect against what several insights tell together; releases say so.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction

import pyarrow as pa
import pyarrow.compute as pc

from pellucid.errors import QueryFailed
from pellucid.policy.model import SuppressedRule
from pellucid.release.complement import Table, complement
from pellucid.release.judged import Cell, Limits, Withheld, cells_of, judge, together_fine
from pellucid.release.mechanisms import too_many_cells
from pellucid.release.private import can_be_a_key
from pellucid.rewrite.governed import WITHHELD, Block, Measure, MeasureKind

PRINT_BYTES = 8
_DIGITS = Context(prec=38)
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class KeptCell:
    """What is kept of a cell of a release: a hash of its keys, whether it was shown (else withheld to hide others), and
    a sketch of who brought what to it. No figure, no key and nobody's id can be read from it.
    """

    cell: str
    shown: bool
    sketch: bytes


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The released cells of a block (`_withheld` says why a row has no figures), and what has to be kept of them.

    `withheld` counts cells by reason; `left_out` says that rows are missing because their keys are not public.
    `cells` and `verdicts` are exact and for `attempts` alone.
    """

    table: pa.Table
    kept: tuple[KeptCell, ...]
    withheld: Mapping[Withheld, int]
    left_out: bool
    cells: Sequence[Cell] = field(repr=False)
    verdicts: Sequence[Withheld | None] = field(repr=False)


def suppress(
    exact: pa.Table, block: Block, rule: SuppressedRule, earlier: Mapping[str, Sequence[KeptCell]], secret: str
) -> Suppressed:
    """Withhold what must not be told, and return the rest.

    `earlier` holds what was kept of earlier releases of the same insight, by cell; `secret` is the key under which
    cells are named there. Raises QueryFailed for more cells than may leave, and for keys that cannot be told.
    """
    if not all(can_be_a_key(exact.schema.field(key.name).type) for key in block.keys):
        raise QueryFailed(
            "A group key is neither text, a number, an instant nor a truth value.", code="answer-misshapen"
        )
    cells, limits = cells_of(exact, block), Limits.of(rule)
    names = [cell_name(cell, secret) for cell in cells]
    changes = [changed(cell, earlier.get(name, ()), limits) for cell, name in zip(cells, names, strict=True)]
    verdicts = [judge(cell, block, limits) or change.verdict for cell, change in zip(cells, changes, strict=True)]
    for place in _complements(cells, block, limits, verdicts, changes):
        verdicts[place] = Withheld.COMPLEMENT
    _demand_room([verdict is None for verdict in verdicts], rule.max_cells)
    kept = tuple(
        KeptCell(name, verdict is None, packed(cell))
        for name, cell, verdict in zip(names, cells, verdicts, strict=True)
        if verdict in (None, Withheld.COMPLEMENT)
    )
    counted = {why: verdicts.count(why) for why in Withheld if why in verdicts}
    table = _table(cells, verdicts, block, exact.schema)
    return Suppressed(table, kept, counted, bool(counted) and not block.public_cells, cells, verdicts)


# -- (4) changes since earlier releases --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """What earlier releases mean for a cell: why it may not be shown, whether it is known or stays withheld."""

    verdict: Withheld | None = None
    known: bool = False
    stays: bool = False


def changed(cell: Cell, earlier: Sequence[KeptCell], limits: Limits) -> Change:
    """Compare a cell with every earlier release of it, not only the last: each of them is still known."""
    now, verdict, known, stays = packed(cell), None, False, False
    for kept in earlier:
        people = people_changed(kept.sketch, now)
        if kept.shown and people == 0:
            known = True
        elif kept.shown and limits.too_few(people):
            verdict = Withheld.CHANGED
        elif not kept.shown and limits.too_few(people):
            stays = True
    return Change(verdict, known, stays and verdict is None)


def people_changed(one: bytes, other: bytes) -> int:
    """Return a lower bound of how many people bring something else now: buckets that differ. It is 0 only if nobody
    does, but for a chance of 2**-64; two people in one bucket count once, which errs on the safe side.
    """
    if len(one) != len(other):
        return 1
    pairs = zip(_buckets(one), _buckets(other), strict=True)
    return sum(before != after for before, after in pairs)


def packed(cell: Cell) -> bytes:
    """Return a cell's sketch as bytes."""
    return b"".join(printed.to_bytes(PRINT_BYTES, "big") for printed in cell.sketch)


def _buckets(sketch: bytes) -> list[bytes]:
    return [sketch[place : place + PRINT_BYTES] for place in range(0, len(sketch), PRINT_BYTES)]


def cell_name(cell: Cell, secret: str) -> str:
    """Return the name under which a cell is kept: keys may be data, so they are hashed under the workspace's key."""
    said = "\0".join(f"{type(key).__name__}:{key}" for key in cell.keys)
    return hashlib.blake2b(said.encode(), key=secret.encode()[:64], digest_size=20).hexdigest()


# -- (5) complements ---------------------------------------------------------------------------------------------------


def _complements(
    cells: Sequence[Cell], block: Block, limits: Limits, verdicts: Sequence[Withheld | None], changes: Sequence[Change]
) -> list[int]:
    fine = [place for place, verdict in enumerate(verdicts) if verdict is None]
    hidden = [place for place, verdict in enumerate(verdicts) if verdict is not None and cells[place].people]
    kept = [place for place in fine if changes[place].stays]
    if not hidden and not kept:
        return []
    table = Table(
        keys=[cell.keys for cell in cells],
        hiding=frozenset(place for place in fine if not changes[place].known),
        shown=frozenset(place for place in fine if changes[place].known),
        weights=[cell.people for cell in cells],
        fine=lambda hidden, hiding: together_fine(
            [cells[place] for place in hidden], [cells[place] for place in hiding], block, limits
        ),
    )
    found = complement(table, hidden, kept)
    return fine if found is None else sorted(found)


# -- what leaves -------------------------------------------------------------------------------------------------------


def _demand_room(shown: Sequence[bool], most: int) -> None:
    if sum(shown) > most:
        raise too_many_cells(most)


def _table(cells: Sequence[Cell], verdicts: Sequence[Withheld | None], block: Block, schema: pa.Schema) -> pa.Table:
    """Return the rows that leave, sorted by their keys, never in the engine's order."""
    rows = [
        (cell, verdict) for cell, verdict in zip(cells, verdicts, strict=True) if verdict is None or block.public_cells
    ]
    columns: dict[str, pa.Array] = {}
    for place, key in enumerate(block.keys):
        columns[key.name] = pa.array([cell.keys[place] for cell, _ in rows], schema.field(key.name).type)
    places = {measure.name: place for place, measure in enumerate(block.measures)}
    for measure in block.measures:
        if measure.shown:
            columns[measure.name] = _column(measure, places, rows)
    columns[WITHHELD] = pa.array([None if verdict is None else verdict.value for _, verdict in rows], pa.string())
    table = pa.table(columns)
    return table.take(pc.sort_indices(table, [(key.name, "ascending") for key in block.keys])) if block.keys else table


def _column(measure: Measure, places: Mapping[str, int], rows: Sequence[tuple[Cell, Withheld | None]]) -> pa.Array:
    if measure.kind is MeasureKind.SPREAD:
        spreads = [None if verdict else spread(measure, places, cell) for cell, verdict in rows]
        return pa.array(spreads, pa.float64())
    totals = [None if verdict else cell.figures[places[measure.name]].total for cell, verdict in rows]
    if measure.scale:
        scaled = [None if each is None else Decimal(each).scaleb(-measure.scale, context=_DIGITS) for each in totals]
        return pa.array(scaled, pa.decimal128(38, measure.scale))
    if any(each is not None and abs(each) > _LARGEST for each in totals):
        raise QueryFailed("A figure is larger than can be told.", code="figure-too-large")
    return pa.array(totals, pa.int64())


def spread(measure: Measure, places: Mapping[str, int], cell: Cell) -> float | None:
    """Return a variance or deviation from a whole count, sum and sum of squares; None for too few values."""
    count, total, squares = (cell.figures[places[part]].total for part in measure.parts)
    over = count - 1 if measure.form.startswith("sample") else count
    if over <= 0:
        return None
    variance = (squares - Fraction(total * total, count)) / over / 10 ** (2 * measure.scale)
    return math.sqrt(variance) if measure.form.endswith("root") else float(variance)
