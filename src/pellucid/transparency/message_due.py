"""Which messages are due to whom: found in the register and among requests, and looked at again before each is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC

from sqlalchemy import Connection, func, select

from pellucid.consent.facts import records_of
from pellucid.consent.record import ConsentVerb
from pellucid.consent.show import state
from pellucid.policy.model import Policy
from pellucid.records.columns import from_instant
from pellucid.records.rights_tables import rights_requests
from pellucid.records.tables import consent_records, subjects
from pellucid.subjects.links import Identity
from pellucid.transparency.message_words import ANSWERED, EXPIRY, NOTICE, YEARLY

DAY = 86_400_000_000
AHEAD = 30 * DAY
"""How long before a consent ends its person is told."""
LATELY = 7 * DAY
"""How long after a request was answered its person is told."""
WEEKS = 52
"""The people of a namespace are told once a year, a part of them each week."""
CLOSED = ("fulfilled", "denied")
KINDS = (ANSWERED, EXPIRY, NOTICE, YEARLY)
"""All kinds, the most pressing first."""


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is due; `about` tells it from others of its kind, without naming anybody. No repr shows whom."""

    kind: str
    identity: Identity = field(repr=False)
    about: str


def due(connection: Connection, policy: Policy, kind: str, now: int) -> Iterator[Due]:
    """Yield the messages of a kind that are due now, whether or not they were sent."""
    finders = {ANSWERED: _answered, EXPIRY: _expiring, NOTICE: _changed, YEARLY: _yearly}
    return finders[kind](connection, policy, now)


def is_due(connection: Connection, policy: Policy, found: Due, now: int) -> bool:
    """Return whether a message is due still: the person may have chosen anew, or been erased, since it was found."""
    if found.kind == ANSWERED:
        columns = rights_requests.c
        still = (columns.id == found.about, columns.state.in_(CLOSED), columns.subject == found.identity[1])
        return connection.execute(select(columns.id).where(*still)).first() is not None
    purpose, _, rest = found.about.rpartition("/")
    if found.kind == EXPIRY:
        return _end(connection, policy, found.identity, purpose, now) == rest
    if found.kind == NOTICE:
        return purpose in policy.purposes and _said_under_another(connection, policy, found.identity, purpose)
    return True


def is_restricted(connection: Connection, identity: Identity) -> bool:
    """Return whether all use of somebody's data is restricted, as they, or any of a household, asked last (Art. 18)."""
    space, subject = identity
    last: dict[str, ConsentVerb] = {}
    for each in sorted(records_of(connection, space, [subject]).get(subject, []), key=lambda said: said.at):
        if each.verb in (ConsentVerb.RESTRICT, ConsentVerb.LIFT):
            last[each.member] = each.verb
    return ConsentVerb.RESTRICT in last.values()


def language_of(connection: Connection, identity: Identity) -> str:
    """Return the language in which somebody chose last; empty where none is recorded."""
    columns, (space, subject) = consent_records.c, identity
    theirs = (columns.namespace == space, columns.subject == subject, columns.language.is_not(None))
    found = select(columns.language).where(*theirs).order_by(columns.sequence.desc()).limit(1)
    return str(connection.scalar(found) or "").partition("-")[0].lower()


def day_of(instant: int) -> str:
    """Return the day of an instant, as messages name it."""
    return f"{from_instant(instant).astimezone(UTC):%Y-%m-%d}"


def _answered(connection: Connection, policy: Policy, now: int) -> Iterator[Due]:
    columns = rights_requests.c
    closed = (columns.state.in_(CLOSED), columns.closed_at > now - LATELY, columns.subject.is_not(None))
    own = (columns.by_whom == "self", columns.canonical.is_(None))
    for row in connection.execute(select(rights_requests).where(*closed, *own).order_by(columns.closed_at, columns.id)):
        yield Due(ANSWERED, (row.namespace, row.subject), row.id)


def _expiring(connection: Connection, policy: Policy, now: int) -> Iterator[Due]:
    columns = consent_records.c
    for purpose in policy.purposes.values():
        if purpose.consent_days is None:
            continue
        begun = now - purpose.consent_days * DAY
        last = func.max(columns.at)
        given = select(columns.namespace, columns.subject).where(
            columns.purpose == purpose.name, columns.verb == "give"
        )
        near = given.group_by(columns.namespace, columns.subject).having(last > begun, last <= begun + AHEAD)
        for space, subject in connection.execute(near.order_by(columns.namespace, columns.subject)).all():
            end = _end(connection, policy, (space, subject), purpose.name, now)
            if end:
                yield Due(EXPIRY, (space, subject), f"{purpose.name}/{end}")


def _end(connection: Connection, policy: Policy, identity: Identity, purpose: str, now: int) -> str:
    """Return the day on which a purpose that is open to somebody's data closes by time alone; empty if none is near."""
    if purpose not in policy.purposes:
        return ""
    found = state(connection, policy, *identity, purpose, now)
    end = found.next_due
    if not found.permitted or end is None or end > now + AHEAD:
        return ""
    return "" if state(connection, policy, *identity, purpose, end).permitted else day_of(end)


def _changed(connection: Connection, policy: Policy, now: int) -> Iterator[Due]:
    columns = consent_records.c
    for purpose in policy.purposes.values():
        last = select(func.max(columns.sequence)).where(columns.purpose == purpose.name)
        newest = last.group_by(columns.namespace, columns.subject)
        theirs = select(consent_records).where(columns.sequence.in_(newest), columns.verb == "give")
        for row in connection.execute(theirs.order_by(columns.sequence)).all():
            if not purpose.notice.stands_for(row.notice_version):
                yield Due(NOTICE, (row.namespace, row.subject), f"{purpose.name}/{purpose.notice.version}")


def _said_under_another(connection: Connection, policy: Policy, identity: Identity, purpose: str) -> bool:
    columns, (space, subject) = consent_records.c, identity
    theirs = (columns.namespace == space, columns.subject == subject, columns.purpose == purpose)
    row = connection.execute(select(consent_records).where(*theirs).order_by(columns.sequence.desc()).limit(1)).first()
    return row is not None and row.verb == "give" and not policy.purposes[purpose].notice.stands_for(row.notice_version)


def _yearly(connection: Connection, policy: Policy, now: int) -> Iterator[Due]:
    year, week, _ = from_instant(now).astimezone(UTC).isocalendar()
    columns = subjects.c
    part = (columns.natural_key.is_not(None), columns.id % WEEKS == week % WEEKS)
    for row in connection.execute(
        select(columns.namespace, columns.id).where(*part).order_by(columns.namespace, columns.id)
    ):
        yield Due(YEARLY, (row.namespace, row.id), str(year))
