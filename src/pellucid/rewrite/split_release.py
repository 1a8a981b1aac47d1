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

from pellucid.rewrite.about_nobody import about_nobody, as_released
from pellucid.rewrite.about_people import about_people
from pellucid.rewrite.families import family_of, is_interval
from pellucid.rewrite.key_columns import check_keys, columns_used
from pellucid.rewrite.relations import Facts, Frame, Kind, Relation, Source
from pellucid.rewrite.sources import Work, base_relation, conjuncts, link, same_key
from pellucid.rewrite.subject_rows import inline_windows
from pellucid.rewrite.subqueries import external_columns, put

Ctes = Mapping[str, Relation]


def split_release(query: exp.Query, work: Work) -> Relation:
    """Return the answer as a relation whose tree runs over released cells. Raises UseRefused for any other shape."""
    relation = _query(query, {}, None, work)
    if relation.kind is Kind.SUBJECT:
        raise work.findings.stop("rows-refused")
    work.findings.settle()
    return as_released(relation, work)


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


def _select(select: exp.Select, ctes: Ctes, outer: Frame | None, work: Work) -> Relation:
    inline_windows(select)
    frame = _frame(select, ctes, outer, work)
    check_keys(select, frame, work)
    if frame.subject is not None and frame.released:
        raise work.findings.stop("released-beside-people")

    def govern(inner: exp.Expr, around: Frame | None) -> Relation:
        return _query(inner, ctes, around, work)

    room = about_people if frame.subject is not None else about_nobody
    return room(select, frame, govern, work)


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


def _set_operation(query: exp.SetOperation, ctes: Ctes, outer: Frame | None, work: Work) -> Relation:
    alike = _may_stand_together(query.this, query.expression)
    left = _query(query.this, ctes, outer, work)
    right = _query(query.expression, ctes, outer, work)
    if not alike:
        raise work.findings.stop("types-differ", name=type(query).__name__.lower())
    if Kind.SUBJECT in (left.kind, right.kind):
        return _union_of_people(query, left, right, work)
    if Kind.RELEASED in (left.kind, right.kind):
        left, right = as_released(left, work), as_released(right, work)
    put(query, query.this, _branch(left.tree))
    put(query, query.expression, _branch(right.tree))
    return Relation(left.kind, query, {name: Facts() for name in left.columns})


def _may_stand_together(one: exp.Expr, other: exp.Expr) -> bool:
    """Return whether no value of two branches needs a cast to stand in one column with another."""
    if not isinstance(one, exp.Query) or not isinstance(other, exp.Query):
        return False
    pairs = zip(one.selects, other.selects, strict=False)
    same = all(_same_type(left.unalias(), right.unalias()) for left, right in pairs)
    return same and len(one.selects) == len(other.selects)


def _same_type(one: exp.Expr, other: exp.Expr) -> bool:
    """Return whether two values are of one family, or nothing is in doubt: both are NULL, or both intervals."""
    families = family_of(one), family_of(other)
    if families != (None, None):
        return families[0] == families[1]
    return all(isinstance(each, exp.Null) for each in (one, other)) or (is_interval(one) and is_interval(other))


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
    put(query, query.this, _branch(left.tree))
    put(query, query.expression, _branch(right.tree))
    pairs = zip(left.columns.items(), right.columns.values(), strict=False)
    columns = {name: _either(one, other) for (name, one), other in pairs}
    return Relation(Kind.SUBJECT, query, columns, left.namespace, dependent=left.dependent)


def _either(one: Facts, other: Facts) -> Facts:
    direct = one.direct if one.direct == other.direct else None
    is_key = one.is_key and other.is_key
    determines = is_key or (one.determines and other.determines and same_key(one, other))
    direct = direct or (one.direct if is_key else None)
    plain = all(each.direct is not None or each.linear for each in (one, other))
    names, hides = one.names & other.names, one.hides or other.hides
    return Facts(one.origins | other.origins, direct, is_key, determines, names, linear=plain, hides=hides)
