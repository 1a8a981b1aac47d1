"""Human review of an automated decision (GDPR Art. 22(3)): who waits for it, what may have led to it, what came of it.

pellucid makes no decision about anybody, so it does not know the one that is meant: the person says which, and the
queue adds what is known. These are the uses declared as profiling or as deciding, the person's datasets that they may
read, and how often such a use was answered from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from pellucid.audit.four_eyes import why_not_another
from pellucid.audit.log import entries
from pellucid.errors import InputInvalid, NotPermitted
from pellucid.holdings.publish import SubjectBits, generations_published, subjects_of
from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Policy, Purpose
from pellucid.records.tables import insight_proposals
from pellucid.rights.asking import DECISION, PURPOSES, STATEMENT
from pellucid.rights.choice import ChoiceParts, TellPerson, Told, demand_ready, demand_told
from pellucid.rights.decision import Decision, decision_of, keep_decision
from pellucid.rights.filing import filer_of
from pellucid.rights.request import Request, Right
from pellucid.subjects.keys import SubjectKeys

DECIDING = frozenset({"profiling", "significant_decisions"})
"""Kinds of use that lead to decisions about people."""

RELEASED = frozenset({"query.released", "insight.released"})


class ReviewOutcome(StrEnum):
    """What became of a decision that a person looked at again."""

    UPHELD = "upheld"
    CHANGED = "changed"

    @property
    def message(self) -> str:
        """Return the kind of the message that tells the person."""
        return f"decision-{self.value}"


@dataclass(frozen=True, slots=True)
class DecidingUse:
    """A purpose that profiles or decides, its datasets with rows of the person, and what was asked of these for it.

    `insights` are the approved ones of the purpose; `answers` counts released ones that read one of these datasets,
    the last at `last_at` (UTC µs).
    """

    purpose: str
    title: str
    kinds: tuple[str, ...]
    datasets: tuple[str, ...]
    insights: tuple[str, ...] = ()
    answers: int = 0
    last_at: int | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A request that waits for a person: what it asks, in the customer's words, and the uses behind it."""

    request: Request
    purposes: tuple[str, ...]
    decision: str = field(repr=False)
    statement: str = field(repr=False)
    uses: tuple[DecidingUse, ...] = ()


def review_queue(connection: Connection, policy: Policy, requests: Iterable[Request]) -> tuple[Review, ...]:
    """Return what waits for review, the one due first before others. `requests` are open ones of any right."""
    waiting = [each for each in requests if each.right is Right.HUMAN_REVIEW and not each.closed]
    if not waiting:
        return ()
    held, insights = _held(connection), _approved(connection)
    asked = _answers(connection, {each.name for each in _deciding(policy)})
    waiting.sort(key=lambda each: (each.due or "9999", each.received_at, each.id))
    return tuple(_review(policy, each, held, insights, asked) for each in waiting)


def decide_review(
    connection: Connection, request: Request, decision: Decision, keys: SubjectKeys, tell_person: TellPerson
) -> None:
    """Keep what a person found of an automated decision, in the caller's write transaction.

    Raises NotPermitted for whoever filed the request, InputInvalid for an outcome without reasons or a second one.
    """
    demand_ready(request, Right.HUMAN_REVIEW)
    outcome = ReviewOutcome(decision.outcome)
    filer, did = filer_of(connection, request), f"filed the request {request.id}"
    why = why_not_another(connection, filer, decision.actor, did, decision.at)
    if why:
        raise NotPermitted(
            f"{why}, so somebody else decides it.",
            code="review-own-request",
            remedy="Ask a colleague who may decide requests.",
        )
    about = {"purposes": list(request.asked.get(PURPOSES, []))}
    keep_decision(connection, keys, request, decision, about, tell_person, outcome.message)


def review(parts: ChoiceParts, request: Request) -> Told:
    """Carry a review out: it is done once it was decided, and the person knows the outcome; until then InputInvalid."""
    demand_ready(request, Right.HUMAN_REVIEW)
    with parts.database.read() as connection:
        kept = decision_of(connection, request)
    if kept is None:
        raise InputInvalid(
            f"Nobody has reviewed yet what the request {request.id} is about.",
            remedy=f"Decide it: pellucid requests review {request.id} upheld|changed --reasons TEXT.",
            code="review-undecided",
        )
    demand_told(parts, request, ReviewOutcome(kept.outcome).message)
    return {"outcome": kept.outcome}


Held = Sequence[tuple[str, str, SubjectBits]]
"""Dataset, namespace, and who of it has rows there."""

Answers = Mapping[tuple[str, frozenset[str]], tuple[int, int]]
"""How many answers left for a purpose that read these datasets, and when the last did."""


def _review(
    policy: Policy, request: Request, held: Held, insights: Sequence[tuple[str, str]], asked: Answers
) -> Review:
    named = tuple(request.asked.get(PURPOSES, ()))
    theirs = {
        dataset for dataset, namespace, bits in held if namespace == request.namespace and bits.has(request.subject)
    }
    uses = [
        _use(policy, each, theirs, insights, asked) for each in _deciding(policy) if not named or each.name in named
    ]
    decision, statement = (str(request.asked.get(name, "")) for name in (DECISION, STATEMENT))
    return Review(request, named, decision, statement, tuple(use for use in uses if use.datasets))


def _use(
    policy: Policy, purpose: Purpose, theirs: set[str], insights: Sequence[tuple[str, str]], asked: Answers
) -> DecidingUse:
    readable = sorted(name for name in theirs & policy.datasets.keys() if permitted_columns(policy, purpose.name, name))
    found = [told for (name, read), told in asked.items() if name == purpose.name and read.intersection(readable)]
    return DecidingUse(
        purpose=purpose.name,
        title=purpose.title,
        kinds=purpose.kinds,
        datasets=tuple(readable),
        insights=tuple(name for name, of in insights if of == purpose.name),
        answers=sum(count for count, _last in found),
        last_at=max((last for _count, last in found), default=None),
    )


def _deciding(policy: Policy) -> list[Purpose]:
    return [each for each in policy.purposes.values() if DECIDING.intersection(each.kinds)]


def _held(connection: Connection) -> Held:
    return [
        (made.dataset, namespace, bits)
        for made in generations_published(connection)
        for namespace, bits in subjects_of(connection, made.dataset, made.generation).items()
    ]


def _approved(connection: Connection) -> Sequence[tuple[str, str]]:
    columns = insight_proposals.c
    statement = select(columns.name, columns.purpose).where(columns.state == "approved").order_by(columns.name)
    return [(row.name, row.purpose) for row in connection.execute(statement)]


def _answers(connection: Connection, purposes: set[str]) -> Answers:
    found: dict[tuple[str, frozenset[str]], tuple[int, int]] = {}
    if not purposes:
        return found
    for entry in entries(connection):
        told: dict[str, Any] = entry.fields()
        if told["action"] in RELEASED and told["purpose"] in purposes:
            about = told["purpose"], frozenset(told["body"]["datasets"])
            found[about] = found.get(about, (0, 0))[0] + 1, told["at"]
    return found
