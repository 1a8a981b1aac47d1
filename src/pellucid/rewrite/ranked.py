"""The same block bounded by the stored rank of its rows instead of by person and cell: no row is tied to its subject.

    _rows (_subject, k0, a0)  ->  _summed (k0, sums of clamped rows)  ->  the cells

    WHERE t.bought >= DATE '2024-03-01'   ->  the months from 2024-03 to the last one that is ranked
    GROUP BY DATE_TRUNC('month', t.bought) ->  no cell holds rows of two months

It holds only where every row of the block is one row of the ranked dataset: joins may add columns of public tables
whose key they equate, and nothing else. What they equate is looked at again before each run (`Ranked.unique`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from pellucid.policy.model import ColumnType, Dataset, RankBound
from pellucid.policy.ranks import month_number, rank_column
from pellucid.rewrite.block_frame import SALT, block_sql, ranked_sql
from pellucid.rewrite.generate import generate
from pellucid.rewrite.governed import Block, GovernedRows, Measure, Ranked, RankFilter
from pellucid.rewrite.measure_bounds import Single
from pellucid.rewrite.measures import Measures
from pellucid.rewrite.permit_rows import TURN, held, quoted
from pellucid.rewrite.relations import Frame, Kind, Source
from pellucid.rewrite.sources import Work, conjuncts

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T]([01]\d|2[0-3]):([0-5]\d):([0-5]\d))?", re.ASCII)
_WITHIN_A_MONTH = ("MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


@dataclass(frozen=True, slots=True)
class Ground:
    """What a block is made from, as far as a rank needs it: its rows, its keys and what stands in its FROM clause."""

    rows: exp.Select
    groups: Sequence[exp.Expr]
    measures: Measures
    frame: Frame
    work: Work


def ranked_blocks(block: Block, ground: Ground) -> Block:
    """Return the block with the same block bounded by rank beside it, or with why there is none."""
    declared = ground.work.context.declared.release.rank
    if declared is None:
        return block
    if ground.work.context.declared.release.minimum_group:
        return replace(block, unranked="the purpose has a minimum of people a group, which a rank cannot count")
    found = _source(ground)
    why = found if isinstance(found, str) else _why_not(block, ground)
    if isinstance(found, str) or why:
        return replace(block, unranked=why)
    alias, dataset, rows = found
    others = [
        _ranked(block, ground, rows, filtered, ranked)
        for filtered, ranked in _bounds(block, ground, dataset, alias, declared)
    ]
    return replace(block, others=tuple(others), unranked="" if others else "the purpose bounds no rank of these rows")


def _why_not(block: Block, ground: Ground) -> str:
    """Return what stands in the way of the rank of rows, in a clause that follows “because”; empty for nothing."""
    if not block.public_cells:
        return "its groups are not publicly known"
    lacking = [
        measure.title
        for measure, single in zip(block.measures, ground.measures.singles, strict=True)
        if single is None or measure.by is not None or measure.grid is not None
    ]
    if lacking:
        return f"{lacking[0]} is not a sum over rows whose least and largest value are declared"
    return "" if block.measures else "nothing is counted or summed"


def _source(ground: Ground) -> tuple[str, Dataset, GovernedRows] | str:
    """Return alias, dataset and governed rows of the one ranked source; or why there is none."""
    people = [source for source in ground.frame.sources.values() if source.relation.kind is Kind.SUBJECT]
    if len(people) != 1 or ground.frame.correlated:
        return "it joins several tables about people"
    source = people[0]
    rows = next((each for each in ground.work.sources.values() if _is_all_of(source, each)), None)
    named = [table.name for table in ground.rows.find_all(exp.Table) if not table.db]
    if rows is None or named != [rows.name]:
        return "it reads rows about people in a subquery"
    dataset = ground.work.context.datasets[rows.dataset]
    if dataset.rank is None:
        return f"the rows of {dataset.name!r} have no stored rank"
    if source.optional:
        return "its rows may be missing on one side of a join"
    others = [each for each in ground.frame.sources.values() if each is not source]
    multiplied = next((each.alias for each in others if not _adds_columns(each, source.alias, ground)), None)
    return (source.alias, dataset, rows) if multiplied is None else f"the join with {multiplied!r} may multiply rows"


def _is_all_of(source: Source, rows: GovernedRows) -> bool:
    tree = source.relation.tree
    from_ = tree.args.get("from_") if isinstance(tree, exp.Select) else None
    plain = len(tree.selects) == 1 and isinstance(tree.selects[0], exp.Star)
    return from_ is not None and plain and isinstance(from_.this, exp.Table) and from_.this.name == rows.name


# -- joins -------------------------------------------------------------------------------------------------------------


def _adds_columns(source: Source, ranked: str, ground: Ground) -> bool:
    """Return whether a public table finds at most one row for each ranked one: by its key, all of it equated with
    columns of the ranked rows themselves. Tables that vouch for one another would bound nothing.
    """
    key = _key_of(source, ground)
    return bool(key) and key <= _equated(source.alias, ranked, ground)


def _key_of(source: Source, ground: Ground) -> set[str]:
    dataset = _dimension(source, ground)
    return set(dataset.key) if dataset is not None else set()


def _dimension(source: Source, ground: Ground) -> Dataset | None:
    named = {facts.direct[0] for facts in source.relation.columns.values() if facts.direct is not None}
    return ground.work.context.datasets[named.pop()] if source.is_dimension and len(named) == 1 else None


def _equated(alias: str, ranked: str, ground: Ground) -> set[str]:
    """Return the columns of a source that must equal a column of the same type of the ranked rows."""
    found = set()
    for condition in _conditions(alias, ranked, ground):
        if not isinstance(condition, exp.EQ):
            continue
        one, other = condition.this, condition.expression
        if isinstance(other, exp.Column) and other.table == alias:
            one, other = other, one
        if not isinstance(one, exp.Column) or not isinstance(other, exp.Column):
            continue
        if one.table == alias and other.table == ranked and _type(one, ground) == _type(other, ground) is not None:
            found.add(one.name)
    return found


def _type(column: exp.Column, ground: Ground) -> tuple[ColumnType, int] | None:
    direct = ground.frame.facts(column).direct or ground.frame.declared(column).direct
    if direct is None:
        return None
    declared = ground.work.context.datasets[direct[0]].columns[direct[1]]
    return declared.type, declared.scale


def _conditions(alias: str, ranked: str, ground: Ground) -> Iterator[exp.Expr]:
    """Yield what must hold wherever a row of the source stands: WHERE, its own ON, and that of an inner join that
    brings the ranked rows in. The ON of any other outer join takes no rows away.
    """
    yield from conjuncts(ground.rows.args.get("where"))
    for join in ground.rows.args.get("joins") or []:
        inner = not join.args.get("side") and str(join.args.get("kind") or "").upper() in {"", "INNER", "CROSS"}
        if join.this.alias_or_name == alias or (inner and join.this.alias_or_name == ranked):
            yield from conjuncts(join.args.get("on"))


def _unique(ground: Ground) -> tuple[str, ...]:
    """Return statements that count the keys which stand in several rows of the tables joined by them."""
    found = {}
    for source in ground.frame.sources.values():
        dataset = _dimension(source, ground)
        if source.relation.kind is not Kind.SUBJECT and dataset is not None:
            key = ", ".join(quoted(name) for name in dataset.key)
            several = f"SELECT 1 AS one FROM {held(dataset.name)} GROUP BY {key} HAVING COUNT(*) > 1"  # noqa: S608
            found[dataset.name] = f"SELECT COUNT(*) AS several FROM ({several}) AS _several"  # noqa: S608
    return tuple(found.values())


# -- months ------------------------------------------------------------------------------------------------------------


def _bounds(
    block: Block, ground: Ground, dataset: Dataset, alias: str, declared: RankBound
) -> Iterator[tuple[RankFilter, Ranked]]:
    """Yield how the rank bounds the block, and how that of a declared dimension does that is among the keys."""
    rank = dataset.rank
    if rank is None:
        return
    (months, inside), apart = (
        _months(ground, dataset, alias),
        any(is_within_a_month(key, ground, dataset) for key in ground.groups),
    )
    for by in (None, *rank.by):
        rows = declared.rows if by is None else declared.each
        if (
            not rows
            or months <= 0
            or (by is not None and not any(_is(key, ground, (dataset.name, by)) for key in ground.groups))
        ):
            continue
        ranked = Ranked(dataset.name, rows, months, apart, by, _unique(ground), inside)
        yield RankFilter(rank_column(dataset, by), rows, block.reports_clipping), ranked


def _is(key: exp.Expr, ground: Ground, column: tuple[str, str]) -> bool:
    return isinstance(key, exp.Column) and ground.frame.facts(key).direct == column


def is_within_a_month(key: exp.Expr, ground: Ground, dataset: Dataset) -> bool:
    """Return whether the rows of one value of a key are all of one calendar month."""
    column: exp.Expr | None = key
    if isinstance(key, exp.TimestampTrunc | exp.DateTrunc):
        unit = key.args.get("unit")
        column = key.this if unit is not None and unit.name.upper() in _WITHIN_A_MONTH else None
    return column is not None and _is(_bare(column), ground, (dataset.name, dataset.time or ""))


def _months(ground: Ground, dataset: Dataset, alias: str) -> tuple[int, bool]:
    """Return how many calendar months the question's rows can be of, by what it says of the instant outright, and
    whether that keeps them within those that are ranked.
    """
    rank = dataset.rank
    if rank is None:
        return 0, False
    since, until = month_number(rank.since), month_number(rank.until)
    first, last = -1, 10**6
    for condition in conjuncts(ground.rows.args.get("where")):
        for least, most in _ends(condition, alias, dataset, ground):
            first = first if least is None else max(first, least)
            last = last if most is None else min(last, most)
    return min(last, until) - max(first, since) + 1, since <= first and last <= until


def _ends(condition: exp.Expr, alias: str, dataset: Dataset, ground: Ground) -> Iterator[tuple[int | None, int | None]]:
    """Yield the first and the last month that a condition leaves, where it compares the instant with one written."""
    if isinstance(condition, exp.Between):
        low = exp.GTE(this=condition.this, expression=condition.args["low"])
        high = exp.LTE(this=condition.this, expression=condition.args["high"])
        for each in (low, high):
            yield from _ends(each, alias, dataset, ground)
        return
    if not isinstance(condition, exp.GT | exp.GTE | exp.LT | exp.LTE | exp.EQ):
        return
    one, other, turned = _bare(condition.this), _bare(condition.expression), False
    if not isinstance(one, exp.Column):
        one, other, turned = other, one, True
    if (
        not isinstance(one, exp.Column)
        or one.table != alias
        or not _is(one, ground, (dataset.name, dataset.time or ""))
    ):
        return
    if isinstance(condition, exp.EQ):
        month = _month(other, before=False)
        yield month, month
    elif isinstance(condition, exp.LT | exp.LTE) is not turned:
        yield None, _month(other, before=isinstance(condition, exp.LT | exp.GT))
    else:
        yield _month(other, before=False), None


def _bare(value: exp.Expr) -> exp.Expr:
    """Return a value without casts between dates and instants, which change no month."""
    while isinstance(value, exp.Paren | exp.Cast):  # TRY_CAST is a Cast too
        if isinstance(value, exp.Cast) and value.to.this not in (
            exp.DType.DATE,
            exp.DType.TIMESTAMP,
            exp.DType.TIMESTAMPNTZ,
        ):
            break
        value = value.this
    return value


def _month(value: exp.Expr, *, before: bool) -> int | None:
    """Return the month of a date or instant that is written out, or of what is `before` it."""
    found = _DAY.fullmatch(value.name) if isinstance(value, exp.Literal) and value.is_string else None
    try:
        month = None if found is None else month_number(f"{found[1]}-{found[2]}")
    except ValueError:
        return None
    if month is None or found is None:
        return None
    begins = found[3] == "01" and set(found[4] or "0") | set(found[5] or "0") | set(found[6] or "0") == {"0"}
    return month - 1 if before and begins else month


# -- the block ---------------------------------------------------------------------------------------------------------


def _ranked(block: Block, ground: Ground, rows: GovernedRows, filtered: RankFilter, ranked: Ranked) -> Block:
    source = replace(rows, rank=filtered)
    tree = ground.rows
    if filtered.marked:
        tree = tree.copy()
        turn = exp.Column(
            this=exp.to_identifier(TURN, quoted=True), table=exp.to_identifier(_alias(ground), quoted=True)
        )
        tree.append("expressions", exp.alias_(turn, TURN, copy=False))
    text = generate(tree)
    ones = [single for single in ground.measures.singles if single is not None]
    measures = tuple(_by_row(measure, one) for measure, one in zip(block.measures, ones, strict=True))
    frame = ranked_sql(block.keys, ones, filtered, public=block.cells_sql is not None)
    governed = {source: ground.work.text_of(source)}
    return replace(
        block,
        measures=measures,
        sql=block_sql(governed, text, block.cells_sql, frame),
        sources=(source,),
        rows=text,
        frame=frame,
        parameters=tuple(name for name in block.parameters if name != SALT),
        ranked=ranked,
    )


def _by_row(measure: Measure, one: Single) -> Measure:
    """Return a measure as it is where rows are counted one by one: nothing is scaled down, so counts are in rows."""
    bounded = replace(measure, lower=one.lower, upper=one.upper, norm=None, drawn=False)
    if not one.counted:
        return bounded
    most = None if measure.most is None else measure.most // 10**measure.scale
    return replace(bounded, scale=0, most=most)


def _alias(ground: Ground) -> str:
    return next(each.alias for each in ground.frame.sources.values() if each.relation.kind is Kind.SUBJECT)
