"""What was concluded about one person: derived tables, declared conclusions, estimates; and uses that may decide.

Each with its why, as far as the records tell: of which data it was made, under which purpose, when. What is not
recorded is said to be unknown, and no value of a row is read here. pellucid makes no decision about anybody, so of
those only the purposes are known that are declared to profile or to decide.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from pellucid.policy.categories import title
from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Built, Dataset, Policy, name_in_words
from pellucid.records.rights_tables import derived_builds
from pellucid.records.tables import generations
from pellucid.rights.access import datasets_about
from pellucid.rights.account import ESTIMATE, FACTS, identity_facts
from pellucid.rights.overview import derived_among
from pellucid.rights.request import Right
from pellucid.rights.review import DECIDING
from pellucid.rights.sections import inferred_columns, strength_of
from pellucid.subjects.links import Identity, certain_identities

SameQuestion = Callable[[Built, str], bool]
"""Says whether a derived table is declared by the very question whose digest its build noted."""


@dataclass(frozen=True, slots=True)
class InferredColumn:
    """A column that holds a conclusion: its title, and what kind of data it is."""

    name: str
    title: str
    holds: str


@dataclass(frozen=True, slots=True)
class Source:
    """A dataset of which something was made, and the titles and names of its columns, where more is known."""

    dataset: str
    title: str
    columns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Conclusions in one dataset in which the person has rows, and why they are there.

    `made_at` (UTC µs) is None where it came from elsewhere; `purpose` is that under which it is made, `purposes` are
    those that may read it.
    """

    dataset: str
    title: str
    source: str
    columns: tuple[InferredColumn, ...]
    derived: bool
    made_at: int | None
    made_of: tuple[Source, ...]
    purpose: str | None
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A fact about the person, as whom they are known by an identity, that is only estimated; and of what."""

    namespace: str
    key: str
    fact: str
    value: str | int | bool = field(repr=False)
    made_of: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Deciding:
    """A purpose that is declared to profile people, or to decide about them, and what of the person it may read."""

    purpose: str
    kinds: tuple[str, ...]
    datasets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inferences:
    """All that was concluded about one person, and the uses that may lead to decisions about them."""

    conclusions: tuple[Conclusion, ...]
    estimates: tuple[Estimate, ...]
    deciding: tuple[Deciding, ...]


def inferences(
    connection: Connection, policy: Policy, identity: Identity, strength: int, same_question: SameQuestion
) -> Inferences:
    """Return it for the person whom an identity is of, as far as it may be told to who is known so well."""
    identities = certain_identities(connection, identity)
    found = datasets_about(connection, policy, identities)
    less = strength < strength_of(Right.ACCESS, found)
    derived, builds = derived_among(connection, [each.name for each in found]), _builds(connection)
    told = [
        _conclusion(policy, each, each.name in derived, builds.get(each.name), same_question)
        for each in found
        if inferred_columns(each, derived=each.name in derived)
    ]
    people = [identity_facts(connection, policy, each, without_sensitive=less) for each in identities]
    estimates = (one for each in people if each is not None for one in _estimates(found, each))
    return Inferences(tuple(told), tuple(estimates), tuple(_deciding(policy, found)))


def _builds(connection: Connection) -> dict[str, Row[Any]]:
    """Return the build of each published generation that was built here, by dataset."""
    columns = derived_builds.c
    same = and_(generations.c.dataset == columns.dataset, generations.c.generation == columns.generation)
    statement = select(derived_builds).join(generations, same).where(generations.c.retired_at.is_(None))
    return {row.dataset: row for row in connection.execute(statement)}


def _conclusion(
    policy: Policy, dataset: Dataset, derived: bool, build: Row[Any] | None, same_question: SameQuestion
) -> Conclusion:
    built = dataset.built
    known = built is not None and build is not None and same_question(built, build.question)
    read = [] if build is None else sorted(json.loads(build.stamp)["generations"])
    return Conclusion(
        dataset=dataset.name,
        title=dataset.title,
        source=dataset.source,
        columns=tuple(
            InferredColumn(name, _titled(dataset, name), title(dataset.columns[name].category))
            for name in inferred_columns(dataset, derived=derived)
        ),
        derived=derived,
        made_at=None if build is None else build.built_at,
        made_of=tuple(_sources(policy, read, built.reads if known and built is not None else ())),
        purpose=built.purpose if known and built is not None else None,
        purposes=tuple(name for name in policy.purposes if permitted_columns(policy, name, dataset.name)),
    )


def _sources(policy: Policy, read: Sequence[str], columns: Sequence[str]) -> Iterator[Source]:
    """Return the datasets that were read, with those of their columns that the same question reads."""
    for name in read:
        dataset = policy.datasets.get(name)
        named = [each.partition(".")[2] for each in columns if each.partition(".")[0] == name]
        if dataset is None:
            yield Source(name, name)
        else:
            yield _source(dataset, named)


def _source(dataset: Dataset, columns: Sequence[str]) -> Source:
    return Source(dataset.name, dataset.title, tuple(_titled(dataset, each) for each in columns), tuple(columns))


def _estimates(found: Sequence[Dataset], person: Mapping[str, Any]) -> Iterator[Estimate]:
    facts = {title: fact for fact, title in FACTS.items()}
    for each in person["facts"]:
        if each["how_known"] == ESTIMATE:
            sources = tuple(_guessed_by(found, facts[each["fact"]], person["namespace"]))
            yield Estimate(person["namespace"], person["key"], each["fact"], each["value"], sources)


def _guessed_by(found: Sequence[Dataset], fact: str, namespace: str) -> Iterator[Source]:
    for dataset in found:
        tells = fact in dataset.estimated_facts and fact in dataset.fact_columns
        if tells and dataset.subjects[0].namespace == namespace:
            yield _source(dataset, [dataset.fact_columns[fact]])


def _deciding(policy: Policy, found: Sequence[Dataset]) -> Iterator[Deciding]:
    for purpose in policy.purposes.values():
        kinds = tuple(each for each in purpose.kinds if each in DECIDING)
        reads = tuple(each.name for each in found if permitted_columns(policy, purpose.name, each.name))
        if kinds and reads:
            yield Deciding(purpose.name, kinds, reads)


def _titled(dataset: Dataset, column: str) -> str:
    known = dataset.columns.get(column)
    return (known.title if known is not None else "") or name_in_words(column)
