"""What a question looks like to those who read the log: no literal, and no name that somebody typed.

    SELECT t.week, SUM(t.sales_value) AS "bob" FROM transactions AS t WHERE t.week > 9
      ->  SELECT name1.week, SUM(name1.sales_value) AS name2 FROM transactions AS name1 WHERE name1.week > ?

An alias or a parameter may be a person's name, and what the log's public half holds cannot be erased. Only names that
the policy declares stay; the question as typed is among the erasable details.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from pellucid.policy.model import Dataset
from pellucid.rewrite.vocabulary import named_words

UNITS = named_words(
    """
    MICROSECOND MICROSECONDS MILLISECOND MILLISECONDS SECOND SECONDS MINUTE MINUTES HOUR HOURS DAY DAYS WEEK WEEKS
    MONTH MONTHS QUARTER QUARTERS YEAR YEARS DECADE DECADES CENTURY EPOCH DOW DAYOFWEEK ISODOW DOY DAYOFYEAR ISOYEAR
    """
)
"""Words that a `Var` may be in the shape; any other is a typed name."""


def shape_of(query: exp.Query, datasets: Mapping[str, Dataset]) -> str:
    """Return the SQL of a question with `?` for each literal and `nameN` for each name that is not declared.

    The same typed name, in any case of letters, is the same `nameN` throughout; the numbers follow the tree.
    """
    copy = query.copy()
    names = _Names(datasets)
    for node in list(copy.walk()):
        if isinstance(node, exp.Literal):
            node.replace(exp.Placeholder())
        elif isinstance(node, exp.Identifier):
            node.replace(exp.Identifier(this=names.told(node.name), quoted=False))
        elif _is_typed(node):
            node.set("this", names.told(node.name))
    return copy.sql(dialect="duckdb", comments=False).replace('"', "")


def _is_typed(node: exp.Expr) -> bool:
    if isinstance(node, exp.Placeholder):
        return bool(node.this)
    return isinstance(node, exp.Var) and node.name.upper() not in UNITS


class _Names:
    """The names of one question: declared ones as they are declared, others numbered."""

    def __init__(self, datasets: Mapping[str, Dataset]) -> None:
        declared = {*datasets, *(column for dataset in datasets.values() for column in dataset.columns)}
        self._told = {name.lower(): name for name in declared}
        self._typed = 0

    def told(self, name: str) -> str:
        """Return what the log is told instead of a name."""
        found = self._told.get(name.lower())
        if found is None:
            self._typed += 1
            found = self._told.setdefault(name.lower(), f"name{self._typed}")
        return found
