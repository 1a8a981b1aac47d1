"""From the log of what left to a report of what attacks on it gain, in numbered steps.

    (1) log that it begins
    (2) read what left                               what cannot be asked again is counted by why
    (3) govern each question by the policy that it left under, for whoever asked it
    (4) run it inside over the data of today: with everybody, and without each of some people drawn at random
    (5) attack: private answers with noise drawn anew, exact figures by what is kept of their releases
    (6) log what came of it, and report counts and gains

Nothing is released and nothing charged: figures, keys and people live between (4) and (5) and nowhere else.
"""

from __future__ import annotations

import random
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.engines.exact import ExactAnswer
from pellucid.errors import InputInvalid, PellucidError, QueryFailed
from pellucid.insights.approvals import identity_of
from pellucid.insights.attacks.by_noise import MOST_PAIRS, Answer, Trials, attack_private, tables_of
from pellucid.insights.attacks.by_suppression import Shown, alike, attack_suppressed, is_large, uncovered
from pellucid.insights.attacks.found import Attacked, AttackReport, Guarantee, Why
from pellucid.insights.attacks.gain import FALSE_ALARMS
from pellucid.insights.attacks.inside import Inside
from pellucid.insights.attacks.recent import Released, recent
from pellucid.insights.attacks.worlds import Bench
from pellucid.insights.by_caps import Caps, find_caps
from pellucid.insights.by_noise import ByNoise
from pellucid.policy.model import Actor, Policy
from pellucid.records.tables import insight_cells
from pellucid.release.budget import PrivacyBudget
from pellucid.release.judged import cells_of
from pellucid.release.plan import plan_rho
from pellucid.release.suppress import KeptCell
from pellucid.rewrite.governed import GovernedQuery

Progress = Callable[[str, float], None]
PEOPLE, TRIALS, LAST = (5, 500), (50, 100_000), (1, 1_000)
"""The least and the most that may be asked for; fewer people than that would be told of by themselves."""


@dataclass(frozen=True, slots=True)
class AttackPlan:
    """What to attack and how much: answers since an instant (UTC µs), the `last` ones of each guarantee, of one purpose
    or of all; trials an attack, and people drawn at random. Raises InputInvalid.
    """

    since: int
    purpose: str | None = None
    last: int = 12
    trials: int = 200
    people: int = 6

    def __post_init__(self) -> None:
        for name, (least, most) in {"people": PEOPLE, "trials": TRIALS, "last": LAST}.items():
            got = getattr(self, name)
            if not least <= got <= most:
                raise InputInvalid(
                    f"{name} must be from {least:,} to {most:,}, got {got:,}.",
                    code="attack-out-of-range",
                    remedy=f"Choose another number for --{name}.",
                )


@dataclass(slots=True)
class _Course:
    """One attack on its way through the steps. `exact` holds what the questions come to, by question."""

    inside: Inside
    plan: AttackPlan
    pick: random.Random
    secret: Callable[[str, str], str]
    not_attacked: Counter[Why] = field(default_factory=Counter)
    datasets: set[str] = field(default_factory=set)
    private: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    questions: dict[int, _Question] = field(default_factory=dict)
    shown: dict[int, Shown] = field(default_factory=dict)
    salt: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class _Question:
    """A question that may be run again: how, and for which kind of people."""

    governed: GovernedQuery
    purpose: str
    namespace: str
    salt: str
    caps: Caps = field(default_factory=dict)

    @property
    def same(self) -> object:
        """Equal for questions that come to the same cells."""
        return (
            self.purpose,
            self.salt,
            repr(self.caps),
            tuple((block.sql, block.name) for block in self.governed.blocks),
        )


def attack(
    inside: Inside,
    plan: AttackPlan,
    actor: Actor,
    *,
    secret: Callable[[str, str], str],
    pick: random.Random,
    progress: Progress | None = None,
) -> AttackReport:
    """Attack what left lately and report what was gained. `secret` gives the key of an insight's SQL and purpose.

    Raises QueryFailed, without cause and frames, where the engine stops; begin and end are logged, a failure too.
    """
    with inside.database.write() as connection:  # (1)
        body = {"since": plan.since, "people": plan.people, "trials": plan.trials}
        append(connection, AuditEntry("attack.begun", actor, inside.now, plan.purpose, body=body))
    course = _Course(inside, plan, pick, secret)
    failure: PellucidError
    try:
        return _attack(course, actor, progress or (lambda step, share: None))
    except PellucidError as error:
        failure = error
    except Exception:  # Arrow's, numpy's or OpenDP's: their words may quote a cell
        failure = QueryFailed(
            "The attack could not be finished, so it says nothing.",
            code="attack-failed",
            remedy="Please report it with the shapes of the answers from the log, without data.",
        )
    with inside.database.write() as connection:
        failed = {"code": failure.code, "outcome": "failed", "datasets": sorted(course.datasets)}
        append(connection, AuditEntry("attack.failed", actor, inside.now, plan.purpose, body=failed))
    failure.__cause__ = failure.__context__ = None
    raise failure.with_traceback(None)


def _attack(course: _Course, actor: Actor, progress: Progress) -> AttackReport:
    plan, inside = course.plan, course.inside
    with inside.database.read() as connection:  # (2)
        left, course.not_attacked = recent(connection, since=plan.since, purpose=plan.purpose, last=plan.last)
    for place, released in enumerate(left):
        _prepare(course, released)  # (3), (4)
        progress("asking again what left", 0.3 * (place + 1) / len(left))
    _draw_people(course, progress)  # (4)
    found = _tried(course, progress)  # (5)
    answers = {
        Guarantee.PRIVATE.value: sum(map(len, course.private.values())),
        Guarantee.SUPPRESSED.value: len(course.shown),
    }
    told = {why: course.not_attacked[why] for why in Why if course.not_attacked[why]}
    report = AttackReport(plan.since, inside.now, plan.purpose, answers, tuple(found), told)
    with inside.database.write() as connection:  # (6)
        append(connection, AuditEntry("attack.made", actor, inside.now, plan.purpose, body=_logged(report, course)))
    progress("done", 1.0)
    return report


def _logged(report: AttackReport, course: _Course) -> dict[str, object]:
    """Return what the log is told: what was attacked and whether it held, not the gains."""
    return {
        "outcome": report.outcome,
        "datasets": sorted(course.datasets),
        "answers": dict(report.answers),
        "not_attacked": {why.value: count for why, count in report.not_attacked.items()},
        "beyond": [
            {"guarantee": each.guarantee.value, "attack": each.attack.value, "of": list(each.leaves)}
            for each in report.findings
        ],
    }


# -- (3) and (4) -------------------------------------------------------------------------------------------------------


def _prepare(course: _Course, released: Released) -> None:
    """Govern a question again and run it with everybody; what cannot be is counted by why."""
    try:
        policy = course.inside.policy_of(released.policy)
    except PellucidError:
        course.not_attacked[Why.POLICY] += 1
        return
    prepare = _prepare_private if released.guarantee is Guarantee.PRIVATE else _prepare_suppressed
    try:
        why = prepare(course, released, policy)
    except QueryFailed:
        why = Why.FAILED
    except PellucidError:
        why = Why.REFUSED
    if why is not None:
        course.not_attacked[why] += 1


def _prepare_private(course: _Course, released: Released, policy: Policy) -> Why | None:
    inside, query = course.inside, released.query
    governed = inside.govern(query, policy, "query")
    rule = ByNoise(query, policy, governed)
    if len(rule.plan.namespaces) != 1:
        return Why.SEVERAL
    course.datasets.update(governed.datasets)
    cells = inside.count_cells(governed.blocks, query.purpose, course.salt)
    rule.size_up(cells, policy.datasets)  # by rank only where the answer was
    with inside.database.read() as connection:
        governed = rule.take(find_caps(connection, query, policy, inside.now), PrivacyBudget(0))
    # What noise was drawn follows from what was asked, or the attack could not find a charge that is too small; where
    # norms were drawn, or sizes found out first, only from the charge.
    follows = not rule.caps and not released.by_size
    planned = rule.plan if follows else plan_rho(governed, rule.rule, released.cost.rho, cells=cells)
    question = _Question(governed, query.purpose, planned.namespaces[0], course.salt, rule.caps)
    exact = _exact(course, question)
    benches = tuple(Bench.of(block, planned, exact.table(block.name)) for block in governed.blocks)
    if not all(bench.usable for bench in benches):
        return Why.QUANTILES
    answer = Answer(released.leaf, released.cost, governed, planned, benches, tables_of(exact, benches))
    course.private[question.namespace].append(answer)
    course.questions[released.leaf] = question
    return None


def _prepare_suppressed(course: _Course, released: Released, policy: Policy) -> Why | None:
    inside, query = course.inside, released.query
    rule = policy.purposes[query.purpose].suppressed
    identity, secret = identity_of(query.sql, query.purpose), course.secret(query.sql, query.purpose)
    if any(shown.secret == secret for shown in course.shown.values()):
        return None  # an earlier release of the same insight: what is kept of it is attacked with the last
    governed = inside.govern(query, policy, "insight-run")
    if rule is None or len(governed.blocks) != 1:
        return Why.REFUSED
    course.datasets.update(governed.datasets)
    block = governed.blocks[0]
    question = _Question(governed, query.purpose, block.namespace, secret)
    cells = cells_of(_exact(course, question).table(block.name), block)
    with inside.database.read() as connection:
        earlier = _earlier(connection, identity)
    course.shown[released.leaf] = Shown(released.leaf, secret, block, rule, earlier, cells, cells)
    course.questions[released.leaf] = question
    return None


def _exact(course: _Course, question: _Question) -> ExactAnswer:
    return course.inside.exact(question.governed, question.purpose, question.salt, question.caps)


def _earlier(connection: Connection, identity: str) -> Mapping[str, Sequence[KeptCell]]:
    """Return what is kept of all releases of an insight by cell, the oldest first."""
    columns = insight_cells.c
    statement = select(columns.cell, columns.shown, columns.sketch).where(columns.identity == identity)
    found: dict[str, list[KeptCell]] = defaultdict(list)
    for cell, shown, sketch in connection.execute(statement.order_by(columns.sequence)):
        found[cell].append(KeptCell(cell, bool(shown), bytes(sketch)))
    return found


def _draw_people(course: _Course, progress: Progress) -> None:
    """Run every question without each of some people drawn at random."""
    kinds = sorted({question.namespace for question in course.questions.values()})
    for number, namespace in enumerate(kinds):
        asked = {leaf: each for leaf, each in course.questions.items() if each.namespace == namespace}
        purposes = {question.purpose for question in asked.values()}
        uses = {(question.purpose, question.governed.datasets) for question in asked.values()}
        people = course.inside.drawn(namespace, uses, course.plan.people, course.pick)
        if not people:
            course.not_attacked[Why.FEW] += 1
        away: dict[object, list[ExactAnswer]] = defaultdict(list)
        for place, subject in enumerate(people):
            with course.inside.without(subject, namespace, purposes):
                for question in {each.same: each for each in asked.values()}.values():
                    away[question.same].append(_exact(course, question))
            progress("leaving people out", 0.3 + 0.4 * (number + (place + 1) / len(people)) / len(kinds))
        for place, answer in enumerate(course.private[namespace]):
            worlds = [tables_of(exact, answer.benches) for exact in away[asked[answer.leaf].same]]
            course.private[namespace][place] = replace(answer, away=worlds)
        for leaf, shown in course.shown.items():
            if leaf in asked:
                shown.away = [exact.table(shown.block.name) for exact in away[asked[leaf].same]]


# -- (5) ---------------------------------------------------------------------------------------------------------------


def _tried(course: _Course, progress: Progress) -> list[Attacked]:
    answers = [found for found in course.private.values() if found]
    tests = sum(len(found) + MOST_PAIRS + 5 for found in answers)
    trials = Trials(course.plan.trials, course.pick, FALSE_ALARMS / max(1, tests))
    found: list[Attacked] = []
    for place, each in enumerate(answers):
        progress("attacking private answers", 0.7 + 0.25 * place / len(answers))
        found += attack_private(each, trials)
        course.not_attacked[Why.GROUPS] += sum(not answer.has_public_cells for answer in each)
    insights = list(course.shown.values())
    if insights:
        progress("attacking exact figures", 0.95)
        _print_alike(course, insights)
        found += attack_suppressed(insights)
        course.not_attacked[Why.CHANGED] += len(
            insights
        )  # how many cells changed would tell that somebody came or left
        course.not_attacked[Why.LARGE] += sum(map(is_large, insights))
        course.not_attacked[Why.LINES] += sum(map(uncovered, insights))
        course.not_attacked[Why.UNLIKE] += len(insights) * (len(insights) - 1) // 2 - len(alike(insights))
    return found


def _print_alike(course: _Course, insights: Sequence[Shown]) -> None:
    """Print the cells of insights that can be subtracted from one another under one key, to be compared."""
    leaves = {each.leaf for pair in alike(insights) for each in pair}
    for insight in insights:
        if insight.leaf in leaves:
            question = replace(course.questions[insight.leaf], salt=course.salt)
            insight.common = cells_of(_exact(course, question).table(insight.block.name), insight.block)
