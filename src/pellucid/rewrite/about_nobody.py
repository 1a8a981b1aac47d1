"""SELECTs that read nobody's rows: public ones, or cells that went through a release rule.

SELECT x.n, p.brand FROM <released> x JOIN products p ON ...   ->  the same over r0 and p0, for the post half
"""

from __future__ import annotations

from sqlglot import exp

from pellucid.rewrite.generate import DUCKDB
from pellucid.rewrite.governed import PublicTable
from pellucid.rewrite.make_total import make_total
from pellucid.rewrite.relations import Facts, Frame, Kind, Relation, all_of, column_facts
from pellucid.rewrite.sources import Work
from pellucid.rewrite.subject_rows import has_aggregate, safe_aggregates
from pellucid.rewrite.subqueries import Govern, direct_queries, external_columns, finds_one_row, note_keys_read, put


def about_nobody(select: exp.Select, frame: Frame, govern: Govern, work: Work) -> Relation:
    """Return the relation of a SELECT over public rows or released cells; raises UseRefused where it reaches people."""
    found = [(holder, query, finds_one_row(holder, query)) for holder, query in direct_queries(select)]
    inner = [(holder, query, one_row, govern(query, frame)) for holder, query, one_row in found]
    released = frame.released or any(relation.kind is Kind.RELEASED for *_, relation in inner)
    for holder, query, one_row, relation in inner:
        if not released and not one_row:
            work.findings.add("subquery-many-rows")
        if relation.kind is Kind.SUBJECT and not relation.dependent:
            work.findings.add("subquery-not-linked" if frame.outer_subject else "rows-refused")
        if relation.kind is Kind.RELEASED and frame.outer_subject is not None:
            work.findings.add("released-inside-exact")
        note_keys_read(holder, relation, frame, work)
        put(holder, query, as_released(relation, work).tree if released else relation.tree)
    if released:
        return _over_released(select, frame, work)
    columns = {each.alias_or_name: column_facts(each.unalias(), frame) for each in select.selects}
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
            source.relation.tree.replace(as_released(source.relation, work).tree)
    columns: dict[str, Facts] = {}
    for each in select.selects:
        column = each.unalias()
        facts = frame.facts(column) if isinstance(column, exp.Column) and not has_aggregate(select) else Facts()
        columns[each.alias_or_name] = Facts(measure=facts.measure)
    return Relation(Kind.RELEASED, select, columns)


def as_released(relation: Relation, work: Work) -> Relation:
    """Hand a public relation to the post half as a table of its own."""
    if relation.kind is not Kind.PUBLIC:
        return relation
    if external_columns(relation.tree):
        raise work.findings.stop("subquery-not-linked")
    name = f"p{len(work.tables)}"
    placeholders = sorted({node.name for node in relation.tree.find_all(exp.Placeholder)})
    work.tables.append(PublicTable(name, relation.tree.sql(dialect=DUCKDB, comments=False), tuple(placeholders)))
    return Relation(Kind.RELEASED, all_of(name), {column: Facts() for column in relation.columns})


def post_subquery(subquery: exp.Query, govern: Govern, work: Work) -> exp.Query:
    """Govern a subquery among a block's measures: it must be released, or public, and stand on its own."""
    if external_columns(subquery):
        raise work.findings.stop("correlated-beside-measures")
    relation = govern(subquery, None)
    if relation.kind is Kind.SUBJECT:
        raise work.findings.stop("rows-refused")
    return as_released(relation, work).tree
