"""Keys of the subject that a purpose may not read: they may tie rows together and be counted, and nothing else.

COUNT(DISTINCT t.household_id), ON t.household_id = d.household_id, GROUP BY t.household_id   ->  fine
WHERE t.household_id = '718'                                                                  ->  refused: that reads it
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from sqlglot import exp

from pellucid.policy.decide import permitted_columns, subject_key_columns
from pellucid.policy.model import Column, Policy
from pellucid.rewrite.context import PolicyPurpose
from pellucid.rewrite.relations import Frame, Relation
from pellucid.rewrite.sources import Work, same_key


def check_keys(select: exp.Select, frame: Frame, work: Work) -> None:
    """Count each key whose value is read as a column used, so that the decision is taken on its category."""
    for column in _own_columns(select):
        keys = frame.facts(column).origins & work.keys
        if keys and not _ties(column, select, frame):
            work.used.update(keys)


def read_keys(relation: Relation, work: Work) -> None:
    """Count the keys among a relation's columns as read: it stands where its values are looked at."""
    for facts in relation.columns.values():
        work.used.update(facts.origins & work.keys)


def visible_columns(policy: Policy, purpose: str, dataset: str) -> tuple[Column, ...]:
    """Return the columns a purpose may read, and the keys it may tie rows by; none if it may read nothing there."""
    return _visible(PolicyPurpose(policy, purpose), dataset)


@lru_cache(maxsize=4096)
def _visible(key: PolicyPurpose, dataset: str) -> tuple[Column, ...]:
    policy, purpose = key.policy, key.purpose or ""
    permitted = permitted_columns(policy, purpose, dataset)
    declared = policy.datasets[dataset]
    if not permitted or declared.is_public:
        return permitted
    keys = {*subject_key_columns(declared), *declared.determines_subject}
    names = {column.name for column in permitted} | (keys & set(declared.columns))
    return tuple(column for column in declared.columns.values() if column.name in names)


def _own_columns(node: exp.Expr) -> Iterator[exp.Column]:
    for child in node.iter_expressions():
        if isinstance(child, exp.Column):
            yield child
        elif not isinstance(child, exp.Query | exp.From | exp.With) and child.arg_key != "laterals":
            yield from _own_columns(child)
        elif isinstance(child, exp.Subquery) and isinstance(node, exp.In) and child.arg_key == "query":
            continue


def _ties(column: exp.Column, select: exp.Select, frame: Frame) -> bool:
    parent = column.parent
    if isinstance(parent, exp.Alias):
        return parent.parent is select
    if parent is select:
        return True
    if isinstance(parent, exp.EQ):
        other = parent.expression if parent.this is column else parent.this
        return isinstance(other, exp.Column) and same_key(frame.declared(column), frame.declared(other))
    if isinstance(parent, exp.Group) or (isinstance(parent, exp.Window) and column.arg_key == "partition_by"):
        return True
    if isinstance(parent, exp.In):
        return parent.this is column and parent.args.get("query") is not None
    return _counted(column)


def _counted(column: exp.Column) -> bool:
    """Inside COUNT a key counts; as the outcome of a CASE inside COUNT it does too, as its condition it does not."""
    child: exp.Expr = column
    parent = column.parent
    while isinstance(parent, exp.Paren | exp.Distinct | exp.If | exp.Case):
        if isinstance(parent, exp.If) and child.arg_key == "this":
            return False
        if isinstance(parent, exp.Case) and child.arg_key == "this":
            return False
        child, parent = parent, parent.parent
    return isinstance(parent, exp.Count)


def columns_used(select: exp.Select, alias: str, dataset: str, work: Work) -> list[str]:
    """Return the columns of a dataset that are named under an alias anywhere in the SELECT, in declared order."""
    named = {column.name for column in select.find_all(exp.Column) if column.table == alias}
    visible = visible_columns(work.context.policy, work.context.purpose, dataset)
    return [column.name for column in visible if column.name in named]
