"""The spine: from a question to a release, in numbered steps (ARCHITECTURE, path (a)).

    (1) govern the SQL                          refused -> logged, UseRefused; no data touched
    (2) bring the engine to the register
    (3) reserve budget                          too little -> logged, BudgetExhausted
    (4) run the exact blocks over one state of the permitted bits, whose version is told
    (5) release rule: noise (`by_noise`) or withheld cells (`by_suppression`); then `post` over released cells
    (6) one control transaction: if somebody's permission for this purpose narrowed since the stamp, run again under the
        same reservation, at last under a lease; then charge and log
    (7) the Release

Once (4) has begun, in doubt charged. Exact values live between (4) and (5) and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection

from pellucid.audit.entry import LogReceipt
from pellucid.audit.log import append
from pellucid.consent.leases import drop_lease, holds_lease, take_lease
from pellucid.consent.register import is_due
from pellucid.consent.replica import narrowed_since
from pellucid.engines.base import ReleasedCells, Statement
from pellucid.errors import ConsentInFlux, NotJournaled, PellucidError, QueryFailed, UseRefused
from pellucid.failpoints import reach
from pellucid.insights.approvals import Approved
from pellucid.insights.by_noise import ByNoise
from pellucid.insights.by_suppression import BySuppression
from pellucid.insights.kept import find_kept, keep_release
from pellucid.insights.outputs import Answered, accuracy_of, coverage_of, named_outputs
from pellucid.insights.query import InsightQuery, check_parameters
from pellucid.insights.record import failed_entry, refused_entry, repeated_entry
from pellucid.insights.replica import Fresh, Replica
from pellucid.policy.model import Actor, Policy, Standing
from pellucid.policy.reasons import reason
from pellucid.policy.stamp import Stamp
from pellucid.records.columns import from_instant
from pellucid.records.database import Database
from pellucid.release.accountant import cancel, charge, standing
from pellucid.release.result import ExpectedAccuracy, Loss, Preview, Receipt, Release
from pellucid.rewrite.context import Context
from pellucid.rewrite.governed import GovernedQuery
from pellucid.rewrite.parse import Limits
from pellucid.rewrite.pipeline import Gate

RERUNS = 2
"""Runs again after the first before a lease is taken."""

_COUNT_CELLS = "SELECT COUNT(*) AS cells FROM ({})"

LEASE_SLACK = 5.0
"""Seconds a lease outlives the query's time limit: opening the replica and adding noise."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the spine works with; `workspace` puts it together."""

    database: Database
    replica: Replica
    gate: Gate
    cells: Callable[[], ReleasedCells]
    clock: Callable[[], int]
    standing: Callable[[Actor], Standing]
    policy_version: Callable[[Connection], str | None]
    limits: Limits
    seconds: float
    coverage_hours: float


@dataclass(slots=True)
class _Course:
    """One question on its way through the steps."""

    query: InsightQuery
    policy: Policy
    governed: GovernedQuery
    rule: ByNoise | BySuppression
    action: str
    reservation: str | None = None
    started: bool = False
    lease: str | None = None


def answer(parts: Parts, query: InsightQuery, approved: Approved | None = None) -> Release:
    """Answer a question by noise, or an `approved` insight exactly, where enough people stand behind a figure.

    Raises UseRefused, BudgetExhausted, NotPermitted for an approval that stands no more, ConsentInFlux, QueryFailed.
    Each outcome is logged.
    """
    course = _govern(parts, query, "query" if approved is None else "insight-run", approved)  # (1)
    again = _shown_again(parts, course)
    if again is not None:
        return again
    try:
        fresh = _begin(parts, course)  # (2)
        _reserve(parts, course)  # (3)
        return _run_and_commit(parts, course, fresh)
    except NotJournaled:
        raise  # what was reserved stays so, hence spent
    except PellucidError as error:
        _close_failed(parts, course, error)
        raise
    except BaseException:  # a defect, or somebody's Ctrl-C: in doubt charged, and the log is told
        stopped = QueryFailed("The answer was not finished.", code="query-stopped")
        with suppress(PellucidError):
            _close_failed(parts, course, stopped)
        raise


def _shown_again(parts: Parts, course: _Course) -> Release | None:
    """Return the answer that was released before, if it may still be shown: the gate let the question pass just now."""
    if course.query.fresh or not isinstance(course.rule, ByNoise) or not course.governed.blocks:
        return None
    with parts.database.read() as connection:
        if find_kept(connection, course.query, course.policy, parts.clock()) is None:
            return None
    with parts.database.write() as connection:
        now = parts.clock()
        if parts.policy_version(connection) != course.policy.version:
            raise _policy_changed()
        kept = find_kept(connection, course.query, course.policy, now)
        if kept is None:
            return None
        stamp, rows = kept.release.stamp, kept.release.values.num_rows
        budget = standing(connection, course.policy, course.query.purpose, course.rule.plan.namespaces, now)
        receipt = append(connection, repeated_entry(course.query, course.governed, stamp, kept.leaf, rows, now))
        return kept.again(Receipt(receipt.leaf, receipt.leaf_hash, ""), budget[0] if budget else None)


def preview(parts: Parts, query: InsightQuery) -> Preview:
    """Return what a question would cost and how exact it would be: the gate alone, no data touched."""
    course = _govern(parts, query, "preview")
    plan, now = ByNoise(query, course.policy, course.governed).plan, parts.clock()
    with parts.database.read() as connection:
        rows = standing(connection, course.policy, query.purpose, plan.namespaces, now)
    thresholds = [block.threshold.threshold for block in plan.blocks if block.threshold is not None]
    measures = [
        ExpectedAccuracy(measure.title, measure.half_width, measure.reason)
        for block in plan.blocks
        for measure in block.measures
    ]
    return Preview(
        purpose=query.purpose,
        sql=course.governed.shape,
        expected=tuple(measures),
        epsilon=plan.cost.epsilon(plan.conversion_delta),
        delta=Loss.of(plan, rows[0]).delta if rows else 0.0,
        rho=Loss.of(plan, rows[0]).rho if rows else 0.0,
        left_epsilon=min((row.left_epsilon for row in rows), default=0.0),
        renews=min((row.renews for row in rows), default=None),
        fewest_people=max(thresholds, default=None),
        notes=course.rule.notes(),
    )


def rehearse(parts: Parts, query: InsightQuery, approved: Approved) -> BySuppression:
    """Run steps (1), (2), (4) and (5) of an insight nobody approved yet, and return what the rule holds: no release.

    Raises as `answer` does. Refusals and failures are logged; whoever calls logs what comes of it.
    """
    course = _govern(parts, query, "insight-propose", approved)
    if not isinstance(course.rule, BySuppression):
        raise TypeError("only exact figures are rehearsed")
    try:
        _run(parts, course, _begin(parts, course))
    except PellucidError as error:
        _close_failed(parts, course, error)
        raise
    return course.rule


# -- (1) govern --------------------------------------------------------------------------------------------------------


def _govern(parts: Parts, query: InsightQuery, action: str, approved: Approved | None = None) -> _Course:
    policy = parts.replica.policy()
    try:
        context = Context(policy, query.actor, query.purpose, parts.standing(query.actor), parts.limits, action)
        governed = parts.gate.govern(query.sql, context)
        check_parameters(governed, query.parameters)
        rule = (
            ByNoise(query, policy, governed) if approved is None else BySuppression(query, policy, governed, approved)
        )
    except PellucidError as error:
        with parts.database.write() as connection:
            append(connection, refused_entry(query, error, policy, action, parts.clock()))
        raise
    return _Course(query, policy, governed, rule, action)


def _begin(parts: Parts, course: _Course) -> Fresh:
    """Bring the engine to the register, and size the question up with it."""
    while True:
        fresh = parts.replica.fresh(parts.clock())
        try:
            _size_up(parts, course, fresh)
        except QueryFailed as error:
            if error.code != "query-closed":
                raise
            continue  # another thread replaced the engine, for newer data
        return fresh


def _size_up(parts: Parts, course: _Course, fresh: Fresh) -> None:
    """Count the public cells, which touches nobody's data, and plan with their number."""
    if fresh.policy.version != course.policy.version:
        raise _policy_changed()
    blocks = [block for block in course.governed.blocks if block.cells_sql is not None]
    if not blocks:
        return
    bound = _bound_values(course, parts.clock())
    statements = [
        Statement(block.name, _COUNT_CELLS.format(block.cells_sql), _only(bound, block.cells_parameters))
        for block in blocks
    ]
    counted = fresh.engine.run(statements, purpose=course.query.purpose, seconds=parts.seconds)
    cells = {block.name: int(counted.table(block.name).column("cells")[0].as_py()) for block in blocks}
    for block in blocks:
        if cells[block.name] > block.max_cells:
            got, allowed = f"{cells[block.name]:,}", f"{block.max_cells:,}"
            raise UseRefused([reason("too-many-cells", got=got, allowed=allowed)], message="This question is refused.")
    course.rule.size_up(cells)


# -- (3) reserve -------------------------------------------------------------------------------------------------------


def _reserve(parts: Parts, course: _Course) -> None:
    if not course.governed.blocks:
        return  # public tables only: nobody's privacy is spent
    with parts.database.write() as connection:
        course.reservation = course.rule.reserve(connection, parts.clock())
        reach("query.reserved")
    reach("query.reserve-committed")


# -- (4) to (7) --------------------------------------------------------------------------------------------------------


def _run_and_commit(parts: Parts, course: _Course, fresh: Fresh) -> Release:
    for attempt in range(RERUNS + 2):
        if attempt == RERUNS + 1:
            with parts.database.write() as connection:
                now = parts.clock()
                course.lease = take_lease(connection, course.query.purpose, now, parts.seconds + LEASE_SLACK)
            reach("lease.committed")
        if attempt:
            fresh = parts.replica.fresh(parts.clock())
            if fresh.policy.version != course.policy.version:
                raise _policy_changed()
        try:
            answered = _run(parts, course, fresh)  # (4) and (5)
        except QueryFailed as error:
            if error.code != "query-closed":
                raise
            continue  # newer data were published meanwhile: the engine was replaced
        released = _commit(parts, course, answered)  # (6)
        if released is not None:
            reach("query.after-commit")
            return released  # (7)
    raise ConsentInFlux(
        "People's choices kept changing while the answer was made, so it was not released.", remedy="Ask again."
    )


def _run(parts: Parts, course: _Course, fresh: Fresh) -> Answered:
    """Run steps (4) and (5). What fails there leaves without cause, context and frames: they may hold exact cells."""
    failure: PellucidError
    try:
        return _run_exact(parts, course, fresh)
    except PellucidError as error:
        failure = error
    except Exception:  # Arrow's or OpenDP's: their words may quote a cell
        failure = QueryFailed(
            "The answer could not be made; nothing was released.",
            code="answer-failed",
            remedy="Change the question; please report its shape from the log, without data.",
        )
    failure.__cause__ = failure.__context__ = None
    raise failure.with_traceback(None)


def _run_exact(parts: Parts, course: _Course, fresh: Fresh) -> Answered:
    now = parts.clock()
    with parts.database.read() as connection:
        course.rule.begin(connection)
    bound = _bound_values(course, now)
    governed = course.governed
    statements = [Statement(part.name, part.sql, _only(bound, part.parameters)) for part in governed.blocks]
    statements += [Statement(part.name, part.sql, _only(bound, part.parameters)) for part in governed.tables]
    course.started = bool(governed.blocks)
    exact = fresh.engine.run(statements, purpose=course.query.purpose, seconds=parts.seconds)
    reach("query.ran")
    stamp = fresh.stamp(governed.datasets, register=exact.replica_version, now=now)
    left = course.rule.release(exact)
    tables = dict(left.tables) | {part.name: exact.table(part.name) for part in governed.tables}
    post = Statement("post", governed.post_sql, _only(bound, governed.post_parameters))
    values = parts.cells().run(post, tables, seconds=parts.seconds)
    return Answered(values, stamp, left.half_widths, left.clipping, left.reasons)


def _commit(parts: Parts, course: _Course, answered: Answered) -> Release | None:
    """Charge, log and make the release, unless it would break a promise; then None, and nothing was written."""
    with parts.database.write() as connection:
        now = parts.clock()
        if parts.policy_version(connection) != course.policy.version:
            raise _policy_changed()
        if course.lease is not None:
            if not holds_lease(connection, course.lease):
                return None
            drop_lease(connection, course.lease)
        elif _overtaken(connection, course, answered.stamp, now):
            return None
        loss = course.rule.loss(connection, now)
        if not course.rule.settle(connection, course.reservation, now):
            return None
        coverage = coverage_of(connection, course.policy, course.governed, now, parts.coverage_hours)
        values = named_outputs(answered.values, course.governed, answered.half_widths)
        receipt = append(connection, course.rule.entry(answered.stamp, course.reservation or "", values.num_rows))
        course.rule.keep(connection, receipt.leaf)
        released = _release(course, answered, values, loss, coverage, receipt)
        if isinstance(course.rule, ByNoise) and course.governed.blocks:
            keep_release(connection, course.query, course.policy, released, now)
        reach("query.before-commit")
        return released


def _overtaken(connection: Connection, course: _Course, stamp: Stamp, now: int) -> bool:
    """Whether somebody's permission narrowed since the bits that were used, by what people said or by time."""
    return is_due(connection, now) or narrowed_since(connection, course.query.purpose, stamp.register)


def _release(
    course: _Course, answered: Answered, values: pa.Table, loss: Loss, coverage: dict[str, str], receipt: LogReceipt
) -> Release:
    return Release(
        values=values,
        accuracy=accuracy_of(course.governed, answered),
        clipping=answered.clipping,
        loss=loss,
        stamp=answered.stamp,
        coverage=coverage,
        receipt=Receipt(receipt.leaf, receipt.leaf_hash, course.reservation or ""),
        purpose=course.query.purpose,
        sql=course.governed.shape,
        notes=course.rule.notes(),
        rule=course.rule.name,
    )


def _close_failed(parts: Parts, course: _Course, error: PellucidError) -> None:
    """Give back what was not used, keep charged what may have been, and log that no answer left."""
    with parts.database.write() as connection:
        now = parts.clock()
        if course.lease is not None:
            drop_lease(connection, course.lease)
        if course.reservation is not None:
            (charge if course.started else cancel)(connection, course.reservation, now)
        if course.started:
            append(connection, failed_entry(course.query, course.governed, error, course.reservation, now))
        else:
            append(connection, refused_entry(course.query, error, course.policy, course.action, now))
        reach("query.failed-before-commit")
    reach("query.failed-after-commit")


def _policy_changed() -> ConsentInFlux:
    return ConsentInFlux(
        "Another policy came into force while the answer was made.", code="policy-changed", remedy="Ask again."
    )


def _bound_values(course: _Course, now: int) -> dict[str, object]:
    """Return the question's own parameters, the instant, and the rule's secret salt."""
    moment = from_instant(now).replace(tzinfo=None)
    return {**course.query.parameters, "_now": moment, "_salt": course.rule.salt}


def _only(bound: dict[str, object], names: tuple[str, ...]) -> dict[str, object]:
    return {name: bound[name] for name in names if name in bound}
