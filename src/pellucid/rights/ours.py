"""Words of our own, by which nobody can be told: those of the policy in force, of signed-off laws, and of SQL.

People choose their names and keys. Whoever is called by a word that questions and records are made of is not looked for
in texts: it would be found everywhere, and others' records would go with them.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from pellucid.engines.needles import Needles
from pellucid.records.tables import law_packs, policy_activations, policy_snapshots
from pellucid.rights.people import Person

SQL = (
    "APPROX_QUANTILE COALESCE CURRENT_DATE CURRENT_TIMESTAMP DATE_DIFF DATE_PART DATE_TRUNC DISTINCT EXISTS EXTRACT "
    "FIRST_VALUE FOLLOWING GREATEST INTERSECT INTERVAL LAST_VALUE MATERIALIZED PARTITION PRECEDING RECURSIVE "
    "REGEXP_MATCHES ROW_NUMBER STARTS_WITH STDDEV_POP STDDEV_SAMP SUBSTRING TABLESAMPLE TIMESTAMP TRY_CAST UNBOUNDED "
    "VAR_SAMP VARIANCE"
)
"""What a question's text may hold besides names of the policy and literals, as far as it is long enough to be found."""


def needles_of(connection: Connection, people: Iterable[Person], more: Iterable[str] = ()) -> Needles:
    """Return what is searched for of these people, without the words of ours among it."""
    texts = [*more, *(text for each in people for text in each.texts)]
    wanted = Needles(texts)
    common = wanted.found(_ours(connection))
    return Needles(texts, common) if common else wanted


def _ours(connection: Connection) -> bytes:
    newest = select(policy_activations.c.version).order_by(policy_activations.c.sequence.desc()).limit(1)
    declared = select(policy_snapshots.c.content).where(policy_snapshots.c.version == newest.scalar_subquery())
    held = [*connection.scalars(declared), *connection.scalars(select(law_packs.c.content))]
    return b"\n".join([SQL.encode(), SQL.lower().encode(), *(bytes(content) for content in held)])
