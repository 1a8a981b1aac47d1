"""Requests as the staff see them: by when they are due and under which law, what is missing, what happened. Reads only.

And what the person is told of the outcome: the same whether or not they are known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection

from pellucid.rights import stored
from pellucid.rights.clock import Event, day_of, is_paused
from pellucid.rights.request import APPROVED, Denial, Request, RequestState

MOVES = ("filed", "extended", "put-off")
"""What sets the day on which a request is due."""
PAUSES = ("paused", "resumed")

ANSWERS: dict[str, str] = {
    Denial.SUSPECTED_FRAUD.value: "We could not do what you asked, since we could not make sure who asks.",
    Denial.INSUFFICIENT_VERIFICATION.value: "We could not do what you asked, since we could not make sure who asks.",
    Denial.NO_MATCH.value: "We could not do what you asked, since we could not make sure who asks.",
    Denial.CLAIM_NOT_COVERED.value: "The law does not give you this right for the data that we hold.",
    Denial.OUTSIDE_JURISDICTION.value: "No law that we are under gives you this right.",
    Denial.TOO_MANY_REQUESTS.value: "You asked for the same very often, so we do not do it again now.",
    Denial.OTHER.value: "We do not do what you asked.",
}
"""What a person is told of a denial: one sentence whether they are unknown or did not show who they are."""


@dataclass(frozen=True, slots=True)
class View:
    """A request with what sets its date, what is missing, and (of a single one) what happened, the oldest first.

    `days_left` is negative once it is overdue, None once it is closed. `key` is who it is about, as the staff know
    them.
    """

    request: Request
    due: Mapping[str, Any]
    days_left: int | None
    missing: tuple[str, ...]
    events: tuple[Event, ...] = ()
    key: str | None = field(default=None, repr=False)

    @property
    def overdue(self) -> bool:
        """Whether it is open although its day is over."""
        return self.days_left is not None and self.days_left < 0

    def to_json(self) -> dict[str, object]:
        """Return it as plain values; what was asked in detail is among them until the request is closed."""
        one = self.request
        held: dict[str, object] = {name: getattr(one, name) for name in Request.__slots__ if name != "subject"}
        held |= {"right": one.right.value, "state": one.state.value, "verification": one.verification.value}
        held |= {"due": dict(self.due), "days_left": self.days_left, "overdue": self.overdue}
        held |= {"missing": list(self.missing), "key": self.key, "known_person": one.subject is not None}
        events = [
            {"kind": each.kind, "at": each.at, "by": each.made_by, "told": dict(each.told)} for each in self.events
        ]
        return held | ({"events": events} if events else {})


def view(connection: Connection, request: str, now: int, key: str | None = None) -> View:
    """Return one request with all that happened; raises NameUnknown."""
    found, events = stored.load(connection, request), stored.events_of(connection, request)
    return _view(found, events, now, tuple(events), key)


def views(connection: Connection, now: int, *, closed: bool = False) -> list[View]:
    """Return all requests that are not closed (or, with `closed`, all), the next one due first."""
    return views_of(connection, stored.all_requests(connection, closed=closed), now)


def views_of(connection: Connection, found: Sequence[Request], now: int) -> list[View]:
    """Return these requests as a list tells them: with what sets their dates, and not all that happened."""
    events = stored.events_of_all(connection, [each.id for each in found], (*MOVES, *PAUSES))
    return [_view(each, events.get(each.id, []), now) for each in found]


def answer(request: Request) -> str:
    """Return what the person is told of a closed request; one who is unknown hears nothing else than one who is not."""
    if request.state is RequestState.FULFILLED:
        return "We did what you asked."
    if request.state is RequestState.REVOKED:
        return "You took your request back."
    reason = Denial.NO_MATCH.value if request.state is RequestState.EXPIRED else request.reason
    return ANSWERS.get(reason, "We work on what you asked.")


def missing(request: Request, paused: bool = False, acknowledge_by: str = "") -> tuple[str, ...]:
    """Return what has to happen before a request can be carried out, in order."""
    if request.closed:
        return ()
    if request.canonical is not None:
        return (f"{request.canonical}, which it joined",)
    by = f" by {acknowledge_by}" if acknowledge_by else ""
    found = [f"acknowledgement{by}"] if request.state is RequestState.OPEN else []
    found += ["a person whom we know"] if request.subject is None else []
    found += [] if request.known else [f"verification of strength {request.strength}"]
    found += ["approval"] if request.right in APPROVED and request.approved_at is None else []
    return (*found, *(["an answer of the person"] if paused else []))


def _view(
    request: Request, events: Sequence[Event], now: int, all_events: tuple[Event, ...] = (), key: str | None = None
) -> View:
    left = None if request.closed else (date.fromisoformat(request.due) - day_of(now)).days
    filed: Any = next((event.told.get("acknowledge") for event in events if event.kind == "filed"), None)
    told = missing(request, is_paused(events), filed[0]["date"] if filed else "")
    return View(request, _due(request, events), left, told, all_events, key)


def _due(request: Request, events: Sequence[Event]) -> Mapping[str, Any]:
    """Return what set the day: the law, its citation and how it was counted."""
    for event in reversed(events):
        if event.kind in MOVES:
            found: Any = event.told["due"]
            return dict(found[0] if isinstance(found, list) else found)
    return {"date": request.due}
