"""Which columns of which datasets a package holds, and which values in them are somebody else's. Pure.

A row about several people is given to each of them, without what leads to the others: the columns with which the
other subject paths begin; facts about the first path's subject, if that is another person; and, since a row does not
tell whose they are, names, contacts, identifiers and devices.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pellucid.engines.base import Holding
from pellucid.engines.person import Needs, PersonWanted
from pellucid.policy.bases import basis_for
from pellucid.policy.categories import is_within
from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Dataset, LegalBasis, Policy, Purpose, SubjectPath
from pellucid.rights.request import SENSITIVE_STRENGTH, STRENGTHS, Right
from pellucid.rights.sensitive import NEVER_DISCLOSED, is_guarded, is_sensitive, within
from pellucid.subjects.links import Identity

INFERRED = "user.inferred"
IDENTIFYING = (
    "user.account.username",
    "user.contact",
    "user.credentials",
    "user.device",
    "user.financial.account_number",
    "user.financial.credit_card",
    "user.government_id",
    "user.name",
    "user.unique_id",
)
"""Kinds of data that name or reach somebody: in a row about several people nobody is given another's."""
CALIFORNIA = frozenset({"US", "US-CA"})
"""Places that are, or may be, in California."""
PORTABLE = frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT})
"""Bases under which what a person provided can be taken along (GDPR Art. 20(1)(a))."""

NEVER_HANDED_OUT = "The law has us say that we hold it, and forbids us to hand it out (11 CCR 7024(d))."
LEFT_OUT_SENSITIVE = "You asked to leave sensitive data out."


@dataclass(frozen=True, slots=True)
class Section:
    """One dataset as a package gives it: `columns` are given, `kept_back` are held and not given, with the reason."""

    dataset: Dataset
    generation: int
    columns: tuple[str, ...]
    own: tuple[tuple[int, ...], ...]
    needs: Mapping[str, Needs] = field(default_factory=dict)
    kept_back: Mapping[str, str] = field(default_factory=dict)
    inferred: tuple[str, ...] = ()

    def wanted(self, holding: Holding) -> PersonWanted:
        """Return what to read of the generation."""
        return PersonWanted(holding, self.columns, self.own, self.needs)


def section(
    policy: Policy,
    dataset: Dataset,
    generation: int,
    identities: Collection[Identity],
    right: Right,
    places: Collection[str | None],
    *,
    derived: bool = False,
    without_sensitive: bool = False,
) -> Section | None:
    """Return what a package holds of a dataset about people; None where the right does not reach it.

    `places` are those of the person's identities. All of a `derived` dataset is inferred, but for its keys. A dataset
    of which some rows are sensitive is left out whole `without_sensitive`: which these are may not show.
    """
    if without_sensitive and dataset.sensitive_when:
        return None
    inferred = inferred_columns(dataset, derived=derived)
    columns, kept_back = dict(dataset.columns), {}
    if right is Right.PORTABILITY:
        if not is_portable(policy, dataset, places):
            return None
        columns = {name: column for name, column in columns.items() if name not in inferred}
    for name, column in list(columns.items()):
        if CALIFORNIA & {place or "" for place in places} and within(column, NEVER_DISCLOSED):
            kept_back[name] = NEVER_HANDED_OUT
            del columns[name]
        elif without_sensitive and is_guarded(column):
            kept_back[name] = LEFT_OUT_SENSITIVE
            del columns[name]
    own = tuple(tuple(each for space, each in identities if space == path.namespace) for path in dataset.subjects)
    needs = needs_of(dataset) if len(dataset.subjects) > 1 else {}
    shown = tuple(name for name in inferred if name in columns)
    return Section(dataset, generation, tuple(columns), own, needs, kept_back, shown)


def needs_of(dataset: Dataset) -> dict[str, Needs]:
    """Return for each column that may tell of somebody else when it is shown."""
    every = tuple((path,) for path in range(len(dataset.subjects)))
    firsts: dict[str, list[int]] = {}
    for position, path in enumerate(dataset.subjects):
        firsts.setdefault(first_column(path), []).append(position)
    found: dict[str, Needs] = {
        name: every
        for name, column in dataset.columns.items()
        if name in dataset.determines_subject or within(column, IDENTIFYING)
    }
    found |= {name: (tuple(positions),) for name, positions in firsts.items()}
    for name in dataset.fact_columns.values():  # facts are those of the first path's subject
        found[name] = (*(need for need in found.get(name, ()) if need != (0,)), (0,))
    return found


def first_column(path: SubjectPath) -> str:
    """Return the column of the dataset itself with which a path begins."""
    return path.via[0].column if path.via else path.column


def inferred_columns(dataset: Dataset, *, derived: bool) -> tuple[str, ...]:
    """Return the columns that hold conclusions: those declared so, estimated facts, and all that was computed."""
    keys = {first_column(path) for path in dataset.subjects} | set(dataset.key)
    estimates = {dataset.fact_columns[fact] for fact in dataset.estimated_facts if fact in dataset.fact_columns}
    return tuple(
        name
        for name, column in dataset.columns.items()
        if is_within(column.category, INFERRED) or name in estimates or (derived and name not in keys)
    )


def is_portable(policy: Policy, dataset: Dataset, places: Collection[str | None]) -> bool:
    """Return whether a purpose that reads the dataset rests on consent or a contract where the person lives."""
    return any(
        basis is not None and basis.basis in PORTABLE
        for purpose in purposes_of(policy, dataset)
        for basis in (basis_for(purpose, policy.regimes, place) for place in places or (None,))
    )


def purposes_of(policy: Policy, dataset: Dataset) -> tuple[Purpose, ...]:
    """Return the purposes that may read something of a dataset."""
    found = policy.purposes.values()
    return tuple(purpose for purpose in found if permitted_columns(policy, purpose.name, dataset.name))


def strength_of(right: Right, datasets: Collection[Dataset]) -> int:
    """Return how well a person has to be known to be given these datasets' rows."""
    if right in (Right.ACCESS, Right.PORTABILITY) and any(is_sensitive(dataset) for dataset in datasets):
        return SENSITIVE_STRENGTH
    return STRENGTHS[right]
