"""Govern the rows a question reads, without splitting it for release: it runs as typed over permitted, masked rows.

    WITH x AS (SELECT * FROM members) SELECT town FROM x
      ->  WITH _g0 AS NOT MATERIALIZED (<governed members>), "x" AS (SELECT "members"."town" FROM _g0 AS "members")
          SELECT "x"."town" AS "town" FROM "x" AS "x"

The answer holds rows about people, which leave only through stories of their own (an audience, a right exercised).
Nothing that answers questions may use this: of all insights only derived tables do, and a test sees to that.
What may raise, casts that are not written out included, is left as typed: a barrier stands behind every personal table,
so that it meets permitted rows only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from pellucid.policy.decide import Use, decide
from pellucid.policy.model import Dataset
from pellucid.rewrite.context import Context, Findings
from pellucid.rewrite.generate import generate
from pellucid.rewrite.governed import GovernedRows
from pellucid.rewrite.governed_text import governed_text, parameters_in
from pellucid.rewrite.key_columns import visible_columns
from pellucid.rewrite.parse import parse_question
from pellucid.rewrite.permit_rows import held, quoted
from pellucid.rewrite.pipeline import PASSES
from pellucid.rewrite.recheck import parse_generated
from pellucid.rewrite.vocabulary import ALLOWED


@dataclass(frozen=True, slots=True)
class GovernedRowQuery:
    """A question over permitted rows. `used` are the columns it reads as `dataset.column`; `parameters` the names of
    the values to bind (those that begin with `_size_` are the engine's own).
    """

    purpose: str
    sql: str
    parameters: tuple[str, ...]
    datasets: tuple[str, ...]
    used: tuple[str, ...]
    obligations: tuple[str, ...]


@dataclass(slots=True)
class _Sources:
    """The governed rows that a question names, by their text."""

    context: Context
    names: dict[str, str] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)
    datasets: set[str] = field(default_factory=set)

    def name(self, dataset: Dataset, columns: tuple[str, ...]) -> str:
        """Return the name under which the question finds these columns of a dataset."""
        self.datasets.add(dataset.name)
        self.used.update((dataset.name, column) for column in columns)
        text = _text(dataset, self.context, columns)
        return self.names.setdefault(text, f"_g{len(self.names)}")


def govern_rows(sql: str, context: Context) -> GovernedRowQuery:
    """Govern the rows of a question. Raises UseRefused with every reason found; touches no data.

    A key that the purpose may not read is refused even where it would only tie rows together: here it could be shown.
    """
    try:
        return _govern_rows(sql, context)
    except RecursionError:
        raise Findings().stop("sql-too-deep", depth=context.limits.depth) from None


def _govern_rows(sql: str, context: Context) -> GovernedRowQuery:
    findings = Findings()
    query = parse_question(sql, context.limits)
    for each in PASSES:
        query = each(query, context, findings)
    sources = _Sources(context)
    for table, dataset, columns in list(_base_tables(query, context, findings)):
        table.replace(_reference(table, sources.name(dataset, columns)))
    use = Use(context.actor, context.purpose, context.action, frozenset(sources.used), frozenset(sources.datasets))
    decision = decide(context.policy, use, context.standing)
    findings.extend(list(decision.reasons))
    findings.settle()
    named = {node.name for node in query.find_all(exp.Placeholder)}
    body = generate(query)
    if not _is_sound(body, frozenset(sources.names.values())):
        raise findings.stop("output-recheck")
    return GovernedRowQuery(
        purpose=context.purpose,
        sql=_in_front(sources.names, body),
        parameters=tuple(sorted(named.union(*map(parameters_in, sources.names)))),
        datasets=tuple(sorted(sources.datasets)),
        used=tuple(sorted(f"{dataset}.{column}" for dataset, column in sources.used)),
        obligations=decision.obligations,
    )


def _base_tables(
    query: exp.Query, context: Context, findings: Findings
) -> Iterator[tuple[exp.Table, Dataset, tuple[str, ...]]]:
    """Yield every table that is a dataset, as opposed to a CTE in scope, and the columns named of it."""
    tables: dict[int, tuple[exp.Table, set[str]]] = {}
    for scope in traverse_scope(query):
        for alias, source in scope.sources.items():
            if isinstance(source, exp.Table):  # a lateral subquery has the tables before it among its sources too
                _, named = tables.setdefault(id(source), (source, set()))
                named.update(column.name for column in scope.expression.find_all(exp.Column) if column.table == alias)
    for table, named in tables.values():
        if table.name not in context.datasets:  # the name of a CTE that is not in scope here
            raise findings.stop("table-unknown", name=table.name, known=", ".join(context.datasets))
        visible = visible_columns(context.policy, context.purpose, table.name)
        yield table, context.datasets[table.name], tuple(each.name for each in visible if each.name in named)


def _reference(table: exp.Table, name: str) -> exp.Table:
    alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name, quoted=True))
    return exp.Table(this=exp.to_identifier(name), alias=alias, joins=table.args.get("joins"))


def _text(dataset: Dataset, context: Context, columns: tuple[str, ...]) -> str:
    """Return the rows as text. The hidden id of the subject stays inside: a NATURAL JOIN would find it."""
    chosen = ", ".join(quoted(column) for column in columns) or "1 AS one"
    if dataset.is_public:
        return f"SELECT {chosen} FROM {held(dataset.name)}"  # noqa: S608
    rows = governed_text(context.key, GovernedRows("_g0", dataset.name, columns, barrier=True))
    return f"SELECT {chosen} FROM ({rows})"  # noqa: S608


def _in_front(names: dict[str, str], body: str) -> str:
    if not names:
        return body
    texts = ", ".join(f"{name} AS NOT MATERIALIZED ({text})" for text, name in names.items())
    return f"WITH {texts}, {body.removeprefix('WITH ')}" if body.startswith("WITH ") else f"WITH {texts} {body}"


def _is_sound(body: str, names: frozenset[str]) -> bool:
    """Return whether the question's own part, parsed back, names nothing but governed rows and its own CTEs.

    A dataset that was missed would not be found either: logical names do not exist in an engine.
    """
    tree = parse_generated(body)
    if tree is None or not all(type(node).__name__ in ALLOWED for node in tree.walk()):
        return False
    known = names | {cte.alias for cte in tree.find_all(exp.CTE)}
    return all(not table.db and not table.catalog and table.name in known for table in tree.find_all(exp.Table))
