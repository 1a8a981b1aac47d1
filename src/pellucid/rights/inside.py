"""Looking inside: the rows themselves that are held of a person, a page at a time, for that person to see.

What may be shown is what a package for access holds (`rights.sections`), to whoever is known as well as that demands.
Each look is logged before a row is read, so that none goes unseen; nothing of what was read is kept, nor in any repr.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa
from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.engines.base import Holding
from pellucid.engines.person import RowsPart
from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.holdings import leases
from pellucid.holdings.publish import published
from pellucid.policy.categories import title
from pellucid.policy.model import Actor, Dataset, Policy
from pellucid.rights import account
from pellucid.rights.access import AccessParts, datasets_about, demand_policy
from pellucid.rights.known import HeldColumn, held_columns
from pellucid.rights.overview import derived_among
from pellucid.rights.request import SENSITIVE_STRENGTH, Right
from pellucid.rights.row_files import plain
from pellucid.rights.sections import LEFT_OUT_SENSITIVE, Section, section
from pellucid.rights.sensitive import is_sensitive
from pellucid.subjects import ids
from pellucid.subjects.links import Identity, certain_identities

ROWS = 25
"""Rows of a page."""
MINUTE = 60_000_000
SHOWN, REFUSED = "subject.data-shown", "subject.data-refused"
SHOW_MORE = "It may be sensitive: show who you are with two contacts that we hold, and you see it here."

Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Whose data are looked at, how well it is known that they look, and who acts.

    `plain_only` leaves sensitive data out although the person is known well enough: they asked for that.
    """

    identity: Identity
    strength: int
    actor: Actor
    plain_only: bool = False

    @property
    def without_sensitive(self) -> bool:
        """Whether sensitive data are left out for them."""
        return self.plain_only or self.strength < SENSITIVE_STRENGTH


@dataclass(frozen=True, slots=True)
class HeldValue:
    """A value as JSON has it; `covered`: it is somebody else's and not given; `reveals`: what it may tell."""

    value: Plain = field(repr=False)
    covered: bool = False
    reveals: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row: its place among the person's rows of this generation, and a value for each column."""

    place: int
    values: tuple[HeldValue, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Door:
    """A dataset in which the person has rows. `open`: whether they are shown to them as well as they are known."""

    name: str
    title: str
    source: str
    derived: bool
    open: bool


@dataclass(frozen=True, slots=True)
class Inside:
    """A part of the rows of one dataset; `count` is how many there are of the person.

    `kept_back` says which kinds of data are held and not shown, and why.
    """

    dataset: Dataset
    generation: int
    columns: tuple[HeldColumn, ...]
    rows: tuple[HeldRow, ...] = field(repr=False)
    count: int = 0
    first: int = 0
    kept_back: tuple[tuple[str, str], ...] = ()
    may_reveal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows to look at: so many of a dataset after the first so many; of this generation, if one is named."""

    dataset: str
    first: int = 0
    most: int = ROWS
    generation: int | None = None

    def told(self) -> dict[str, object]:
        """Return it as the log says it."""
        return {"dataset": self.dataset, "first": self.first, "most": self.most}


def doors(connection: Connection, policy: Policy, onlooker: Onlooker) -> tuple[Door, ...]:
    """Return the datasets in which the person has rows, and which of them are open to them now. Reads no row."""
    identities = demand_held(connection, onlooker.identity)
    return tuple(
        Door(
            each.name,
            each.title,
            each.source,
            each.built is not None,
            not (onlooker.without_sensitive and each.sensitive_when),
        )
        for each in datasets_about(connection, policy, identities)
    )


def needs_more(connection: Connection, policy: Policy, onlooker: Onlooker) -> bool:
    """Return whether some of what is held is shown only to whoever shows better who they are."""
    found = datasets_about(connection, policy, certain_identities(connection, onlooker.identity))
    return onlooker.strength < SENSITIVE_STRENGTH and any(is_sensitive(each) for each in found)


def look(parts: AccessParts, onlooker: Onlooker, wanted: Wanted, now: int) -> Inside:
    """Return a part of the person's rows of a dataset; the look is logged before a row is read.

    Raises NameUnknown for a dataset without rows of theirs as for one that is not there, NotPermitted
    (`strength-too-low`, logged) for one that may be sensitive, and InputInvalid (`data-renewed`) for rows of a
    generation that is not the published one.
    """
    try:
        # 1. Say what may be shown, hold the generation, and log the look, in one transaction.
        with parts.database.write() as connection:
            policy = demand_policy(parts, connection)
            found, holding = _opened(connection, parts, policy, onlooker, wanted)
            lease = leases.lease(connection, [holding], until=now + MINUTE)
            _note(connection, parts, onlooker, SHOWN, wanted.told() | {"generation": found.generation}, now)
    except NotPermitted as error:
        with parts.database.write() as connection:
            _note(connection, parts, onlooker, REFUSED, {"dataset": wanted.dataset, "reasons": [error.code]}, now)
        raise
    # 2. Read the rows, and give the generation back.
    try:
        with parts.open_person([holding]) as engine:
            asked = found.wanted(holding)
            count = engine.count(asked)
            batches = list(engine.rows(asked, RowsPart(wanted.first, wanted.most, _latest(found))))
    finally:
        with parts.database.write() as connection:
            leases.release(connection, lease)
    return Inside(
        dataset=found.dataset,
        generation=found.generation,
        columns=held_columns(policy, found),
        rows=tuple(_rows(found, batches, wanted.first)),
        count=count,
        first=wanted.first,
        kept_back=tuple(_kept_back(found, onlooker)),
        may_reveal=tuple(dict.fromkeys(each.reveals for each in found.dataset.sensitive_when)),
    )


def demand_held(connection: Connection, identity: Identity) -> tuple[Identity, ...]:
    """Return the identities that are certainly the person's; raises NameUnknown once they were erased."""
    if ids.natural_key(connection, *identity) is None:
        raise NameUnknown("subject", str(identity[1]), remedy="They are not known, or were erased.")
    return certain_identities(connection, identity)


def _opened(
    connection: Connection, parts: AccessParts, policy: Policy, onlooker: Onlooker, wanted: Wanted
) -> tuple[Section, Holding]:
    """Return what of a dataset the person may be shown, and the generation that it is of."""
    identities = demand_held(connection, onlooker.identity)
    theirs = {each.name: each for each in datasets_about(connection, policy, identities)}
    if wanted.dataset not in theirs:
        raise NameUnknown("dataset", wanted.dataset[:80], tuple(theirs))
    holding = published(connection, parts.folder)[wanted.dataset]
    if wanted.generation not in (None, holding.generation):
        raise InputInvalid(
            "These data have been brought up to date meanwhile.", remedy="Look at them again.", code="data-renewed"
        )
    found = section(
        policy,
        theirs[wanted.dataset],
        holding.generation,
        identities,
        Right.ACCESS,
        account.places_of(connection, identities),
        derived=bool(derived_among(connection, [wanted.dataset])),
        without_sensitive=onlooker.without_sensitive,
    )
    if found is None:
        raise NotPermitted(
            "Some of these rows may be sensitive, so they are shown only to whoever is known better.",
            remedy="Show who you are by codes to two contacts that we hold of you.",
            code="strength-too-low",
        )
    return found, holding


def _note(
    connection: Connection, parts: AccessParts, onlooker: Onlooker, action: str, body: dict[str, object], now: int
) -> None:
    pseudonym = parts.keys.pseudonym(connection, *onlooker.identity)
    append(connection, AuditEntry(action, onlooker.actor, now, subject=pseudonym, body=body))


def _latest(found: Section) -> str | None:
    """Return the column by which the newest rows come first; not one that may be somebody else's."""
    time = found.dataset.time
    return time if time in found.columns and time not in found.needs else None


def _rows(found: Section, batches: Iterable[pa.RecordBatch], first: int) -> Iterator[HeldRow]:
    reveals = [_reveals(found.dataset, name) for name in found.columns]
    several = len(found.own) > 1
    read = (row for batch in batches for row in zip(*(each.to_pylist() for each in batch.columns), strict=True))
    for place, row in enumerate(read, first):
        covered = set(str(row[-1]).split()) if several else set[str]()
        told = zip(found.columns, row, reveals, strict=False)  # the last of several is what is withheld
        yield HeldRow(
            place,
            tuple(
                HeldValue(None, covered=True)
                if name in covered
                else HeldValue(plain(value), reveals=tells.get(value, ""))
                for name, value, tells in told
            ),
        )


def _reveals(dataset: Dataset, name: str) -> dict[object, str]:
    """Return what values of a column reveal, as far as the column alone tells."""
    rules = (each for each in dataset.sensitive_when if each.column == name and each.lookup is None)
    return {value: each.reveals for each in rules for value in each.values}


def _kept_back(found: Section, onlooker: Onlooker) -> Iterator[tuple[str, str]]:
    for name, why in found.kept_back.items():
        guarded = onlooker.without_sensitive and not onlooker.plain_only and why == LEFT_OUT_SENSITIVE
        yield title(found.dataset.columns[name].category), SHOW_MORE if guarded else why
