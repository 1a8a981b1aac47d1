"""Which held contacts count as the person's: not those that a request put there lately.

Whoever got hold of one mailbox could have a second address "corrected" to one of their own, for which one contact is
enough, and then show two. So a column that was corrected for the person less than DAYS ago is no way to be known for
what needs two contacts, or may: erasure, and what shows rows. The staff can still check who asks. A correction reaches
all identities of a person, so those count that were ever linked: a split does not make an address older.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, select

from pellucid.policy.model import Policy
from pellucid.records.jobs import SECOND
from pellucid.records.rights_tables import rights_events, rights_requests
from pellucid.rights.challenged import Challenged
from pellucid.rights.challenges import Contact
from pellucid.rights.request import Right
from pellucid.rights.stored import RECTIFIED
from pellucid.subjects.links import ever_linked

DAYS = 30
SHOWN = frozenset({Right.ACCESS.value, Right.PORTABILITY.value})
"""Whose strength may turn out to be higher than when they were filed: once it is known which rows there are."""


def trusted(
    connection: Connection, policy: Policy, asked: Challenged, held: Sequence[Contact], now: int
) -> list[Contact]:
    """Return the contacts that a challenge may go to, in their order.

    A derived table may have been built of what was corrected, so none of its contacts counts after any correction.
    """
    if asked.strength < 2 and asked.right not in SHOWN:
        return list(held)
    corrected = _corrected(connection, asked, now)
    derived = {each.name for each in policy.datasets.values() if each.built is not None}
    return [
        each
        for each in held
        if each.column not in corrected and not (corrected and each.column.partition(".")[0] in derived)
    ]


def _corrected(connection: Connection, asked: Challenged, now: int) -> set[str]:
    """Return the columns (`dataset.column`) that were corrected lately for whoever is, or was, the request's person."""
    found: set[str] = set()
    lately = (rights_events.c.kind == RECTIFIED, rights_events.c.at > now - DAYS * 86_400 * SECOND)
    if asked.subject is None:
        return found
    for namespace, subject in ever_linked(connection, (asked.namespace, asked.subject)):
        theirs = select(rights_requests.c.id).where(
            rights_requests.c.namespace == namespace, rights_requests.c.subject == subject
        )
        for told in connection.scalars(
            select(rights_events.c.told).where(rights_events.c.request.in_(theirs), *lately)
        ):
            event = json.loads(told)
            found |= {f"{event['dataset']}.{column}" for column in event.get("columns", ())}
    return found
