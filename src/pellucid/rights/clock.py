"""By when a request has to be acknowledged and answered, under each law that decides; the first date counts. Pure.

Where no law gives a date, the controller's own (`Terms.days`) does, so that no request is without one. What moves a
date, where a law lets it, is worked out anew from what happened; a date that was told is never moved back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pellucid.errors import InputInvalid
from pellucid.policy.model import Policy
from pellucid.records.columns import from_instant
from pellucid.regulations.deadlines import Circumstances, Due, Pause, due, may_pause
from pellucid.regulations.model import Law
from pellucid.rights.asking import purposes_of
from pellucid.rights.covering import Covering
from pellucid.rights.request import Request, Right
from pellucid.rights.words import ACKNOWLEDGED_BY, ANSWERED_BY, AT_ONCE, MARKETING_KINDS, Clock

OWN_RULE = "own"
"""Instead of a law: the controller's own limit."""
WEST_HOURS = 10
"""How far behind UTC the clocks are in the westernmost place of the laws that count from the day there."""
WEST = frozenset({"BR", "CA", "US"})


@dataclass(frozen=True, slots=True)
class Terms:
    """What the controller set itself: days to answer where no law says, months to keep closed requests likewise.

    `erasure_hours` is for how long people may take back an erasure that they asked for by themselves.
    """

    days: int = 30
    months: int = 24
    erasure_hours: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a request; `told` holds no personal data."""

    kind: str
    at: int
    made_by: str
    told: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Dates:
    """By when to answer, and to acknowledge, under each law, the first date first."""

    answer: tuple[Due, ...]
    acknowledge: tuple[Due, ...]


def day_of(instant: int) -> date:
    """Return the day of an instant in UTC."""
    return from_instant(instant).date()


def dates_of(policy: Policy, covered: Covering, request: Request, events: Iterable[Event], terms: Terms) -> Dates:
    """Return the dates of a request as the laws that decide give them; never none to answer by."""
    moved = circumstances_of(request, events)
    received = _received(covered, request.received_at)
    clocks = ANSWERED_BY[request.right] + (AT_ONCE if _ends_marketing(policy, request) else ())
    answer = _dues(covered.laws, clocks, received, moved, day_of(request.received_at))
    acknowledge = _dues(covered.laws, ACKNOWLEDGED_BY[request.right], received, moved, day_of(request.received_at))
    return Dates(answer or (_own(received, terms),), acknowledge)


def circumstances_of(request: Request, events: Iterable[Event]) -> Circumstances:
    """Return what may move a date: pauses, an extension, and when identity was shown that had been asked for."""
    pauses: list[Pause] = []
    happened = list(events)
    for event in happened:
        if event.kind == "paused":
            pauses.append(Pause(day_of(event.at)))
        elif event.kind == "resumed" and pauses:
            pauses[-1] = replace(pauses[-1], answered=day_of(event.at))
    shown = _shown_at(request, happened)
    return Circumstances(
        identity_shown=None if shown is None else day_of(shown),
        pauses=tuple(pauses),
        extended=request.extended is not None,
    )


def _shown_at(request: Request, events: Iterable[Event]) -> int | None:
    """Return when it was first shown as well as is needed who asks, if that had been asked for.

    Whoever checks it once more moves no date: a request could be put off by that for ever.
    """
    asked, best = False, 0
    for event in events:
        asked = asked or event.kind == "asked"
        if event.kind == "failed":
            best = 0
        elif event.kind == "verified":
            best = max(best, int(str(event.told["strength"])))
            if best >= request.strength:
                return event.at if asked else None
    return None


def is_paused(events: Iterable[Event]) -> bool:
    """Return whether something was asked of the person that they did not answer yet."""
    last = [event.kind for event in events if event.kind in ("paused", "resumed")][-1:]
    return last == ["paused"]


def extended_due(
    policy: Policy, covered: Covering, request: Request, events: Iterable[Event], terms: Terms, now: int
) -> Due:
    """Return the date of an extension; raises InputInvalid where no law lets it count, or it comes too late."""
    if day_of(now).isoformat() > request.due:
        raise InputInvalid(
            f"The request {request.id} was due on {request.due}: an extension has to be told before.",
            remedy="Answer it now, and tell the person why it is late.",
            code="request-extension-late",
        )
    longer = dates_of(policy, covered, replace(request, extended="longer"), events, terms).answer[0]
    if longer.date.isoformat() <= request.due:
        raise InputInvalid(
            f"No law lets the request {request.id} take longer than {request.due}: {longer.law} sets this date.",
            remedy="Answer it by then.",
            code="request-no-extension",
        )
    return longer


def demand_pause(covered: Covering, request: Request) -> None:
    """Raise InputInvalid unless one of the laws that decide stops its clock for this right."""
    day = _received(covered, request.received_at)
    words = [word for member, word in ANSWERED_BY[request.right] if member == "respond"]
    if not any(may_pause(law, day, word) for law in covered.laws for word in words):
        raise InputInvalid(
            f"No law stops the clock of the request {request.id} while you wait for an answer.",
            remedy="Ask the person all the same; the date stays as it is.",
            code="request-no-pause",
        )


def as_told(found: Due) -> dict[str, object]:
    """Return a date as it is told: the day, the law, its citation, and how it was counted."""
    said = {"date": found.date.isoformat(), "law": found.law, "cite": found.cite, "rule": found.rule}
    return said | {"verified": found.verified}


def _dues(
    laws: Iterable[Law], clocks: Iterable[Clock], received: date, moved: Circumstances, first: date
) -> tuple[Due, ...]:
    counted = [due(law, member, received, replace(moved, right=word)) for law in laws for member, word in tuple(clocks)]
    found = [replace(one, date=max(one.date, first)) for one in counted if one is not None]
    return tuple(sorted(found, key=lambda one: (one.date, one.law, one.rule)))


def _own(received: date, terms: Terms) -> Due:
    rule = f"{terms.days} calendar days from {received}, the controller's own limit"
    return Due(received + timedelta(days=terms.days), OWN_RULE, "PELLUCID_REQUEST_DAYS", rule, True)


def _received(covered: Covering, instant: int) -> date:
    """Return the day of receipt where the person is: west of Greenwich it may be the day before. Too early is safe."""
    west = covered.place is None or covered.place.partition("-")[0] in WEST
    return day_of(instant - WEST_HOURS * 3_600_000_000 if west else instant)


def _ends_marketing(policy: Policy, request: Request) -> bool:
    if request.right not in (Right.OBJECTION, Right.OPT_OUT):
        return False
    return any(MARKETING_KINDS & set(purpose.kinds) for purpose in purposes_of(policy, request.asked))
