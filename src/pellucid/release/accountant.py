"""The durable ledger of privacy loss: reserved before a question runs, charged or cancelled after, never below zero.

A binding cap a subject namespace over all datasets and purposes, and an allowance a purpose within it. In doubt
charged: a reservation counts as spent in its period until it is cancelled, so a crash spends it. Loss is summed as
zCDP rho, which composes exactly; epsilon is a way to show it. An allowance's delta is split in two: one half converts
rho to epsilon, the other is what thresholds may spend in the period.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, select, update

from pellucid.errors import BudgetExhausted, InputInvalid, NameUnknown, RecordingFailed
from pellucid.policy.model import Allowance, Period, Policy, Purpose
from pellucid.records.columns import from_instant, to_instant
from pellucid.records.tables import charges
from pellucid.release.budget import PrivacyBudget, conversion_delta, granted

RESERVED, CHARGED, CANCELLED = "reserved", "charged", "cancelled"


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """The state of one cap (`purpose` None) or allowance in the current period; epsilons are at `delta`'s first half.

    Epsilon does not add up the way rho does: `left_epsilon` is the largest single question that still fits.
    """

    namespace: str
    purpose: str | None
    cap_epsilon: float
    delta: float
    period: Period
    spent: PrivacyBudget
    left: PrivacyBudget
    spent_epsilon: float
    left_epsilon: float
    renews: datetime


def reserve(
    connection: Connection,
    policy: Policy,
    purpose: str,
    namespaces: Sequence[str],
    *,
    rho: int,
    delta: int,
    actor: str,
    now: int,
) -> str:
    """Set rho (units of 1e-12) and delta (1e-15) aside in every namespace and return the reservation's id.

    Must be called inside `Database.write()`: that writers follow one another there, on SQLite and PostgreSQL alike, is
    what keeps two from reading the same sum. Raises BudgetExhausted if the cap or the purpose's allowance lacks either.
    """
    asked = PrivacyBudget(rho, delta)
    if not namespaces:
        raise InputInvalid("A reservation needs at least one namespace, got none.", code="namespaces-missing")
    at_delta = conversion_delta(_purpose(policy, purpose).release.allowance)
    for row in standing(connection, policy, purpose, namespaces, now):
        _require(row, asked, at_delta)
    reservation = uuid.uuid4().hex
    values = {"id": reservation, "purpose": purpose, "actor": actor, "rho": rho, "delta": delta}
    for namespace in sorted(set(namespaces)):
        record = {**values, "namespace": namespace, "state": RESERVED, "reserved_at": now}
        connection.execute(insert(charges).values(record))
    return reservation


def charge(connection: Connection, reservation: str, now: int) -> None:
    """Mark a reservation as charged; raises RecordingFailed unless it is reserved."""
    _settle(connection, reservation, CHARGED, now)


def cancel(connection: Connection, reservation: str, now: int) -> None:
    """Give a reservation back, only if nothing ran under it; raises RecordingFailed unless it is reserved."""
    _settle(connection, reservation, CANCELLED, now)


def exhaust(connection: Connection, policy: Policy, actor: str, now: int) -> None:
    """Count every cap and allowance as spent until it renews: for when nobody can know what was spent."""
    for namespace in sorted(policy.namespaces):
        for name, purpose in sorted(policy.purposes.items()):
            _spend_the_rest(connection, _row(connection, namespace, name, purpose.release.allowance, now), actor, now)
        _spend_the_rest(connection, _row(connection, namespace, None, _cap(policy, namespace), now), actor, now)


def _spend_the_rest(connection: Connection, row: BudgetRow, actor: str, now: int) -> None:
    record = {"id": uuid.uuid4().hex, "namespace": row.namespace, "purpose": row.purpose or "", "actor": actor}
    loss = {"rho": row.left.rho, "delta": row.left.delta}
    settled = {"state": CHARGED, "reserved_at": now, "settled_at": now}
    connection.execute(insert(charges).values(record | loss | settled))


def budget_state(connection: Connection, policy: Policy, now: int) -> tuple[BudgetRow, ...]:
    """Return each namespace's cap followed by its purposes' allowances, as they stand in their current periods."""
    rows = []
    for namespace in sorted(policy.namespaces):
        rows.append(_row(connection, namespace, None, _cap(policy, namespace), now))
        for name, purpose in sorted(policy.purposes.items()):
            rows.append(_row(connection, namespace, name, purpose.release.allowance, now))
    return tuple(rows)


def standing(
    connection: Connection, policy: Policy, purpose: str, namespaces: Sequence[str], now: int
) -> tuple[BudgetRow, ...]:
    """Return the caps and allowances that a question for this purpose over these namespaces is bound by."""
    declared = _purpose(policy, purpose)
    return tuple(
        row
        for namespace in sorted(set(namespaces))
        for row in (
            _row(connection, namespace, None, _cap(policy, namespace), now),
            _row(connection, namespace, purpose, declared.release.allowance, now),
        )
    )


def tightest(rows: Sequence[BudgetRow]) -> BudgetRow:
    """Return the row with the least rho left: the one that a question will meet first."""
    return min(rows, key=lambda row: row.left.rho)


def period_start(period: Period, now: int) -> datetime:
    """Return the UTC start of the calendar period that holds `now`."""
    day = from_instant(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if period is Period.DAY:
        return day
    return day.replace(day=1) if period is Period.MONTH else day.replace(month=1, day=1)


def period_end(period: Period, now: int) -> datetime:
    """Return the UTC start of the next calendar period, when an allowance renews."""
    start = period_start(period, now)
    if period is Period.DAY:
        return datetime.fromtimestamp(start.timestamp() + 86_400, UTC)
    if period is Period.MONTH:
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start.replace(year=start.year + 1)


def _row(connection: Connection, namespace: str, purpose: str | None, allowance: Allowance, now: int) -> BudgetRow:
    cap, spent = granted(allowance), _spent(connection, namespace, purpose, allowance.period, now)
    left, at_delta = cap.minus(spent), conversion_delta(allowance)
    return BudgetRow(
        namespace=namespace,
        purpose=purpose,
        cap_epsilon=allowance.epsilon,
        delta=allowance.delta,
        period=allowance.period,
        spent=spent,
        left=left,
        spent_epsilon=spent.epsilon(at_delta),
        left_epsilon=left.epsilon(at_delta),
        renews=period_end(allowance.period, now),
    )


def _spent(connection: Connection, namespace: str, purpose: str | None, period: Period, now: int) -> PrivacyBudget:
    # no upper end: a reservation dated after `now` (a clock set back) still counts
    start = to_instant(period_start(period, now))
    query = select(func.coalesce(func.sum(charges.c.rho), 0), func.coalesce(func.sum(charges.c.delta), 0)).where(
        charges.c.namespace == namespace, charges.c.state != CANCELLED, charges.c.reserved_at >= start
    )
    if purpose is not None:
        query = query.where(charges.c.purpose == purpose)
    rho, delta = connection.execute(query).one()
    return PrivacyBudget(int(rho), int(delta))


def _require(row: BudgetRow, asked: PrivacyBudget, at_delta: int) -> None:
    if row.left.covers(asked):
        return
    who = f"of {row.namespace!r}" if row.purpose is None else f"of purpose {row.purpose!r} for {row.namespace!r}"
    if asked.rho <= row.left.rho:
        who += " (the part of its delta that group thresholds spend)"
    # both at the purpose's delta: in the epsilon in which the question was asked
    raise BudgetExhausted(who, asked=asked.epsilon(at_delta), left=row.left.epsilon(at_delta), renews=row.renews)


def _settle(connection: Connection, reservation: str, state: str, now: int) -> None:
    statement = update(charges).where(charges.c.id == reservation, charges.c.state == RESERVED)
    if connection.execute(statement.values(state=state, settled_at=now)).rowcount == 0:
        raise RecordingFailed(
            f"The reservation cannot become {state}: it is not reserved, or unknown.",
            remedy="Nothing was changed. A reservation is settled once; `pellucid budget show` has the ledger.",
        )


def _purpose(policy: Policy, name: str) -> Purpose:
    if name not in policy.purposes:
        raise NameUnknown("purpose", name, tuple(policy.purposes))
    return policy.purposes[name]


def _cap(policy: Policy, namespace: str) -> Allowance:
    if namespace not in policy.namespaces:
        raise NameUnknown("subject namespace", namespace, tuple(policy.namespaces))
    return policy.namespaces[namespace].cap
