"""Linking and splitting identities of one person, with what follows for everybody's permission, in one transaction.

The strictest identity decides from the link on. A split gains nothing: whatever the parts may be read for more than the
person was is closed by a record of its own, until the person says yes again. What an identity itself said yes to while
it was certainly the person's goes on to count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry, LogReceipt
from pellucid.audit.log import append
from pellucid.consent.effect import Effect
from pellucid.consent.permitted import decide_subject
from pellucid.consent.record import SPLIT_METHOD, ConsentRecord, ConsentVerb, ScreenState
from pellucid.consent.redecide import Wanted
from pellucid.consent.register import decide_anew, record
from pellucid.consent.said import read_said
from pellucid.consent.submission import known_of
from pellucid.consent.voices import Voice
from pellucid.policy.model import Actor, Policy
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.links import Identity, link, persons, split

Closing = tuple[ConsentVerb, str | None]
"""How a purpose (None: all) is kept closed."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Two identities that were linked or split: the register version, the log entry, and the uses that were closed."""

    register_version: int
    log: LogReceipt
    closed: int = 0


def join(
    connection: Connection,
    keys: SubjectKeys,
    policy: Policy,
    one: Identity,
    other: Identity,
    confidence: str,
    evidence: str,
    actor: Actor,
    now: int,
) -> Joined:
    """Link two identities, as the last call of a write transaction; raises InputInvalid."""
    link(connection, one, other, confidence, evidence, actor.name, now)
    version = decide_anew(connection, policy, _all_of(policy, one, other), now)
    body: dict[str, object] = {"confidence": confidence, "register_version": version}
    return Joined(version, _log(connection, keys, "subject.linked", one, other, body, evidence, actor, now))


def part(
    connection: Connection,
    keys: SubjectKeys,
    policy: Policy,
    one: Identity,
    other: Identity,
    evidence: str,
    actor: Actor,
    now: int,
) -> Joined:
    """Split two identities, as the last call of a write transaction; raises InputInvalid."""
    members = persons(connection, one[0], [one[1]])
    concerned = members[one[1]].members if one[1] in members else (one, other)
    before = {each: _effects(connection, policy, each, now) for each in concerned}
    noes = {each: _noes_of_others(connection, policy, each, before[each], now) for each in concerned}
    split(connection, one, other, evidence, actor.name, now)
    closing: list[ConsentRecord] = []
    for each in concerned:
        after = _effects(connection, policy, each, now)
        more = [name for name, seen in after.items() if before[each][name].narrows(seen)]
        gained: dict[Closing, int] = {(ConsentVerb.REFUSE, name): now for name in more}
        kept = sorted((noes[each] | gained).items(), key=str) if after else []
        closing += [_closing(each, verb, purpose, at) for (verb, purpose), at in kept]
    if closing:
        record(connection, keys, policy, closing, actor, now)
    version = decide_anew(connection, policy, _all_of(policy, *concerned), now)
    closed = sum(each.at == now for each in closing)
    body: dict[str, object] = {"register_version": version, "closed": closed}
    done = _log(connection, keys, "subject.split", one, other, body, evidence, actor, now)
    return Joined(version, done, closed)


def _effects(connection: Connection, policy: Policy, identity: Identity, now: int) -> dict[str, Effect]:
    namespace, subject = identity
    known = known_of(connection, namespace, [subject])
    facts, said = known.facts[namespace].get(subject), known.said[namespace].get(subject, [])
    others = known.others[namespace].get(subject, ())
    if facts is None or facts.erased:
        return {}
    return {
        purpose.name: decide_subject(policy, purpose, facts, said, now, others).effect
        for purpose in policy.purposes.values()
    }


def _noes_of_others(
    connection: Connection, policy: Policy, identity: Identity, used: Mapping[str, Effect], now: int
) -> dict[Closing, int]:
    """Return what the other identities had closed, limited or restricted, and when it is said for this one: it goes on.

    A no that whoever said it took back by a yes does not, where the person could be read until now.
    """
    namespace, subject = identity
    known = known_of(connection, namespace, [subject])
    own, found = known.said[namespace].get(subject, []), dict[Closing, int]()
    for voice in known.others[namespace].get(subject, ()):
        for purpose in policy.purposes.values():
            said = read_said(purpose, None, voice.records)
            back = used.get(purpose.name, Effect()) != Effect() and any(map(_counts, said.gives))
            noes: dict[Closing, ConsentRecord | None] = {
                (ConsentVerb.REFUSE, purpose.name): None if back else said.closed_by,
                (ConsentVerb.LIMIT, purpose.name): said.limited_by,
                (ConsentVerb.RESTRICT, None): said.restricted_by,
            }
            for closing, no in noes.items():
                if no is not None:
                    found[closing] = max(found.get(closing, 0), _said_at(closing, no, voice, own, now))
    return found


def _said_at(closing: Closing, no: ConsentRecord, voice: Voice, own: Sequence[ConsentRecord], now: int) -> int:
    """Return when another identity's no is said for this one: now, or before what it said itself against it.

    That has to be said since the no and since both certainly were one person: so it counts for this one after the split
    as it did before. When the other said no is not told.
    """
    since = max(no.at, voice.since)
    against = [each.at for each in own if each.at > since and _counts(each) and _answers(closing, each)]
    return min(against) - 1 if against and voice.certain else now


def _counts(said: ConsentRecord) -> bool:
    return said.screen_state is ScreenState.FINE


def _answers(closing: Closing, said: ConsentRecord) -> bool:
    """Return whether a word undoes a no of this kind, if it is said later."""
    verb, purpose = closing
    if purpose is None:
        return said.verb is ConsentVerb.LIFT
    gives = said.verb is ConsentVerb.GIVE and said.concerns(purpose)
    return gives and (said.explicit or verb is ConsentVerb.REFUSE)


def _closing(identity: Identity, verb: ConsentVerb, purpose: str | None, at: int) -> ConsentRecord:
    return ConsentRecord(identity[0], identity[1], purpose, verb, at=at, channel="system", method=SPLIT_METHOD)


def _all_of(policy: Policy, *identities: Identity) -> Wanted:
    wanted: Wanted = {}
    for namespace, subject in identities:
        wanted.setdefault(namespace, {})[subject] = set(policy.purposes)
    return wanted


def _log(
    connection: Connection,
    keys: SubjectKeys,
    action: str,
    one: Identity,
    other: Identity,
    body: dict[str, object],
    evidence: str,
    actor: Actor,
    now: int,
) -> LogReceipt:
    """Append the entry; the evidence may name somebody, so it stands in the erasable details."""
    told = body | {"other": keys.pseudonym(connection, *other)}
    subject = keys.pseudonym(connection, *one)
    entry = AuditEntry(action, actor, now, subject=subject, body=told, details={"evidence": evidence})
    return append(connection, entry)
