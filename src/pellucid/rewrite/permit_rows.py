"""Replace a personal table by the rows that may be read for this purpose now: permitted people, rows not past
retention, sensitive rows only with explicit consent, permitted columns only, masked.

    "transactions"
      ->  SELECT _b."sales_value" AS "sales_value", _b."_subject0" AS "_subject"
          FROM held."transactions" AS _b
          WHERE <bit of _subject0 in the purpose's bitmap>

A second branch reads people with a not-before instant: only their rows from then on. Rows with several subjects need
all of them. NULL, unknown and out-of-range ids are denied; so is everything when the purpose has no bitmap.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlglot import exp, parse_one

from pellucid.policy.model import Column, Dataset, Mask, MaskKind, Purpose, SensitiveUse, SensitiveWhen
from pellucid.rewrite.relations import SUBJECT_ID

HELD = "held"
NOW = "_now"


def forget_positions(tree: exp.Expr) -> None:
    """Drop where each node stood in the text: copies of a tree would spend most of their time on it."""
    for node in tree.walk():
        node._meta = None


def public_source(dataset: Dataset, columns: Sequence[str]) -> exp.Subquery:
    """Return the subquery that stands for a public dimension."""
    chosen = ", ".join(f'"_b".{quoted(name)}' for name in columns) or "1 AS one"
    return exp.Subquery(this=_parsed_public(f"SELECT {chosen} FROM {held(dataset.name)} AS _b").copy())  # noqa: S608


@lru_cache(maxsize=1024)
def _parsed_public(sql: str) -> exp.Query:
    query = parse_one(sql, read="duckdb", into=exp.Select)
    forget_positions(query)
    return query


def governed_sql(dataset: Dataset, purpose: Purpose, columns: Sequence[str]) -> str:
    """Return the SQL of the governed rows: the only text in which `recheck` lets a personal table be named."""
    shown = [*(_shown(dataset.columns[name], purpose) for name in columns), f'_b."_subject0" AS "{SUBJECT_ID}"']
    sensitive = _sensitive(dataset)
    bits = [_bit(dataset, purpose, position, sensitive) for position in range(len(dataset.subjects))]
    kept = _retained(dataset)
    by_bit = f"SELECT {', '.join(shown)} FROM {held(dataset.name)} AS _b WHERE {' AND '.join([*bits, *kept])}"  # noqa: S608
    if dataset.time is None:
        return by_bit
    return f"{by_bit} UNION ALL {_from_an_instant(dataset, purpose, shown, bits, kept, sensitive)}"


def _from_an_instant(
    dataset: Dataset, purpose: Purpose, shown: list[str], bits: list[str], kept: list[str], sensitive: str | None
) -> str:
    """People whose permission starts at an instant: joined on subject and time, never those whom the bit permits."""
    joins, each = [], []
    for position, path in enumerate(dataset.subjects):
        alias = f"_p{position}"
        kind = "JOIN" if len(dataset.subjects) == 1 else "LEFT JOIN"
        joins.append(
            f'{kind} replica."partial" AS {alias} ON {alias}.purpose = {literal(purpose.name)} '
            f"AND {alias}.namespace = {literal(path.namespace)} AND {alias}.subject = _b._subject{position}"
        )
        since = f"{alias}.not_before"
        if sensitive is not None:
            explicit = purpose.sensitive is SensitiveUse.EXPLICIT_CONSENT
            instant = f"{alias}.sensitive_not_before" if explicit else "NULL"  # never, whatever the replica holds
            since = f"CASE WHEN {sensitive} THEN {instant} ELSE {since} END"
        later = f"COALESCE(_b.{quoted(dataset.time or '')} >= {since}, FALSE)"
        each.append(f"({bits[position]} OR {later})")
    where = [*each, f"NOT ({' AND '.join(bits)})", *kept]
    return f"SELECT {', '.join(shown)} FROM {held(dataset.name)} AS _b {' '.join(joins)} WHERE {' AND '.join(where)}"  # noqa: S608


def _bit(dataset: Dataset, purpose: Purpose, position: int, sensitive: str | None) -> str:
    namespace = dataset.subjects[position].namespace
    subject = f"_b._subject{position}"

    def bitmap(kind: str) -> str:
        return (
            f"(SELECT {kind} FROM replica.permitted "  # noqa: S608
            f"WHERE purpose = {literal(purpose.name)} AND namespace = {literal(namespace)})"
        )

    permitted = f"GET_BIT({bitmap('plain')}, {subject}) = 1"
    if sensitive is not None and purpose.sensitive is SensitiveUse.EXPLICIT_CONSENT:
        permitted = f"CASE WHEN {sensitive} THEN GET_BIT({bitmap('sensitive')}, {subject}) = 1 ELSE {permitted} END"
    elif sensitive is not None:
        permitted = f"CASE WHEN {sensitive} THEN FALSE ELSE {permitted} END"
    inside = f"{subject} >= 0 AND {subject} < $_size_{namespace}"
    return f"COALESCE(CASE WHEN {inside} THEN {permitted} ELSE FALSE END, FALSE)"


def _sensitive(dataset: Dataset) -> str | None:
    """Return when a row is sensitive: if any rule says so, or if its value is missing or unknown to its lookup."""
    if not dataset.sensitive_when:
        return None
    return "(" + " OR ".join(_matches(rule) for rule in dataset.sensitive_when) + ")"


def _matches(rule: SensitiveWhen) -> str:
    values = ", ".join(literal(value) for value in rule.values)
    column = f"_b.{quoted(rule.column)}"
    if rule.lookup is None:
        return f"COALESCE({column} IN ({values}), TRUE)"
    dataset, key, compared = rule.lookup
    harmless = (
        f"SELECT _d.{quoted(key)} FROM {held(dataset)} AS _d "  # noqa: S608
        f"WHERE NOT COALESCE(_d.{quoted(compared)} IN ({values}), TRUE) AND NOT _d.{quoted(key)} IS NULL"
    )
    return f"NOT COALESCE({column} IN ({harmless}), FALSE)"


def _retained(dataset: Dataset) -> list[str]:
    """Rows past retention never enter a question; rows without an instant cannot be shown to be within it."""
    if dataset.retention_days is None or dataset.time is None:
        return []
    since = f"CAST($_now AS TIMESTAMP) - INTERVAL '{dataset.retention_days}' DAY"
    return [f"COALESCE(_b.{quoted(dataset.time)} >= {since}, FALSE)"]


def _shown(column: Column, purpose: Purpose) -> str:
    mask = column.mask
    value = f"_b.{quoted(column.name)}"
    if mask is not None and purpose.name not in mask.unmasked_for:
        value = _masked(value, column, mask)
    return f"{value} AS {quoted(column.name)}"


def _masked(value: str, column: Column, mask: Mask) -> str:
    if mask.kind is MaskKind.NULL:
        return f"CASE WHEN FALSE THEN {value} END"
    if mask.kind is MaskKind.PREFIX:
        return f"LEFT({value}, {mask.size})"
    if mask.kind is MaskKind.BAND:
        return f"(FLOOR({value} / {mask.size}) * {mask.size})"
    return f"DATE_TRUNC('{mask.kind.value}', {value})"


def held(dataset: str) -> str:
    """Return the physical name of a dataset: analysts cannot name the schema, and logical names do not exist."""
    return f'{HELD}."{dataset}"'


def quoted(name: str) -> str:
    """Return a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | bool) -> str:
    """Return a SQL literal."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
