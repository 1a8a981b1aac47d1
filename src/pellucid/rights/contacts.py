"""The addresses that are already held of a person: where a code can be sent, and nowhere else.

Only addresses that are the person's own: a row about several people does not tell whose an address is, so it is left
out, as are identities that are only likely to be the person's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
    """An address that is held, and in which columns (`dataset.column`) it stands; it is in no repr."""

    kind: str
    address: str
    columns: tuple[str, ...] = field(default=(), compare=False)

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
    seen: dict[tuple[str, str], dict[str, None]] = {}
    try:
        with parts.open_person([holdings[name] for name in wanted]) as engine:
            for name, (found, named) in wanted.items():
                for batch in engine.rows(found.wanted(holdings[name])):
                    for column, kind in named.items():
                        values = batch.column(column).unique().to_pylist()
                        for value in filter(None, values):
                            seen.setdefault((kind, value), {})[f"{name}.{column}"] = None
    finally:
        with parts.database.write() as connection:
            release(connection, leased)
    ordered = [Contact(*each, tuple(columns)) for each, columns in sorted(seen.items())]
    return tuple(each for kind in KINDS for each in [one for one in ordered if one.kind == kind][:MOST])
