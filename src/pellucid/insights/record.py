"""What the log is told of a question: purpose, datasets, columns, shape and outcome; never a cell, a literal, or a name
that somebody typed.

The customer's "how was my data used" is computed from these entries. The SQL as typed, and the parameters' values, are
details: committed to, but erasable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pellucid.audit.entry import AuditEntry
from pellucid.consent.coverage import Bands
from pellucid.errors import PellucidError, UseRefused
from pellucid.insights.query import InsightQuery
from pellucid.policy.model import Policy
from pellucid.policy.stamp import Stamp
from pellucid.release.clipping import bounding_of
from pellucid.release.plan import ReleasePlan
from pellucid.rewrite.governed import GovernedQuery


def released_entry(
    query: InsightQuery,
    governed: GovernedQuery,
    plan: ReleasePlan,
    stamp: Stamp,
    charge: str,
    rows: int,
    *,
    estimate: bool = False,
) -> AuditEntry:
    """Return the entry of an answer that left; an `estimate` was not shown, but the next answer was planned with it."""
    body: dict[str, object] = {
        **_question(governed, bounded=True),
        "outcome": "released",
        "rows": rows,
        "charge": charge,
        "rho": plan.cost.rho,
        "delta": plan.cost.delta,
        "obligations": list(governed.obligations),
    }
    if estimate:
        body["estimate"] = True
    return AuditEntry(
        "query.released", query.actor, stamp.as_of, query.purpose, stamp=stamp, body=body, details=_details(query)
    )


def caps_entry(
    query: InsightQuery, governed: GovernedQuery, plan: ReleasePlan, stamp: Stamp, charge: str
) -> AuditEntry:
    """Return the entry of norms that were drawn for a question."""
    body = {
        **_question(governed),
        "outcome": "released",
        "rows": 0,
        "charge": charge,
        "rho": plan.cost.rho,
        "delta": plan.cost.delta,
        "obligations": list(governed.obligations),
    }
    return AuditEntry(
        "query.caps-drawn", query.actor, stamp.as_of, query.purpose, stamp=stamp, body=body, details=_details(query)
    )


def insight_entry(
    query: InsightQuery,
    governed: GovernedQuery,
    stamp: Stamp,
    fingerprint: str,
    rows: int,
    withheld: Mapping[str, int],
) -> AuditEntry:
    """Return the entry of an approved insight's figures that left, with how many cells were withheld, by reason."""
    body = {
        **_question(governed),
        "outcome": "released",
        "rows": rows,
        "fingerprint": fingerprint,
        "withheld": dict(withheld),
        "obligations": list(governed.obligations),
    }
    return AuditEntry(
        "insight.released", query.actor, stamp.as_of, query.purpose, stamp=stamp, body=body, details=_details(query)
    )


def with_people(entry: AuditEntry, coverage: Mapping[str, Bands]) -> AuditEntry:
    """Return the entry with the band of how many people may have been counted, by dataset: never how many were."""
    people = {name: found.people for name, found in coverage.items() if found.people is not None}
    return replace(entry, body={**entry.body, "people": people}) if people else entry


def repeated_entry(
    query: InsightQuery, governed: GovernedQuery, stamp: Stamp, leaf: int, rows: int, now: int
) -> AuditEntry:
    """Return the entry of an answer that was released before, at `leaf`, and shown again."""
    body = {**_question(governed), "outcome": "repeated", "rows": rows, "of": leaf}
    return AuditEntry(
        "query.repeated", query.actor, now, query.purpose, stamp=stamp, body=body, details=_details(query)
    )


def failed_entry(
    query: InsightQuery, governed: GovernedQuery, error: PellucidError, charge: str | None, now: int
) -> AuditEntry:
    """Return the entry of a question let pass without an answer; it stays charged if the engine had started."""
    body = {**_question(governed), "outcome": "failed", "code": error.code, "charge": charge}
    return AuditEntry("query.failed", query.actor, now, query.purpose, body=body, details=_details(query))


def refused_entry(query: InsightQuery, error: PellucidError, policy: Policy, action: str, now: int) -> AuditEntry:
    """Return the entry of a question refused before any data about people were touched."""
    codes: Sequence[str] = [error.code]
    if isinstance(error, UseRefused):
        codes = sorted({reason.code for reason in error.reasons})
    purpose = query.purpose if query.purpose in policy.purposes else None
    body = {"outcome": "refused", "reasons": list(codes), "asked": action}
    return AuditEntry("query.refused", query.actor, now, purpose, body=body, details=_details(query))


def _question(governed: GovernedQuery, *, bounded: bool = False) -> dict[str, object]:
    return {
        "datasets": list(governed.datasets),
        "columns": list(governed.used),
        "shape": governed.shape,
        "blocks": [
            {
                "keys": [list(key.origins) for key in block.keys],
                "public": block.public_cells,
                "measures": [{"kind": each.kind.value, "of": list(each.origins)} for each in block.measures],
                **({"bounding": bounding_of(block).name} if bounded else {}),
            }
            for block in governed.blocks
        ],
    }


def _details(query: InsightQuery) -> dict[str, object]:
    values = {name: None if value is None else str(value) for name, value in sorted(query.parameters.items())}
    epsilon = None if query.epsilon is None else repr(query.epsilon)
    asked: dict[str, object] = {"sql": query.sql, "purpose": query.purpose, "parameters": values, "epsilon": epsilon}
    wanted = {"accuracy": query.accuracy, "relative": query.relative}
    return asked | {name: repr(value) for name, value in wanted.items() if value is not None}
