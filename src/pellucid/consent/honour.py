"""What follows from an opt-out signal for one browser, device or person: which purposes it closes, which it asks about.

A signal closes purposes declared as sale, share or targeted advertising, and those that the person's law adds, never
others; what is closed stays so when the signal is gone. Against a purpose that a loyalty programme rewards it is asked,
not overridden (11 CCR 7025(c)(4)). Linked identities are as closed as the strictest: `consent.voices`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from pellucid.consent.effect import NOTHING
from pellucid.consent.permitted import SIGNAL, decide_subject
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.rule import rule_for
from pellucid.consent.said import read_said
from pellucid.consent.signals import SENSITIVE_DATA, SignalReading
from pellucid.consent.submission import known_of
from pellucid.errors import InputInvalid
from pellucid.policy.model import Policy, Purpose, SensitiveUse
from pellucid.records.tables import signal_questions, signals_seen

CHANNEL = "browser"
LEAVE, STAY = "leave", "stay"
ANSWERS = (LEAVE, STAY)


@dataclass(frozen=True, slots=True)
class Honoured:
    """What a signal comes to: purposes it closes now, those it had closed, those that are asked about first."""

    source: str
    closes: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return it as a browser is told: shown as honoured."""
        honoured = [*self.closed, *self.closes]
        return {"signal": self.source, "honoured": honoured, "limited": list(self.limits), "asks": list(self.asks)}


def weigh(
    connection: Connection, policy: Policy, namespace: str, subject: int, reading: SignalReading, now: int
) -> Honoured:
    """Return what a signal comes to for a subject; reads only."""
    known = known_of(connection, namespace, [subject])
    facts = known.facts[namespace].get(subject, SubjectFacts())
    said, others = known.said[namespace].get(subject, []), known.others[namespace].get(subject, ())
    stays = _stays(connection, namespace, subject)
    closes, closed, asks, limits = [], [], [], []
    for purpose in policy.purposes.values():
        if SENSITIVE_DATA in reading.opts_out and _may_be_limited(purpose) and not _is_limited(purpose, said):
            limits.append(purpose.name)
        if not concerns(policy, purpose, facts, reading, now):
            continue
        denied = decide_subject(policy, purpose, facts, said, now, others).effect == NOTHING
        if denied and _is_no(policy, purpose, facts, said, now):
            closed.append(purpose.name)
        elif purpose.loyalty and purpose.name not in stays and _takes_part(purpose, said):
            asks.append(purpose.name)
        elif not (purpose.loyalty and purpose.name in stays):
            closes.append(purpose.name)
    return Honoured(reading.source, tuple(closes), tuple(closed), tuple(asks), tuple(limits))


def concerns(policy: Policy, purpose: Purpose, facts: SubjectFacts, reading: SignalReading, now: int) -> bool:
    """Return whether an opt-out is about a purpose: by what it is declared as, or by the law of the person's place."""
    if reading.opts_out.intersection(purpose.kinds) - {SENSITIVE_DATA}:
        return True
    rule = rule_for(policy, purpose, facts, now)
    return bool(reading.opts_out) and rule is not None and reading.source in rule.signals


def records_of_signal(found: Honoured, namespace: str, subject: int, now: int) -> tuple[ConsentRecord, ...]:
    """Return the records that a signal comes to."""
    method = f"{SIGNAL}{found.source}"
    verbs = [(name, ConsentVerb.OPT_OUT) for name in found.closes] + [
        (name, ConsentVerb.LIMIT) for name in found.limits
    ]
    return tuple(
        ConsentRecord(namespace, subject, name, verb, at=now, channel=CHANNEL, method=method) for name, verb in verbs
    )


def note(connection: Connection, found: Honoured, namespace: str, subject: int, now: int) -> bool:
    """Note that a signal came, and what it asks; return whether it is the first of its kind, or asks something new."""
    columns = signals_seen.c
    where = (columns.namespace == namespace, columns.subject == subject, columns.signal == found.source)
    first = connection.scalar(select(columns.first_at).where(*where)) is None
    if first:
        connection.execute(
            insert(signals_seen).values(namespace=namespace, subject=subject, signal=found.source, first_at=now)
        )
    asked, columns = _questions(connection, namespace, subject), signal_questions.c
    new = [name for name in found.asks if name not in asked or asked[name] == LEAVE]
    for name in new:
        values = {"signal": found.source, "asked_at": now, "answer": None, "answered_at": None}
        if name not in asked:
            about = {"namespace": namespace, "subject": subject, "purpose": name}
            connection.execute(insert(signal_questions).values(about | values))
        else:  # who left and came back since is asked again
            where = (columns.namespace == namespace, columns.subject == subject, columns.purpose == name)
            connection.execute(update(signal_questions).where(*where).values(values))
    return first or bool(new)


def answer(connection: Connection, namespace: str, subject: int, purpose: str, said: str, now: int) -> None:
    """Note what was answered to a question; raises InputInvalid where none is open or the answer is none of ANSWERS."""
    if said not in ANSWERS:
        raise InputInvalid(
            f"The answer is {' or '.join(ANSWERS)}: got {said!r}.",
            remedy="`leave` opts out and leaves the programme, `stay` keeps both.",
            code="signal-answer",
        )
    columns = signal_questions.c
    where = (columns.namespace == namespace, columns.subject == subject, columns.purpose == purpose)
    changed = connection.execute(
        update(signal_questions).where(*where, columns.answer.is_(None)).values(answer=said, answered_at=now)
    )
    if changed.rowcount == 0:
        raise InputInvalid(
            "No question about a signal is open for this purpose.", remedy="See `consent show`.", code="signal-question"
        )


def seen(connection: Connection, namespace: str, subject: int) -> tuple[tuple[str, int], ...]:
    """Return the signals that came from a subject, and when each came first (UTC µs)."""
    columns = signals_seen.c
    where = (columns.namespace == namespace, columns.subject == subject)
    rows = connection.execute(select(columns.signal, columns.first_at).where(*where).order_by(columns.first_at))
    return tuple((row.signal, row.first_at) for row in rows)


def open_questions(connection: Connection, namespace: str, subject: int) -> tuple[str, ...]:
    """Return the purposes about which a subject was asked and has not answered."""
    return tuple(name for name, said in _questions(connection, namespace, subject).items() if said is None)


def _may_be_limited(purpose: Purpose) -> bool:
    return purpose.sensitive is not SensitiveUse.NEVER


def _is_limited(purpose: Purpose, said: Iterable[ConsentRecord]) -> bool:
    return read_said(purpose, None, tuple(said)).limited_by is not None


def _is_no(policy: Policy, purpose: Purpose, facts: SubjectFacts, said: Iterable[ConsentRecord], now: int) -> bool:
    rule = rule_for(policy, purpose, facts, now)
    return read_said(purpose, rule.default if rule else None, tuple(said)).closed_by is not None


def _takes_part(purpose: Purpose, said: Iterable[ConsentRecord]) -> bool:
    """Return whether the subject said yes to the programme itself, and no since."""
    return bool(read_said(purpose, None, tuple(said)).gives)


def _stays(connection: Connection, namespace: str, subject: int) -> set[str]:
    return {name for name, said in _questions(connection, namespace, subject).items() if said == STAY}


def _questions(connection: Connection, namespace: str, subject: int) -> dict[str, str | None]:
    columns = signal_questions.c
    where = (columns.namespace == namespace, columns.subject == subject)
    return {
        row.purpose: row.answer for row in connection.execute(select(columns.purpose, columns.answer).where(*where))
    }
