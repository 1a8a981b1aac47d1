"""How it is known what a column says of a person, as far as the policy tells, and what marks it as sensitive. Pure.

Three ways: it was given to us, by the person or by whom the dataset's source names; it was seen in what the person
does; or we worked it out. More is not known, so nothing is said to have come from the person that may have been bought.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from pellucid.policy.categories import title
from pellucid.policy.model import Column, Policy, name_in_words
from pellucid.rights.corrections import fixed_columns
from pellucid.rights.sections import Section
from pellucid.rights.sensitive import is_guarded, within

SEEN = (
    "user.behavior",
    "user.device",
    "user.financial.discount",
    "user.financial.purchase",
    "user.location",
    "user.sensor",
    "user.telemetry",
)
"""Kinds of data that come of what a person does."""


class HowKnown(StrEnum):
    """How a value came to be known."""

    DECLARED = "declared"
    OBSERVED = "observed"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class HeldColumn:
    """A column as the person sees it: its title, the kind of data (`holds`), how it is known, whether it is special.

    `correctable` says whether a value can be corrected where it stands; what tells rows or people apart is mended at
    its source.
    """

    name: str
    title: str
    holds: str
    type: str
    how_known: HowKnown
    sensitive: bool
    correctable: bool
    nullable: bool
    domain: tuple[str | int | bool, ...] = ()


def how_known(column: Column, inferred: Collection[str]) -> HowKnown:
    """Return how a column's values are known, given the columns that are conclusions."""
    if column.name in inferred:
        return HowKnown.INFERRED
    return HowKnown.OBSERVED if within(column, SEEN) else HowKnown.DECLARED


def held_columns(policy: Policy, section: Section) -> tuple[HeldColumn, ...]:
    """Return the columns that a person is given of a dataset, in declared order."""
    fixed, dataset = fixed_columns(policy, section.dataset), section.dataset
    return tuple(
        HeldColumn(
            name=name,
            title=dataset.columns[name].title or name_in_words(name),
            holds=title(dataset.columns[name].category),
            type=dataset.columns[name].type.value,
            how_known=how_known(dataset.columns[name], section.inferred),
            sensitive=is_guarded(dataset.columns[name]),
            correctable=name not in fixed,
            nullable=dataset.columns[name].nullable,
            domain=dataset.columns[name].domain,
        )
        for name in section.columns
    )
