"""How many of the people in a dataset may be used for a purpose: in bands for everybody, exactly for an officer.

Computed from the register and from who has rows in the published generation, never by running anybody's predicate over
withheld rows. A band is kept for a day at least, so that it does not move when one person changes their mind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append_all
from pellucid.consent.replica import current
from pellucid.consent.sets import Flags, StoredSet, read_set, unpack
from pellucid.errors import NameUnknown, NotPermitted
from pellucid.holdings.publish import generation_published, subjects_of
from pellucid.policy.decide import may
from pellucid.policy.model import Actor, Policy
from pellucid.records.tables import coverage_bands

FEWEST_PEOPLE = 20
TOO_FEW = f"fewer than {FEWEST_PEOPLE} people"
NONE = "none"
BANDS = ((10, "under 10 %"), (25, "10-25 %"), (50, "25-50 %"), (75, "50-75 %"), (90, "75-90 %"), (95, "90-95 %"))
HIGHEST = "over 95 %"
LADDER = (2, 3, 5)
"""Steps of the bands of people within each power of ten, which is a step too."""
LEAST_HOURS = 24.0
HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Bands:
    """Which share of a dataset's people may be used, and how many they are; `people` is None in bands of old."""

    share: str
    people: str | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Exact counts of people with rows in a dataset: for an officer only, never part of a Release.

    `permitted` counts those all of whose rows may be read, `permitted_sensitive` the sensitive ones too, `partial`
    those of whom rows from an instant on may be read.
    """

    total: int
    permitted: int
    permitted_sensitive: int
    partial: int


def band(
    connection: Connection, policy: Policy, dataset: str, purpose: str, now: int, refresh_hours: float = LEAST_HOURS
) -> str:
    """Return the kept band of their share; see `bands`."""
    return bands(connection, policy, dataset, purpose, now, refresh_hours).share


def bands(
    connection: Connection, policy: Policy, dataset: str, purpose: str, now: int, refresh_hours: float = LEAST_HOURS
) -> Bands:
    """Return the kept bands, made anew (hence a write transaction) when they are older than `refresh_hours`, least 24.

    People of whom some rows may be read count as covered. Raises NameUnknown for an undeclared name.
    """
    _demand_declared(policy, dataset, purpose)
    columns = coverage_bands.c
    where = (columns.dataset == dataset, columns.purpose == purpose)
    kept = connection.execute(select(columns.computed_at, columns.band, columns.people).where(*where)).one_or_none()
    if kept is not None and now < kept.computed_at + max(refresh_hours, LEAST_HOURS) * HOUR:
        return Bands(str(kept.band), kept.people)
    counted = _count(connection, dataset, purpose)
    made = Bands(band_of(counted), people_band_of(counted))
    connection.execute(delete(coverage_bands).where(*where))
    connection.execute(
        insert(coverage_bands).values(
            dataset=dataset, purpose=purpose, computed_at=now, band=made.share, people=made.people
        )
    )
    return made


def band_of(counted: Coverage) -> str:
    """Return the band of some counts: a share is in the first band whose upper end it is below."""
    if counted.total < FEWEST_PEOPLE:
        return TOO_FEW
    covered = counted.permitted + counted.partial
    if covered == 0:
        return NONE
    # Whole numbers: covered / total < limit / 100 without a rounding that could depend on one person.
    return next((name for limit, name in BANDS if covered * 100 < limit * counted.total), HIGHEST)


def people_band_of(counted: Coverage) -> str:
    """Return the band of how many people may be used: between two steps of 2, 3, 5 and 10 times a power of ten."""
    covered, lower, ten = counted.permitted + counted.partial, FEWEST_PEOPLE, 10
    if covered < FEWEST_PEOPLE:
        return TOO_FEW
    while True:
        for step in LADDER:
            if step * ten > lower and covered < step * ten:
                return f"between {lower:,} and {step * ten:,}"
            lower = max(lower, step * ten)
        ten *= 10
        if covered < ten:
            return f"between {lower:,} and {ten:,}"
        lower = ten


def exact(connection: Connection, policy: Policy, actor: Actor, dataset: str, purpose: str, now: int) -> Coverage:
    """Return the exact counts to an officer, as a use with its own log entry, in a write transaction's last call.

    Raises NotPermitted for anybody else, NameUnknown for an undeclared name. The counts stand in the entry's erasable
    details only: next to another day's they could tell about one person.
    """
    return exact_all(connection, policy, actor, dataset, (purpose,), now)[purpose]


def exact_all(
    connection: Connection, policy: Policy, actor: Actor, dataset: str, purposes: Sequence[str], now: int
) -> dict[str, Coverage]:
    """Return the exact counts of several purposes, each a use with its own log entry; otherwise as `exact`."""
    refused = may(policy, actor, "consent-coverage-exact")
    if refused is not None:
        raise NotPermitted(refused.message, remedy=refused.remedy)
    for purpose in purposes:
        _demand_declared(policy, dataset, purpose)
    counted = {purpose: _count(connection, dataset, purpose) for purpose in purposes}
    rests = {"dataset": dataset, "register_version": current(connection)[0], "policy": policy.version}
    entries = (_entry(actor, purpose, rests, found, now) for purpose, found in counted.items())
    append_all(connection, entries)
    return counted


def _entry(actor: Actor, purpose: str, rests: dict[str, object], counted: Coverage, now: int) -> AuditEntry:
    details = {
        "total": counted.total,
        "permitted": counted.permitted,
        "permitted_sensitive": counted.permitted_sensitive,
        "partial": counted.partial,
    }
    return AuditEntry("consent.coverage-exact", actor, now, purpose, body=rests, details=details)


def _demand_declared(policy: Policy, dataset: str, purpose: str) -> None:
    if dataset not in policy.datasets:
        raise NameUnknown("dataset", dataset, tuple(policy.datasets))
    if purpose not in policy.purposes:
        raise NameUnknown("purpose", purpose, tuple(policy.purposes))


def _count(connection: Connection, dataset: str, purpose: str) -> Coverage:
    published = generation_published(connection, dataset)
    counted = Coverage(0, 0, 0, 0)
    if published is None:
        return counted
    for namespace, bits in subjects_of(connection, dataset, published.generation).items():
        present = unpack(bits.bits, bits.size)
        found = _count_present(present, read_set(connection, purpose, namespace))
        counted = Coverage(
            counted.total + found.total,
            counted.permitted + found.permitted,
            counted.permitted_sensitive + found.permitted_sensitive,
            counted.partial + found.partial,
        )
    return counted


def _count_present(present: Flags, permitted: StoredSet) -> Coverage:
    permitted.grow(len(present))
    among = slice(0, len(present))
    later = [
        subject
        for subject, effect in permitted.partial.items()
        if effect.not_before is not None and subject < len(present) and present[subject]
    ]
    return Coverage(
        int(present.sum()),
        int((present & permitted.plain[among]).sum()),
        int((present & permitted.sensitive[among]).sum()),
        len(later),
    )
