"""The addresses that are already held of a person: where a code can be sent, and nowhere else.

Only addresses that are the person's own: a row about several people does not tell whose an address is, so it is left
out, as are identities that are only likely to be the person's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from sqlalchemy import Connection

from pellucid.engines.base import Holding
from pellucid.engines.person import Needs, PersonWanted
from pellucid.holdings.leases import lease, release
from pellucid.holdings.publish import published, subjects_of
from pellucid.policy.categories import is_within
from pellucid.policy.model import Dataset, Policy
from pellucid.rights.access import AccessParts, demand_policy
from pellucid.rights.sections import needs_of
from pellucid.subjects.links import Identity, certain_persons

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


_Seen = dict[tuple[str, str], dict[str, None]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What to read of a generation: of which kind each column is, and whose rows, path by path.

    `needs` says of each column which paths have to lead to somebody, for a value to be theirs.
    """

    dataset: Dataset
    holding: Holding
    kinds: Mapping[str, str]
    own: tuple[tuple[int, ...], ...]
    needs: Mapping[str, Needs]

    @property
    def paths(self) -> tuple[str, ...]:
        """The columns in which the ids of each path stand."""
        return tuple(f"_subject{path}" for path in range(len(self.own)))

    def rows(self) -> PersonWanted:
        """Return what to read."""
        return PersonWanted(self.holding, (*self.kinds, *self.paths), self.own)


def contacts(parts: AccessParts, namespace: str, subjects: Sequence[int], now: int) -> dict[int, tuple[Contact, ...]]:
    """Return the distinct addresses held of each of these people, by kind and in order; none for who was erased.

    However many they are, each dataset is read once.
    """
    with parts.database.write() as connection:
        policy = demand_policy(parts, connection)
        people = certain_persons(connection, namespace, subjects)
        wanted = list(_wanted(connection, parts, policy, {each for one in people.values() for each in one}))
        leased = lease(connection, [each.holding for each in wanted], until=now + HOUR)
    whose: dict[Identity, set[int]] = defaultdict(set)
    for subject, identities in people.items():
        for identity in identities:
            whose[identity].add(subject)
    seen: dict[int, _Seen] = {subject: {} for subject in people}
    try:
        with parts.open_person([each.holding for each in wanted]) as engine:
            for each in wanted:
                for batch in engine.rows(each.rows()):
                    _note(each, batch, whose, seen)
    finally:
        with parts.database.write() as connection:
            release(connection, leased)
    return {subject: _ordered(found) for subject, found in seen.items()}


def _wanted(
    connection: Connection, parts: AccessParts, policy: Policy, identities: Collection[Identity]
) -> Iterator[_Wanted]:
    """Yield each dataset with addresses in which any of these has rows."""
    for name, holding in published(connection, parts.folder).items():
        dataset = policy.datasets.get(name)
        columns = {} if dataset is None else dataset.columns
        kinds = {n: k for n, c in columns.items() for k, key in KINDS.items() if is_within(c.category, key)}
        if dataset is None or not kinds:
            continue
        bits = subjects_of(connection, name, holding.generation)
        held = [(space, each) for space, each in sorted(identities) if space in bits and bits[space].has(each)]
        own = tuple(tuple(each for space, each in held if space == path.namespace) for path in dataset.subjects)
        if any(own):
            several = needs_of(dataset) if len(own) > 1 else {}
            yield _Wanted(dataset, holding, kinds, own, {column: several.get(column, ((0,),)) for column in kinds})


def _note(
    wanted: _Wanted, batch: pa.RecordBatch, whose: Mapping[Identity, set[int]], seen: Mapping[int, _Seen]
) -> None:
    """Note the addresses in some rows, each for whom it is the own of."""
    spaces = [path.namespace for path in wanted.dataset.subjects]
    paths = [batch.column(name).to_pylist() for name in wanted.paths]
    for column, kind in wanted.kinds.items():
        for value, *ids in set(zip(batch.column(column).to_pylist(), *paths, strict=True)):
            led = [whose.get(identity, set()) for identity in zip(spaces, ids, strict=True)]
            groups = [set[int]().union(*(led[path] for path in group)) for group in wanted.needs[column]]
            for subject in set.intersection(*groups) if value else ():
                seen[subject].setdefault((kind, value), {})[f"{wanted.dataset.name}.{column}"] = None


def _ordered(seen: _Seen) -> tuple[Contact, ...]:
    found = [Contact(*each, tuple(columns)) for each, columns in sorted(seen.items())]
    return tuple(each for kind in KINDS for each in [one for one in found if one.kind == kind][:MOST])
