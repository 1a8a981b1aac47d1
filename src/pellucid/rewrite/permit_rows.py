"""Replace a personal table by the rows that may be read for this purpose now: permitted people, rows not past
retention, sensitive rows only with explicit consent, permitted columns only, masked.

    "transactions"
      ->  SELECT _b."sales_value" AS "sales_value", _b."_subject0" AS "_subject"
          FROM held."transactions" AS _b
          WHERE <the row stands in a block whose people are all permitted>
          UNION ALL ... <the other blocks, person by person>
          UNION ALL ... <people with a not-before instant: only their rows from then on>

Which blocks and people these are, the engine fills in from its replica of the permitted sets, where rows with several
subjects need all of them, and NULL, unknown and out-of-range ids are denied: `engines.readable`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlglot import exp, parse_one

from pellucid.policy.model import Column, Dataset, Mask, MaskKind, Purpose, SensitiveUse, SensitiveWhen
from pellucid.policy.retention import days_read
from pellucid.rewrite.governed import RankFilter
from pellucid.rewrite.relations import SUBJECT_ID

TURN = "_turn"
"""The hidden column with a row's stored rank, where rows ranked just beyond the bound are to be counted."""

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


def governed_sql(dataset: Dataset, purpose: Purpose, columns: Sequence[str], rank: RankFilter | None = None) -> str:
    """Return the SQL of the governed rows: the only text in which `recheck` lets a personal table be named."""
    shown = [*(_shown(dataset.columns[name], purpose) for name in columns), f'_b."_subject0" AS "{SUBJECT_ID}"']
    shown += [f'_b.{rank.column} AS "{TURN}"'] if rank is not None and rank.marked else []
    rows = f"SELECT {', '.join(shown)} FROM {held(dataset.name)} AS _b"  # noqa: S608
    branches = [_settled(dataset, purpose), _told(dataset, purpose)]
    if dataset.time is not None:
        branches.append(_from_an_instant(dataset, purpose, dataset.time))
    # Another purpose's bits let nothing through, whatever else should go wrong.
    same = [f"$_purpose = {literal(purpose.name)}", *_retained(dataset, purpose)]
    same += [f"_b.{rank.column} < {rank.rows + rank.marked}"] if rank is not None else []
    return " UNION ALL ".join(f"{rows}{join} WHERE {' AND '.join([where, *same])}" for join, where in branches)


def _settled(dataset: Dataset, purpose: Purpose) -> tuple[str, str]:
    """Blocks of rows about people who are all permitted: a block is one constant for whole vectors of rows."""
    bits = f"GET_BIT($_open_{dataset.name}, _b._block)", f"GET_BIT($_open_sensitive_{dataset.name}, _b._block)"
    return "", f"{_by_sensitivity(dataset, purpose, *bits, never='0')} = 1"


def _told(dataset: Dataset, purpose: Purpose) -> tuple[str, str]:
    """Blocks in which not all are alike: their permitted people, 64 in a word."""
    word = _by_sensitivity(dataset, purpose, "_w.plain", "_w.sensitive", never="0")
    return f' JOIN "_words_{dataset.name}" AS _w ON _w.word = _b._word', f"(({word} >> _b._bit) & 1) = 1"


def _from_an_instant(dataset: Dataset, purpose: Purpose, time: str) -> tuple[str, str]:
    """People whose permission starts at an instant, never those whom the bit permits."""
    since = _by_sensitivity(dataset, purpose, "_l.not_before", "_l.sensitive_not_before", never="NULL")
    join = f' JOIN "_later_{dataset.name}" AS _l ON _l.word = _b._word AND _l.bit = _b._bit'
    return join, f"COALESCE(_b.{quoted(time)} >= {since}, FALSE)"


def _by_sensitivity(dataset: Dataset, purpose: Purpose, plain: str, sensitive: str, *, never: str) -> str:
    """Return what decides about a row, for which it matters whether the row is sensitive."""
    found = _sensitive(dataset)
    if found is None:
        return plain
    explicit = purpose.sensitive is SensitiveUse.EXPLICIT_CONSENT
    return f"CASE WHEN {found} THEN {sensitive if explicit else never} ELSE {plain} END"


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


def _retained(dataset: Dataset, purpose: Purpose) -> list[str]:
    """Rows past retention, or over for the purpose, never enter a question; nor do rows without an instant, then."""
    days = days_read(dataset, purpose)
    if days is None or dataset.time is None:
        return []
    since = f"CAST($_now AS TIMESTAMP) - INTERVAL '{days}' DAY"
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
