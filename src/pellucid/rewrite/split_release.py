"""Split a question into exact blocks, which run over governed rows, and a post half, which sees released cells only.

    SELECT p.department, SUM(t.sales_value) AS s FROM ... GROUP BY 1 HAVING COUNT(*) > 3 ORDER BY s DESC
      ->  block r0: key k0 = p.department; measures m0 = SUM(t.sales_value), m1 = COUNT(*)
          post:     SELECT _r0.k0 AS department, _r0.m0 AS s FROM r0 AS _r0 WHERE _r0.m1 > 3 ORDER BY s DESC

Every row that reaches a block is a function of one subject's rows and public rows ("one subject a row"); any other
shape is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp
from sqlglot.optimizer.scope import build_scope

from pellucid.rewrite.bound import build_block
from pellucid.rewrite.families import family_of
from pellucid.rewrite.generate import DUCKDB
from pellucid.rewrite.governed import PublicTable
from pellucid.rewrite.key_columns import check_keys, columns_used, read_keys
from pellucid.rewrite.make_total import make_condition, make_total
from pellucid.rewrite.relations import SUBJECT_ID, Facts, Frame, Kind, Relation, Source, all_of, value_origins
from pellucid.rewrite.sources import Work, base_relation, conjuncts, link, same_key, subject_of
from pellucid.rewrite.subject_rows import (
    check_subject_rows,
    has_aggregate,
    inline_windows,
    safe_aggregates,
    subject_key_in,
)

Ctes = Mapping[str, Relation]


def split_release(query: exp.Query, work: Work) -> Relation:
    """Return the answer as a relation whose tree runs over released cells. Raises UseRefused for any other shape."""
    relation = _query(query, {}, None, work)
    if relation.kind is Kind.SUBJECT:
        raise work.findings.stop("rows-refused")
    work.findings.settle()
    return _as_released(relation, work)


def _query(query: exp.Expr, ctes: Ctes, outer: Frame | None, work: Work) -> Relation:
    with_ = query.args.get("with_")
    if with_ is not None:
        ctes = dict(ctes)
        for cte in with_.expressions:
            if external_columns(cte.this):
                raise work.findings.stop("implicit-lateral-refused", name=cte.alias)
            relation = _query(cte.this, ctes, None, work)
            ctes[cte.alias] = replace(relation, size=work.size_of(relation.tree))
        query.set("with_", None)
    if isinstance(query, exp.Subquery):
        if any(query.args.get(part) is not None for part in ("order", "limit", "offset", "where", "joins", "laterals")):
            raise work.findings.stop("syntax-not-allowed", name="modifiers of a query in brackets")
        return _query(query.this, ctes, outer, work)
    if isinstance(query, exp.SetOperation):
        return _set_operation(query, ctes, outer, work)
    if isinstance(query, exp.Select):
        return _select(query, ctes, outer, work)
    raise work.findings.stop("syntax-not-allowed", name=type(query).__name__.lower())


# -- one SELECT ------------------------------------------------------------------------------------------------------


def _select(select: exp.Select, ctes: Ctes, outer: Frame | None, work: Work) -> Relation:
    inline_windows(select)
    frame = _frame(select, ctes, outer, work)
    check_keys(select, frame, work)
    if frame.subject is not None and frame.released:
        raise work.findings.stop("released-beside-people")
    if frame.subject is not None:
        return _about_people(select, frame, ctes, work)
    return _about_nobody(select, frame, ctes, work)


def _frame(select: exp.Select, ctes: Ctes, outer: Frame | None, work: Work) -> Frame:
    frame = Frame(outer=outer)
    from_ = select.args.get("from_")
    joins = select.args.get("joins") or []
    conditions = list(conjuncts(select.args.get("where")))
    for join in joins:
        conditions += conjuncts(join.args.get("on"))
    if from_ is not None:
        link(frame, _source(from_, select, frame, ctes, work), None, conditions, work)
    for join in joins:
        link(frame, _source(join, select, frame, ctes, work), join, conditions, work)
    for lateral in select.args.get("laterals") or []:
        raise work.findings.stop("syntax-not-allowed", name=f"lateral view {lateral.alias}".strip())
    _link_outer(select, frame, conditions)
    return frame


def _source(holder: exp.Expr, select: exp.Select, frame: Frame, ctes: Ctes, work: Work) -> Source:
    """Govern the item of a FROM clause or join and put its tree in its place."""
    item = holder.this
    alias = item.alias_or_name
    if isinstance(item, exp.Table) and not item.args.get("joins"):
        relation = _table(item, select, ctes, work)
    elif isinstance(item, exp.Subquery) and not isinstance(item.this, exp.Table) and not item.args.get("joins"):
        if external_columns(item.this):
            raise work.findings.stop("implicit-lateral-refused", name=alias)
        relation = _query(item.this, ctes, None, work)
    elif isinstance(item, exp.Lateral) and isinstance(item.this, exp.Subquery):
        relation = _lateral(item, frame, ctes, work)
    elif isinstance(item, exp.Values) and item.find(exp.Query, exp.Column) is None:
        return Source(alias, Relation(Kind.PUBLIC, exp.select("1"), {}))
    else:
        raise work.findings.stop("source-refused")
    if item.args.get("alias") is not None and item.args["alias"].columns:
        raise work.findings.stop("column-aliases-refused", name=alias)
    name = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
    governed: exp.Expr = exp.Subquery(this=relation.tree, alias=name)
    if isinstance(item, exp.Lateral):
        governed = exp.Lateral(this=exp.Subquery(this=relation.tree), alias=name)
    holder.set("this", governed)
    is_dimension = relation.kind is Kind.PUBLIC and isinstance(item, exp.Table) and item.name not in ctes
    return Source(alias, relation, is_dimension=is_dimension)


def _table(table: exp.Table, select: exp.Select, ctes: Ctes, work: Work) -> Relation:
    kept = ctes.get(table.name)
    if kept is not None:
        work.grow(kept.size)
        return replace(kept, tree=kept.tree.copy())
    dataset = work.context.datasets.get(table.name)
    if dataset is None:
        raise work.findings.stop("table-unknown", name=table.name, known=", ".join(work.context.datasets))
    return base_relation(dataset.name, columns_used(select, table.alias_or_name, dataset.name, work), work)


def _lateral(item: exp.Lateral, frame: Frame, ctes: Ctes, work: Work) -> Relation:
    relation = _query(item.this.this, ctes, frame, work)
    if relation.kind is Kind.SUBJECT and not relation.dependent:
        raise work.findings.stop("subquery-not-linked")
    if relation.kind is Kind.RELEASED:
        raise work.findings.stop("released-beside-people")
    if frame.subject is not None:
        columns = {name: facts.null_extended() for name, facts in relation.columns.items()}
        return replace(relation, kind=Kind.SUBJECT, dependent=True, columns=columns)
    return relation


def _link_outer(select: exp.Select, frame: Frame, conditions: list[exp.Expr]) -> None:
    """Correlate a subquery about people to the person of the row around it, where a condition equates their keys."""
    outer = frame.outer_subject
    if outer is None or frame.subject is None or outer.namespace != frame.namespace:
        return
    if any(_equates_outer(condition, frame, outer) for condition in conditions):
        same = exp.EQ(this=frame.own.copy(), expression=outer.own.copy())
        select.where(same, copy=False)
        frame.correlated = True


def _equates_outer(condition: exp.Expr, frame: Frame, outer: Frame) -> bool:
    if not isinstance(condition, exp.EQ):
        return False
    one, other = condition.this, condition.expression
    if not isinstance(one, exp.Column) or not isinstance(other, exp.Column):
        return False
    if one.table not in frame.linked:
        one, other = other, one
    inside = one.table in frame.linked and other.table in outer.linked and other.table not in frame.sources
    return inside and same_key(frame.facts(one), outer.facts(other))


# -- SELECTs about people ----------------------------------------------------------------------------------------------


def _about_people(select: exp.Select, frame: Frame, ctes: Ctes, work: Work) -> Relation:
    groups = _group_keys(select, work)
    aggregated = groups is not None or has_aggregate(select)
    if aggregated and not frame.correlated and not subject_key_in(groups or [], frame):
        return _block(select, groups or [], frame, ctes, work)
    distinct = select.args.get("distinct") is not None
    if distinct and not aggregated and not frame.correlated and not subject_key_in(select.selects, frame):
        select.set("distinct", None)
        return _block(select, [projection.unalias() for projection in select.selects], frame, ctes, work)
    return _subject_rows(select, groups, aggregated, frame, ctes, work)


def _group_keys(select: exp.Select, work: Work) -> list[exp.Expr] | None:
    group = select.args.get("group")
    if group is None:
        return None
    if group.find(exp.Rollup, exp.Cube, exp.GroupingSets) is not None or group.args.get("totals"):
        raise work.findings.stop("grouping-sets-refused")
    if group.args.get("all"):
        return [each.unalias() for each in select.selects if not each.find(exp.AggFunc)]
    return [key.unalias() for key in group.expressions]


def _block(select: exp.Select, groups: list[exp.Expr], frame: Frame, ctes: Ctes, work: Work) -> Relation:
    for key in groups:  # a key that may be missing is no subject's any more, but its values would be shown
        for column in key.find_all(exp.Column):
            work.used.update(frame.facts(column).origins & work.keys)

    def exact(expression: exp.Expr) -> None:
        _expression_queries(expression, frame, ctes, work)

    def post(subquery: exp.Query) -> exp.Query:
        return _post_subquery(subquery, ctes, work)

    return build_block(select, groups, frame, work, exact=exact, post=post)


def _subject_rows(
    select: exp.Select, groups: list[exp.Expr] | None, aggregated: bool, frame: Frame, ctes: Ctes, work: Work
) -> Relation:
    """Make a relation whose rows each belong to one subject: it carries the hidden id along."""
    check_subject_rows(select, groups, aggregated, frame, work)
    _expression_queries(select, frame, ctes, work)
    columns = {each.alias_or_name: _column_facts(each.unalias(), frame) for each in select.selects}
    keys = [key.copy() for key in groups or []]
    for part in ("where", "having", "qualify", "group", "order"):
        if select.args.get(part) is not None:
            select.set(part, make_total(select.args[part], keys))
    for join in select.args.get("joins") or []:
        if join.args.get("on") is not None:
            join.set("on", make_condition(join.args["on"]))
    select.set("expressions", [make_total(each, keys) for each in select.selects])
    if not frame.correlated:
        hidden = exp.alias_(frame.own.copy(), SUBJECT_ID, quoted=True, copy=False)
        select.append("expressions", hidden)
        if aggregated:
            select.args["group"].append("expressions", frame.own.copy())
    return Relation(Kind.SUBJECT, select, columns, frame.namespace, dependent=frame.correlated)


def _column_facts(expression: exp.Expr, frame: Frame) -> Facts:
    if isinstance(expression, exp.Column):
        return frame.facts(expression)
    return Facts(value_origins(expression, frame))


def _expression_queries(node: exp.Expr, frame: Frame, ctes: Ctes, work: Work) -> None:
    """Govern the subqueries that stand in expressions below a block: each must be about the same person, or public."""
    for holder, inner in direct_queries(node):
        if work_done(inner):
            continue
        if not _finds_one_row(holder, inner):
            work.findings.add("subquery-many-rows")
        relation = _query(inner, ctes, frame, work)
        if relation.kind is Kind.RELEASED:
            work.findings.add("released-inside-exact")
        elif relation.kind is Kind.SUBJECT and not relation.dependent:
            _link_membership(holder, relation, frame, work)
            continue
        _note_keys_read(holder, relation, frame, work)
        _put(holder, inner, relation.tree)


def _finds_one_row(holder: exp.Expr, query: exp.Query) -> bool:
    """Whether a subquery that stands for one value has one for certain: an engine raises on two, and whether somebody
    has two rows would tell about them.
    """
    if not isinstance(holder, exp.Subquery):
        return True
    while isinstance(query, exp.Subquery):
        query = query.this
    limit = query.args.get("limit")
    if isinstance(limit, exp.Limit) and isinstance(limit.expression, exp.Literal) and limit.expression.name == "1":
        return True
    return isinstance(query, exp.Select) and query.args.get("group") is None and has_aggregate(query)


def _note_keys_read(holder: exp.Expr, relation: Relation, frame: Frame, work: Work) -> None:
    """Count a subquery's value as read, and what is sought in it, unless both are the subject's key."""
    if isinstance(holder, exp.Exists):
        return
    sought = frame.facts(holder.this) if isinstance(holder, exp.In) and isinstance(holder.this, exp.Column) else Facts()
    found = list(relation.columns.values())
    if len(found) == 1 and same_key(sought, found[0]):
        return
    work.used.update(sought.origins & work.keys)
    read_keys(relation, work)


def _link_membership(holder: exp.Expr, relation: Relation, frame: Frame, work: Work) -> None:
    """`key IN (SELECT key ...)` becomes membership of the hidden ids."""
    facts = list(relation.columns.values())
    is_key = isinstance(holder, exp.In) and isinstance(holder.this, exp.Column) and frame.facts(holder.this).is_key
    if not is_key or len(facts) != 1 or not facts[0].is_key or relation.namespace != frame.namespace:
        work.findings.add("subquery-not-linked")
        return
    holder.set("this", frame.own.copy())
    inner = exp.select(subject_of("_in")).from_(
        exp.Subquery(this=relation.tree, alias=exp.TableAlias(this=exp.to_identifier("_in")))
    )
    inner.meta["done"] = True
    holder.set("query", exp.Subquery(this=inner))


# -- SELECTs about nobody: public rows, or released cells --------------------------------------------------------------


def _about_nobody(select: exp.Select, frame: Frame, ctes: Ctes, work: Work) -> Relation:
    found = [(holder, query, _finds_one_row(holder, query)) for holder, query in direct_queries(select)]
    inner = [(holder, query, one_row, _query(query, ctes, frame, work)) for holder, query, one_row in found]
    released = frame.released or any(relation.kind is Kind.RELEASED for *_, relation in inner)
    for holder, query, one_row, relation in inner:
        if not released and not one_row:
            work.findings.add("subquery-many-rows")
        if relation.kind is Kind.SUBJECT and not relation.dependent:
            work.findings.add("subquery-not-linked" if frame.outer_subject else "rows-refused")
        if relation.kind is Kind.RELEASED and frame.outer_subject is not None:
            work.findings.add("released-inside-exact")
        _note_keys_read(holder, relation, frame, work)
        _put(holder, query, _as_released(relation, work).tree if released else relation.tree)
    if released:
        return _over_released(select, frame, work)
    columns = {each.alias_or_name: _column_facts(each.unalias(), frame) for each in select.selects}
    return Relation(Kind.PUBLIC, _totalised(select, frame), columns)


def _totalised(select: exp.Select, frame: Frame) -> exp.Select:
    """Public rows must not raise either: which of them the engine gets to may depend on the people joined to them."""
    safe_aggregates(select, frame)
    groups = select.args.get("group")
    total = make_total(select, groups.expressions if groups is not None else ())
    return total if isinstance(total, exp.Select) else select


def _over_released(select: exp.Select, frame: Frame, work: Work) -> Relation:
    for source in frame.sources.values():
        if source.relation.kind is Kind.PUBLIC and source.relation.tree.parent is not None:
            source.relation.tree.replace(_as_released(source.relation, work).tree)
    columns: dict[str, Facts] = {}
    for each in select.selects:
        column = each.unalias()
        facts = frame.facts(column) if isinstance(column, exp.Column) and not has_aggregate(select) else Facts()
        columns[each.alias_or_name] = Facts(measure=facts.measure)
    return Relation(Kind.RELEASED, select, columns)


def _as_released(relation: Relation, work: Work) -> Relation:
    """Hand a public relation to the post half as a table of its own."""
    if relation.kind is not Kind.PUBLIC:
        return relation
    if external_columns(relation.tree):
        raise work.findings.stop("subquery-not-linked")
    name = f"p{len(work.tables)}"
    placeholders = sorted({node.name for node in relation.tree.find_all(exp.Placeholder)})
    work.tables.append(PublicTable(name, relation.tree.sql(dialect=DUCKDB, comments=False), tuple(placeholders)))
    return Relation(Kind.RELEASED, all_of(name), {column: Facts() for column in relation.columns})


def _post_subquery(subquery: exp.Query, ctes: Ctes, work: Work) -> exp.Query:
    """Govern a subquery among a block's measures: it must be released, or public, and stand on its own."""
    if external_columns(subquery):
        raise work.findings.stop("correlated-beside-measures")
    relation = _query(subquery, ctes, None, work)
    if relation.kind is Kind.SUBJECT:
        raise work.findings.stop("rows-refused")
    return _as_released(relation, work).tree


# -- set operations ----------------------------------------------------------------------------------------------------


def _set_operation(query: exp.SetOperation, ctes: Ctes, outer: Frame | None, work: Work) -> Relation:
    families = _families(query.this), _families(query.expression)
    left = _query(query.this, ctes, outer, work)
    right = _query(query.expression, ctes, outer, work)
    if families[0] != families[1]:
        raise work.findings.stop("types-differ", name=type(query).__name__.lower())
    if Kind.SUBJECT in (left.kind, right.kind):
        return _union_of_people(query, left, right, work)
    if Kind.RELEASED in (left.kind, right.kind):
        left, right = _as_released(left, work), _as_released(right, work)
    _put(query, query.this, _branch(left.tree))
    _put(query, query.expression, _branch(right.tree))
    return Relation(left.kind, query, {name: Facts() for name in left.columns})


def _families(branch: exp.Expr) -> list[str | None]:
    """Return the families of a branch's columns: no value may need a cast to stand in one column with another."""
    return [family_of(each.unalias()) for each in branch.selects] if isinstance(branch, exp.Query) else []


def _branch(tree: exp.Query) -> exp.Expr:
    """Put brackets around a branch with an order or limit of its own."""
    own = any(tree.args.get(part) is not None for part in ("order", "limit", "offset"))
    return exp.Subquery(this=tree) if own or isinstance(tree, exp.SetOperation) else tree


def _union_of_people(query: exp.SetOperation, left: Relation, right: Relation, work: Work) -> Relation:
    kept_distinct = query.args.get("distinct") or not isinstance(query, exp.Union) or query.args.get("by_name")
    if left.kind is not right.kind or left.dependent is not right.dependent:
        raise work.findings.stop("union-of-kinds")
    if kept_distinct and not left.dependent:
        work.findings.add("set-operation-refused")
    if left.namespace != right.namespace:
        work.findings.add("two-kinds-of-subject", one=left.namespace, other=right.namespace)
    if any(query.args.get(part) is not None for part in ("limit", "offset")) and not left.dependent:
        work.findings.add("limit-below-refused")
    query.set("order", query.args.get("order") if left.dependent else None)
    _put(query, query.this, _branch(left.tree))
    _put(query, query.expression, _branch(right.tree))
    pairs = zip(left.columns.items(), right.columns.values(), strict=False)
    columns = {name: _either(one, other) for (name, one), other in pairs}
    return Relation(Kind.SUBJECT, query, columns, left.namespace, dependent=left.dependent)


def _either(one: Facts, other: Facts) -> Facts:
    direct = one.direct if one.direct == other.direct else None
    is_key = one.is_key and other.is_key
    determines = is_key or (one.determines and other.determines and same_key(one, other))
    return Facts(one.origins | other.origins, direct or (one.direct if is_key else None), is_key, determines)


# -- trees -------------------------------------------------------------------------------------------------------------


def direct_queries(node: exp.Expr) -> list[tuple[exp.Expr, exp.Query]]:
    """Return the queries in the expressions of a SELECT (not its sources, not deeper ones) with their holders."""
    found: list[tuple[exp.Expr, exp.Query]] = []
    stack = [child for child in _expression_children(node)]
    while stack:
        each = stack.pop()
        if isinstance(each, exp.Subquery):
            holder = each.parent if isinstance(each.parent, exp.In) and each.arg_key == "query" else each
            found.append((holder, each.this))
        elif isinstance(each, exp.Exists) and isinstance(each.this, exp.Query):
            found.append((each, each.this))
        else:
            stack.extend(each.iter_expressions())
    return found


def _expression_children(node: exp.Expr) -> list[exp.Expr]:
    if not isinstance(node, exp.Select):
        return [node]
    children = [
        child for child in node.iter_expressions() if child.arg_key not in {"from_", "joins", "with_", "laterals"}
    ]
    return children + [join.args["on"] for join in node.args.get("joins") or [] if join.args.get("on") is not None]


def work_done(query: exp.Query) -> bool:
    """Return whether a subquery was put there by this pass itself."""
    return bool(query.meta.get("done"))


def _put(holder: exp.Expr, old: exp.Expr, new: exp.Expr) -> None:
    if old is not new and old.parent is not None:
        old.replace(new)


def external_columns(query: exp.Query) -> bool:
    """Return whether a query names columns of a query around it."""
    scope = build_scope(query)
    return scope is not None and bool(scope.external_columns)
