"""What is held about one person at a glance: which kinds of data, in which datasets, from where, since when, for what.

From the control database and the policy alone: no row is read, so that a page can show it at once. The rows themselves
are seen by looking inside (`rights.inside`), or come in a package (`rights.access`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from pellucid.policy.categories import CATEGORIES, SPECIAL, is_within, title
from pellucid.policy.decide import subject_key_columns
from pellucid.policy.model import Column, Dataset, Policy
from pellucid.records.asked import Asked
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
_KEPT = 64
"""How many descriptions of what is held a process keeps: people who stand in the same datasets share one."""


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
    """Where a kind of data stands: a dataset, its columns of that kind, since when (UTC µs), and how it is known."""

    dataset: str
    title: str
    columns: tuple[str, ...]
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


@dataclass(frozen=True, slots=True)
class _Came:
    """When a dataset first came in, when it was last published anew (UTC µs), and whether it was built of others."""

    dataset: str
    since: int | None
    renewed: int | None
    derived: bool


@dataclass(frozen=True, slots=True)
class _Described:
    """What is held in some datasets, whoever it is about: made of one policy, and of when each of them came in.

    `strength` is how well somebody has to be known to be told all of it.
    """

    policy: Policy
    strength: int
    categories: tuple[HeldCategory, ...]
    datasets: tuple[HeldDataset, ...]


_DESCRIBED: dict[tuple[str, tuple[_Came, ...]], _Described] = {}


def overview(
    connection: Connection, policy: Policy, identity: Identity, strength: int, *, alone: bool = False
) -> Overview:
    """Return it for the person whom an identity is of, as far as it may be told to who is known so well.

    `alone`: it was seen in this transaction that the identity was never linked to another.
    """
    identities = (identity,) if alone else certain_identities(connection, identity)
    found = datasets_about(connection, policy, identities)
    described = _described(policy, found, _came_in(connection, [each.name for each in found]))
    less = strength < described.strength
    person = (identity_facts(connection, policy, each, without_sensitive=less) for each in identities)
    return Overview(tuple(each for each in person if each is not None), described.categories, described.datasets)


@cache
def _history_of(number: int) -> Asked:
    """Return the statement that asks when so many datasets came in, and how often each was built of others."""
    names: list[BindParameter[str]] = [bindparam(f"name{place}") for place in range(number)]
    built = select(func.count()).select_from(derived_builds).where(derived_builds.c.dataset == generations.c.dataset)
    first, last = func.min(generations.c.published_at), func.max(generations.c.published_at)
    history = select(
        generations.c.dataset,
        first.label("since"),
        last.label("renewed"),
        built.scalar_subquery().label("builds"),
    )
    return Asked(history.where(generations.c.dataset.in_(names)).group_by(generations.c.dataset))


def _came_in(connection: Connection, names: Sequence[str]) -> tuple[_Came, ...]:
    """Return when these datasets came in, in their order."""
    if not names:
        return ()
    rows = _history_of(len(names))(connection, **{f"name{place}": name for place, name in enumerate(names)})
    found = {row.dataset: _Came(row.dataset, row.since, row.renewed, bool(row.builds)) for row in rows}
    return tuple(found[name] for name in names)


def _described(policy: Policy, found: Sequence[Dataset], came: tuple[_Came, ...]) -> _Described:
    """Return what is held in datasets; the same as before while policy and history are the same."""
    kept = _DESCRIBED.get((policy.version, came))
    if kept is None or kept.policy is not policy:
        since = {each.dataset: each.since for each in came}
        kept = _Described(
            policy,
            strength_of(Right.ACCESS, found),
            _categories(found, since, {each.dataset for each in came if each.derived}),
            tuple(_held(policy, each, when.since, when.renewed) for each, when in zip(found, came, strict=True)),
        )
        if len(_DESCRIBED) >= _KEPT:
            _DESCRIBED.clear()
        _DESCRIBED[policy.version, came] = kept
    return kept


def derived_among(connection: Connection, names: Sequence[str]) -> frozenset[str]:
    """Return which of these datasets were ever built of others, so that all in them but their keys is a conclusion."""
    return frozenset(connection.scalars(_BUILT, {"names": list(names)}))


def _categories(
    found: Sequence[Dataset], since: Mapping[str, int | None], derived: Collection[str]
) -> tuple[HeldCategory, ...]:
    """Return the kinds of data, in the order of the tree of categories."""
    places: dict[str, list[Place]] = {}
    for dataset in found:
        for key, columns in _by_category(dataset).items():
            inferred = inferred_columns(dataset, derived=dataset.name in derived)
            known = dict.fromkeys(how_known(each, inferred) for each in columns)
            titles = tuple(each.title or each.name.replace("_", " ") for each in columns)
            place = Place(dataset.name, dataset.title, titles, dataset.source, since.get(dataset.name), tuple(known))
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
