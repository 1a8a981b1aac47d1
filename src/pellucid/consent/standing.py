"""Where one person stands with every purpose, as they are shown it: the rule, their word, and what comes of both.

For the page on which people choose. A purpose is shown with a choice exactly where a word of theirs changes something;
which verb a yes or a no is, follows from the rule. Reasons are a customer's (`consent.show`).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.consent import show
from pellucid.consent.facts import facts_of, others_of, records_of
from pellucid.consent.permitted import SIGNAL, decide_subject
from pellucid.consent.record import ConsentRecord, ConsentVerb, ScreenState
from pellucid.consent.rule import Rule, rule_for
from pellucid.consent.said import is_restricted, read_said
from pellucid.errors import NameUnknown
from pellucid.policy.model import Default, LegalBasis, Policy, Purpose, SensitiveUse

OBJECTED = frozenset({LegalBasis.LEGITIMATE_INTERESTS, LegalBasis.PUBLIC_INTEREST})
"""Bases against which a no is an objection (GDPR Art. 21(1)); else, where silence means yes, it is an opt-out."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One purpose and one person. `used` says whether their data may be used now, `why` says why in their words.

    `said` is the person's own last word that counts: True a yes, False a no, None none. `yes` and `no` are the verbs of
    their choice, None where there is none to make. `signalled` says that a browser's signal made the no.
    """

    purpose: Purpose
    basis: LegalBasis | None
    default: Default | None
    used: bool
    why: tuple[str, ...]
    said: bool | None
    yes: ConsentVerb | None
    no: ConsentVerb | None
    asks_explicitly: bool
    signalled: bool
    since: int | None


@dataclass(frozen=True, slots=True)
class Standings:
    """Every purpose that concerns a person, and whether all use of their data is restricted meanwhile."""

    purposes: tuple[Standing, ...]
    restricted: bool


def standings(
    connection: Connection, policy: Policy, namespace: str, subject: int, now: int, *, alone: bool = False
) -> Standings:
    """Return where a person stands; raises NameUnknown for nobody.

    `alone`: it was seen in this transaction that the identity was never linked to another.
    """
    facts = facts_of(connection, namespace, [subject]).get(subject)
    if facts is None or facts.erased:
        raise NameUnknown("subject", str(subject), remedy="They are not known, or were erased.")
    said = records_of(connection, namespace, [subject]).get(subject, [])
    others = () if alone else others_of(connection, namespace, [subject]).get(subject, ())
    found = (
        _standing(
            purpose,
            rule_for(policy, purpose, facts, now),
            [each for each in said if each.concerns(purpose.name)],
            show.to_customer(decide_subject(policy, purpose, facts, said, now, others)),
        )
        for purpose in policy.purposes.values()
    )
    return Standings(tuple(found), is_restricted(said))


def no_of(rule: Rule) -> ConsentVerb | None:
    """Return which verb a no is under a rule; None where there is no choice."""
    if rule.default is Default.NO_CHOICE:
        return None
    if rule.default is Default.OPT_IN:
        return ConsentVerb.WITHDRAW
    return ConsentVerb.OBJECT if rule.basis in OBJECTED else ConsentVerb.OPT_OUT


def _standing(purpose: Purpose, rule: Rule | None, said: list[ConsentRecord], told: show.Explanation) -> Standing:
    no = None if rule is None else no_of(rule)
    word = _last_word(purpose, None if rule is None else rule.default, said)
    asks = rule is not None and no is not None and (rule.explicit or purpose.sensitive is SensitiveUse.EXPLICIT_CONSENT)
    return Standing(
        purpose=purpose,
        basis=None if rule is None else rule.basis,
        default=None if rule is None else rule.default,
        used=told.permitted,
        why=told.sentences,
        said=None if word is None else word.verb is ConsentVerb.GIVE,
        yes=None if no is None else ConsentVerb.GIVE,
        no=no,
        asks_explicitly=asks,
        signalled=word is not None and word.method.startswith(SIGNAL),
        since=None if word is None else word.at,
    )


def _last_word(purpose: Purpose, default: Default | None, said: list[ConsentRecord]) -> ConsentRecord | None:
    """Return the record that the person's own choice rests on: the last yes that counts since a no, else that no."""
    read = read_said(purpose, default, said)
    counting = [each for each in read.gives if each.screen_state is ScreenState.FINE]
    return counting[-1] if counting else read.closed_by
