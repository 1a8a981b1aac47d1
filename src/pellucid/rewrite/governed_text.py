"""The governed rows of personal datasets as text in front of a block, which knows them by name.

    WITH _g0 AS NOT MATERIALIZED (<governed transactions>), _rows AS (SELECT ... FROM (SELECT * FROM _g0) AS "t"), ...

The text follows from the policy, the purpose and the columns alone, so it is kept by them, never becomes a tree on a
question's way, and is compared byte by byte by `recheck`. What it says is `permit_rows`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pellucid.rewrite.context import PolicyPurpose
from pellucid.rewrite.governed import GovernedRows, RankFilter
from pellucid.rewrite.permit_rows import governed_sql

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_PARAMETER = re.compile(r"\$(\w+)")
_CHARACTERS_A_NODE = 8


def governed_text(key: PolicyPurpose, rows: GovernedRows) -> str:
    """Return the SQL of governed rows. Raises KeyError for a dataset, purpose or column that is not declared."""
    return _text(key, rows.dataset, rows.columns, rows.barrier, rows.rank)


@lru_cache(maxsize=4096)
def _text(key: PolicyPurpose, dataset: str, columns: tuple[str, ...], barrier: bool, rank: RankFilter | None) -> str:
    sql = governed_sql(key.policy.datasets[dataset], key.policy.purposes[key.purpose or ""], columns, rank)
    return f"{sql} OFFSET 0" if barrier else sql


@lru_cache(maxsize=4096)
def parameters_in(text: str) -> frozenset[str]:
    """Return the names of the parameters in a governed text."""
    return frozenset(_PARAMETER.findall(_QUOTED.sub("", text)))


def nodes_in(text: str) -> int:
    """Return about how many nodes a text has as a tree, for the limit on what a question may grow to in the engine."""
    return len(text) // _CHARACTERS_A_NODE
