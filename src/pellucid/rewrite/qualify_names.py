"""Resolve every name against what this purpose may read: `*` becomes the permitted columns, aliases are expanded.

    SELECT * FROM demographics d   ->  SELECT "d"."household_id", "d"."age" FROM "demographics" AS "d"

A column the purpose may not read does not resolve; then the refusal names every such column and where it may be read.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema

from pellucid.policy.decide import Use, decide, permitted_columns, subject_key_columns
from pellucid.policy.model import Column, ColumnType
from pellucid.rewrite.context import Context, Findings, PolicyPurpose
from pellucid.rewrite.families import family_of, type_of_arithmetic
from pellucid.rewrite.generate import DUCKDB
from pellucid.rewrite.key_columns import visible_columns

_TYPES = {
    ColumnType.TEXT: "TEXT",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.REAL: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}


def _with_moments(kind: type[exp.Expr]) -> dict[str, Any]:
    """Return how a kind of arithmetic is annotated: as sqlglot does, but for moments and intervals."""
    known = DUCKDB.EXPRESSION_METADATA[kind]

    def annotated(annotator: Any, node: Any) -> Any:
        known["annotator"](annotator, node)
        told = type_of_arithmetic(node)
        if told is not None:
            annotator._set_type(node, told)
        return node

    return {**known, "annotator": annotated}


_METADATA: dict[Any, Any] = {
    **DUCKDB.EXPRESSION_METADATA,
    **{kind: _with_moments(kind) for kind in (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod)},
}


def qualify_names(query: exp.Query, context: Context, findings: Findings) -> exp.Query:
    """Return the qualified tree. Raises UseRefused with every unknown or forbidden name."""
    _authorise_tables(query, context, findings)
    try:
        schema = _schema(context.key)
        qualified = qualify(query.copy(), schema=schema, dialect=DUCKDB)
        qualified = annotate_types(qualified, schema=schema, dialect=DUCKDB, expression_metadata=_METADATA)
    except (SqlglotError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, AssertionError):
        qualified = None  # sqlglot raises such too: OverflowError for `GROUP BY 9223372036854775807`
    if qualified is None or not _all_resolved(qualified):
        _explain(query, context, findings)
        raise findings.refusal()
    for node in list(qualified.walk()):
        if isinstance(node, exp.Select):
            _name_once(node)
        elif isinstance(node, exp.TableColumn):  # as text it shows the keys in it, and the hidden id
            findings.add("syntax-not-allowed", name="a whole row as a value")
        elif isinstance(node, exp.Sum | exp.Avg):
            _refuse_sum_of_words(node, findings)
        _forget_notes(node)
    findings.settle()
    return qualified


def _forget_notes(node: exp.Expr) -> None:
    """Drop what sqlglot noted for itself, and the parameters of types: copies would spend most of their time on it."""
    node._meta = None
    if node.type is not None and node.type.this is exp.DType.UNKNOWN:
        node.type = None
    elif node.type is not None and node.type.expressions:
        node.type = exp.DataType(this=node.type.this)


def _refuse_sum_of_words(node: exp.Expr, findings: Findings) -> None:
    """Refuse a sum of text or instants: nobody can tell its type from outside, so comparing it could raise."""
    value = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    if family_of(value) in {"TEXT", "DATE", "TIMESTAMP"}:
        findings.add("sum-not-a-number", name="avg" if isinstance(node, exp.Avg) else "sum")


def _name_once(select: exp.Select) -> None:
    """Rename the later outputs of one name: engines take the first, and facts go by name."""
    taken: set[str] = set()
    for projection in list(select.expressions):
        name, number = projection.alias_or_name, 2
        while name.lower() in taken:
            name, number = f"{projection.alias_or_name}_{number}", number + 1
        taken.add(name.lower())
        if name != projection.alias_or_name:
            projection.replace(exp.alias_(projection.unalias().copy(), name, quoted=True))


def _all_resolved(query: exp.Query) -> bool:
    """Return whether every column has a table, or is an alias of its own SELECT: HAVING is not checked by `qualify`."""
    for column in query.find_all(exp.Column):
        if not column.table:
            around = column.find_ancestor(exp.Select, exp.SetOperation)
            if around is None or column.name not in around.named_selects:
                return False
    return True


def _authorise_tables(query: exp.Query, context: Context, findings: Findings) -> None:
    named = {table.name.lower() for table in query.find_all(exp.Table)}
    ctes = {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    for name in sorted(named - ctes - set(context.datasets)):
        known = [dataset for dataset in context.datasets if permitted_columns(context.policy, context.purpose, dataset)]
        findings.add("table-unknown", name=name, known=", ".join(known) or "none")
    unreadable = [name for name in named & set(context.datasets) if not _readable(context, name)]
    if unreadable:
        use = Use(context.actor, context.purpose, context.action, datasets=frozenset(unreadable))
        findings.extend(list(decide(context.policy, use, context.standing).reasons))
    if unreadable or named - ctes - set(context.datasets):
        _explain(query, context, findings)
        findings.settle()


def _readable(context: Context, dataset: str) -> bool:
    return bool(permitted_columns(context.policy, context.purpose, dataset))


def _explain(query: exp.Query, context: Context, findings: Findings) -> None:
    """Find out which names did not resolve, by resolving against everything declared."""
    used: set[tuple[str, str]] = set()
    try:
        schema = _schema(PolicyPurpose(context.policy, None))
        full = qualify(query.copy(), schema=schema, dialect=DUCKDB, expand_stars=False)
        for scope in traverse_scope(full):
            for column in scope.columns:
                source = scope.sources.get(column.table)
                if isinstance(source, exp.Table):
                    used.add((source.name, column.name))
    except (SqlglotError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, AssertionError):
        _explain_unknown(query, context, findings)
    used = {(dataset, column) for dataset, column in used if column != "*" and not _visible(context, dataset, column)}
    use = Use(context.actor, context.purpose, context.action, columns=frozenset(used))
    findings.extend(list(decide(context.policy, use, context.standing).reasons))
    if not findings:
        findings.add("names-unresolved")


def _visible(context: Context, dataset: str, column: str) -> bool:
    """Return whether a name resolves for this purpose, so that it cannot be why the question did not."""
    if dataset not in context.datasets:
        return True
    if column in subject_key_columns(context.datasets[dataset]):
        return True  # a key may always tie rows together, where the dataset may be read at all
    return any(column == each.name for each in visible_columns(context.policy, context.purpose, dataset))


def _explain_unknown(query: exp.Query, context: Context, findings: Findings) -> None:
    datasets = {table.name.lower() for table in query.find_all(exp.Table)} & set(context.datasets)
    declared = {column for dataset in datasets for column in context.datasets[dataset].columns}
    aliases = {alias.alias.lower() for alias in query.find_all(exp.Alias)}
    aliases |= {name.name.lower() for alias in query.find_all(exp.TableAlias) for name in alias.columns}
    for name in sorted({column.name.lower() for column in query.find_all(exp.Column)} - declared - aliases - {""}):
        known = sorted(
            {
                column.name
                for dataset in datasets
                for column in permitted_columns(context.policy, context.purpose, dataset)
            }
        )
        findings.add("name-unknown", name=name, known=", ".join(known) or "none")
    _forbidden_by_name(query, datasets, context, findings)


def _forbidden_by_name(query: exp.Query, datasets: set[str], context: Context, findings: Findings) -> None:
    """Without scopes the best that can be said: each name that belongs to a forbidden column of a table asked for."""
    names = {column.name.lower() for column in query.find_all(exp.Column)}
    used = {(dataset, name) for dataset in datasets for name in names & set(context.datasets[dataset].columns)}
    used = {(dataset, name) for dataset, name in used if not _visible(context, dataset, name)}
    use = Use(context.actor, context.purpose, context.action, columns=frozenset(used))
    findings.extend(list(decide(context.policy, use, context.standing).reasons))


@lru_cache(maxsize=256)
def _schema(key: PolicyPurpose) -> MappingSchema:
    columns: dict[str, object] = {
        name: {column.name: _type(column) for column in _columns(key, name)}
        for name in key.policy.datasets
        if _columns(key, name)
    }
    return MappingSchema(columns, dialect=DUCKDB)


def _columns(key: PolicyPurpose, dataset: str) -> tuple[Column, ...]:
    if key.purpose is None:
        return tuple(key.policy.datasets[dataset].columns.values())
    return visible_columns(key.policy, key.purpose, dataset)


def _type(column: Column) -> str:
    return f"DECIMAL(18, {column.scale})" if column.type is ColumnType.MONEY else _TYPES[column.type]
