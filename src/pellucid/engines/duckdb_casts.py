"""What DuckDB does to bring one incoming value to its declared type, or to find out why it cannot.

Pure text: expressions over the raw value `r<i>` and the typed value `v<i>` of a column, made from policy types and from
the engine's own type names, never from anything a file says. It knows nothing of subjects, time rules or duplicates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pellucid.policy.model import Column, ColumnType

INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
)
TIMESTAMPS = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})

WHOLE = "[+-]?[0-9]{1,19}"
NUMBER = "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,4})?"
DOUBLE_DIGITS = 16
NOT_FINITE = "[+-]?(nan|inf|infinity)"
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
OFFSET = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"

SQL_TYPES = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.REAL: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class Check:
    """A condition under which a row is rejected, the stable reason code, and the column it is about."""

    condition: str
    reason: str
    column: str


@dataclass(frozen=True, slots=True)
class Cast:
    """The typed value of a column (NULL where the raw value does not fit) and the checks that say why it did not."""

    value: str
    checks: tuple[Check, ...]


def sql_type(column: Column) -> str:
    """Return the type in which a generation file stores a column."""
    if column.type is ColumnType.MONEY:
        return f"DECIMAL(18,{column.scale})"
    return SQL_TYPES[column.type]


def family(engine_type: str) -> str:
    """Return which kind of source an engine type is: text, integer, decimal, double, float, boolean, date, ..."""
    if engine_type in INTEGERS:
        return "integer"
    if engine_type in TIMESTAMPS:
        return "timestamp"
    if engine_type.startswith("DECIMAL("):
        return "decimal"
    named = {"VARCHAR": "text", "DOUBLE": "double", "FLOAT": "float", "BOOLEAN": "boolean", "DATE": "date"}
    others = {"TIMESTAMP WITH TIME ZONE": "zoned", "UUID": "uuid"}
    return (named | others).get(engine_type, "other")


def cast(column: Column, position: int, engine_type: str, *, required: bool) -> Cast:
    """Return how the raw column number `position`, of an engine type, becomes its declared type.

    `required` columns are rejected where they are NULL. What cannot be cast without changing the value is NULL.
    """
    raw, value = f"r{position}", f"v{position}"
    kind = family(engine_type)
    expression = _EXPRESSIONS[column.type](raw, kind, column)
    checks = []
    if required:
        checks.append(Check(f"{raw} IS NULL", "null", column.name))
    failed = f"{raw} IS NOT NULL AND {value} IS NULL"
    checks += [Check(f"{failed} AND {more}", why, column.name) for more, why in _causes(raw, kind, column)]
    checks.append(Check(failed, "wrong-type", column.name))
    if column.type in (ColumnType.DATE, ColumnType.TIMESTAMP):
        checks.append(
            Check(f"NOT isfinite({value}) OR year({value}) NOT BETWEEN 1 AND 9999", "out-of-range", column.name)
        )
    return Cast(f"CAST({expression} AS {sql_type(column)})", tuple(checks))


def _causes(raw: str, kind: str, column: Column) -> list[tuple[str, str]]:
    if column.type is ColumnType.REAL and kind in ("double", "float"):
        return [(f"NOT isfinite({raw})", "not-finite")]
    if column.type is ColumnType.REAL and kind == "text":
        return [(f"(isinf(TRY_CAST({raw} AS DOUBLE)) OR {_matches(f'lower(trim({raw}))', NOT_FINITE)})", "not-finite")]
    if column.type is ColumnType.MONEY and kind == "text":
        exact = _matches(f"trim({raw})", _exact_money(column.scale))
        return [(exact, "out-of-range"), (_matches(f"trim({raw})", NUMBER), "inexact-money")]
    if column.type is ColumnType.MONEY and kind == "double":
        return [(f"NOT isfinite({raw})", "not-finite"), ("TRUE", "inexact-money")]
    if column.type is ColumnType.MONEY and kind == "decimal":
        return [("TRUE", "inexact-money")]
    if column.type in (ColumnType.MONEY, ColumnType.INTEGER) and kind == "integer":
        return [("TRUE", "out-of-range")]
    return []


def _text(raw: str, kind: str, _column: Column) -> str:
    if kind == "text":
        return raw
    # A real number has no one spelling, so it cannot be a text (least of all a key).
    return f"CAST({raw} AS VARCHAR)" if kind in ("integer", "boolean", "date", "uuid") else "NULL"


def _integer(raw: str, kind: str, _column: Column) -> str:
    if kind == "text":
        return f"CASE WHEN {_matches(f'trim({raw})', WHOLE)} THEN TRY_CAST(trim({raw}) AS BIGINT) END"
    if kind == "integer":
        return f"TRY_CAST({raw} AS BIGINT)"
    if kind in ("double", "float"):
        return f"CASE WHEN abs({raw}) < 9007199254740992 AND {raw} = trunc({raw}) THEN TRY_CAST({raw} AS BIGINT) END"
    if kind == "decimal":
        return f"CASE WHEN {raw} = trunc({raw}) THEN TRY_CAST({raw} AS BIGINT) END"
    return "NULL"


def _money(raw: str, kind: str, column: Column) -> str:
    target = f"DECIMAL(18,{column.scale})"
    if kind == "text":
        return _money_text(raw, column.scale)
    if kind == "integer":
        return f"TRY_CAST({raw} AS {target})"
    rounded = f"TRY_CAST({raw} AS {target})"
    if kind == "decimal":
        return f"CASE WHEN {rounded} = {raw} THEN {rounded} END"
    # A 32-bit float cannot hold cents beyond some 160,000.00, so it is no money at all.
    return _money_double(raw, column.scale) if kind == "double" else "NULL"


def _money_text(raw: str, scale: int) -> str:
    text = f"trim({raw})"
    exact = f"WHEN {_matches(text, _exact_money(scale))} THEN TRY_CAST({text} AS DECIMAL(18,{scale}))"
    # So many digits, or an exponent, are how programs print a double: its text is read as one.
    digits = f"length(regexp_replace({text}, '[^0-9]', '', 'g'))"
    printed = f"({digits} >= {DOUBLE_DIGITS} OR contains(lower({text}), 'e')) AND {_matches(text, NUMBER)}"
    return f"CASE {exact} WHEN {printed} THEN {_money_double(f'TRY_CAST({text} AS DOUBLE)', scale)} END"


def _money_double(value: str, scale: int) -> str:
    """Return the nearest unit if that is what the double stands for; above 2^53 units it stands for several."""
    unit = repr(10.0**-scale)
    rounded = f"TRY_CAST({value} AS DECIMAL(18,{scale}))"
    near = f"abs({value} - CAST({rounded} AS DOUBLE)) <= 1e-9 * greatest(abs({value}), {unit})"
    return f"CASE WHEN abs({value}) < 9007199254740992 * {unit} AND {near} THEN {rounded} END"


def _real(raw: str, kind: str, _column: Column) -> str:
    if kind == "text":
        finite = f"{_matches(f'trim({raw})', NUMBER)} AND isfinite(TRY_CAST(trim({raw}) AS DOUBLE))"
        return f"CASE WHEN {finite} THEN TRY_CAST(trim({raw}) AS DOUBLE) END"
    if kind in ("double", "float"):
        return f"CASE WHEN isfinite({raw}) THEN CAST({raw} AS DOUBLE) END"
    return f"TRY_CAST({raw} AS DOUBLE)" if kind in ("integer", "decimal") else "NULL"


def _boolean(raw: str, kind: str, _column: Column) -> str:
    if kind == "boolean":
        return raw
    if kind == "text":
        word = f"lower(trim({raw}))"
        yes, no = "('true', 't', '1', 'yes')", "('false', 'f', '0', 'no')"
        return f"CASE WHEN {word} IN {yes} THEN TRUE WHEN {word} IN {no} THEN FALSE END"
    return f"CASE {raw} WHEN 1 THEN TRUE WHEN 0 THEN FALSE END" if kind == "integer" else "NULL"


def _date(raw: str, kind: str, _column: Column) -> str:
    if kind == "date":
        return raw
    if kind == "text":
        midnight = f"{DAY}([T ]00:00(:00([.]0+)?)?)?"
        return f"CASE WHEN {_matches(f'trim({raw})', midnight)} THEN TRY_CAST(left(trim({raw}), 10) AS DATE) END"
    if kind == "timestamp":
        return f"CASE WHEN isfinite({raw}) AND {raw} = date_trunc('day', {raw}) THEN TRY_CAST({raw} AS DATE) END"
    return "NULL"


def _timestamp(raw: str, kind: str, _column: Column) -> str:
    if kind in ("timestamp", "date"):
        return f"TRY_CAST({raw} AS TIMESTAMP)"
    # The engine's own cast of a text to TIMESTAMP drops the offset without a word, so both ways go by epoch_us.
    zoned = "CASE WHEN isfinite({0}) THEN make_timestamp(epoch_us({0})) END"
    if kind == "zoned":
        return zoned.format(raw)
    if kind == "text":
        text = f"trim({raw})"
        plain = _matches(text, f"{DAY}([T ]{CLOCK})?")
        with_offset = _matches(text, f"{DAY}[T ]{CLOCK}{OFFSET}")
        instant = zoned.format(f"TRY_CAST({text} AS TIMESTAMPTZ)")
        return f"CASE WHEN {plain} THEN TRY_CAST({text} AS TIMESTAMP) WHEN {with_offset} THEN {instant} END"
    return "NULL"


_EXPRESSIONS = {
    ColumnType.TEXT: _text,
    ColumnType.INTEGER: _integer,
    ColumnType.MONEY: _money,
    ColumnType.REAL: _real,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: _date,
    ColumnType.TIMESTAMP: _timestamp,
}


def _exact_money(scale: int) -> str:
    return f"[+-]?[0-9]+([.][0-9]{{0,{scale}}}0*)?"


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, '{pattern}')"


def quoted(name: str) -> str:
    """Return a declared name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text of our own making as a string literal, for the few statements that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def glob_escaped(path: str) -> str:
    """Return a file path in which no character is a wildcard to the engine."""
    return re.sub(r"([*?\[])", r"[\1]", path)
