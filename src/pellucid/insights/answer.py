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

from dataclasses import replace

import pyarrow as pa
from sqlalchemy import Connection

from pellucid.audit.entry import LogReceipt
from pellucid.audit.log import append
from pellucid.consent.coverage import Bands
from pellucid.consent.leases import drop_lease, holds_lease, take_lease
from pellucid.consent.register import is_due
from pellucid.consent.replica import narrowed_since
from pellucid.engines.base import Statement
from pellucid.errors import ConsentInFlux, PellucidError, QueryFailed
from pellucid.failpoints import reach
from pellucid.insights.approvals import Approved
from pellucid.insights.by_caps import find_caps
from pellucid.insights.by_noise import ByNoise
from pellucid.insights.by_suppression import BySuppression
from pellucid.insights.course import Beside, Course, Parts, bound_values, close_failed, closing, only, policy_changed
from pellucid.insights.kept import find_kept, keep_release
from pellucid.insights.outputs import Answered, accuracy_of, coverage_of, named_outputs
from pellucid.insights.query import InsightQuery, check_parameters
from pellucid.insights.record import refused_entry, repeated_entry, with_people
from pellucid.insights.replica import Fresh
from pellucid.insights.sizing import begin
from pellucid.policy.decide import may
from pellucid.policy.ranks import rank_rule
from pellucid.policy.stamp import Stamp
from pellucid.release.accountant import binding_cap
from pellucid.release.budget import PrivacyBudget
from pellucid.release.preview import Preview, previewed
from pellucid.release.private import cells_grew
from pellucid.release.result import Loss, Receipt, Release
from pellucid.rewrite.context import Context

__all__ = ["LEASE_SLACK", "RERUNS", "Beside", "Parts", "answer", "preview", "rehearse"]

PAID_BEFORE = "What was spent before it, on a norm or on a size, stays spent; norms are kept for the same question."

RERUNS = 2
"""Runs again after the first before a lease is taken."""

LEASE_SLACK = 5.0
"""Seconds a lease outlives the query's time limit: opening the replica and adding noise."""


def answer(
    parts: Parts, query: InsightQuery, approved: Approved | None = None, beside: Beside | None = None
) -> Release:
    """Answer a question by noise, or an `approved` insight exactly, where enough people stand behind a figure.

    `beside` is called in the transaction that releases the answer, or shows an earlier one again.
    Raises UseRefused, BudgetExhausted, NotPermitted for an approval that stands no more, ConsentInFlux, QueryFailed.
    Each outcome is logged.
    """
    course = _govern(parts, query, "query" if approved is None else "insight-run", approved)  # (1)
    course.beside = beside
    again = _shown_again(parts, course)
    if again is not None:
        return again
    fresh = _made_ready(parts, course)
    if isinstance(course.rule, ByNoise):
        first = course.rule.preliminary()
        if first is not None:  # a question of its own: charged and logged like any other, but not shown
            before = Course(first.query, course.policy, first.governed, first, course.action)
            first.leaf = _carry_out(parts, before, _made_ready(parts, before)).receipt.leaf
            course.paid_before = True
            with closing(parts, course):
                course.rule.plan_again()
    try:
        return _carry_out(parts, course, fresh)
    except PellucidError as error:
        if course.paid_before:
            error.remedy = f"{error.remedy} {PAID_BEFORE}".strip()
        raise


def _made_ready(parts: Parts, course: Course) -> Fresh:
    with closing(parts, course):
        fresh = begin(parts, course)  # (2)
    _draw_caps(parts, course, fresh)
    return fresh


def _carry_out(parts: Parts, course: Course, fresh: Fresh) -> Release:
    with closing(parts, course):
        _reserve(parts, course)  # (3)
        return _run_and_commit(parts, course, fresh)


def _draw_caps(parts: Parts, course: Course, fresh: Fresh) -> None:
    """Where norms are drawn and none are kept, draw them first: a release of its own, through steps (3) to (6)."""
    if not isinstance(course.rule, ByNoise):
        return
    with parts.database.read() as connection:
        caps = find_caps(connection, course.query, course.policy, parts.clock())
    with closing(parts, course):
        draw, spent = course.rule.draw(caps), PrivacyBudget(0)
    if draw is not None:
        first = Course(course.query, course.policy, draw.governed, draw, course.action)
        _carry_out(parts, first, fresh)
        caps, spent = caps | draw.found, draw.plan.cost
        course.paid_before = True
    with closing(parts, course):
        course.governed = course.rule.take(caps, spent)


def _shown_again(parts: Parts, course: Course) -> Release | None:
    """Return the answer that was released before, if it may still be shown: the gate let the question pass just now."""
    if course.query.fresh or not isinstance(course.rule, ByNoise) or not course.governed.blocks:
        return None
    with parts.database.read() as connection:
        if find_kept(connection, course.query, course.policy, parts.clock()) is None:
            return None
    with parts.database.write() as connection:
        now = parts.clock()
        if parts.in_force(connection) != course.policy.in_force:
            raise policy_changed()
        kept = find_kept(connection, course.query, course.policy, now)
        if kept is None:
            return None
        stamp, rows = kept.release.stamp, kept.release.values.num_rows
        cap = binding_cap(course.rule.standing(connection, now))
        receipt = append(connection, repeated_entry(course.query, course.governed, stamp, kept.leaf, rows, now))
        return course.released(connection, kept.again(Receipt(receipt.leaf, receipt.leaf_hash, ""), cap))


def preview(parts: Parts, query: InsightQuery) -> Preview:
    """Return what a question would cost and how exact it would be: the gate alone, no data touched.

    Whom it would cover is told in bands to whoever may ask, since an answer tells it, or may see coverage anyway.
    """
    course = _govern(parts, query, "preview")
    rule, now = ByNoise(query, course.policy, course.governed), parts.clock()
    with parts.database.read() as connection:
        rows = rule.standing(connection, now)
    made = previewed(
        rule.plan, rows, cost=rule.cost, purpose=query.purpose, sql=course.governed.shape, notes=rule.notes()
    )
    return replace(made, obligations=course.governed.obligations, coverage=_coverage(parts, course, now))


def _coverage(parts: Parts, course: Course, now: int) -> dict[str, str]:
    if all(may(course.policy, course.query.actor, action) is not None for action in ("query", "consent-coverage")):
        return {}
    with parts.database.write() as connection:  # bands that are too old are made anew
        found = coverage_of(connection, course.policy, course.governed, now, parts.coverage_hours)
    return {name: each.share for name, each in found.items()}


def rehearse(parts: Parts, query: InsightQuery, approved: Approved) -> BySuppression:
    """Run steps (1), (2), (4) and (5) of an insight nobody approved yet, and return what the rule holds: no release.

    Raises as `answer` does. Refusals and failures are logged; whoever calls logs what comes of it.
    """
    course = _govern(parts, query, "insight-propose", approved)
    if not isinstance(course.rule, BySuppression):
        raise TypeError("only exact figures are rehearsed")
    try:
        _run(parts, course, begin(parts, course))
    except PellucidError as error:
        close_failed(parts, course, error)
        raise
    return course.rule


# -- (1) govern --------------------------------------------------------------------------------------------------------


def _govern(parts: Parts, query: InsightQuery, action: str, approved: Approved | None = None) -> Course:
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
    return Course(query, policy, governed, rule, action)


# -- (3) reserve -------------------------------------------------------------------------------------------------------


def _reserve(parts: Parts, course: Course) -> None:
    if not course.governed.blocks:
        return  # public tables only: nobody's privacy is spent
    with parts.database.write() as connection:
        course.reservation = course.rule.reserve(connection, parts.clock())
        reach("query.reserved")
    reach("query.reserve-committed")


# -- (4) to (7) --------------------------------------------------------------------------------------------------------


def _run_and_commit(parts: Parts, course: Course, fresh: Fresh) -> Release:
    for attempt in range(RERUNS + 2):
        if attempt == RERUNS + 1:
            with parts.database.write() as connection:
                now = parts.clock()
                course.lease = take_lease(connection, course.query.purpose, now, parts.seconds + LEASE_SLACK)
            reach("lease.committed")
        if attempt:
            fresh = parts.replica.fresh(parts.clock())
            if fresh.policy.version != course.policy.version:
                raise policy_changed()
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


def _run(parts: Parts, course: Course, fresh: Fresh) -> Answered:
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


def _run_exact(parts: Parts, course: Course, fresh: Fresh) -> Answered:
    now = parts.clock()
    with parts.database.read() as connection:
        course.rule.begin(connection)
    bound = bound_values(course, now)
    governed = course.governed
    statements = [
        Statement(part.name, part.sql, only(bound | course.rule.values(part.name), part.parameters))
        for part in governed.blocks
    ]
    statements += [Statement(part.name, part.sql, only(bound, part.parameters)) for part in governed.tables]
    _demand_ranks(course, fresh)
    course.started = bool(governed.blocks)
    exact = fresh.engine.run(statements, purpose=course.query.purpose, seconds=parts.seconds)
    reach("query.ran")
    stamp = fresh.stamp(governed.datasets, register=exact.replica_version, now=now)
    left = course.rule.release(exact)
    tables = dict(left.tables) | {part.name: exact.table(part.name) for part in governed.tables}
    post = Statement("post", governed.post_sql, only(bound, governed.post_parameters))
    values = parts.cells().run(post, tables, seconds=parts.seconds)
    return Answered(values, stamp, left.half_widths, left.clipping, left.reasons)


def _demand_ranks(course: Course, fresh: Fresh) -> None:
    """Raise QueryFailed unless this very engine's rows are ranked as declared and its keys were found to be unique."""
    for ranked in (block.ranked for block in course.governed.blocks if block.ranked is not None):
        is_ranked = fresh.engine.ranks.get(ranked.dataset) == rank_rule(course.policy.datasets[ranked.dataset])
        if not is_ranked or any(fresh.counted.get(sql) != 0 for sql in ranked.unique):
            raise cells_grew()


def _commit(parts: Parts, course: Course, answered: Answered) -> Release | None:
    """Charge, log and make the release, unless it would break a promise; then None, and nothing was written."""
    with parts.database.write() as connection:
        now = parts.clock()
        if parts.in_force(connection) != course.policy.in_force:
            raise policy_changed()
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
        entry = course.rule.entry(answered.stamp, course.reservation or "", values.num_rows)
        receipt = append(connection, with_people(entry, coverage))
        course.rule.keep(connection, receipt.leaf)
        released = _release(course, answered, values, loss, coverage, receipt)
        if isinstance(course.rule, ByNoise) and course.governed.blocks and not course.rule.estimate:
            keep_release(connection, course.query, course.policy, released, now)
        course.released(connection, released)
        reach("query.before-commit")
        return released


def _overtaken(connection: Connection, course: Course, stamp: Stamp, now: int) -> bool:
    """Whether somebody's permission narrowed since the bits that were used, by what people said or by time."""
    return is_due(connection, now) or narrowed_since(connection, course.query.purpose, stamp.register)


def _release(
    course: Course, answered: Answered, values: pa.Table, loss: Loss, coverage: dict[str, Bands], receipt: LogReceipt
) -> Release:
    return Release(
        values=values,
        accuracy=accuracy_of(course.governed, answered),
        clipping=answered.clipping,
        loss=loss,
        stamp=answered.stamp,
        coverage={name: found.share for name, found in coverage.items()},
        receipt=Receipt(receipt.leaf, receipt.leaf_hash, course.reservation or ""),
        purpose=course.query.purpose,
        sql=course.governed.shape,
        notes=course.rule.notes(),
        rule=course.rule.name,
    )
