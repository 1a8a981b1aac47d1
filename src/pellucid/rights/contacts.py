"""The addresses that are already held of a person: where a code can be sent, and nowhere else.

Only addresses that are the person's own: a row about several people does not tell whose an address is, so it is left
out, as are identities that are only likely to be the person's.
"""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.holdings.leases import lease, release
from pellucid.holdings.publish import published
from pellucid.policy.categories import is_within
from pellucid.rights.access import AccessParts, datasets_about, demand_policy
from pellucid.rights.request import Right
from pellucid.rights.sections import section
from pellucid.subjects.links import certain_identities

KINDS = {"email": "user.contact.email", "phone": "user.contact.phone_number"}
MOST = 20
"""Addresses of a kind; whoever has more is no single person."""
HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Contact:
    """An address that is held; it is in no repr."""

    kind: str
    address: str

    def __repr__(self) -> str:
        return f"Contact({self.kind!r})"


def contacts(parts: AccessParts, namespace: str, subject: int, now: int) -> tuple[Contact, ...]:
    """Return the distinct addresses held of a person, by kind and in order; none for one who was erased."""
    with parts.database.write() as connection:
        policy = demand_policy(parts, connection)
        identities = certain_identities(connection, (namespace, subject))
        holdings = published(connection, parts.folder)
        wanted = {}
        for dataset in datasets_about(connection, policy, identities):
            named = {n: k for n, c in dataset.columns.items() for k, key in KINDS.items() if is_within(c.category, key)}
            found = section(policy, dataset, holdings[dataset.name].generation, identities, Right.ACCESS, ())
            if named and found is not None:
                wanted[dataset.name] = (found, named)
        leased = lease(connection, [holdings[name] for name in wanted], until=now + HOUR)
    seen: dict[Contact, None] = {}
    try:
        with parts.open_person([holdings[name] for name in wanted]) as engine:
            for name, (found, named) in wanted.items():
                for batch in engine.rows(found.wanted(holdings[name])):
                    for column, kind in named.items():
                        values = batch.column(column).unique().to_pylist()
                        seen |= dict.fromkeys(Contact(kind, value) for value in values if value)
    finally:
        with parts.database.write() as connection:
            release(connection, leased)
    ordered = sorted(seen, key=lambda each: (each.kind, each.address))
    return tuple(each for kind in KINDS for each in [one for one in ordered if one.kind == kind][:MOST])
