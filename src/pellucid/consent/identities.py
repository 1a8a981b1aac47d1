"""Linking and splitting identities of one person, with what follows for everybody's permission, in one transaction.

The strictest identity decides from the link on. A split gains nothing: whatever the parts may be read for more than the
person was is closed by a record of its own, until the person says yes again.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry, LogReceipt
from pellucid.audit.log import append
from pellucid.consent.effect import Effect
from pellucid.consent.permitted import decide_subject
from pellucid.consent.record import SPLIT_METHOD, ConsentRecord, ConsentVerb
from pellucid.consent.redecide import Wanted
from pellucid.consent.register import decide_anew, record
from pellucid.consent.said import read_said
from pellucid.consent.submission import known_of
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
    noes = {each: _noes_of_others(connection, policy, each) for each in concerned}
    split(connection, one, other, evidence, actor.name, now)
    closing: list[ConsentRecord] = []
    for each in concerned:
        after = _effects(connection, policy, each, now)
        gained = {(ConsentVerb.REFUSE, name) for name, effect in after.items() if before[each][name].narrows(effect)}
        closing += [_closing(each, *said, now) for said in sorted(gained | noes[each], key=str) if after]
    if closing:
        record(connection, keys, policy, closing, actor, now)
    version = decide_anew(connection, policy, _all_of(policy, *concerned), now)
    body: dict[str, object] = {"register_version": version, "closed": len(closing)}
    done = _log(connection, keys, "subject.split", one, other, body, evidence, actor, now)
    return Joined(version, done, len(closing))


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


def _noes_of_others(connection: Connection, policy: Policy, identity: Identity) -> set[Closing]:
    """Return what the other identities had closed, limited or restricted: it goes on for this one too."""
    namespace, subject = identity
    heard = known_of(connection, namespace, [subject]).others[namespace].get(subject, ())
    found: set[Closing] = set()
    for voice in heard:
        for purpose in policy.purposes.values():
            said = read_said(purpose, None, voice.records)
            found |= {(ConsentVerb.REFUSE, purpose.name)} if said.closed_by is not None else set()
            found |= {(ConsentVerb.LIMIT, purpose.name)} if said.limited_by is not None else set()
            found |= {(ConsentVerb.RESTRICT, None)} if said.restricted_by is not None else set()
    return found


def _closing(identity: Identity, verb: ConsentVerb, purpose: str | None, now: int) -> ConsentRecord:
    return ConsentRecord(identity[0], identity[1], purpose, verb, at=now, channel="system", method=SPLIT_METHOD)


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
