"""Govern the question of a derived table: permitted rows as typed, each provably of the one person whose key it holds.

    SELECT household_id, MIN(bought) AS oldest, SUM(quantity) AS pieces FROM purchases GROUP BY household_id

That each row is one person's is not judged here anew: the gate is asked to count the people in it, and counts only over
rows of which each is one person's (`subject_rows`). Rows leave only into the table, whose readers pass the gate.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from pellucid.policy.decide import subject_key_columns
from pellucid.policy.model import Built, Dataset
from pellucid.policy.retention import ever_over
from pellucid.rewrite.context import Context, Findings
from pellucid.rewrite.govern_rows import GovernedRowQuery, govern_rows
from pellucid.rewrite.governed import MeasureKind
from pellucid.rewrite.parse import parse_question
from pellucid.rewrite.permit_rows import quoted
from pellucid.rewrite.pipeline import PASSES, govern

_OLDEST = (exp.Min, exp.Least)


def govern_built(dataset: Dataset, built: Built, context: Context) -> GovernedRowQuery:
    """Govern the rows of a derived table about people. Raises UseRefused with every reason found; touches no data."""
    governed = govern_rows(built.sql, context)
    findings = Findings()
    query = _qualified(built, context)
    _demand_columns(query, dataset, findings)
    _demand_declared(governed, built, context, findings)
    findings.settle()
    _demand_own_key(dataset, built, context, findings)
    _demand_oldest(query, dataset, context, findings)
    findings.settle()
    return governed


def _qualified(built: Built, context: Context) -> exp.Query:
    query = parse_question(built.sql, context.limits)
    for each in PASSES:
        query = each(query, context, Findings())
    return query


def _demand_columns(query: exp.Query, dataset: Dataset, findings: Findings) -> None:
    """Demand the declared columns, each once and no other."""
    found = [name.casefold() for name in query.named_selects]
    wanted = [name.casefold() for name in dataset.columns]
    if sorted(found) != sorted(wanted):
        told = {"got": ", ".join(query.named_selects), "allowed": ", ".join(dataset.columns)}
        findings.add("built-columns", dataset=dataset.name, **told)


def _demand_declared(governed: GovernedRowQuery, built: Built, context: Context, findings: Findings) -> None:
    """Demand that every column of people that it reads is declared: by these it is decided who may read the table."""
    declared = set(built.reads)
    for name in governed.used:
        dataset, _, column = name.partition(".")
        source = context.datasets[dataset]
        if name not in declared and not source.is_public and column not in subject_key_columns(source):
            findings.add("built-undeclared", column=name)


def _demand_own_key(dataset: Dataset, built: Built, context: Context, findings: Findings) -> None:
    """Demand that the gate takes the key column for that of the one person whose rows each row is made of."""
    key = quoted(dataset.subjects[0].column)
    # On a line of its own, so that a comment at the end of the question ends too; that it is one query is known by now.
    people = govern(f"SELECT COUNT(DISTINCT built.{key}) AS people FROM (\n{built.sql}\n) AS built", context)  # noqa: S608
    kinds = [measure.kind for block in people.blocks for measure in block.measures]
    if kinds != [MeasureKind.SUBJECTS] or people.tables:
        findings.add("built-key", column=dataset.subjects[0].column)


# -- the oldest row ----------------------------------------------------------------------------------------------------


def _demand_oldest(query: exp.Query, dataset: Dataset, context: Context, findings: Findings) -> None:
    """Demand that the time column holds that of the oldest row that each row is made of, where any ever expires."""
    scopes = list(traverse_scope(query))
    tables = {id(table): table for scope in scopes for table in scope.sources.values() if isinstance(table, exp.Table)}
    expiring = {
        number
        for number, table in tables.items()
        if table.name in context.datasets and ever_over(context.policy, context.datasets[table.name])
    }
    if not expiring:
        return
    covered = set(_covered(scopes[-1], dataset.time or "", context))
    if not expiring <= covered:
        names = sorted({tables[number].name for number in expiring - covered})
        findings.add("built-oldest", column=dataset.time or "time", datasets=", ".join(names))


def _covered(scope: Scope, column: str, context: Context) -> Iterator[int]:
    """Yield the tables whose rows' time is known to be none before what a column of this query holds."""
    select = scope.expression
    if not isinstance(select, exp.Select):
        return
    for projection in select.selects:
        if projection.alias_or_name.casefold() == column.casefold():
            yield from _reached(projection.unalias(), scope, context)


def _reached(node: exp.Expr, scope: Scope, context: Context) -> Iterator[int]:
    if isinstance(node, _OLDEST):
        for each in (node.this, *node.expressions):
            yield from _reached(each, scope, context)
    elif isinstance(node, exp.Column):
        source = scope.sources.get(node.table)
        if isinstance(source, Scope):
            yield from _covered(source, node.name, context)
        elif isinstance(source, exp.Table) and source.name in context.datasets:
            time = context.datasets[source.name].time
            if time is not None and node.name.casefold() == time.casefold():
                yield id(source)
