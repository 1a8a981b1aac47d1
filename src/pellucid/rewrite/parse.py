"""Text to one query tree, or a refusal with the reason. User text never goes further than this file."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError

from pellucid.errors import Reason, UseRefused
from pellucid.policy.reasons import reason
from pellucid.rewrite.generate import DUCKDB

_SKIPPED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_BRACKETS = re.compile(r"[()\[\]{}]|\b(?:CASE|END)\b", re.IGNORECASE)
_NO_SQL = "it is not SQL that DuckDB's grammar knows"
_WORDS = re.compile(r"[()]|\w+")
_MOST_OPEN_JOINS = 5
_MOST_NESTED_LATERALS = 5
_OPENING = frozenset({"(", "[", "{", "CASE"})


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a question may be, how deep its brackets, how many nodes its tree may have as typed, and how many once
    its CTEs are written out. Passes take more than time in proportion to a tree, so a question as typed is small.
    """

    characters: int = 100_000
    depth: int = 60
    typed: int = 4_000
    nodes: int = 20_000


def parse_question(sql: str, limits: Limits) -> exp.Query:
    """Parse exactly one SELECT-like statement.

        >>> parse_question("SELECT 1; DROP TABLE t", Limits())
        Traceback (most recent call last):
        ...
        pellucid.errors.UseRefused: This question is refused.

    Raises UseRefused: too long, too deep, unparsable, several statements, or not a query.
    """
    _check_text(sql, limits)
    logging.getLogger("sqlglot").disabled = True  # it quotes a statement that it does not know, literals and all
    try:
        statements = [statement for statement in DUCKDB.parse(sql) if statement is not None]
    except RecursionError:
        raise _refused(reason("sql-too-deep", depth=limits.depth)) from None
    except SqlglotError as error:
        raise _refused(reason("sql-unparsable", where=_place(error))) from None
    except Exception:  # sqlglot raises others on broken text, such as TypeError for `-> a`
        raise _refused(reason("sql-unparsable", where=_NO_SQL)) from None
    if len(statements) != 1:
        raise _refused(reason("sql-not-one-statement", count=len(statements)))
    query = statements[0]
    if _forget_comments(query) > limits.typed:
        raise _refused(reason("sql-too-large", nodes=f"{limits.typed:,}"))
    while isinstance(query, exp.Subquery) and query.is_wrapper:
        query = query.this
    if not isinstance(query, exp.Select | exp.SetOperation):
        raise _refused(reason("sql-not-a-query"))
    return query


def _forget_comments(statement: exp.Expr) -> int:
    """Drop comments and what they set: `/* sqlglot.meta done */` would mark a tree as one of ours. Return the number
    of nodes.
    """
    nodes = 0
    for node in statement.walk():
        nodes += 1
        node.comments = None
        node._meta = None  # positions too: copies of a tree would spend most of their time on them
    return nodes


def _check_text(sql: str, limits: Limits) -> None:
    if len(sql) > limits.characters:
        raise _refused(reason("sql-too-long", characters=f"{len(sql):,}", allowed=f"{limits.characters:,}"))
    if not sql.strip() or "\x00" in sql:
        raise _refused(reason("sql-unparsable", where="it is empty or holds a NUL character"))
    depth = 0
    tokens = _BRACKETS.findall(_SKIPPED.sub(" ", sql))
    if tokens.count("[") > limits.depth:  # chains of them take the parser minutes, and no question needs any
        raise _refused(reason("sql-too-deep", depth=limits.depth))
    if sql.upper().count("JOIN") > _MOST_OPEN_JOINS and _open_joins(sql) > _MOST_OPEN_JOINS:
        raise _refused(reason("joins-without-condition", allowed=_MOST_OPEN_JOINS))
    if sql.upper().count("LATERAL") > _MOST_NESTED_LATERALS and _nested_laterals(sql) > _MOST_NESTED_LATERALS:
        raise _refused(reason("laterals-nested", allowed=_MOST_NESTED_LATERALS))
    for token in tokens:
        depth += 1 if token.upper() in _OPENING else -1
        if depth > limits.depth:
            raise _refused(reason("sql-too-deep", depth=limits.depth))


def _open_joins(sql: str) -> int:
    """Count the JOINs that another follows before their ON or USING: the parser's time doubles with each.

    After AS a word is a name, so that `JOIN t AS on JOIN t AS on` counts as well. CROSS JOIN takes no condition.
    """
    found, before, waiting = 0, "", [False]
    for word in _WORDS.findall(_SKIPPED.sub(lambda skipped: "x" if skipped.group()[0] in "'\"" else " ", sql)):
        word = word.upper()
        if word == "(":
            waiting.append(False)
        elif word == ")":
            waiting = waiting[:-1] or [False]
        elif word == "JOIN" and before != "CROSS":
            found += waiting[-1]
            waiting[-1] = True
        elif word in {"ON", "USING"} and before != "AS":
            waiting[-1] = False
        before = word if before != "AS" else ""
    return found


def _nested_laterals(sql: str) -> int:
    """Count the most LATERALs that stand within one another's brackets: the parser's time doubles with each."""
    most, waiting = 0, [False]
    for word in _WORDS.findall(_SKIPPED.sub(" ", sql)):
        if word == "(":
            waiting.append(False)
        elif word == ")":
            waiting = waiting[:-1] or [False]
            waiting[-1] = False
        elif word.upper() == "LATERAL":
            waiting[-1] = True
            most = max(most, sum(waiting))
    return most


def _place(error: SqlglotError) -> str:
    details = getattr(error, "errors", None)
    if details and details[0].get("line"):
        return f"near line {details[0]['line']}, column {details[0].get('col')}"
    return _NO_SQL


def _refused(*reasons: Reason) -> UseRefused:
    return UseRefused(reasons, message="This question is refused.")
