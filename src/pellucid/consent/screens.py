"""Screens on which people chose, and what was found out about them: a doubt freezes, an invalidation by two voids.

A yes given through a screen while it is doubted waits; one given before the doubt counts until the screen is
invalidated. A no counts through whatever screen it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, select

from pellucid.audit.four_eyes import staff_named, why_not_another
from pellucid.consent.record import ScreenState
from pellucid.errors import InputInvalid, NotPermitted
from pellucid.policy.model import Actor
from pellucid.records.asked import Asked
from pellucid.records.tables import consent_records, consent_screens

DOUBTFUL, CLEARED, PROPOSED, INVALIDATED = "doubtful", "cleared", "to-be-invalidated", "invalidated"


@dataclass(frozen=True, slots=True)
class Mark:
    """What was last said of a screen, by whom and when (UTC µs); `doubted_at` is when the doubt began that stands."""

    state: str
    reason: str
    made_by: str
    at: int
    doubted_at: int


@dataclass(frozen=True, slots=True)
class Screens:
    """The screens that anything was found out about."""

    marks: Mapping[str, Mark] = field(default_factory=dict)

    def state_of(self, screen: str, recorded_at: int | None) -> ScreenState:
        """Return what holds for a yes recorded through a screen; one whose instant is not known counts as new."""
        mark = self.marks.get(screen)
        if mark is None or mark.state == CLEARED:
            return ScreenState.FINE
        if mark.state == INVALIDATED:
            return ScreenState.INVALIDATED
        return ScreenState.FINE if recorded_at is not None and recorded_at < mark.doubted_at else ScreenState.DOUBTFUL


NO_DOUBT = Screens()
"""Nothing was found out about any screen."""
_MARKS = Asked(select(consent_screens).order_by(consent_screens.c.sequence))


def screens(connection: Connection) -> Screens:
    """Read what was found out about screens."""
    marks: dict[str, Mark] = {}
    for row in _MARKS(connection):
        before = marks.get(row.screen)
        stands = before is not None and before.state in (DOUBTFUL, PROPOSED)
        began = before.doubted_at if before is not None and stands else row.at
        marks[row.screen] = Mark(row.state, row.reason, row.made_by, row.at, began)
    return Screens(marks)


def mark_screen(connection: Connection, screen: str, state: str, reason: str, actor: Actor, now: int) -> None:
    """Note what was found out about a screen, in the caller's write transaction.

    What was invalidated stays so; only a doubted screen is cleared; an invalidation is proposed by one and made by
    another. Raises InputInvalid and NotPermitted.
    """
    if not reason.strip():
        raise InputInvalid("A mark needs its reason.", remedy="Say what was found.", code="screen-reason")
    mark = screens(connection).marks.get(screen)
    before = mark.state if mark is not None else CLEARED
    if before == INVALIDATED:
        raise InputInvalid(
            "The screen is invalidated already, and that is not undone.",
            remedy="Show people another screen, and ask again.",
            code="screen-invalidated",
        )
    if state == CLEARED and before == CLEARED:
        raise InputInvalid(
            "Nothing is held against the screen.", remedy="See `pellucid consent screens`.", code="screen-fine"
        )
    if state == INVALIDATED and (mark is None or before != PROPOSED):
        raise InputInvalid(
            "An invalidation is proposed by one person and made by another; nobody proposed this one.",
            remedy="Propose it: `pellucid consent screen propose`.",
            code="screen-not-proposed",
        )
    if state == INVALIDATED and mark is not None:
        why = why_not_another(connection, staff_named(mark.made_by), actor, "proposed to invalidate the screen", now)
        if why:
            raise NotPermitted(
                f"{why}, so somebody else does it.",
                code="screen-own",
                remedy="Ask another officer.",
            )
    values = {"screen": screen, "state": state, "reason": reason, "made_by": actor.name, "at": now}
    connection.execute(insert(consent_screens).values(values))


def subjects_through(connection: Connection, screen: str) -> dict[str, dict[int, set[str]]]:
    """Return by namespace who said something through a screen, and about which purposes; "" stands for all."""
    columns = consent_records.c
    found: dict[str, dict[int, set[str]]] = {}
    statement = select(columns.namespace, columns.subject, columns.purpose).where(columns.screen == screen).distinct()
    for row in connection.execute(statement):
        found.setdefault(row.namespace, {}).setdefault(row.subject, set()).add(row.purpose or "")
    return found
