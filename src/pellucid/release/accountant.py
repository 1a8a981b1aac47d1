"""The durable ledger of privacy loss: reserved before a question runs, charged or cancelled after, never below zero.

A binding cap a subject namespace over all datasets and purposes; within it allowances by purpose, dataset and analyst
(`release.limits`). In doubt charged: a reservation counts as spent in its period until it is cancelled, so a crash
spends it, and what is not known to be of other data counts against every dataset. Loss is summed as zCDP rho, which
composes exactly; epsilon is a way to show it. An allowance's delta is split in two: one half converts rho to epsilon,
the other is what thresholds may spend in the period.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, or_, select, update

from pellucid.errors import BudgetExhausted, InputInvalid, RecordingFailed
from pellucid.policy.model import Period, Policy
from pellucid.records.columns import from_instant, to_instant
from pellucid.records.tables import charges
from pellucid.release.budget import PrivacyBudget, conversion_delta, granted
from pellucid.release.limits import Limit, all_limits, limits_on, purpose_of, told

RESERVED, CHARGED, CANCELLED = "reserved", "charged", "cancelled"

UNKNOWN = ""
"""The purpose of a loss that nobody knows anything of: it counts against every purpose, dataset and analyst."""


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """The state of one cap or allowance in the current period; epsilons are at `delta`'s first half.

    It is the cap of its namespace where `purpose`, `dataset` and `analyst` are all None. Epsilon does not add up the
    way rho does: `left_epsilon` is the largest single question that still fits.
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
    dataset: str | None = None
    analyst: str | None = None

    @property
    def is_cap(self) -> bool:
        """Whether it is the binding cap of its namespace, over everything."""
        return self.purpose is None and self.dataset is None and self.analyst is None

    @property
    def whose(self) -> str:
        """Whose limit it is, for people: `of purpose 'planning' for 'household'`."""
        return told(self.namespace, self.purpose, self.dataset, self.analyst)

    def to_json(self) -> dict[str, object]:
        """Return a JSON-ready dict: whose it is, what it grants in a period, and what is spent and left of it."""
        return {
            "namespace": self.namespace,
            "purpose": self.purpose,
            "dataset": self.dataset,
            "analyst": self.analyst,
            "epsilon": self.cap_epsilon,
            "delta": self.delta,
            "period": self.period.value,
            "spent_epsilon": self.spent_epsilon,
            "left_epsilon": self.left_epsilon,
            "renews": self.renews.isoformat(),
        }


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
    datasets: Sequence[str] | None = None,
    then: PrivacyBudget | None = None,
) -> str:
    """Set rho (units of 1e-12) and delta (1e-15) aside in every namespace and return the reservation's id.

    `then` is what will be asked for right after, and must be left as well: nobody shall pay for half of a question.
    `datasets` are those with people that the question reads; unknown (None), it is bound by and counts against all.
    Must be called inside `Database.write()`: that writers follow one another there, on SQLite and PostgreSQL alike, is
    what keeps two from reading the same sum. Raises BudgetExhausted if a cap or an allowance lacks either, of several
    the one with the least left.
    """
    asked = PrivacyBudget(rho, delta)
    if not namespaces:
        raise InputInvalid("A reservation needs at least one namespace, got none.", code="namespaces-missing")
    rows = standing(connection, policy, purpose, namespaces, now, datasets=datasets, analyst=actor)
    _require(
        rows, asked if then is None else asked + then, conversion_delta(purpose_of(policy, purpose).release.allowance)
    )
    reservation = uuid.uuid4().hex
    values = {"id": reservation, "purpose": purpose, "actor": actor, "rho": rho, "delta": delta}
    values["datasets"] = _listed(datasets)
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
    """Count every cap and allowance as spent until it renews: for when nobody can know what was spent, and by whom.

    One loss a namespace, as large as the most that is left of any, and of unknown purpose, data and analyst.
    """
    rows = budget_state(connection, policy, now)
    for namespace in sorted(policy.namespaces):
        lost = [row.left for row in rows if row.namespace == namespace]
        record = {"id": uuid.uuid4().hex, "namespace": namespace, "purpose": UNKNOWN, "actor": actor, "datasets": None}
        loss = {"rho": max(left.rho for left in lost), "delta": max(left.delta for left in lost)}
        settled = {"state": CHARGED, "reserved_at": now, "settled_at": now}
        connection.execute(insert(charges).values(record | loss | settled))


def budget_state(connection: Connection, policy: Policy, now: int) -> tuple[BudgetRow, ...]:
    """Return each namespace's cap followed by its allowances, by purpose, dataset and analyst, in their periods."""
    return tuple(_row(connection, limit, now) for limit in all_limits(policy))


def standing(
    connection: Connection,
    policy: Policy,
    purpose: str,
    namespaces: Sequence[str],
    now: int,
    *,
    datasets: Sequence[str] | None = None,
    analyst: str | None = None,
) -> tuple[BudgetRow, ...]:
    """Return the caps and allowances that a question for this purpose over these namespaces is bound by.

    `datasets` and `analyst` as in `limits.limits_on`. Raises NameUnknown.
    """
    limits = limits_on(policy, purpose, namespaces, datasets=datasets, analyst=analyst)
    return tuple(_row(connection, limit, now) for limit in limits)


def tightest(rows: Sequence[BudgetRow]) -> BudgetRow:
    """Return the row with the least rho left: the one that a question will meet first."""
    return min(rows, key=lambda row: row.left.rho)


def binding_cap(rows: Sequence[BudgetRow]) -> BudgetRow | None:
    """Return the cap with the least left among the rows; None where no namespace is touched."""
    caps = [row for row in rows if row.is_cap]
    return tightest(caps) if caps else None


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


def _row(connection: Connection, limit: Limit, now: int) -> BudgetRow:
    allowance = limit.allowance
    cap, spent = granted(allowance), _spent(connection, limit, now)
    left, at_delta = cap.minus(spent), conversion_delta(allowance)
    return BudgetRow(
        namespace=limit.namespace,
        purpose=limit.purpose,
        cap_epsilon=allowance.epsilon,
        delta=allowance.delta,
        period=allowance.period,
        spent=spent,
        left=left,
        spent_epsilon=spent.epsilon(at_delta),
        left_epsilon=left.epsilon(at_delta),
        renews=period_end(allowance.period, now),
        dataset=limit.dataset,
        analyst=limit.analyst,
    )


def _spent(connection: Connection, limit: Limit, now: int) -> PrivacyBudget:
    # no upper end: a reservation dated after `now` (a clock set back) still counts
    start = to_instant(period_start(limit.allowance.period, now))
    query = select(func.coalesce(func.sum(charges.c.rho), 0), func.coalesce(func.sum(charges.c.delta), 0)).where(
        charges.c.namespace == limit.namespace, charges.c.state != CANCELLED, charges.c.reserved_at >= start
    )
    if limit.purpose is not None:
        query = query.where(charges.c.purpose.in_((limit.purpose, UNKNOWN)))
    if limit.dataset is not None:
        # names are lower-case, so that LIKE is exact on SQLite too
        read = charges.c.datasets.contains(f" {limit.dataset} ", autoescape=True)
        query = query.where(or_(charges.c.datasets.is_(None), read))
    if limit.analyst is not None:
        query = query.where(or_(charges.c.actor == limit.analyst, charges.c.purpose == UNKNOWN))
    rho, delta = connection.execute(query).one()
    return PrivacyBudget(int(rho), int(delta))


def _listed(datasets: Sequence[str] | None) -> str | None:
    return None if datasets is None else "".join(f" {name}" for name in sorted(set(datasets))) + " "


def _require(rows: Sequence[BudgetRow], asked: PrivacyBudget, at_delta: int) -> None:
    lacking = [row for row in rows if not row.left.covers(asked)]
    if not lacking:
        return
    row = min(lacking, key=lambda each: (each.left.rho >= asked.rho, each.left.rho, each.left.delta))
    who = row.whose
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
