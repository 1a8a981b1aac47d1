"""Issuing a receipt: reading what it needs from the control database, filling it in, signing it. Writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from pellucid.audit import log
from pellucid.audit.export import export_proof
from pellucid.audit.keys import SigningKey
from pellucid.audit.receipt import SIGNATURE, signed_content
from pellucid.consent import show
from pellucid.consent.facts import facts_of
from pellucid.consent.receipts.document import Circumstances, LoggedChoice, build, fits, said_of, unfounded
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.errors import NameUnknown
from pellucid.policy.model import Policy
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.pairwise import pairwise_id

PolicyAt = Callable[[int], Policy | None]
"""Returns the policy that was in force at an instant (UTC µs), or None before the first."""

CHOICES = frozenset(f"consent.{verb.value}" for verb in ConsentVerb)


def receipt_for(
    connection: Connection,
    keys: SubjectKeys,
    policy: Policy,
    policy_at: PolicyAt,
    signing_key: SigningKey,
    namespace: str,
    subject: int,
    leaf: int,
    now: int,
    *,
    rights_url: str = "",
    withdrawal: str = "",
) -> dict[str, object]:
    """Return the signed receipt of what `subject` said at log entry `leaf`, as of `now` (UTC µs); a reader is enough.

    What was chosen is told as the policy declared it when it was said; if that did not know the purpose, or there was
    none, as it did when it was recorded. `signing_key` is the log's. The proof stands under the newest witnessed
    checkpoint that reaches the entry, else under the newest (about a second a million entries). Raises NameUnknown if
    the entry is not one of this subject's choices, if no checkpoint covers it yet, or if the subject was erased: then
    nothing ties the entry to anybody any more, and receipts that were given out before stay valid. Raises
    VerificationFailed (`receipt-unfounded`) if no record of the register says what the entry says, or several that
    differ could be meant.
    """
    _demand_theirs(connection, keys, namespace, subject, leaf)
    entry, proof = export_proof(connection, leaf)
    fields = json.loads(entry)
    details = _details(connection, fields, leaf)
    record = _record_of(connection, namespace, subject, fields, details)
    about = Circumstances(
        subject_id=pairwise_id(connection, keys, namespace, subject),
        jurisdiction=facts_of(connection, namespace, [subject])[subject].jurisdiction,
        rights_url=rights_url,
        withdrawal=withdrawal,
    )
    choice = LoggedChoice(record, signing_key.name, leaf, entry, proof, details)
    then = _policy_of(record, int(fields["at"]), policy, policy_at)
    return sign(build(policy, then, choice, about, now), signing_key)


def sign(receipt: Mapping[str, object], key: SigningKey) -> dict[str, object]:
    """Return the receipt with the signature of the log's key; an earlier signature makes room."""
    line = key.sign(signed_content(receipt)).line()
    return {**receipt, SIGNATURE: line.removesuffix("\n")}


def as_bytes(receipt: Mapping[str, object]) -> bytes:
    """Return a receipt as a file. How it is laid out does not matter to whoever verifies it."""
    return f"{json.dumps(receipt, indent=2, ensure_ascii=False)}\n".encode()


def _demand_theirs(connection: Connection, keys: SubjectKeys, namespace: str, subject: int, leaf: int) -> None:
    """Raise NameUnknown alike for an entry that is not there, is no choice, or is somebody else's."""
    pairwise_id(connection, keys, namespace, subject)  # first: of an erased subject no new key may be made
    pseudonym = keys.pseudonym(connection, namespace, subject)
    if 0 <= leaf < log.size(connection):
        entry = log.entry_at(connection, leaf).fields()
        if entry["subject"] == pseudonym and entry["action"] in CHOICES:
            return
    raise _no_choice(leaf)


def _details(connection: Connection, entry: Mapping[str, Any], leaf: int) -> Mapping[str, Any] | None:
    """Return an entry's details, empty if it never had any; None if they were erased, or lost in a restore."""
    if entry["commitment"] is None:
        return {}
    for held in log.details(connection, leaf, leaf + 1):
        if held.commitment() != entry["commitment"]:
            raise unfounded()
        return held.fields()
    return None


def _record_of(
    connection: Connection,
    namespace: str,
    subject: int,
    entry: Mapping[str, Any],
    details: Mapping[str, Any] | None,
) -> ConsentRecord:
    """Return the record that an entry is about: of those of its register version, the one that says the same."""
    version = entry["body"].get("register_version")
    told = [kept.record for kept in show.history(connection, namespace, subject) if kept.version == version]
    fitting = [record for record in told if fits(record, entry, details)]
    # Another's name and proof must not stand in a receipt: of records that differ, none is guessed at.
    if not fitting or any(said_of(record) != said_of(fitting[0]) for record in fitting):
        raise unfounded()
    return fitting[0]


def _policy_of(record: ConsentRecord, recorded_at: int, policy: Policy, policy_at: PolicyAt) -> Policy:
    """Return the policy that a choice was made under."""
    for at in (record.at, recorded_at):
        then = policy_at(at)
        if then is not None and (record.purpose is None or record.purpose in then.purposes):
            return then
    return policy


def _no_choice(leaf: int) -> NameUnknown:
    return NameUnknown(
        "choice of this person at log entry",
        str(leaf),
        remedy="Name the entry that the acknowledgement of the choice named.",
    )
