"""Build one exact block: per-subject pre-aggregation, at most k cells a subject, clamped measures, sums over subjects.

    SELECT p.department, SUM(t.sales_value) FROM <governed> GROUP BY p.department
      ->  WITH _rows AS (...), _cells AS (...), _totals AS (... GROUP BY _subject, k0), _kept AS (... at most k cells),
               _bounded AS (... clamped) SELECT 0 AS _row, k0, _subjects, m0 FROM _cells LEFT JOIN _bounded ...

Which k cells of a subject are kept depends on that subject's cells and a secret salt alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from pellucid.policy.decide import subject_key_columns
from pellucid.rewrite.cells import public_cells
from pellucid.rewrite.governed import Block, GroupKey, Measure
from pellucid.rewrite.make_total import make_total
from pellucid.rewrite.measures import Measures, literal_free
from pellucid.rewrite.relations import SUBJECT_ID, Facts, Frame, Kind, Relation, told_origins
from pellucid.rewrite.sources import Work
from pellucid.rewrite.subject_rows import is_aggregate, looks_across_rows

LARGEST_CELL = 2**61
"""Cells beyond this are cut off; a cut moves no two cells further apart, so the sensitivity holds."""


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
    measures = Measures(frame, work)
    cells = public_cells(groups, select, frame, work) if groups else None
    replacer = _Post(f"_{name}", groups, measures, frame, work, post)
    outside = replacer.select(select, name)
    if any(not column.table for part in [*groups, *measures.arguments] if part for column in part.find_all(exp.Column)):
        raise work.findings.stop("names-unresolved")
    rows = _rows(select, groups, measures, frame)
    _refuse_across_people(rows, work)
    exact(rows)
    rule = work.context.declared.release
    keys = tuple(_key(position, key, frame, public=cells is not None) for position, key in enumerate(groups))
    chosen = tuple(measures.found.values())
    reports = rule.clipping_share > 0 and bool(chosen)
    limit = 1 if _one_cell_each(groups, frame, work) else rule.max_groups
    sql = _block_sql(_final(rows).sql(dialect="duckdb", comments=False), keys, measures, cells, limit, reports)
    work.blocks.append(
        Block(
            name=name,
            namespace=frame.namespace or "",
            keys=keys,
            measures=chosen,
            sql=sql,
            parameters=(),
            public_cells=cells is not None or not groups,
            max_groups=limit,
            reports_clipping=reports,
            cells_sql=cells,
            max_cells=rule.max_cells,
        )
    )
    return Relation(Kind.RELEASED, outside, replacer.columns(name))


def _key(position: int, key: exp.Expr, frame: Frame, *, public: bool) -> GroupKey:
    columns = [key] if isinstance(key, exp.Column) else list(key.find_all(exp.Column))
    origins = frozenset(origin for column in columns for origin in frame.facts(column).origins)
    return GroupKey(f"k{position}", literal_free(key), public, told_origins(origins))


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


def _rows(select: exp.Select, groups: Sequence[exp.Expr], measures: Measures, frame: Frame) -> exp.Select:
    """Return the rows below the aggregate: hidden id, keys, one argument a measure."""
    rows = exp.Select(
        **{part: select.args[part] for part in ("from_", "joins", "where") if select.args.get(part) is not None}
    )
    rows.append("expressions", exp.alias_(frame.own.copy(), SUBJECT_ID, quoted=True))
    for position, key in enumerate(groups):
        rows.append("expressions", exp.alias_(key.copy(), f"k{position}"))
    for position, argument in enumerate(measures.arguments):
        if argument is not None:
            rows.append("expressions", exp.alias_(argument.copy(), f"a{position}"))
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
            join.set("on", make_total(join.args["on"]))
    for projection in list(rows.expressions):
        if projection.alias.startswith("k"):
            projection.replace(make_total(projection))
    return rows


def _block_sql(
    rows: str, keys: Sequence[GroupKey], measures: Measures, cells: str | None, limit: int, reports: bool
) -> str:
    names = [key.name for key in keys]
    chosen = list(measures.found.values())
    with_ = [f"_rows AS ({rows})"]
    if cells is not None:
        with_.append(f"_cells AS ({cells})")
    with_.append(f"_totals AS ({_totals(names, measures, cells is not None)})")
    with_.append(f"_kept AS ({_kept(names, limit)})")
    with_.append(f"_bounded AS {'MATERIALIZED ' if reports else ''}({_bounded(names, chosen, limit)})")
    return f"WITH {', '.join(with_)} {_cells_out(names, chosen, cells is not None, reports)}"


def _totals(names: Sequence[str], measures: Measures, public: bool) -> str:
    keys = "".join(f", _rows.{name}" for name in names)
    totals = "".join(
        f", COALESCE(CAST({total} AS HUGEINT), 0) AS t{position}" for position, total in enumerate(measures.totals)
    )
    join = " JOIN _cells ON " + " AND ".join(f"_rows.{name} = _cells.{name}" for name in names) if public else ""
    return f"SELECT _rows._subject{keys}{totals} FROM _rows{join} GROUP BY _rows._subject{keys}"  # noqa: S608


def _kept(names: Sequence[str], limit: int) -> str:
    if not names:
        return "SELECT *, 1 AS _groups FROM _totals"
    order = f"HASH({', '.join(names)}, $_salt), {', '.join(names)}"
    counted = "SELECT *, COUNT(*) OVER (PARTITION BY _subject) AS _groups FROM _totals"
    return f"{counted} QUALIFY ROW_NUMBER() OVER (PARTITION BY _subject ORDER BY {order}) <= {limit}"


def _bounded(names: Sequence[str], measures: Sequence[Measure], limit: int) -> str:
    keys = "".join(f", {name}" for name in names)
    bounded = [_clamp(position, measure) for position, measure in enumerate(measures)]
    values = "".join(f", {sql} AS m{position}" for position, sql in enumerate(bounded))
    moved = "".join(f" OR t{position} <> {sql}" for position, sql in enumerate(bounded))
    return f"SELECT _subject{keys}{values}, _groups > {limit}{moved} AS _clipped FROM _kept"  # noqa: S608


def _clamp(position: int, measure: Measure) -> str:
    total = f"LEAST(GREATEST(t{position}, {measure.lower}), {measure.upper})"
    if measure.norm is None:
        return f"CAST({total} AS BIGINT)"
    squares = f"SUM(CAST({total} AS DOUBLE) * CAST({total} AS DOUBLE)) OVER (PARTITION BY _subject)"
    share = f"LEAST(1, {measure.norm} / SQRT(GREATEST({squares}, 1)))"
    return f"CAST(TRUNC(CAST({total} AS DOUBLE) * {share}) AS BIGINT)"


def _cells_out(names: Sequence[str], measures: Sequence[Measure], public: bool, reports: bool) -> str:
    table = "_cells" if public else "_bounded"
    keys = "".join(f", {table}.{name} AS {name}" for name in names)
    sums = "".join(f", {_cell(f'_bounded.m{p}')} AS m{p}" for p in range(len(measures)))
    source = "_bounded"
    if public:
        same = " AND ".join(f"_cells.{name} = _bounded.{name}" for name in names)
        source = f"_cells LEFT JOIN _bounded ON {same}"
    group = " GROUP BY " + ", ".join(f"{table}.{name}" for name in names) if names else ""
    cells = f"SELECT 0 AS _row{keys}, COUNT(_bounded._subject) AS _subjects{sums} FROM {source}{group}"  # noqa: S608
    if not reports:
        return cells
    nothing = "".join(f", NULL AS {name}" for name in names)
    rest = "".join(f", 0 AS m{p}" for p in range(1, len(measures)))
    people = "SELECT _subject, BOOL_OR(_clipped) AS _clipped FROM _bounded GROUP BY _subject"
    clipped = "COALESCE(SUM(CASE WHEN _clipped THEN 1 ELSE 0 END), 0)"
    return (
        f"{cells} UNION ALL SELECT 1 AS _row{nothing}, COUNT(*) AS _subjects, "  # noqa: S608
        f"CAST({clipped} AS BIGINT) AS m0{rest} FROM ({people}) AS _people"
    )


def _cell(measure: str) -> str:
    """Sum a measure without an error that would tell whether the exact total is beyond BIGINT."""
    total = f"COALESCE(SUM({measure}), 0)"  # LEAST and GREATEST skip NULL
    return f"CAST(LEAST(GREATEST({total}, -{LARGEST_CELL}), {LARGEST_CELL}) AS BIGINT)"


class _Post:
    """Rewrites a block's SELECT into one over its released cells."""

    def __init__(
        self,
        alias: str,
        groups: Sequence[exp.Expr],
        measures: Measures,
        frame: Frame,
        work: Work,
        post: Callable[[exp.Query], exp.Query],
    ) -> None:
        self.alias = alias
        self.groups = list(groups)
        self.measures = measures
        self.frame = frame
        self.work = work
        self.post = post
        self.outputs: dict[str, Facts] = {}
        self.aliases: set[str] = set()

    def select(self, select: exp.Select, name: str) -> exp.Select:
        """Return the SELECT over the released cells called `name`."""
        self.aliases = {each.alias for each in select.selects if each.alias}
        outside = exp.Select()
        outside.set("from_", exp.From(this=exp.alias_(exp.to_table(name), self.alias, table=True)))
        for each in select.selects:
            outside.append("expressions", self._projection(each))
        if select.args.get("having") is not None:
            outside.set("where", exp.Where(this=self._over(select.args["having"].this)))
        for part in ("qualify", "order"):
            if select.args.get(part) is not None:
                outside.set(part, self._over(select.args[part]))
        for part in ("limit", "offset", "distinct"):
            if select.args.get(part) is not None:
                outside.set(part, select.args[part].copy())
        return outside

    def columns(self, name: str) -> dict[str, Facts]:
        """Return what each output column is, by name."""
        return self.outputs

    def _projection(self, each: exp.Expr) -> exp.Expr:
        expression = each.unalias()
        over = self._over(expression)
        facts = Facts()
        block = self.alias[1:]
        if any(expression == key for key in self.groups):
            facts = Facts(is_cell_key=True)
        elif _is_measure(expression):
            taken = self.measures.take(expression)
            if len(taken) == 1:
                facts = Facts(measure=(block, taken[0].name))
            elif len(taken) == 2:
                facts = Facts(average=(block, taken[0].name, taken[1].name))
        self.outputs[each.alias_or_name] = facts
        return exp.alias_(over, each.alias_or_name, quoted=True)

    def _over(self, node: exp.Expr) -> exp.Expr:
        for position, key in enumerate(self.groups):
            if node == key:
                return exp.column(f"k{position}", table=self.alias)
        if isinstance(node, exp.Window):
            return self._window(node)
        if _is_measure(node):
            return self._measure(node)
        if isinstance(node, exp.Subquery):
            return exp.Subquery(this=self.post(node.this.copy()))
        if isinstance(node, exp.Exists | exp.Query):
            self.work.findings.add("syntax-not-allowed", name="exists beside measures")
            return node.copy()
        if isinstance(node, exp.Column):
            return self._column(node)
        copy = node.copy()
        for old, new in zip(list(copy.iter_expressions()), list(node.iter_expressions()), strict=True):
            old.replace(self._over(new))
        return copy

    def _column(self, node: exp.Column) -> exp.Expr:
        if not node.table and node.name in self.aliases:
            return node.copy()
        self.work.findings.add("column-not-grouped", name=node.name)
        return node.copy()

    def _measure(self, node: exp.Expr) -> exp.Expr:
        taken = self.measures.take(node)
        columns = [exp.column(measure.name, table=self.alias) for measure in taken]
        if len(columns) == 2:
            total, count = columns
            positive = exp.GT(this=count.copy(), expression=exp.Literal.number(0))
            return exp.Case(ifs=[exp.If(this=positive, true=exp.Div(this=total, expression=count))])
        return columns[0] if columns else exp.Null()

    def _window(self, node: exp.Window) -> exp.Expr:
        """Rank or sum released cells: the window's own function stays, what stands inside it is released."""
        copy = node.copy()
        for old, new in zip(list(copy.this.iter_expressions()), list(node.this.iter_expressions()), strict=True):
            old.replace(self._over(new))
        for part in ("partition_by", "order"):
            value = node.args.get(part)
            if isinstance(value, list):
                copy.set(part, [self._over(each) for each in value])
            elif value is not None:
                copy.set(part, self._over(value))
        return copy


def _is_measure(node: exp.Expr) -> bool:
    return is_aggregate(node.this if isinstance(node, exp.Filter) else node)
