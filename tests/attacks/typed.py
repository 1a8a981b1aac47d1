# ruff: noqa: E501  # pools and places read best a kind a line
"""Every function, operator, aggregate and window that the gate knows, over values of every type in every place.

    python -m tests.attacks.typed --attempts 20000

Each statement looks at nothing but the one row of household h718. What it does may be refused or fail; but it must do
the same where that household is not: an error that comes only with a row tells that there is one.
"""

from __future__ import annotations

import random

from pellucid.errors import QueryFailed, UseRefused
from pellucid.release.plan import plan
from pellucid.release.private import release
from pellucid.rewrite.pipeline import govern
from tests.attacks.fuzzing import ENGINE_SECONDS, LIMITS, Worlds, _bound, _statements
from tests.attacks.grocer import TARGET
from tests.attacks.watched import Finding, Fuzzer, main

VALUES = (
    "note", "shop", "quantity", "value", "bought", "shop = 'casino'", "CAST(bought AS DATE)", "CAST(bought AS TIME)",
    "CAST(value AS DOUBLE)", "INTERVAL 1 DAY", "bought - bought", "NULL", "5", "-1", "'x'", "'5'", "TRUE", "1e308",
    "9223372036854775807", "''", "DATE '2026-05-01'", "LENGTH(note)", "(SELECT MAX(p.size) FROM products p)", "$n",
)  # fmt: skip
SCALARS = (
    "ABS", "SUBSTRING", "LEFT", "RIGHT", "ROUND", "TRUNC", "DATE_ADD", "MAKE_DATE", "CEIL", "FLOOR", "SIGN", "SQRT", "LN",
    "EXP", "LOG", "POWER", "UPPER", "LOWER", "LENGTH", "TRIM", "CONCAT", "STARTS_WITH", "CONTAINS", "STRPOS",
    "REGEXP_MATCHES", "DATE_TRUNC", "YEAR", "MONTH", "DAY", "QUARTER", "WEEK", "DAYOFWEEK", "HOUR", "DATE_DIFF",
    "DATE_PART", "DAYNAME", "MONTHNAME", "LAST_DAY", "COALESCE", "NULLIF", "GREATEST", "LEAST", "IF", "EXTRACT", "DATE_SUB",
    "LTRIM", "RTRIM", "MOD", "POW", "IFNULL", "NVL", "CONCAT_WS", "INSTR", "LOG10", "LOG2", "STRFTIME", "EPOCH",
)  # fmt: skip
AGGREGATES = (
    "COUNT", "COUNT_IF", "SUM", "AVG", "MEAN", "MIN", "MAX", "MEDIAN", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "VARIANCE",
    "VAR_POP", "BOOL_OR", "BOOL_AND", "ANY_VALUE", "ARG_MAX", "ARG_MIN", "FIRST", "LAST", "MAX_BY", "MIN_BY",
    "QUANTILE_CONT", "QUANTILE_DISC",
)  # fmt: skip
WINDOWS = (
    "LAG",
    "LEAD",
    "FIRST_VALUE",
    "LAST_VALUE",
    "NTILE",
    "ROW_NUMBER",
    "RANK",
    "PERCENT_RANK",
    "CUME_DIST",
    *AGGREGATES,
)
OPERATORS = (
    "+", "-", "*", "/", "//", "%", "||", "=", "<>", "<", ">=", "AND", "OR", "LIKE", "ILIKE", "IS DISTINCT FROM",
    "IS NOT DISTINCT FROM", "IN", "NOT IN", "^", "**",
)  # fmt: skip
TYPES = (
    "TEXT",
    "INT",
    "BIGINT",
    "TINYINT",
    "DOUBLE",
    "FLOAT",
    "DECIMAL(10, 2)",
    "DECIMAL(18, 17)",
    "BOOLEAN",
    "DATE",
    "TIMESTAMP",
    "TIME",
    "INTERVAL",
)
PLACES = (
    "SELECT COUNT(*) FROM {rows} AS o WHERE {a}",
    "SELECT COUNT(*) FROM {rows} AS o WHERE {a} IS NULL",
    "SELECT COUNT(*) FROM {rows} AS o JOIN products AS p ON {a}",
    "SELECT COUNT(*) FROM {rows} AS o LEFT JOIN products AS p ON p.size = {a}",
    "SELECT COUNT({a}) FROM {rows} AS o",
    "SELECT SUM({a}) FROM {rows} AS o",
    "SELECT AVG(CASE WHEN {a} THEN {b} END) FROM {rows} AS o",
    "SELECT COUNT(*) FILTER (WHERE {a}) FROM {rows} AS o",
    "SELECT COUNT(CASE {a} WHEN {b} THEN 1 END) FROM {rows} AS o",
    "SELECT {a} AS k, COUNT(*) FROM {rows} AS o GROUP BY 1",
    "SELECT DISTINCT {a} AS k FROM {rows} AS o",
    "SELECT COUNT(*) FROM (SELECT household_id, {a} AS x, {b} AS y FROM {rows} AS o) AS z WHERE x = y",
    "SELECT COUNT(*) FROM (SELECT household_id, {a} AS x FROM {rows} AS o) AS z WHERE x",
    "SELECT COUNT(*) FROM (SELECT household_id, {a} AS x FROM {rows} AS o UNION ALL SELECT household_id, {b} FROM {rows} AS o) AS z WHERE x IS NULL",
    "SELECT x, COUNT(*) FROM (SELECT household_id, {a} AS x FROM {rows} AS o) AS z GROUP BY x",
    "SELECT COUNT(*) FROM members AS m WHERE EXISTS (SELECT 1 FROM {rows} AS o WHERE o.household_id = m.household_id AND {a})",
    "SELECT COUNT(*) FROM members AS m WHERE (SELECT MAX({a}) FROM {rows} AS o WHERE o.household_id = m.household_id) IS NULL",
    "SELECT COUNT(*) FROM members AS m WHERE (SELECT {a} FROM {rows} AS o WHERE o.household_id = m.household_id LIMIT 1)",
    "SELECT COUNT(*) FROM members AS m, LATERAL (SELECT {a} AS x FROM {rows} AS o WHERE o.household_id = m.household_id) AS z WHERE z.x IS NULL",
    "SELECT COUNT(*) FROM {rows} AS o WHERE {a} IN (SELECT p.size FROM products AS p)",
    "SELECT COUNT(*) FROM (SELECT household_id, MAX(value) AS x FROM {rows} AS o GROUP BY household_id HAVING {g}) AS z",
    "SELECT COUNT(*) FROM (SELECT household_id, {g} AS x FROM {rows} AS o GROUP BY household_id) AS z WHERE x IS NULL",
    "SELECT COUNT(*) FROM (SELECT household_id, {g} AS x FROM {rows} AS o GROUP BY household_id) AS z WHERE x",
    "SELECT x, COUNT(*) FROM (SELECT household_id, {g} AS x FROM {rows} AS o GROUP BY household_id) AS z GROUP BY x",
    "SELECT COUNT(*) FROM (SELECT household_id, {w} AS x FROM {rows} AS o) AS z WHERE x IS NULL",
    "SELECT COUNT(*) FROM (SELECT household_id, value FROM {rows} AS o QUALIFY {w}) AS z",
    "SELECT COUNT(*) FROM {rows} AS o GROUP BY {a}, {b}",
)  # fmt: skip
ROWS = "(SELECT * EXCLUDE (email) FROM orders WHERE value BETWEEN 4321 AND 4322)"
"""The one row of h718, which nobody else's is like."""


def statement(seed: int) -> str:
    """Return the statement of a seed."""
    pick = random.Random(seed)
    parts = {
        "a": _value(pick, 2),
        "b": _value(pick, 1),
        "g": _called(pick, AGGREGATES),
        "w": _window(pick),
        "rows": ROWS,
    }
    return pick.choice(PLACES).format(**parts)


def _value(pick: random.Random, depth: int) -> str:
    kind = pick.random()
    if depth == 0 or kind < 0.15:
        return pick.choice(VALUES)
    a, b = _value(pick, depth - 1), _value(pick, depth - 1)
    if kind < 0.55:
        return _called(pick, SCALARS, depth)
    if kind < 0.75:
        operator = pick.choice(OPERATORS)
        return f"({a} {operator} ({b}))"
    if kind < 0.85:
        return f"CAST({a} AS {pick.choice(TYPES)})"
    return pick.choice([f"CASE WHEN {a} THEN {b} END", f"CASE {a} WHEN {b} THEN {a} ELSE {b} END", f"({a} BETWEEN {b} AND {a})", f"NOT ({a})", f"-({a})", f"({a} IS TRUE)", f"({a}, {b}) = ({b}, {a})"])  # fmt: skip


def _called(pick: random.Random, functions: tuple[str, ...], depth: int = 1) -> str:
    name = pick.choice(functions)
    arguments = [_value(pick, depth - 1) for _ in range(pick.choice([1, 1, 1, 2, 2, 3]))]
    if name.startswith("QUANTILE"):
        arguments = [arguments[0], pick.choice(["0.9", "0.5", "1.5", arguments[-1]])]
    if name == "EXTRACT":
        return f"EXTRACT({pick.choice(['YEAR', 'EPOCH', 'DOW', 'ERA'])} FROM {arguments[0]})"
    if name in {"DATE_TRUNC", "DATE_DIFF", "DATE_PART", "DATE_SUB"}:
        arguments = [pick.choice(["'day'", "'month'", "'century'"]), *arguments]
    distinct = pick.choice(["", "", "", "DISTINCT "]) if name in AGGREGATES else ""
    order = pick.choice(["", "", "", f" ORDER BY {_value(pick, 0)}"]) if name in AGGREGATES else ""
    return f"{name}({distinct}{', '.join(arguments)}{order})"


def _window(pick: random.Random) -> str:
    name = pick.choice(WINDOWS)
    bare = name in {"ROW_NUMBER", "RANK", "PERCENT_RANK", "CUME_DIST"}
    called = f"{name}()" if bare else _called(pick, (name,))
    if name in {"LAG", "LEAD"} and pick.random() < 0.5:
        called = f"{name}({_value(pick, 0)}, 1, {_value(pick, 0)})"
    return f"{called} OVER (PARTITION BY household_id ORDER BY {_value(pick, 0)})"


def tried(worlds: Worlds, seed: int) -> str:
    """Return how a statement ended where the household is; raises Finding if it ends otherwise where it is not."""
    try:
        governed = govern(statement(seed), worlds.context)
    except UseRefused:
        return "refused"
    planned = plan(governed, worlds.policy.purposes["planning"].release, 1.0)
    bound = _bound(governed)
    ends = []
    for without in ("", TARGET):
        try:
            found = worlds.engine(without).run(_statements(governed, bound), purpose="planning", seconds=ENGINE_SECONDS)
            release(found, governed, planned)
            ends.append("answered")
        except QueryFailed as error:
            if error.code in LIMITS:
                return error.code
            ends.append(error.code)
        except Exception as error:  # Arrow's or OpenDP's, as the spine takes them
            ends.append(f"answer-failed: {type(error).__name__}")
    if ends[0] != ends[1]:
        raise Finding(f"{ends[0]} with one household, {ends[1]} without it")
    return ends[0]


FUZZER = Fuzzer(Worlds, tried, statement)


if __name__ == "__main__":
    main(FUZZER, "Try every function over every type.")
