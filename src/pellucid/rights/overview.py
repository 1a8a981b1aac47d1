"""What is held about one person at a glance: which kinds of data, in which datasets, from where, since when, for what.

From the control database and the policy alone: no row is read, so that a page can show it at once. The rows themselves
come in a package (`rights.access`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from pellucid.policy.categories import SPECIAL, is_within, title
from pellucid.policy.decide import subject_key_columns
from pellucid.policy.model import Dataset, Policy
from pellucid.records.tables import generations
from pellucid.rights.access import datasets_about
from pellucid.rights.account import identity_facts
from pellucid.rights.sections import INFERRED, purposes_of
from pellucid.subjects.links import Identity, certain_identities


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of data that is held (`title` in words), and whether it is sensitive or was worked out by us."""

    title: str
    sensitive: bool
    inferred: bool


@dataclass(frozen=True, slots=True)
class HeldDataset:
    """A dataset in which the person has rows. Instants in UTC µs; `kept_days` None: no limit is declared.

    `purposes` are names of those that may read it. `may_reveal` is what single values may tell of somebody, as health.
    """

    name: str
    title: str
    source: str
    kinds: tuple[Kind, ...]
    since: int | None
    renewed: int | None
    kept_days: int | None
    purposes: tuple[str, ...]
    about_several: bool
    may_reveal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What is held about a person: the identities that are certainly theirs, with facts, and datasets."""

    person: tuple[dict[str, Any], ...]
    datasets: tuple[HeldDataset, ...]


def overview(connection: Connection, policy: Policy, identity: Identity) -> Overview:
    """Return it for the person whom an identity is of."""
    identities = certain_identities(connection, identity)
    person = (identity_facts(connection, policy, each) for each in identities)
    found = datasets_about(connection, policy, identities)
    dates = _dates(connection, [each.name for each in found])
    held = tuple(_held(policy, each, *dates.get(each.name, (None, None))) for each in found)
    return Overview(tuple(each for each in person if each is not None), held)


def _held(policy: Policy, dataset: Dataset, since: int | None, renewed: int | None) -> HeldDataset:
    return HeldDataset(
        name=dataset.name,
        title=dataset.title,
        source=dataset.source,
        kinds=_kinds(dataset),
        since=since,
        renewed=renewed,
        kept_days=dataset.retention_days,
        purposes=tuple(each.name for each in purposes_of(policy, dataset)),
        about_several=len(dataset.subjects) > 1,
        may_reveal=tuple(dict.fromkeys(each.reveals for each in dataset.sensitive_when)),
    )


def _kinds(dataset: Dataset) -> tuple[Kind, ...]:
    """Return the kinds of data in a dataset, each once, in declared order; without the keys that only tell whose."""
    keys = set(subject_key_columns(dataset))
    found = dict.fromkeys(column.category for name, column in dataset.columns.items() if name not in keys)
    return tuple(
        Kind(title(each), any(is_within(each, one) for one in SPECIAL), is_within(each, INFERRED)) for each in found
    )


def _dates(connection: Connection, names: Sequence[str]) -> dict[str, tuple[int | None, int | None]]:
    """Return when each dataset first came in, and when it was last published anew."""
    columns = generations.c
    told = select(columns.dataset, func.min(columns.published_at), func.max(columns.published_at))
    rows = connection.execute(told.where(columns.dataset.in_(names)).group_by(columns.dataset))
    return {name: (first, last) for name, first, last in rows}
