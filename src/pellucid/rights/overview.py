"""What is held about one person at a glance: which kinds of data, in which datasets, from where, since when, for what.

From the control database and the policy alone: no row is read, so that a page can show it at once. The rows themselves
are seen by looking inside (`rights.inside`), or come in a package (`rights.access`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from pellucid.policy.categories import CATEGORIES, SPECIAL, is_within, title
from pellucid.policy.decide import subject_key_columns
from pellucid.policy.model import Column, Dataset, Policy, name_in_words
from pellucid.records.rights_tables import derived_builds
from pellucid.records.tables import generations
from pellucid.rights.access import datasets_about
from pellucid.rights.account import identity_facts
from pellucid.rights.known import HowKnown, how_known
from pellucid.rights.request import Right
from pellucid.rights.sections import INFERRED, inferred_columns, purposes_of, strength_of
from pellucid.subjects.links import Identity, certain_identities

_AMONG: BindParameter[Any] = bindparam("names", expanding=True)
_BUILT = select(derived_builds.c.dataset).where(derived_builds.c.dataset.in_(_AMONG)).distinct()
_HISTORY = (
    select(
        generations.c.dataset,
        func.min(generations.c.published_at),
        func.max(generations.c.published_at),
        select(func.count())
        .select_from(derived_builds)
        .where(derived_builds.c.dataset == generations.c.dataset)
        .scalar_subquery(),
    )
    .where(generations.c.dataset.in_(_AMONG))
    .group_by(generations.c.dataset)
)
"""When a dataset first came in, when it was last published anew, and how often it was built of others."""


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
    derived: bool
    may_reveal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a kind of data stands: a dataset, its columns of that kind by title and by name, and how it is known.

    `since` is in UTC µs.
    """

    dataset: str
    title: str
    columns: tuple[str, ...]
    names: tuple[str, ...]
    source: str
    since: int | None
    how_known: tuple[HowKnown, ...]


@dataclass(frozen=True, slots=True)
class HeldCategory:
    """One of the policy's data categories of which something is held, and where; `key` is the category's."""

    key: str
    title: str
    sensitive: bool
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What is held about a person: the identities that are certainly theirs, with facts, categories, and datasets."""

    person: tuple[dict[str, Any], ...]
    categories: tuple[HeldCategory, ...]
    datasets: tuple[HeldDataset, ...]


def overview(
    connection: Connection, policy: Policy, identity: Identity, strength: int, *, alone: bool = False
) -> Overview:
    """Return it for the person whom an identity is of, as far as it may be told to who is known so well.

    `alone`: it was seen in this transaction that the identity was never linked to another.
    """
    identities = (identity,) if alone else certain_identities(connection, identity)
    found = datasets_about(connection, policy, identities)
    less = strength < strength_of(Right.ACCESS, found)
    person = (identity_facts(connection, policy, each, without_sensitive=less) for each in identities)
    names = [each.name for each in found]
    history = {
        name: (first, last, builds) for name, first, last, builds in connection.execute(_HISTORY, {"names": names})
    }
    held = tuple(_held(policy, each, *history[each.name][:2]) for each in found)
    derived = frozenset(name for name, (_, _, builds) in history.items() if builds)
    categories = _categories(found, {name: first for name, (first, _, _) in history.items()}, derived)
    return Overview(tuple(each for each in person if each is not None), categories, held)


def derived_among(connection: Connection, names: Sequence[str]) -> frozenset[str]:
    """Return which of these datasets were ever built of others, so that all in them but their keys is a conclusion."""
    return frozenset(connection.scalars(_BUILT, {"names": list(names)}))


def _categories(
    found: Sequence[Dataset], since: Mapping[str, int | None], derived: frozenset[str]
) -> tuple[HeldCategory, ...]:
    """Return the kinds of data, in the order of the tree of categories."""
    places: dict[str, list[Place]] = {}
    for dataset in found:
        for key, columns in _by_category(dataset).items():
            inferred = inferred_columns(dataset, derived=dataset.name in derived)
            known = dict.fromkeys(how_known(each, inferred) for each in columns)
            titles = tuple(each.title or name_in_words(each.name) for each in columns)
            names = tuple(each.name for each in columns)
            where = (dataset.name, dataset.title, titles, names)
            place = Place(*where, dataset.source, since.get(dataset.name), tuple(known))
            places.setdefault(key, []).append(place)
    special = {key: any(is_within(key, one) for one in SPECIAL) for key in places}
    return tuple(HeldCategory(key, title(key), special[key], tuple(places[key])) for key in CATEGORIES if key in places)


def _by_category(dataset: Dataset) -> dict[str, list[Column]]:
    """Return a dataset's columns by their category, without the keys that only tell whose a row is."""
    keys, found = set(subject_key_columns(dataset)), dict[str, list[Column]]()
    for name, column in dataset.columns.items():
        if name not in keys:
            found.setdefault(column.category, []).append(column)
    return found


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
        derived=dataset.built is not None,
        may_reveal=tuple(dict.fromkeys(each.reveals for each in dataset.sensitive_when)),
    )


def _kinds(dataset: Dataset) -> tuple[Kind, ...]:
    """Return the kinds of data in a dataset, each once, in declared order; without the keys that only tell whose."""
    keys = set(subject_key_columns(dataset))
    found = dict.fromkeys(column.category for name, column in dataset.columns.items() if name not in keys)
    return tuple(
        Kind(title(each), any(is_within(each, one) for one in SPECIAL), is_within(each, INFERRED)) for each in found
    )
