"""How many yes and no were recorded, by purpose and day: what an officer sees of consents over time. Reads only.

Counts of what was said, not of people: who says yes, then no, is in both. They are exact, hence for an officer only:
next to the day before they could tell about one person.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from pellucid.consent.record import ConsentVerb
from pellucid.records.tables import consent_records, signals_seen

DAY = 86_400_000_000
GIVEN, REFUSED, WITHDRAWN, OBJECTED = "given", "refused", "withdrawn", "objected"
KINDS = {
    ConsentVerb.GIVE: GIVEN,
    ConsentVerb.REFUSE: REFUSED,
    ConsentVerb.WITHDRAW: WITHDRAWN,
    ConsentVerb.OBJECT: OBJECTED,
    ConsentVerb.OPT_OUT: OBJECTED,
    ConsentVerb.LIMIT: OBJECTED,
}
"""What each verb counts as; restricting and lifting are no choice about a purpose, and are left out."""


@dataclass(frozen=True, slots=True)
class Total:
    """How often something was said about a purpose (None: about all at once) on a day, as days since 1970, in UTC."""

    day: int
    purpose: str | None
    kind: str
    number: int


def totals(connection: Connection, since: int, until: int) -> list[Total]:
    """Return what was recorded from one instant up to another (UTC µs), the oldest day first.

    What is older than the keeping of instants counts on the day on which it was said.
    """
    columns = consent_records.c
    recorded = func.coalesce(columns.recorded_at, columns.at)
    day = (recorded // DAY).label("day")
    wanted = (
        select(day, columns.purpose, columns.verb, func.count().label("number"))
        .where(recorded >= since, recorded < until, columns.verb.in_([verb.value for verb in KINDS]))
        .group_by(day, columns.purpose, columns.verb)
    )
    found: dict[tuple[int, str | None, str], int] = {}
    for row in connection.execute(wanted):
        key = (int(row.day), row.purpose, KINDS[ConsentVerb(row.verb)])
        found[key] = found.get(key, 0) + row.number
    ordered = sorted(found.items(), key=lambda each: (each[0][0], each[0][1] or "", each[0][2]))
    return [Total(*key, number) for key, number in ordered]


def signals(connection: Connection) -> dict[str, int]:
    """Return from how many browsers, devices or people each opt-out signal came."""
    columns = signals_seen.c
    counted = select(columns.signal, func.count().label("number")).group_by(columns.signal).order_by(columns.signal)
    return {row.signal: row.number for row in connection.execute(counted)}
