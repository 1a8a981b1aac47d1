"""What a question looks like to those who read the log: no literal, and no name that somebody typed.

    SELECT t.week, SUM(t.sales_value) AS "bob" FROM transactions AS t WHERE t.week > 9
      ->  SELECT name1.week, SUM(name1.sales_value) AS name2 FROM transactions AS name1 WHERE name1.week > ?

An alias or a parameter may be a person's name, and what the log's public half holds cannot be erased. Only names that
the policy declares stay; the question as typed is among the erasable details.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sqlglot import exp

from pellucid.policy.model import Policy
from pellucid.rewrite.context import PolicyPurpose
from pellucid.rewrite.generate import generate
from pellucid.rewrite.vocabulary import named_words

UNITS = named_words(
    """
    MICROSECOND MICROSECONDS MILLISECOND MILLISECONDS SECOND SECONDS MINUTE MINUTES HOUR HOURS DAY DAYS WEEK WEEKS
    MONTH MONTHS QUARTER QUARTERS YEAR YEARS DECADE DECADES CENTURY EPOCH DOW DAYOFWEEK ISODOW DOY DAYOFYEAR ISOYEAR
    """
)
"""Words that a `Var` may be in the shape; any other is a typed name."""


def shape_of(query: exp.Query, policy: Policy) -> str:
    """Return the SQL of a question with `?` for each literal and `nameN` for each name that is not declared.

    The same typed name, in any case of letters, is the same `nameN` throughout; the numbers follow the tree.
    """
    copy = query.copy()
    names = _Names(_declared(PolicyPurpose(policy, None)))
    for node in list(copy.walk()):
        if isinstance(node, exp.Literal):
            node.replace(exp.Placeholder())
        elif isinstance(node, exp.Identifier):
            node.replace(exp.Identifier(this=names.told(node.name), quoted=False))
        elif _is_typed(node):
            node.set("this", names.told(node.name))
    return generate(copy).replace('"', "")


def _is_typed(node: exp.Expr) -> bool:
    if isinstance(node, exp.Placeholder):
        return bool(node.this)
    return isinstance(node, exp.Var) and node.name.upper() not in UNITS


class _Names:
    """The names of one question: declared ones as they are declared, others numbered."""

    def __init__(self, declared: Mapping[str, str]) -> None:
        self._declared = declared
        self._typed: dict[str, str] = {}

    def told(self, name: str) -> str:
        """Return what the log is told instead of a name."""
        lower = name.lower()
        found = self._declared.get(lower) or self._typed.get(lower)
        if found is None:
            found = self._typed[lower] = f"name{len(self._typed) + 1}"
        return found


@lru_cache(maxsize=64)
def _declared(key: PolicyPurpose) -> Mapping[str, str]:
    """Return the names that a policy declares, by their lower case."""
    datasets = key.policy.datasets
    names = {*datasets, *(column for dataset in datasets.values() for column in dataset.columns)}
    return {name.lower(): name for name in names}
