"""Passing many rows through the door at once: which are recorded and how, known already, or rejected. Pure.

`consent.admit` judges: once for each kind of record, facts and side of `now` where the subject said nothing that could
matter to it, else singly. Rows count in their order, each after those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pellucid.consent.admit import EARLIEST, admit
from pellucid.consent.bulk_decide import WHOLE
from pellucid.consent.bulk_heard import Kinds
from pellucid.consent.bulk_rows import UNKNOWN_SUBJECT, Rejection
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import CLOSING, ConsentRecord, ConsentVerb, ScreenState
from pellucid.consent.screens import Screens
from pellucid.consent.shown import PublishedNotices
from pellucid.consent.voices import Voice
from pellucid.errors import NameUnknown, PellucidError
from pellucid.policy.model import Policy
from pellucid.policy.parts.purpose import shown_notice

Told = tuple[int, int]
"""A kind's number and an instant (UTC µs)."""

FUTURE = Rejection(
    "future", "Nobody can have said this yet: the instant lies in the future.", "Check the instant and its time zone."
)
NOES = CLOSING | {ConsentVerb.LIMIT, ConsentVerb.RESTRICT}
"""Verbs that a yes of the same person and instant can contradict."""


class Row(NamedTuple):
    """One row: its place in the file's block, the subject (id), kind and instant; not `timed`: it is said now.

    `no_on` is the line of a no in the file that it contradicts; 0 if there is none.
    """

    place: int
    subject: int
    kind: int
    at: int
    timed: bool = True
    no_on: int = 0


@dataclass(slots=True)
class Judged:
    """What becomes of rows: those recorded, in columns and in order; how many are known; why others are rejected."""

    places: list[int] = field(default_factory=list)
    subjects: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    known: int = 0
    rejected: dict[int, Rejection] = field(default_factory=dict)

    def record(self, row: Row, kind: int, at: int) -> None:
        """Note that a row is recorded, as this kind and at this instant."""
        self.places.append(row.place)
        self.subjects.append(row.subject)
        self.kinds.append(kind)
        self.at.append(at)


class Door:
    """Judges the rows of a batch, one after another, by what was known of their subjects before it.

    `told` holds by subject what they said, in order, as kinds of `table`; it is added to.
    """

    def __init__(
        self,
        policy: Policy,
        table: Kinds,
        facts: Mapping[int, SubjectFacts],
        told: dict[int, list[Told]],
        screens: Screens,
        now: int,
        others: Mapping[int, Sequence[Voice]],
        published: Callable[[], PublishedNotices] = PublishedNotices,
    ) -> None:
        self._policy, self._table, self._now = policy, table, now
        self._others = others
        self._published = published
        self._facts, self._told, self._screens = facts, told, screens
        self._same: dict[int, tuple[ConsentRecord, str]] = {}
        self._kept: dict[tuple[int, int, ConsentRecord], set[str]] = {}
        self._noes: dict[tuple[int, int], list[ConsentRecord]] = {}
        self._alike: dict[tuple[int, int], int | Rejection] = {}
        for subject, said in told.items():
            for kind, at in said:
                self._note_kept(subject, kind, at)
                self._note_no(subject, kind, at)

    def judge(self, rows: Sequence[Row]) -> Judged:
        """Return what becomes of the rows."""
        judged = Judged()
        for row in rows:
            if self._is_known(row):
                judged.known += 1
                continue
            found = self._admitted(row)
            if isinstance(found, Rejection):
                judged.rejected[row.place] = found
                continue
            kind, at = found
            judged.record(row, kind, at)
            self._told.setdefault(row.subject, []).append(found)
            self._note_kept(row.subject, kind, at)
            self._note_no(row.subject, kind, at)
            if at != row.at:  # it was dated later, since a clock had been ahead
                self._note_kept(row.subject, kind, row.at)
        return judged

    # -- known already -------------------------------------------------------------------------------------------------

    def _is_known(self, row: Row) -> bool:
        """Return whether the very same is recorded; what has no instant is if it is the last that was said of it."""
        same, notice = self._identity(row.kind)
        if row.timed:
            return self._has_notice(self._kept.get((row.subject, row.at, same)), notice)
        last = None if row.subject in self._others else self._last(row)  # a linked one may have said otherwise since
        if last is None:
            return False
        its, its_notice = self._identity(last)
        return its == same and self._has_notice({its_notice}, notice)

    def _last(self, row: Row) -> int | None:
        """Return the kind of what the subject said last about the same thing."""
        asked, of = self._table.of[row.kind], self._table.of
        about = [
            each
            for each in self._told.get(row.subject, ())
            if (of[each[0]].verb in WHOLE) is (asked.verb in WHOLE)
            and (asked.purpose is None or of[each[0]].concerns(asked.purpose))
        ]
        return max(reversed(about), key=_instant)[0] if about else None

    @staticmethod
    def _has_notice(notices: set[str] | None, wanted: str) -> bool:
        """Return whether a notice is among these; an empty one is whichever was current then."""
        return notices is not None and (not wanted or wanted in notices or "" in notices)

    def _identity(self, kind: int) -> tuple[ConsentRecord, str]:
        """Return a kind as it is compared with what is kept: without what is filled in at the door, and its notice."""
        found = self._same.get(kind)
        if found is None:
            record = self._table.of[kind]
            found = self._same[kind] = (_bare(record), record.notice_version)
        return found

    def _note_kept(self, subject: int, kind: int, at: int) -> None:
        same, notice = self._identity(kind)
        self._kept.setdefault((subject, at, same), set()).add(notice)

    # -- a yes and a no at one instant ---------------------------------------------------------------------------------

    def _note_no(self, subject: int, kind: int, at: int) -> None:
        record = self._table.of[kind]
        if record.verb in NOES:
            self._noes.setdefault((subject, at), []).append(record)

    def _is_contradicted(self, row: Row) -> bool:
        noes = self._noes.get((row.subject, row.at))
        return noes is not None and any(contradicts(each, self._table.of[row.kind]) for each in noes)

    # -- the door ------------------------------------------------------------------------------------------------------

    def _admitted(self, row: Row) -> Told | Rejection:
        facts, record = self._facts.get(row.subject), self._table.of[row.kind]
        if facts is None or facts.erased:
            return UNKNOWN_SUBJECT
        if row.at > self._now:
            return FUTURE
        if not record.verb.narrows and (row.no_on or self._is_contradicted(row)):
            return _contradicted(row.no_on)
        if row.at < EARLIEST or not self._is_apart(row, record):
            return self._singly(row, facts)
        key = (row.kind, id(facts))  # people of whom the same is known share their facts
        alike = self._alike.get(key)
        if alike is None:
            found = self._singly(row, facts, alone=True)
            alike = self._alike[key] = found if isinstance(found, Rejection) else found[0]
        return alike if isinstance(alike, Rejection) else (alike, row.at)

    def _is_apart(self, row: Row, record: ConsentRecord) -> bool:
        """Return whether nothing that the subject said before can matter to whether and how this is recorded."""
        if row.subject in self._others:
            return False
        told = self._told.get(row.subject)
        if told is None:
            return True
        if record.purpose is None or record.verb is ConsentVerb.LIFT:
            return False
        of, purpose, now = self._table.of, record.purpose, self._now
        for kind, at in told:
            about = of[kind].purpose
            if at > now or about is None or about == purpose:
                return False
        return True

    def _singly(self, row: Row, facts: SubjectFacts, *, alone: bool = False) -> Told | Rejection:
        record = self._table.record(row.kind, row.subject, row.at)
        said = () if alone else self._told.get(row.subject, ())
        earlier = [self._table.record(kind, row.subject, at) for kind, at in said]
        try:
            if not record.verb.narrows and shown_notice(record.notice_version) is not None:
                record = self._published().resolved(record) or record
            kept = admit(self._policy, record, facts, earlier, self._now, self._others.get(row.subject, ()))
        except PellucidError as error:
            return _told(record, error)
        state = self._screens.state_of(record.screen, None)
        kept = kept if kept.screen_state is state else replace(kept, screen_state=state)
        return self._table.number(kept), kept.at


def contradicts(no: ConsentRecord, yes: ConsentRecord) -> bool:
    """Return whether a no says the opposite of a yes about the same thing."""
    if no.member and yes.member and no.member != yes.member:
        return False
    if yes.verb is ConsentVerb.LIFT:
        return no.verb is ConsentVerb.RESTRICT
    about_it = no.purpose is None or no.purpose == yes.purpose
    return about_it and (no.verb in CLOSING or (no.verb is ConsentVerb.LIMIT and yes.explicit))


def _contradicted(line: int) -> Rejection:
    where = f"stands on line {line} of this file" if line else "is recorded already"
    return Rejection(
        "contradicts",
        f"A no of the same person at the very same instant {where}, and the no counts.",
        "Find out which of the two holds; a yes that came later needs its own instant.",
    )


def _instant(told: Told) -> int:
    return told[1]


def _bare(record: ConsentRecord) -> ConsentRecord:
    """Return a record without what the door fills in or takes away, and without its notice."""
    is_yes = record.verb is ConsentVerb.GIVE
    return replace(
        record,
        purpose=None if record.verb is ConsentVerb.RESTRICT else record.purpose,
        explicit=record.explicit and is_yes,
        notice_version="",
        without_choice=(),
        screen_state=ScreenState.FINE,
    )


def _told(record: ConsentRecord, error: PellucidError) -> Rejection:
    """Return why a record is refused, without what a cell held: a key may stand in the wrong column."""
    if isinstance(error, NameUnknown):
        return Rejection(f"{error.kind}-unknown", error.message.replace(f" {error.got!r}", ""), _remedy(error))
    code = error.code if error.code != "input-invalid" else _CODES.get(record.verb, "input-invalid")
    if record.verb is ConsentVerb.GIVE and record.purpose is None:
        code = "purpose-missing"
    message = error.message
    for value in (record.purpose, record.notice_version):
        message = message.replace(f"got version {value!r}, ", "").replace(f": got purpose {value!r}", "")
    return Rejection(code, message, _remedy(error))


_CODES = {ConsentVerb.GIVE: "yes-unfit", ConsentVerb.LIFT: "lift-unfit"}


def _remedy(error: PellucidError) -> str:
    return error.remedy or "Use one of the known names."
