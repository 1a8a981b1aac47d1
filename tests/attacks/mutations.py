# ruff: noqa: E501  # pools read best a kind a line
"""Statements for fuzzing: a third of the grammar, a third of parts of known questions and attacks put together anew, a
third with tokens broken, swapped, wrapped or made strange. One seed, one statement, always the same.
"""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from pellucid.rewrite import vocabulary
from tests.attacks.corpus import ATTACKS
from tests.attacks.grammar import Grammar

QUESTIONS = Path(__file__).parents[1] / "sql"
_RENAMED = {
    "purchases": "orders", "visits": "members", "shelf": "shop", "sales_value": "value", "card_number": "basket_id",
    "weight": "value", "paid": "(quantity > 3)", "day": "bought", "kind": "income", "price": "size",
}  # fmt: skip
"""The tests' other shop, in the grocer's words."""

_TOKENS = re.compile(r"\s+|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$?\w+|<>|>=|<=|\|\||::|//|.", re.DOTALL)

NAMES = ["household_id", "basket_id", "product_id", "shop", "note", "week", "quantity", "value", "bought", "email", "income",
         "town", "department", "size", "orders", "members", "products", "o", "m", "p", "x", "k", "a", "c", "_subject", "_b",
         "_now", "held", "replica", "permitted", "main", "rowid", "r0", "_r0", "k0", "m0"]  # fmt: skip
VALUES = ["'casino'", "o", "CAST(o AS TEXT)", "(shop, week)", "()",  "''", "'12'", "'x''y'", "NULL", "0", "-1", "1e308", "9223372036854775807", "1e-400", "0x1F", "1_000", "TRUE",
          "$who", "$_now", "$1", "?", "'NaN'::DOUBLE", "'inf'", "DATE '2026-05-01'", "INTERVAL 1 DAY", "INTERVAL '1' MONTH",
          "'\\x00'", "E'\\n'", "$$casino$$", "x'FF'", "U&'\\0061'", "'ｃasino'", "'\u202ecasino'", "'\ud7ff'", "{'a': 1}", "[1, 2]",
          "MAP {1: 2}", "(1, 2)", "ROW(1, 2)", "*", "o.*", "COLUMNS('note')", "COLUMNS(*)", "#1", "DEFAULT"]  # fmt: skip
WORDS = ["SELECT", "FROM", "WHERE", "GROUP BY", "GROUP BY ALL", "ORDER BY", "ORDER BY ALL", "HAVING", "QUALIFY", "LIMIT 1", "LIMIT 10%",
         "OFFSET 1", "DISTINCT", "DISTINCT ON (week)", "UNION ALL", "UNION BY NAME", "UNION", "EXCEPT ALL", "INTERSECT", "JOIN", "LEFT JOIN",
         "ASOF JOIN", "POSITIONAL JOIN", "SEMI JOIN", "ANTI JOIN", "NATURAL JOIN", "FULL JOIN", "CROSS JOIN", "LATERAL", "USING (household_id)", "ON note", "ON o.shop",
         "USING SAMPLE 10%", "TABLESAMPLE 5 ROWS", "AS", "ON TRUE", "AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "ILIKE", "SIMILAR TO", "GLOB",
         "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END", "EXISTS", "ANY", "ALL", "SOME", "FILTER (WHERE week = 1)", "OVER ()",
         "OVER (PARTITION BY household_id)", "WITHIN GROUP (ORDER BY value)", "IGNORE NULLS", "WINDOW w AS (ORDER BY value)", "ROLLUP (week)",
         "GROUPING SETS ((week), ())", "PIVOT", "UNPIVOT", "FOR UPDATE", "FETCH FIRST 1 ROW ONLY", "COLLATE NOCASE", "AT TIME ZONE 'UTC'",
         "EXCLUDE (note)", "REPLACE (1 AS note)", "RENAME (note AS n)", "WITH RECURSIVE r AS (SELECT 1)", "MATERIALIZED", "TRY_CAST(", "VALUES (1)",
         ";", ",", "(", ")", "[", "]", "{", "}", "->", "->>", "::INT", "::VARCHAR[]", "..", ".", "||", "^", "**", "%", "&", "|", "~", "!", "@", "<->", ":="]  # fmt: skip
ODD = ["/* x */", "/* sqlglot.meta governed */", "-- x\n", "/*", "--", "\u00a0", "\u200b", "\ufeff", "\t", "\r", "\x00", "\x1f", "\u2028", "ß", "İ",
       "ſhop", "ＳＥＬＥＣＴ", "\U0001f600", "`note`", '"note"', '"NOTE"', '"no""te"', '""', "'", '"', "\\", "#", "é"]  # fmt: skip
PREFIXES = ["EXPLAIN ", "EXPLAIN ANALYZE ", "DESCRIBE ", "SUMMARIZE ", "PRAGMA ", "CREATE TABLE t AS ", "COPY (", "PREPARE p AS ", "WITH x AS (SELECT 1) ",
            "WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT 1 FROM x) ", "FROM orders ", "SELECT 1; ", "(", "CALL ", "SET x = ", "INSERT INTO orders "]  # fmt: skip
DEEP = [("(", ")"), ("(SELECT ", ")"), ("CASE WHEN TRUE THEN ", " END"), ("NOT ", ""), ("- ", ""), ("ABS(", ")"), ("CAST(", " AS INT)"), ("[", "]"),
        ("{'a': ", "}"), ("COALESCE(", ", 1)"), ("1 + ", ""), ("x -> ", ""), ("EXISTS (SELECT 1 FROM orders WHERE ", ")")]  # fmt: skip
_ALLOWED_FUNCTIONS = {
    kind.sql_name()
    for kind in vars(exp).values()
    if isinstance(kind, type)
    and issubclass(kind, exp.Func)
    and kind is not exp.Func
    and kind.__name__ in vocabulary.ALLOWED
}
_FUNCTIONS = [*sorted(_ALLOWED_FUNCTIONS | vocabulary.ANONYMOUS), "BOOL_OR", "BOOL_AND", "LIST", "ARRAY_AGG", "STRING_AGG", "UNNEST", "HASH", "MD5", "QUERY", "READ_CSV", "GETVARIABLE", "RANDOM", "MODE", "STRUCT_PACK", "QUANTILE_CONT",
     "LIST_TRANSFORM", "REGEXP_REPLACE", "PRINTF", "CURRENT_SETTING", "ERROR", "GENERATE_SERIES", "TRY", "GET_BIT", "STRPTIME", "JSON_EXTRACT"]  # fmt: skip


def statement(seed: int) -> str:
    """Return the statement of a seed."""
    pick = random.Random(seed)
    kind = pick.random()
    if kind < 0.3:
        return Grammar(seed).statement()
    if kind < 0.65:
        return crossed(pick)
    return mutated(pick, crossed(pick) if pick.random() < 0.3 else pick.choice(seeds()))


@cache
def seeds() -> tuple[str, ...]:
    """Return known questions: attacks, the rewriter's own, and a few hundred of the grammar."""
    known = [attack.sql for attack in ATTACKS if "{file}" not in attack.sql]
    for path in sorted(QUESTIONS.glob("*.sql")):
        text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("--"))
        known += [_renamed(each.strip()) for each in text.split(";") if each.strip()]
    return (*known, *(Grammar(seed).statement() for seed in range(300)))


def _renamed(sql: str) -> str:
    return re.sub(r"\w+", lambda word: _RENAMED.get(word.group(), word.group()), sql)


@cache
def _trees() -> tuple[exp.Expr, ...]:
    found: list[exp.Expr] = []
    for sql in seeds():
        try:
            found += [tree for tree in parse(sql, read="duckdb") if isinstance(tree, exp.Query)]
        except SqlglotError:
            continue
    return tuple(found)


@cache
def _parts() -> tuple[tuple[exp.Expr, ...], tuple[exp.Expr, ...], tuple[exp.Expr, ...]]:
    """Return the values, conditions and queries that the known questions are made of."""
    values: list[exp.Expr] = []
    conditions: list[exp.Expr] = []
    queries: list[exp.Expr] = []
    for tree in _trees():
        for node in tree.walk():
            if isinstance(node, exp.Query):
                queries.append(node)
            elif isinstance(node, exp.Predicate | exp.Connector | exp.Not):
                conditions.append(node)
            elif isinstance(node, exp.Func | exp.Column | exp.Literal | exp.Binary | exp.Window):
                values.append(node)
    return tuple(values), tuple(conditions), tuple(queries)


def crossed(pick: random.Random) -> str:
    """Return a known question with one to three of its parts replaced by parts of others."""
    tree = pick.choice(_trees()).copy()
    values, conditions, queries = _parts()
    for _ in range(pick.choice([1, 1, 2, 3])):
        nodes = [
            node for node in tree.walk() if node.parent is not None and isinstance(node, exp.Condition | exp.Query)
        ]
        if not nodes:
            break
        node = pick.choice(nodes)
        if isinstance(node, exp.Query):
            other = pick.choice(queries)
            node.replace(
                other.copy()
                if isinstance(other, exp.Subquery) is isinstance(node, exp.Subquery)
                else exp.Subquery(this=other.copy())
            )
        elif isinstance(node, exp.Predicate | exp.Connector | exp.Not) and pick.random() < 0.8:
            node.replace(_fitting(pick, pick.choice(conditions).copy()))
        else:
            node.replace(_fitting(pick, pick.choice(values if pick.random() < 0.85 else conditions).copy()))
    try:
        return tree.sql(dialect="duckdb")
    except Exception:  # a tree that no grammar makes has no text; the seed before it does
        return pick.choice(seeds())


def _fitting(pick: random.Random, part: exp.Expr) -> exp.Expr:
    """Often take the aliases of its old place off a part, so that its columns may resolve in the new one."""
    if pick.random() < 0.7:
        for column in [part] if isinstance(part, exp.Column) else list(part.find_all(exp.Column)):
            column.set("table", None)
    return part


def mutated(pick: random.Random, sql: str) -> str:
    """Return a statement with one to five changes to its tokens."""
    tokens = _TOKENS.findall(sql)
    for _ in range(pick.choice([1, 1, 1, 2, 3, 5])):
        tokens = _CHANGES[pick.randrange(len(_CHANGES))](pick, tokens) or ["SELECT"]
    return "".join(tokens)


def _deleted(pick: random.Random, tokens: list[str]) -> list[str]:
    start = pick.randrange(len(tokens))
    return tokens[:start] + tokens[start + pick.choice([1, 1, 2, 5]) :]


def _doubled(pick: random.Random, tokens: list[str]) -> list[str]:
    start = pick.randrange(len(tokens))
    part = tokens[start : start + pick.choice([1, 3, 9])]
    return tokens[:start] + part * pick.choice([2, 2, 3, 40]) + tokens[start:]


def _swapped(pick: random.Random, tokens: list[str]) -> list[str]:
    one, other = pick.randrange(len(tokens)), pick.randrange(len(tokens))
    copy = list(tokens)
    copy[one], copy[other] = copy[other], copy[one]
    return copy


def _replaced(pick: random.Random, tokens: list[str]) -> list[str]:
    place = _word(pick, tokens)
    return [*tokens[:place], _drawn(pick), *tokens[place + 1 :]]


def _inserted(pick: random.Random, tokens: list[str]) -> list[str]:
    place = pick.randrange(len(tokens) + 1)
    return [*tokens[:place], " ", _drawn(pick), " ", *tokens[place:]]


def _renamed_word(pick: random.Random, tokens: list[str]) -> list[str]:
    place = _word(pick, tokens)
    word = tokens[place]
    forms = [
        word.upper(),
        word.lower(),
        word.title(),
        f'"{word}"',
        f"[{word}]",
        f"main.{word}",
        f"{word}.{word}",
        f"o.{word}",
        f"{word}\u0301",
    ]
    return [*tokens[:place], pick.choice(forms), *tokens[place + 1 :]]


def _wrapped(pick: random.Random, tokens: list[str]) -> list[str]:
    place = _word(pick, tokens)
    function = pick.choice(_FUNCTIONS)
    more = pick.choice(["", "", ", 1", ", 'x'", ", week", " ORDER BY value", ", 1, 2"])
    return [
        *tokens[:place],
        f"{function}({pick.choice(['', '', 'DISTINCT '])}{tokens[place]}{more})",
        *tokens[place + 1 :],
    ]


def _deepened(pick: random.Random, tokens: list[str]) -> list[str]:
    place = _word(pick, tokens)
    times, (opening, closing) = pick.choice([1, 2, 30, 59, 61, 500, 3_000]), pick.choice(DEEP)
    return [*tokens[:place], opening * times + tokens[place] + closing * times, *tokens[place + 1 :]]


def _spliced(pick: random.Random, tokens: list[str]) -> list[str]:
    other = _TOKENS.findall(pick.choice(seeds()))
    return tokens[: pick.randrange(len(tokens) + 1)] + other[pick.randrange(len(other)) :]


def _begun(pick: random.Random, tokens: list[str]) -> list[str]:
    return [pick.choice(PREFIXES), *tokens, pick.choice(["", ")", ";", "; SELECT 1", " FOR UPDATE", " -- "])]


_CHANGES = (
    _deleted,
    _doubled,
    _swapped,
    _replaced,
    _replaced,
    _inserted,
    _inserted,
    _renamed_word,
    _wrapped,
    _wrapped,
    _deepened,
    _spliced,
    _begun,
)


def _word(pick: random.Random, tokens: list[str]) -> int:
    places = [place for place, token in enumerate(tokens) if token[:1].isalnum() or token[:1] in ("'", '"', "$")]
    return pick.choice(places) if places else 0


def _drawn(pick: random.Random) -> str:
    return pick.choice(pick.choice([NAMES, VALUES, WORDS, WORDS, ODD, _FUNCTIONS]))
