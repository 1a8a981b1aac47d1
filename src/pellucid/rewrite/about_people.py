"""SELECTs that read people's rows: totals become blocks, all else stays rows of one subject each.

SELECT household_id, SUM(v) AS s FROM t GROUP BY 1   ->  SELECT ..., "t"."_subject" ... GROUP BY ..., "t"."_subject"
SELECT week, SUM(v) FROM t GROUP BY 1                ->  a block, see `bound`
"""

from __future__ import annotations

from sqlglot import exp

from pellucid.rewrite.about_nobody import post_subquery
from pellucid.rewrite.atoms import carry_atoms
from pellucid.rewrite.bound import build_block
from pellucid.rewrite.families import is_interval
from pellucid.rewrite.make_total import make_condition, make_total
from pellucid.rewrite.relations import SUBJECT_ID, Frame, Kind, Relation, column_facts
from pellucid.rewrite.sources import Work, subject_of
from pellucid.rewrite.subject_rows import check_subject_rows, has_aggregate, subject_key_in
from pellucid.rewrite.subqueries import Govern, direct_queries, finds_one_row, note_keys_read, put, work_done


def about_people(select: exp.Select, frame: Frame, govern: Govern, work: Work) -> Relation:
    """Return the relation of a SELECT whose frame is about a subject. Adds a block to the work where it is a total;
    raises UseRefused for what would look across people.
    """
    groups = _group_keys(select, work)
    aggregated = groups is not None or has_aggregate(select)
    if aggregated and not frame.correlated and not subject_key_in(groups or [], frame):
        return _block(select, groups or [], frame, govern, work)
    distinct = select.args.get("distinct") is not None
    if distinct and not aggregated and not frame.correlated and not subject_key_in(select.selects, frame):
        select.set("distinct", None)
        return _block(select, [projection.unalias() for projection in select.selects], frame, govern, work)
    return _subject_rows(select, groups, aggregated, frame, govern, work)


def _group_keys(select: exp.Select, work: Work) -> list[exp.Expr] | None:
    group = select.args.get("group")
    if group is None:
        return None
    if group.find(exp.Rollup, exp.Cube, exp.GroupingSets) is not None or group.args.get("totals"):
        raise work.findings.stop("grouping-sets-refused")
    if group.args.get("all"):
        return [each.unalias() for each in select.selects if not each.find(exp.AggFunc)]
    return [key.unalias() for key in group.expressions]


def _block(select: exp.Select, groups: list[exp.Expr], frame: Frame, govern: Govern, work: Work) -> Relation:
    if any(is_interval(key) for key in groups):
        raise work.findings.stop("group-key-interval")
    for key in groups:  # a key that may be missing is no subject's any more, but its values would be shown
        for column in key.find_all(exp.Column):
            work.used.update(frame.facts(column).origins & work.keys)

    def exact(expression: exp.Expr) -> None:
        _expression_queries(expression, frame, govern, work)

    def post(subquery: exp.Query) -> exp.Query:
        return post_subquery(subquery, govern, work)

    return build_block(select, groups, frame, work, exact=exact, post=post)


def _subject_rows(
    select: exp.Select, groups: list[exp.Expr] | None, aggregated: bool, frame: Frame, govern: Govern, work: Work
) -> Relation:
    """Make a relation whose rows each belong to one subject: it carries the hidden id along."""
    check_subject_rows(select, groups, aggregated, frame, work)
    _expression_queries(select, frame, govern, work)
    columns = {each.alias_or_name: column_facts(each.unalias(), frame) for each in select.selects}
    hidden: list[exp.Expr] = []
    if work.context.exact is not None:
        columns, hidden = carry_atoms(select, columns, frame, work.atoms)
    keys = [key.copy() for key in groups or []]
    for part in ("where", "having", "qualify", "group", "order"):
        if select.args.get(part) is not None:
            select.set(part, make_total(select.args[part], keys))
    for join in select.args.get("joins") or []:
        if join.args.get("on") is not None:
            join.set("on", make_condition(join.args["on"]))
    select.set("expressions", [*(make_total(each, keys) for each in select.selects), *hidden])
    if not frame.correlated:
        own = exp.alias_(frame.own.copy(), SUBJECT_ID, quoted=True, copy=False)
        select.append("expressions", own)
        if aggregated:
            select.args["group"].append("expressions", frame.own.copy())
    return Relation(Kind.SUBJECT, select, columns, frame.namespace, dependent=frame.correlated)


def _expression_queries(node: exp.Expr, frame: Frame, govern: Govern, work: Work) -> None:
    """Govern the subqueries that stand in expressions below a block: each must be about the same person, or public."""
    for holder, inner in direct_queries(node):
        if work_done(inner):
            continue
        if not finds_one_row(holder, inner):
            work.findings.add("subquery-many-rows")
        relation = govern(inner, frame)
        if relation.kind is Kind.RELEASED:
            work.findings.add("released-inside-exact")
        elif relation.kind is Kind.SUBJECT and not relation.dependent:
            _link_membership(holder, relation, frame, work)
            continue
        note_keys_read(holder, relation, frame, work)
        put(holder, inner, relation.tree)


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
