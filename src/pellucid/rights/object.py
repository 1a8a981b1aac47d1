"""Saying no to a use: objection (GDPR Art. 21), opt-out of sale and its like, a limit on sensitive data.

An objection to direct marketing counts at once and without a question (Art. 21(2)-(3)). One to a use on legitimate or
public interests restricts the data until the staff decided it: it is upheld, or overruled for compelling grounds
(Art. 21(1)), which the person is told. Which other uses there are is the policy's, and the law's of the person's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from pellucid.consent.facts import facts_of
from pellucid.consent.honour import concerns
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ConsentVerb
from pellucid.consent.rule import rule_for
from pellucid.consent.signals import GPC_KINDS, PROFILING, SignalReading
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Default, LegalBasis, Policy, Purpose
from pellucid.rights.asking import PURPOSES
from pellucid.rights.choice import (
    Choice,
    ChoiceParts,
    TellPerson,
    Told,
    choices_of,
    demand_ready,
    demand_told,
    record_once,
    subject_of,
)
from pellucid.rights.decision import Decision, KeptDecision, decision_of, keep_decision
from pellucid.rights.request import Request, Right
from pellucid.rights.restrict import restricts_alone
from pellucid.subjects.keys import SubjectKeys

DIRECT_MARKETING = frozenset(
    {
        "marketing_email_sms",
        "marketing_automated_calls",
        "marketing_phone",
        "marketing_other",
        "targeted_advertising",
    }
)
"""Kinds of use to which an objection counts at once, with the profiling that belongs to them (GDPR Art. 21(2)-(3))."""

CONTESTED = frozenset({LegalBasis.LEGITIMATE_INTERESTS, LegalBasis.PUBLIC_INTEREST})
"""Bases on which compelling grounds may outweigh an objection (GDPR Art. 21(1))."""

OPTED_OUT = SignalReading("gpc", GPC_KINDS | {PROFILING})
"""What an opt-out is about: what a browser's signal is, with what the laws add to it, and profiling."""


_RESTRICT: Choice = (ConsentVerb.RESTRICT, None)
_LIFT: Choice = (ConsentVerb.LIFT, None)


class ObjectionOutcome(StrEnum):
    """What became of an objection that was weighed."""

    UPHELD = "upheld"
    OVERRULED = "overruled"

    @property
    def message(self) -> str:
        """Return the kind of the message that tells the person."""
        return f"objection-{self.value}"


@dataclass(frozen=True, slots=True)
class Objected:
    """Purposes by what an objection comes to: no use any more, to be weighed, or no right to object."""

    closed: tuple[str, ...] = ()
    contested: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()

    def as_told(self) -> Told:
        """Return it as a request's history keeps it."""
        return {"closed": list(self.closed), "not_covered": list(self.not_covered)}


def weigh_objection(connection: Connection, policy: Policy, request: Request, now: int) -> Objected:
    """Return what an objection comes to for each purpose asked (without names: all that one may object to).

    Raises NameUnknown for a purpose that is not declared, and InputInvalid where there is nothing to object to.
    """
    facts, named = _facts(connection, request), _named(policy, request)
    places: dict[str, list[str]] = {"closed": [], "contested": [], "not_covered": []}
    for purpose in named or policy.purposes.values():
        place = _place(policy, purpose, facts, now, asked_by_name=bool(named))
        if place is not None:
            places[place].append(purpose.name)
    found = Objected(**{place: tuple(names) for place, names in places.items()})
    if not (found.closed or found.contested):
        raise InputInvalid(
            f"None of the purposes that the request {request.id} is about may be objected to.",
            remedy=f"Deny it: pellucid requests deny {request.id} claim_not_covered.",
            code="objection-not-covered",
        )
    return found


def object_to(parts: ChoiceParts, policy: Policy, request: Request, now: int) -> Told:
    """Carry out an objection: as far as nobody has to weigh it, then as it was decided.

    What has to be weighed restricts the data meanwhile. Raises InputInvalid while it is undecided, or the person has
    not been told what was decided; carrying it out again goes on from there.
    """
    demand_ready(request, Right.OBJECTION)
    with parts.database.read() as connection:
        kept = decision_of(connection, request)
    if kept is not None:
        return _follow(parts, request, kept, now)
    with parts.database.read() as connection:
        found = weigh_objection(connection, policy, request, now)
    wanted: list[Choice] = [(ConsentVerb.OBJECT, name) for name in found.closed]
    if not found.contested:
        record_once(parts, request, wanted, now)
        return found.as_told()
    record_once(parts, request, [*wanted, _RESTRICT], now)
    raise InputInvalid(
        f"The objection {request.id} has to be weighed; all use of the person's data is restricted meanwhile.",
        remedy=f"Decide it: pellucid requests decide-objection {request.id} upheld|overruled --reasons TEXT.",
        code="objection-undecided",
    )


def decide_objection(
    connection: Connection,
    policy: Policy,
    request: Request,
    decision: Decision,
    keys: SubjectKeys,
    tell_person: TellPerson,
) -> None:
    """Keep what was decided about an objection, with its reasons for the person, in the caller's write transaction.

    Raises InputInvalid unless the objection was carried out and restricts the data meanwhile.
    """
    demand_ready(request, Right.OBJECTION)
    outcome = ObjectionOutcome(decision.outcome)
    if _RESTRICT not in choices_of(connection, request):
        raise InputInvalid(
            f"The objection {request.id} was not carried out yet, so there is nothing to decide.",
            remedy=f"Carry it out first: pellucid requests carry-out {request.id}.",
            code="objection-not-weighed",
        )
    found = weigh_objection(connection, policy, request, decision.at)
    about = {"closed": list(found.closed), "contested": list(found.contested)}
    keep_decision(connection, keys, request, decision, about, tell_person, outcome.message)


def opt_out(parts: ChoiceParts, policy: Policy, request: Request, now: int) -> Told:
    """Opt the person out of the purposes asked; without names, of all sale, sharing, advertising and profiling.

    Of a programme that rewards taking part, too: unlike a browser's signal, the person said it themselves.
    """
    demand_ready(request, Right.OPT_OUT)
    with parts.database.read() as connection:
        facts, named = _facts(connection, request), _named(policy, request)
    concerned = named or [each for each in policy.purposes.values() if concerns(policy, each, facts, OPTED_OUT, now)]
    record_once(parts, request, [(ConsentVerb.OPT_OUT, each.name) for each in concerned], now)
    return {"closed": [each.name for each in concerned]}


def limit(parts: ChoiceParts, policy: Policy, request: Request, now: int) -> Told:
    """Limit the use of the person's sensitive data: for the purposes asked, or for all, those to come included."""
    demand_ready(request, Right.LIMIT)
    named = _named(policy, request)
    wanted: list[Choice] = [(ConsentVerb.LIMIT, each.name) for each in named]
    record_once(parts, request, wanted or [(ConsentVerb.LIMIT, None)], now)
    return {"limited": [each.name for each in named]}


def _follow(parts: ChoiceParts, request: Request, kept: KeptDecision, now: int) -> Told:
    """Do what was decided: close the uses if it is upheld; lift the objection's own restriction once the person knows.

    Another restriction of the person stays.
    """
    outcome = ObjectionOutcome(kept.outcome)
    names = [*kept.about["closed"], *(kept.about["contested"] if outcome is ObjectionOutcome.UPHELD else ())]
    record_once(parts, request, [(ConsentVerb.OBJECT, name) for name in names], now)
    demand_told(parts, request, outcome.message)
    with parts.database.read() as connection:
        lifts = restricts_alone(connection, request)
    record_once(parts, request, [_LIFT] if lifts else [], now)
    return {"outcome": kept.outcome, "closed": names}


def _place(policy: Policy, purpose: Purpose, facts: SubjectFacts, now: int, *, asked_by_name: bool) -> str | None:
    """Return what an objection to a purpose comes to; None where it was not named and there is nothing to object to."""
    rule, marketing = rule_for(policy, purpose, facts, now), bool(DIRECT_MARKETING.intersection(purpose.kinds))
    if rule is not None and rule.default is Default.NO_CHOICE:  # a no would be kept and close nothing
        return "not_covered" if marketing or asked_by_name else None
    if marketing:
        return "closed"
    if rule is not None and rule.default is Default.OPT_OUT and rule.basis in CONTESTED:
        return "contested"
    # What somebody agreed to is not withdrawn by an objection that does not speak of it.
    return "closed" if asked_by_name else None


def _facts(connection: Connection, request: Request) -> SubjectFacts:
    subject = subject_of(request)
    return facts_of(connection, request.namespace, [subject]).get(subject, SubjectFacts())


def _named(policy: Policy, request: Request) -> list[Purpose]:
    """Return the purposes that the request names, if any; raises NameUnknown, and InputInvalid for anything else."""
    asked = request.asked.get(PURPOSES) or []
    if not isinstance(asked, list) or not all(isinstance(name, str) for name in asked):
        raise InputInvalid(
            f"What the request {request.id} asks names its purposes otherwise than as a list of names.",
            remedy='Write it as {"purposes": ["NAME", ...]}, or leave it out for all.',
            code="request-asks",
        )
    for name in asked:
        if name not in policy.purposes:
            raise NameUnknown("purpose", name, tuple(policy.purposes))
    return [policy.purposes[name] for name in dict.fromkeys(asked)]
