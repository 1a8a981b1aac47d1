"""How many rows are held of a person, in each dataset that is open to them: rows are counted, and none is read out.

Counting opens the files, which takes longer than a page may: so it is done when somebody asks for it. It is logged
before a row is counted, as every look is (`rights.inside`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.engines.base import Holding
from pellucid.holdings import leases
from pellucid.holdings.publish import published
from pellucid.rights import account
from pellucid.rights.access import AccessParts, datasets_about, demand_policy
from pellucid.rights.inside import MINUTE, Onlooker, demand_held
from pellucid.rights.request import Right
from pellucid.rights.sections import Section, section

COUNTED = "subject.data-counted"


def count(parts: AccessParts, onlooker: Onlooker, now: int) -> Mapping[str, int]:
    """Return how many rows are the person's, by dataset, of those that are open to them as well as they are known.

    Raises NameUnknown once they were erased.
    """
    # 1. Say what is open, hold the generations, and log the look, in one transaction.
    with parts.database.write() as connection:
        found = tuple(_open(connection, parts, onlooker))
        if not found:
            return {}
        lease = leases.lease(connection, [holding for _, holding in found], until=now + MINUTE)
        pseudonym = parts.keys.pseudonym(connection, *onlooker.identity)
        body = {"datasets": {each.dataset.name: each.generation for each, _ in found}}
        append(connection, AuditEntry(COUNTED, onlooker.actor, now, subject=pseudonym, body=body))
    # 2. Count, and give the generations back.
    try:
        with parts.open_person([holding for _, holding in found]) as engine:
            return {each.dataset.name: engine.count(each.wanted(holding)) for each, holding in found}
    finally:
        with parts.database.write() as connection:
            leases.release(connection, lease)


def _open(connection: Connection, parts: AccessParts, onlooker: Onlooker) -> Iterator[tuple[Section, Holding]]:
    """Return what of each dataset the person may be shown, and the generation that it is of."""
    policy, identities = demand_policy(parts, connection), demand_held(connection, onlooker.identity)
    places, holdings = account.places_of(connection, identities), published(connection, parts.folder)
    for dataset in datasets_about(connection, policy, identities):
        found = section(
            policy,
            dataset,
            holdings[dataset.name].generation,
            identities,
            Right.ACCESS,
            places,
            without_sensitive=onlooker.without_sensitive,
        )
        if found is not None:
            yield found, holdings[dataset.name]
