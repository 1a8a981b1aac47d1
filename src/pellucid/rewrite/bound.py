"""Build one exact block: per-subject pre-aggregation, at most k cells a subject, clamped measures, sums over subjects.

    SELECT p.department, SUM(t.sales_value) FROM <governed> GROUP BY p.department
      ->  WITH _g0 AS NOT MATERIALIZED (<governed>), _rows AS (... FROM _g0 ...), _cells AS (...),
               _totals AS (... GROUP BY _subject, k0), _kept AS (... at most k cells), _bounded AS (... clamped)
          SELECT 0 AS _row, k0, _subjects, m0 FROM _cells LEFT JOIN _bounded ...

Which k cells of a subject are kept depends on that subject's cells and a secret salt alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypedDict

from sqlglot import exp

from pellucid.policy.decide import subject_key_columns
from pellucid.rewrite.block_frame import SALT, block_sql, caps_frame, frame_sql, needs_salt
from pellucid.rewrite.caps_frame import drawn_measures
from pellucid.rewrite.cells import public_cells
from pellucid.rewrite.exact_frame import exact_frame_sql
from pellucid.rewrite.exact_measures import ExactMeasures
from pellucid.rewrite.generate import generate, literal_free
from pellucid.rewrite.governed import Block, GovernedRows, GroupKey, Measure
from pellucid.rewrite.governed_text import parameters_in
from pellucid.rewrite.make_total import make_condition, make_total
from pellucid.rewrite.measures import Measures
from pellucid.rewrite.over_released import OverReleased
from pellucid.rewrite.packed_frame import can_be_packed
from pellucid.rewrite.ranked import Ground, ranked_blocks
from pellucid.rewrite.recheck import parse_generated
from pellucid.rewrite.relations import SUBJECT_ID, Frame, Kind, Relation, told_origins
from pellucid.rewrite.sources import Work
from pellucid.rewrite.subject_rows import looks_across_rows
from pellucid.rewrite.subqueries import external_columns


class _Framed(TypedDict):
    """The fields of a block that depend on how its figures leave; `max_groups` is 0 where nothing bounds it."""

    measures: tuple[Measure, ...]
    frame: str
    max_groups: int
    reports_clipping: bool
    max_cells: int
    pairs: tuple[tuple[str, str], ...]
    atoms: tuple[str, ...]


def build_block(
    select: exp.Select,
    groups: Sequence[exp.Expr],
    frame: Frame,
    work: Work,
    *,
    exact: Callable[[exp.Expr], None],
    post: Callable[[exp.Query], exp.Query],
) -> Relation:
    """Add the block to the work and return what stands in its place: a SELECT over its released cells."""
    name = work.next_block()
    rule = work.context.exact
    measures: Measures | ExactMeasures = Measures(frame, work) if rule is None else ExactMeasures(frame, work)
    cells = public_cells(groups, select, frame, work) if groups else None
    replacer = OverReleased(f"_{name}", groups, measures, frame, work, post)
    outside = replacer.select(select, name)
    if any(not column.table for part in [*groups, *measures.arguments] if part for column in part.find_all(exp.Column)):
        raise work.findings.stop("names-unresolved")
    rows = _rows(select, groups, measures, frame)
    _refuse_across_people(rows, work)
    exact(rows)
    if external_columns(rows):  # rows that depend on a row around them are no rows of this block
        raise work.findings.stop("subquery-not-linked")
    keys = tuple(_key(position, key, frame, public=cells is not None) for position, key in enumerate(groups))
    framed = _framed(keys, measures, groups, frame, work, public=cells is not None)
    if not (keys or framed["measures"] or work.findings):  # refused for more, where more is wrong
        raise work.findings.stop("figure-missing")
    tree = _final(rows)
    text = generate(tree)
    governed = {source: work.text_of(source) for source in work.sources_of(tree)}
    salted = rule is not None or needs_salt(keys, framed["measures"])
    block = Block(
        name=name,
        namespace=frame.namespace or "",
        keys=keys,
        sql=block_sql(governed, text, cells, framed["frame"]),
        sources=tuple(governed),
        rows=text,
        parameters=_parameters(tree, governed.values(), salted=salted),
        public_cells=cells is not None or not groups,
        cells_sql=cells,
        cells_parameters=_cells_parameters(cells),
        **framed,
    )
    if isinstance(measures, Measures):
        block = _with_few(block, measures, governed)
        block = _with_caps(ranked_blocks(block, Ground(tree, groups, measures, frame, work)), measures, governed)
    work.blocks.append(block)
    return Relation(Kind.RELEASED, outside, replacer.columns(name))


def _with_few(block: Block, measures: Measures, governed: Mapping[GovernedRows, str]) -> Block:
    """Return the block with the cheaper one beside it for when no more cells are public than one person may be in."""
    if not block.keys or block.cells_sql is None or not can_be_packed(block.measures, block.max_cells):
        return block
    frame = frame_sql(
        block.keys,
        measures,
        block.max_groups,
        most_cells=block.max_cells,
        public=True,
        reports=block.reports_clipping,
        is_few=True,
    )
    unsalted = tuple(name for name in block.parameters if name != SALT)
    sql = block_sql(governed, block.rows, block.cells_sql, frame)
    return replace(block, few=replace(block, sql=sql, frame=frame, parameters=unsalted, is_few=True))


def _with_caps(block: Block, measures: Measures, governed: Mapping[GovernedRows, str]) -> Block:
    """Return the block with the one beside it that is asked first where norms are drawn."""
    drawn = drawn_measures(block.measures)
    if not drawn:
        return block
    frame = caps_frame(block.keys, measures, block.max_groups, public=block.cells_sql is not None)
    bound = (f"_cap{measure.name[1:]}" for measure in drawn)
    caps = replace(
        block,
        keys=(),
        measures=drawn,
        sql=block_sql(governed, block.rows, block.cells_sql, frame),
        frame=frame,
        public_cells=True,
        reports_clipping=False,
        others=(),
        unranked="",
    )
    return replace(block, caps=caps, parameters=tuple(sorted({*block.parameters, *bound})))


def _framed(
    keys: Sequence[GroupKey],
    measures: Measures | ExactMeasures,
    groups: Sequence[exp.Expr],
    frame: Frame,
    work: Work,
    *,
    public: bool,
) -> _Framed:
    """Return what stands around the rows: bounds where figures leave by noise, else what is needed to judge them."""
    rule, one_each = work.context.declared.release, _one_cell_each(groups, frame, work)
    if isinstance(measures, ExactMeasures):
        measures.settle()
        return _Framed(
            measures=measures.chosen,
            frame=exact_frame_sql(keys, measures, public=public),
            max_groups=1 if one_each else 0,
            reports_clipping=False,
            max_cells=work.context.exact.max_cells if work.context.exact is not None else 0,
            pairs=measures.pairs,
            atoms=measures.told_atoms(),
        )
    chosen = tuple(measures.found.values())
    reports = rule.clipping_share > 0 and bool(chosen)
    limit = 1 if one_each else rule.max_groups
    around = frame_sql(keys, measures, limit, most_cells=rule.max_cells, public=public, reports=reports)
    return _Framed(
        measures=chosen,
        frame=around,
        max_groups=limit,
        reports_clipping=reports,
        max_cells=rule.max_cells,
        pairs=(),
        atoms=(),
    )


def _key(position: int, key: exp.Expr, frame: Frame, *, public: bool) -> GroupKey:
    columns = [key] if isinstance(key, exp.Column) else list(key.find_all(exp.Column))
    origins = frozenset(origin for column in columns for origin in frame.facts(column).origins)
    return GroupKey(f"k{position}", literal_free(key), public, told_origins(origins))


def _parameters(rows: exp.Expr, texts: Iterable[str], *, salted: bool) -> tuple[str, ...]:
    """Return the parameters of a block: its rows', those of governed rows, and the salt if the frame draws by it."""
    named = {node.name for node in rows.find_all(exp.Placeholder)}
    return tuple(sorted(named.union(*map(parameters_in, texts), {SALT} if salted else ())))


def _cells_parameters(cells: str | None) -> tuple[str, ...]:
    tree = parse_generated(cells) if cells is not None and "$" in cells else None  # the recheck refuses what is no SQL
    return tuple(sorted({node.name for node in tree.find_all(exp.Placeholder)})) if tree is not None else ()


def _one_cell_each(groups: Sequence[exp.Expr], frame: Frame, work: Work) -> bool:
    """Whether each key says one thing of a person: a column of a dataset that has one row a person. Then nobody is in
    more than one cell, and noise for more would be wasted. The limit is enforced either way.
    """
    for key in groups:
        direct = frame.facts(key).direct if isinstance(key, exp.Column) else None
        if direct is None:
            return False
        dataset = work.context.datasets[direct[0]]
        if dataset.is_public or dataset.key != subject_key_columns(dataset):
            return False
    return True


def _rows(
    select: exp.Select, groups: Sequence[exp.Expr], measures: Measures | ExactMeasures, frame: Frame
) -> exp.Select:
    """Return the rows below the aggregate: hidden id, keys, one argument a measure, and atoms of exact ones."""
    rows = exp.Select(
        **{part: select.args[part] for part in ("from_", "joins", "where") if select.args.get(part) is not None}
    )
    rows.append("expressions", exp.alias_(frame.own.copy(), SUBJECT_ID, quoted=True, copy=False))
    for position, key in enumerate(groups):
        rows.append("expressions", exp.alias_(key.copy(), f"k{position}", copy=False))
    for position, argument in enumerate(measures.arguments):
        if argument is not None:
            rows.append("expressions", exp.alias_(argument, f"a{position}", copy=False))
    for atom in measures.keys() if isinstance(measures, ExactMeasures) else ():
        rows.append("expressions", atom)
    return rows


def _refuse_across_people(rows: exp.Select, work: Work) -> None:
    """Refuse windows and aggregates among the rows of a block: there they would see every person's rows.

    SQL itself forbids them inside aggregates, keys and conditions, but these are taken out into a SELECT of their own.
    """
    conditions = [rows.args.get("where"), *(join.args.get("on") for join in rows.args.get("joins") or [])]
    for part in (*rows.expressions, *conditions):
        if part is not None and looks_across_rows(part):
            work.findings.add("window-across-people")


def _final(rows: exp.Select) -> exp.Select:
    """Make conditions and keys total, after their subqueries were governed; arguments are total already."""
    if rows.args.get("where") is not None:
        rows.set("where", make_total(rows.args["where"]))
    for join in rows.args.get("joins") or []:
        if join.args.get("on") is not None:
            join.set("on", make_condition(join.args["on"]))
    for projection in rows.expressions:
        if projection.alias.startswith(("k", "c")):
            projection.set("this", make_total(projection.this))
    return rows
