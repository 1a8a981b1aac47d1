"""How many codes and links are sent: so that nobody gets mail without end, and nobody uses up what another may be sent.

Only what was really sent counts. Requests, signing in, and what is asked for while signed in are counted apart. Who
asks to be let in from where they came in before is bounded by nothing that others do; strangers are bounded by person,
by mailbox, by the net they ask from, and all together, where the last half of the hour's is kept for nets that were
sent none yet.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, and_, exists, func, or_, select

from pellucid.records.jobs import SECOND
from pellucid.records.rights_tables import identity_challenges, rights_requests
from pellucid.records.web_tables import sign_ins, web_sessions
from pellucid.rights.challenged import PROOF, RAISING, SIGN_IN, Challenged

DAY = 86_400 * SECOND
HOUR = 3_600 * SECOND
PER_PERSON = 10
"""Challenges of requests sent to one person, and to one mailbox, in a day; nobody is told that more are not sent."""
PER_ADDRESS = 5
"""Challenges for signing in that one person is sent in a day by askers at one address."""
FROM_STRANGERS = 30
"""The same by askers at all addresses from which the person never came in; and to one mailbox, for whomever."""
PER_NETWORK = 30
"""Challenges for signing in that strangers are sent in an hour by askers in one net, for whomever."""

_C, _S = identity_challenges.c, sign_ins.c
_FOR_REQUESTS = and_(*(~_C.request.startswith(start) for start in (SIGN_IN, RAISING, PROOF)))
_KNOWN = (
    exists(select(web_sessions.c.id))
    .where(
        web_sessions.c.namespace == _S.namespace,
        web_sessions.c.subject == _S.subject,
        web_sessions.c.address == _S.address,
    )
    .correlate(sign_ins)
)
"""Whether who asked to be let in had come in from there before, or has since."""


def may_be_sent(connection: Connection, asked: Challenged, per_hour: int, now: int) -> bool:
    """Return whether one more may be sent for this; never told to who asks."""
    if asked.is_sign_in:
        return _sign_in_may_be_sent(connection, asked, per_hour, now)
    if asked.is_of_session:  # nobody else than who is signed in can ask for it
        of_theirs = (_S.namespace == asked.namespace, _S.subject == asked.subject, ~_S.id.startswith(SIGN_IN))
        return _sent_for(connection, select(_S.id).where(*of_theirs), now) < PER_PERSON
    theirs = select(rights_requests.c.id).where(
        rights_requests.c.namespace == asked.namespace, rights_requests.c.subject == asked.subject
    )
    return _sent_for(connection, theirs, now) < PER_PERSON and sent_for_requests(connection, now) < per_hour


def may_take(connection: Connection, asked: Challenged, contact: bytes, now: int) -> bool:
    """Return whether a mailbox, known by its keyed hash, may be sent one more for this."""
    to_it = (_C.contact == contact, _C.sent_at > now - DAY)
    if not asked.is_sign_in:
        alike = or_(_C.request.startswith(RAISING), _C.request.startswith(PROOF))
        return _count(connection, alike if asked.is_of_session else _FOR_REQUESTS, *to_it) < PER_PERSON
    return _is_known(connection, asked) or _sent_to_strangers(connection, *to_it) < FROM_STRANGERS


def sent_for_requests(connection: Connection, now: int) -> int:
    """Return how many were sent for requests within the hour."""
    return _count(connection, _FOR_REQUESTS, _C.sent_at > now - HOUR)


def _sign_in_may_be_sent(connection: Connection, asked: Challenged, per_hour: int, now: int) -> bool:
    person = (_S.namespace == asked.namespace, _S.subject == asked.subject, _S.id.startswith(SIGN_IN))
    row = connection.execute(select(_S.address, _S.network).where(_S.id == asked.id)).one()
    from_there = select(_S.id).where(*person, _S.address == row.address)
    if _sent_for(connection, from_there, now) >= PER_ADDRESS:
        return False
    if _is_known(connection, asked):
        return True
    if _sent_to_strangers(connection, *person, _C.sent_at > now - DAY) >= FROM_STRANGERS:
        return False
    lately = _C.sent_at > now - HOUR
    of_net = _sent_to_strangers(connection, lately, _S.network == row.network)
    all_nets = _sent_to_strangers(connection, lately)
    return of_net < PER_NETWORK and all_nets < (per_hour if of_net == 0 else per_hour // 2)


def _is_known(connection: Connection, asked: Challenged) -> bool:
    """Return whether who asks to be let in came in from there before."""
    return connection.scalar(select(_S.id).where(_S.id == asked.id, _KNOWN)) is not None


def _sent_to_strangers(connection: Connection, *conditions: Any) -> int:
    """Return how many were sent for signing in to who had not come in from there, and has not since."""
    joined = identity_challenges.join(sign_ins, _S.id == _C.request)
    counted = select(func.count()).select_from(joined).where(~_KNOWN, _S.id.startswith(SIGN_IN), *conditions)
    return int(connection.scalar(counted) or 0)


def _sent_for(connection: Connection, ids: Select[Any], now: int) -> int:
    return _count(connection, _C.request.in_(ids), _C.sent_at > now - DAY)


def _count(connection: Connection, *conditions: Any) -> int:
    return int(connection.scalar(select(func.count()).select_from(identity_challenges).where(*conditions)) or 0)
