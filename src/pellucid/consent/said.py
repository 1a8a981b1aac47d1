"""What a subject's records come to for one purpose, whoever they are and whatever the time. Pure.

A no closes until a new yes; each yes since then is kept, for each has its own reach and end. Whether anything is
permitted is `consent.permitted`'s to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pellucid.consent.record import CLOSING, ConsentRecord, ConsentVerb, ScreenState
from pellucid.policy.model import Default, Purpose


@dataclass(frozen=True, slots=True)
class Said:
    """What the records come to: the closing record that stands, gives since, and whether sensitive rows are limited."""

    closed_by: ConsentRecord | None = None
    gives: tuple[ConsentRecord, ...] = ()
    explicit: tuple[ConsentRecord, ...] = ()
    limited_by: ConsentRecord | None = None
    restricted_by: ConsentRecord | None = None


SILENT = Said()


def read_said(purpose: Purpose, default: Default | None, records: Sequence[ConsentRecord]) -> Said:
    """Return what records come to for a purpose where silence means `default`; the latest counts.

    Of what was said at the very same instant a no counts as said last, whatever came first.
    """
    heard = _Heard()
    for record in sorted(records, key=_instant) if len(records) > 1 else records:
        heard.take(purpose, default, record)
    return heard.said()


def _instant(record: ConsentRecord) -> tuple[int, bool]:
    return record.at, record.verb.narrows


def is_restricted(records: Iterable[ConsentRecord]) -> bool:
    """Return whether a restriction of the whole person stands; of a household, that of any of its members.

    What one member lifts is their own: another's restriction stands until they, or the whole of it, lift it.
    """
    said = list(records)
    names = {record.member for record in said} or {""}
    return any(_is_restricted([record for record in said if record.member in ("", name)]) for name in names)


def _is_restricted(records: Iterable[ConsentRecord]) -> bool:
    ordered = sorted(records, key=_instant)
    verbs = [
        item.verb
        for item in ordered
        if item.verb is ConsentVerb.RESTRICT
        or (item.verb is ConsentVerb.LIFT and item.screen_state is ScreenState.FINE)
    ]
    return bool(verbs) and verbs[-1] is ConsentVerb.RESTRICT


def is_closed(purpose: Purpose, default: Default | None, records: Sequence[ConsentRecord]) -> bool:
    """Return whether the subject ever said a no that closes this purpose, so that only a yes opens it."""
    return read_said(purpose, default, records).closed_by is not None


@dataclass(slots=True)
class _Heard:
    """What records come to as far as they were read, one after the other."""

    closed_by: ConsentRecord | None = None
    gives: list[ConsentRecord] = field(default_factory=list)
    explicit: list[ConsentRecord] = field(default_factory=list)
    limited_by: ConsentRecord | None = None
    restricted_by: ConsentRecord | None = None

    def take(self, purpose: Purpose, default: Default | None, record: ConsentRecord) -> None:
        if record.verb is ConsentVerb.RESTRICT:
            self.restricted_by = record
        elif record.verb is ConsentVerb.LIFT:
            self.restricted_by = None if record.screen_state is ScreenState.FINE else self.restricted_by
        elif not record.concerns(purpose.name):
            return
        elif record.verb is ConsentVerb.GIVE:
            self._give(record)
        elif record.verb is ConsentVerb.LIMIT:
            self.explicit, self.limited_by = [], record
        elif record.verb in CLOSING:  # where there is no choice, a no still takes back what was agreed to beside it
            self.closed_by = record if _closes(purpose, default, record) else self.closed_by
            self.gives, self.explicit = [], []

    def said(self) -> Said:
        return Said(self.closed_by, tuple(self.gives), tuple(self.explicit), self.limited_by, self.restricted_by)

    def _give(self, record: ConsentRecord) -> None:
        self.gives.append(record)
        if record.explicit:
            self.explicit.append(record)
            self.limited_by = None


def _closes(purpose: Purpose, default: Default | None, record: ConsentRecord) -> bool:
    """Tell whether a no closes the purpose: a no said while there was no choice does not while there still is none."""
    return not (default is Default.NO_CHOICE and purpose.name in record.without_choice)
