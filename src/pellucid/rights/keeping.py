"""How long closed requests are kept, and forgetting them when that time is over.

They prove that the law was kept and serve nothing else (11 CCR 7101); what was asked in detail is gone already.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, or_, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.policy.model import Actor
from pellucid.records.columns import from_instant, to_instant
from pellucid.records.rights_tables import identity_challenges, legal_holds, rights_events, rights_requests
from pellucid.regulations.counting import add_months
from pellucid.regulations.duties import months_under
from pellucid.rights.clock import Terms, day_of
from pellucid.rights.covering import Covering
from pellucid.subjects.links import Identity, certain_identities

_PART = 500


def keep_until(covered: Covering, closed_at: int, terms: Terms) -> int:
    """Return until when (UTC µs) a request closed then is kept: as the laws say, else as the controller set."""
    months = months_under(covered.laws, day_of(closed_at))
    moment = from_instant(closed_at)
    day = add_months(moment.date(), terms.months if months is None else months)
    return to_instant(moment.replace(year=day.year, month=day.month, day=day.day))


def forget_closed(connection: Connection, actor: Actor, now: int) -> int:
    """Delete the closed requests whose time is over, with all that happened to them; return how many.

    Those of people under a legal hold are kept. As the last call of a write transaction; nothing is logged if none is
    over, so it may be called as often as one likes.
    """
    table = rights_requests.c
    over = select(table.id, table.namespace, table.subject).where(table.closed_at.is_not(None), table.keep_until <= now)
    held = _held(connection, now)
    ids = [row.id for row in connection.execute(over) if (row.namespace, row.subject) not in held]
    for start in range(0, len(ids), _PART):
        part = ids[start : start + _PART]
        connection.execute(delete(identity_challenges).where(identity_challenges.c.request.in_(part)))
        connection.execute(delete(rights_events).where(rights_events.c.request.in_(part)))
        connection.execute(delete(rights_requests).where(table.id.in_(part)))
    if ids:
        append(connection, AuditEntry("requests.forgotten", actor, now, body={"requests": len(ids)}))
    return len(ids)


def _held(connection: Connection, now: int) -> set[Identity]:
    """Return who is under a hold, by each identity that is certainly theirs."""
    columns = legal_holds.c
    stands = (columns.released_at.is_(None), or_(columns.until.is_(None), columns.until > now))
    rows = connection.execute(select(columns.namespace, columns.subject).where(columns.subject.is_not(None), *stands))
    return {each for row in rows.all() for each in certain_identities(connection, (row.namespace, row.subject))}
