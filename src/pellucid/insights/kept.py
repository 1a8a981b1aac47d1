"""Answers that may be shown again: a released answer is public to whoever passes the gate, and asking anew would cost.

Only answers by noise, only as long as the purpose's `max_age_hours`, only for the very same question under the same
policy. What is shown is the old answer, said to be so: it may count people who have withdrawn since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, delete, insert, select

from pellucid.insights.query import InsightQuery
from pellucid.policy.model import Policy
from pellucid.policy.stamp import Stamp
from pellucid.records.columns import from_instant
from pellucid.records.tables import releases_kept
from pellucid.release.accountant import BudgetRow
from pellucid.release.clipping import clipping_kept
from pellucid.release.result import Accuracy, Loss, Receipt, Release

HOUR = 3_600_000_000
"""Microseconds."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that may be shown again, without its receipt, and the log leaf of its release."""

    release: Release
    leaf: int

    def again(self, receipt: Receipt, row: BudgetRow | None) -> Release:
        """Return it as it is shown again, at no loss; `row` is the binding cap as it stands."""
        loss = self.release.loss
        if row is not None:
            loss = Loss(0.0, 0.0, 0.0, row.spent_epsilon, row.cap_epsilon, row.renews)
        when = f"{from_instant(self.release.stamp.as_of):%Y-%m-%d %H:%M} UTC"
        note = f"As of {when}: this answer was released before (log leaf {self.leaf}) and is shown again at no loss."
        return replace(self.release, receipt=receipt, loss=loss, notes=(note, *self.release.notes))


def find_kept(connection: Connection, query: InsightQuery, policy: Policy, now: int) -> Kept | None:
    """Return the answer to the very same question that may still be shown, if there is one."""
    if not policy.purposes[query.purpose].release.max_age_hours:
        return None
    statement = select(releases_kept).where(releases_kept.c.question == _question(query, policy))
    row = connection.execute(statement.where(releases_kept.c.until > now, releases_kept.c.as_of <= now)).one_or_none()
    return None if row is None else Kept(_release(json.loads(row.told), row.rows), row.leaf)


def keep_release(connection: Connection, query: InsightQuery, policy: Policy, release: Release, now: int) -> None:
    """Keep an answer in the transaction that releases it, in place of an older one; forget those that are too old."""
    hours = policy.purposes[query.purpose].release.max_age_hours
    connection.execute(delete(releases_kept).where(releases_kept.c.until <= now))
    if not hours:
        return
    question = _question(query, policy)
    connection.execute(delete(releases_kept).where(releases_kept.c.question == question))
    values = {
        "question": question,
        "as_of": release.stamp.as_of,
        "until": release.stamp.as_of + hours * HOUR,
        "leaf": release.receipt.leaf,
        "told": json.dumps(_told(release)),
        "rows": _written(release.values),
    }
    connection.execute(insert(releases_kept).values(values))


def written(release: Release) -> bytes:
    """Return an answer as it is kept beside its release: what is told of it, as a line of JSON, and its rows."""
    told = {**_told(release), "receipt": asdict(release.receipt)}
    return json.dumps(told).encode() + b"\n" + _written(release.values)


def read(body: bytes) -> Release:
    """Return an answer that was `written`."""
    told, _, rows = body.partition(b"\n")
    found = json.loads(told)
    return replace(_release(found, rows), receipt=Receipt(**found["receipt"]))


def _question(query: InsightQuery, policy: Policy) -> str:
    parameters = {name: [type(value).__name__, str(value)] for name, value in sorted(query.parameters.items())}
    asked = [policy.version, query.purpose, query.sql, parameters, repr(query.epsilon), repr(query.accuracy)]
    asked += [query.bounding] if query.bounding != "auto" else []
    asked += [] if query.relative is None else [repr(query.relative)]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _written(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _told(release: Release) -> dict[str, Any]:
    loss = {**asdict(release.loss), "renews": release.loss.renews.isoformat()}
    return {
        "accuracy": [asdict(each) for each in release.accuracy],
        "clipping": [asdict(each) for each in release.clipping],
        "loss": loss,
        "stamp": release.stamp.as_json(),
        "coverage": dict(release.coverage),
        "purpose": release.purpose,
        "sql": release.sql,
        "notes": list(release.notes),
        "rule": release.rule,
    }


def _release(told: Mapping[str, Any], rows: bytes) -> Release:
    return Release(
        values=pa.ipc.open_stream(rows).read_all(),
        accuracy=tuple(Accuracy(**each) for each in told["accuracy"]),
        clipping=tuple(clipping_kept(each) for each in told["clipping"]),
        loss=Loss(**{**told["loss"], "renews": datetime.fromisoformat(told["loss"]["renews"])}),
        stamp=Stamp(**told["stamp"]),
        coverage=told["coverage"],
        receipt=Receipt(0, "", ""),
        purpose=told["purpose"],
        sql=told["sql"],
        notes=tuple(told["notes"]),
        rule=told["rule"],
    )
