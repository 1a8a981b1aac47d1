"""Showing what stands in the register: one subject's state for a purpose, what they said, and why it comes out so.

How much of the why is told depends on who asks: a reason such as *minor* is itself personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, select

from pellucid.consent.facts import as_record, facts_of, others_of, records_of
from pellucid.consent.permitted import SubjectDecision, decide_subject
from pellucid.consent.record import ConsentRecord
from pellucid.consent.screens import screens
from pellucid.errors import NameUnknown, Reason
from pellucid.policy.model import Policy
from pellucid.policy.reasons import NEUTRAL, customer_sentence
from pellucid.records.tables import consent_records
from pellucid.regulations.ruling import Ground

Audience = Literal["officer", "staff", "customer"]


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record as kept: its place in the register and the register version it made."""

    sequence: int
    version: int
    record: ConsentRecord


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a subject's rows may be read, in words that fit the audience; `reasons` and `laws` are an officer's."""

    permitted: bool
    sentences: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    laws: tuple[Ground, ...] = ()


def state(
    connection: Connection, policy: Policy, namespace: str, subject: int, purpose: str, now: int
) -> SubjectDecision:
    """Return the decision about one subject and purpose at `now`, from the records; raises NameUnknown."""
    if purpose not in policy.purposes:
        raise NameUnknown("purpose", purpose, tuple(policy.purposes))
    facts = facts_of(connection, namespace, [subject]).get(subject)
    if facts is None:
        raise NameUnknown("subject", str(subject), remedy="Import the person's data first: `pellucid data add`.")
    said = records_of(connection, namespace, [subject]).get(subject, [])
    others = others_of(connection, namespace, [subject]).get(subject, ())
    return decide_subject(policy, policy.purposes[purpose], facts, said, now, others)


def history(connection: Connection, namespace: str, subject: int, purpose: str | None = None) -> list[KeptRecord]:
    """Return everything a subject said, the oldest first; with `purpose` only what concerns it."""
    columns = consent_records.c
    where = (columns.namespace == namespace, columns.subject == subject)
    rows = connection.execute(select(consent_records).where(*where).order_by(columns.at, columns.sequence))
    doubted = screens(connection)
    kept = [KeptRecord(row.sequence, row.version, as_record(row, doubted)) for row in rows]
    return [each for each in kept if purpose is None or each.record.concerns(purpose)]


def why(
    connection: Connection,
    policy: Policy,
    namespace: str,
    subject: int,
    purpose: str,
    now: int,
    audience: Audience = "officer",
) -> Explanation:
    """Explain the decision: all reasons to an officer, yes or no to other staff, plain words to the customer.

    Who may ask as what is the caller's to check (`policy.decide.may`). Raises NameUnknown.
    """
    decision = state(connection, policy, namespace, subject, purpose, now)
    if audience == "officer":
        reasons = decision.reasons + tuple(each for each in decision.sensitive_reasons if each not in decision.reasons)
        return Explanation(decision.permitted, tuple(str(each) for each in reasons), reasons, decision.laws)
    if audience == "customer":
        return to_customer(decision)
    return Explanation(decision.permitted, ("Permitted." if decision.permitted else "Not permitted.",))


def to_customer(decision: SubjectDecision) -> Explanation:
    """Return a decision in the words that the customer is told it in."""
    return Explanation(decision.permitted, _customer_sentences(decision))


def _customer_sentences(decision: SubjectDecision) -> tuple[str, ...]:
    """Return the customer's sentences, each once; what somebody else decided about them is told neutrally."""
    reasons = decision.reasons + (decision.sensitive_reasons if decision.permitted else ())
    told = [customer_sentence(each.code) for each in reasons]
    own = [sentence for sentence in told if sentence != NEUTRAL]
    # A neutral ground stands before the person's own: naming only theirs would say that undoing it is enough.
    return tuple(dict.fromkeys([NEUTRAL, *own] if NEUTRAL in told else own))
