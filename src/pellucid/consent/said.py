"""What a subject's records come to for one purpose, whoever they are and whatever the time. Pure.

A no closes until a new yes; each yes since then is kept, for each has its own reach and end. Whether anything is
permitted is `consent.permitted`'s to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pellucid.consent.record import CLOSING, ConsentRecord, ConsentVerb
from pellucid.policy.model import Default, Purpose, RegimeBasis


@dataclass(frozen=True, slots=True)
class Said:
    """What the records come to: the closing record that stands, gives since, and whether sensitive rows are limited."""

    closed_by: ConsentRecord | None = None
    gives: tuple[ConsentRecord, ...] = ()
    explicit: tuple[ConsentRecord, ...] = ()
    limited_by: ConsentRecord | None = None
    restricted_by: ConsentRecord | None = None


def read_said(purpose: Purpose, rule: RegimeBasis | None, records: Iterable[ConsentRecord]) -> Said:
    """Return what records come to for a purpose under a rule; the latest counts, by `at`, then in the order given."""
    said = Said()
    for record in sorted(records, key=lambda item: item.at):
        said = _after(said, purpose, rule, record)
    return said


def is_restricted(records: Iterable[ConsentRecord]) -> bool:
    """Return whether a restriction of the whole person stands."""
    ordered = sorted(records, key=lambda item: item.at)
    verbs = [item.verb for item in ordered if item.verb in (ConsentVerb.RESTRICT, ConsentVerb.LIFT)]
    return bool(verbs) and verbs[-1] is ConsentVerb.RESTRICT


def is_closed(purpose: Purpose, rule: RegimeBasis | None, records: Iterable[ConsentRecord]) -> bool:
    """Return whether the subject ever said a no that closes this purpose, so that only a yes opens it."""
    return read_said(purpose, rule, records).closed_by is not None


def _after(said: Said, purpose: Purpose, rule: RegimeBasis | None, record: ConsentRecord) -> Said:
    if record.verb in (ConsentVerb.RESTRICT, ConsentVerb.LIFT):
        return replace(said, restricted_by=record if record.verb is ConsentVerb.RESTRICT else None)
    if not record.concerns(purpose.name):
        return said
    if record.verb is ConsentVerb.GIVE:
        said = replace(said, gives=(*said.gives, record))
        return replace(said, explicit=(*said.explicit, record), limited_by=None) if record.explicit else said
    if record.verb is ConsentVerb.LIMIT:
        return replace(said, explicit=(), limited_by=record)
    if _closes(purpose, rule, record):
        return replace(said, closed_by=record, gives=(), explicit=())
    return said


def _closes(purpose: Purpose, rule: RegimeBasis | None, record: ConsentRecord) -> bool:
    """Tell whether a no closes the purpose: a no said while there was no choice does not while there still is none."""
    still_none = rule is not None and rule.default is Default.NO_CHOICE
    return record.verb in CLOSING and not (still_none and purpose.name in record.without_choice)
