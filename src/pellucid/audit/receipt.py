"""Consent receipts: the form in which one is signed, and its verification offline, by a customer or anybody they ask.

Pure, with no dependency on the rest of the product; `consent.receipts` fills a receipt in. A receipt is a JSON-LD
object in the shape of ISO/IEC TS 27560 with W3C DPV terms, and besides:

    pellucid:choice   what was said, member by member as the log's entry has it; instants in UTC microseconds
    pellucid:log      origin of the log, leaf index and leaf hash (hex) of the entry
    signature         a signature line as in C2SP signed-note, by the log's own key
    evidence          `entry`: the entry verbatim; `proof`: a c2sp.org/tlog-proof@v1 under a checkpoint

Signed is the line HEADER, then the canonical JSON of the object without `signature` and `evidence`, then a newline.
HEADER holds blanks, so no signed text is ever the checkpoint of a log (whose first line is a key's name, without
blanks), nor a checkpoint a receipt. The log's key signs, not one of its own: who holds it vouches for every entry
anyway, and a customer needs one key, published once. Evidence is left out of what is signed, so that it can be replaced
by a proof under a newer, witnessed checkpoint; and whoever shows the receipt but not the entry can cut it off.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pellucid.audit.canonical import canonical_bytes
from pellucid.audit.merkle import leaf_hash, verify_inclusion
from pellucid.audit.note import parse_signature_line
from pellucid.audit.proof import LogProof, cosignatures, parse_proof
from pellucid.audit.treehead import Checkpoint, TrustKeys, open_checkpoint
from pellucid.errors import PellucidError, RecordingFailed, VerificationFailed

HEADER = "pellucid consent receipt v1"
SCHEMA = 1
LARGEST = 1_000_000

RECORD, STATUS, CHOICE, LOG = "dpv:hasRecordOfActivity", "dpv:hasConsentStatus", "pellucid:choice", "pellucid:log"
NOTICE, PROCESS = "dpv:hasNotice", "dpv:hasProcess"
SIGNATURE, EVIDENCE = "signature", "evidence"

STATES: Mapping[str, str] = {
    "give": "dpv:ConsentGiven",
    "refuse": "dpv:ConsentRefused",
    "object": "dpv:ConsentRefused",
    "opt_out": "dpv:ConsentRefused",
    "withdraw": "dpv:ConsentWithdrawn",
    "limit": "dpv:ConsentUnknown",
    "restrict": "dpv:ConsentUnknown",
    "lift": "dpv:ConsentUnknown",
}
"""What was said to the state of consent that it made, in DPV's words; the last three say nothing of consent."""

DEMANDED = ("verb", "purpose", "recorded_at", "said_at", "notice_version", "covers", "explicit", "register_version")

DEFAULTS: Mapping[str, object] = {
    "by": "self",
    "channel": "",
    "language": "",
    "member": "",
    "method": "",
    "notice_version": "",
    "proof": "",
    "screen": "",
    "while_restricted": False,
}
"""What a choice says where its entry says nothing."""

ERASABLE = frozenset({"channel", "language", "member", "method", "notice_version", "proof", "screen"})
"""What an entry may keep in its details, of which it holds the commitment only."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TITLES = {
    1: "form",
    2: "signature",
    3: "entry",
    4: "checkpoint",
    5: "inclusion",
    6: "witnesses",
    7: "agreement",
}


@dataclass(frozen=True, slots=True)
class ReceiptStep:
    """A step that held, or was `absent`: nothing to check."""

    number: int
    outcome: str
    message: str

    def __str__(self) -> str:
        return f"{self.number}. {self.outcome:7} {_TITLES[self.number]}: {self.message}"


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """A receipt that holds: what it says, where its entry stands in which head, which witnesses saw that head when."""

    receipt: Mapping[str, Any]
    leaf: int
    checkpoint: Checkpoint
    witnessed: tuple[tuple[str, int], ...]
    steps: tuple[ReceiptStep, ...]


def verify_receipt(data: bytes, trust: TrustKeys) -> VerifiedReceipt:
    """Verify a receipt against keys that were taken from elsewhere; raises VerificationFailed at the first wrong step.

    1. Form: a JSON object with all its members, in which no name stands twice.
    2. Signature: the log's key signed what the receipt says.
    3. Entry: the entry's bytes have the leaf hash that was signed.
    4. Checkpoint: the log's key signed the head of a log of the origin that was signed.
    5. Inclusion: the leaf stands at its place in the tree with that head (RFC 9162 §2.1.3.2).
    6. Witnesses: as many as are asked for cosigned that head; left out without witnesses' keys.
    7. Agreement: what the receipt says was chosen is what the entry says, and what it leaves out has its default. Of an
       entry with details, only the operator vouches for what may stand in them (ERASABLE).

    What is erased since changes nothing: neither the subject's key nor anything else of the workspace is needed.
    """
    # 1.
    receipt = read_receipt(data)
    content, evidence = signed_content(receipt), _evidence(receipt)
    log = _log(receipt)
    # 2.
    _verify_signature(receipt, content, trust)
    # 3.
    entry = evidence["entry"].encode()
    leaf, hashed = log["leaf"], leaf_hash(entry)
    if hashed.hex() != log["leaf_hash"]:
        raise _wrong("its evidence holds another entry than the one that was signed for", "receipt-entry")
    # 4.
    proof = parse_proof(evidence["proof"].encode())
    checkpoint = _checkpoint(proof, log, trust)
    # 5.
    verify_inclusion(hashed, leaf, checkpoint.size, proof.path, checkpoint.root)
    # 6.
    witnessed = tuple((key.name, seconds) for key, seconds in cosignatures(proof.checkpoint, trust).items())
    # 7.
    _verify_agreement(receipt, _fields(entry))
    return VerifiedReceipt(receipt, leaf, checkpoint, witnessed, _steps(trust, receipt, checkpoint, witnessed))


def read_receipt(data: bytes) -> dict[str, Any]:
    """Read a receipt strictly, believing nothing of it; raises VerificationFailed (`receipt-malformed`)."""
    if len(data) > LARGEST:
        raise _malformed(f"it has {len(data)} bytes, more than {LARGEST}")
    receipt = parsed(data)
    if not isinstance(receipt, dict) or not isinstance(receipt.get(SIGNATURE), str):
        raise _malformed("it is no object with a signature")
    return receipt


def signed_content(receipt: Mapping[str, Any]) -> bytes:
    """Return the bytes that a receipt's signature is over; raises VerificationFailed for what cannot be signed."""
    said = {name: value for name, value in receipt.items() if name not in (SIGNATURE, EVIDENCE)}
    try:
        return f"{HEADER}\n".encode() + canonical_bytes(said) + b"\n"
    except (RecordingFailed, RecursionError):
        raise _malformed("it holds something that has no exact spelling") from None


def instant_text(instant: int) -> str:
    """Return UTC microseconds as ISO 8601; raises ValueError or OverflowError beyond the year 9999."""
    return (_EPOCH + timedelta(microseconds=instant)).isoformat().replace("+00:00", "Z")


def _verify_signature(receipt: Mapping[str, Any], content: bytes, trust: TrustKeys) -> None:
    signature, key = parse_signature_line(receipt[SIGNATURE]), trust.log
    if (signature.name, signature.key_id) != (key.name, key.key_id):
        raise VerificationFailed(
            f"The receipt is not signed by the key {key.name}+{key.key_id.hex()}.",
            remedy="Give the verifier key of the log that the receipt is of, from where it was published.",
            code="signature-missing",
        )
    key.verify(content, signature)


def _checkpoint(proof: LogProof, log: Mapping[str, Any], trust: TrustKeys) -> Checkpoint:
    checkpoint, _ = open_checkpoint(proof.checkpoint, trust.log)
    if checkpoint.origin != log["origin"]:
        raise _wrong("it was signed for another log than the one it proves", "origin-mismatch")
    if proof.index != log["leaf"]:
        raise _wrong("its proof is of another leaf than the one that was signed for", "receipt-entry")
    return checkpoint


def _verify_agreement(receipt: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
    record = _object(receipt, RECORD)
    choice, verb = _object(record, CHOICE), entry["action"].removeprefix("consent.")
    told = {**entry["body"], "verb": verb, "purpose": entry["purpose"], "recorded_at": entry["at"]}
    hidden = ERASABLE - told.keys() if isinstance(entry.get("commitment"), str) else frozenset()
    for name in sorted({*DEMANDED, *told} - hidden):
        if name not in choice or name not in told or not _same(choice[name], told[name]):
            raise _says_else(name)
    for name in sorted(DEFAULTS.keys() - told.keys() - hidden):
        if not _same(choice.get(name, DEFAULTS[name]), DEFAULTS[name]):
            raise _says_else(name)
    if entry["action"] == verb or not _told_in_words(record, {"notice_version": choice.get("notice_version"), **told}):
        raise _wrong("what it says in words is not what the log says", "receipt-disagrees")


def _told_in_words(record: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Return whether state, instant, notice and purpose, as DPV's members say them, are those of the entry."""
    status, purposes = _object(record, STATUS), _purposes(record)
    return (
        status.get("@type") == STATES.get(told["verb"], "")
        and status.get("dpv:isIndicatedAtTime") == _instant(told["said_at"])
        and _object(record, NOTICE).get("dct:hasVersion") == told["notice_version"]
        and (told["purpose"] is None or purposes == [told["purpose"]])
    )


def _purposes(record: Mapping[str, Any]) -> list[object]:
    processes = record.get(PROCESS)
    if not isinstance(processes, list) or not all(isinstance(each, dict) for each in processes):
        raise _malformed(f"it has no {PROCESS}")
    return [_object(each, "dpv:hasPurpose").get("dct:identifier") for each in processes]


def _instant(said_at: object) -> str:
    try:
        return instant_text(said_at) if type(said_at) is int else ""
    except (OverflowError, ValueError):
        raise _wrong("its instant is none", "receipt-disagrees") from None


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other  # 1 is not True here


def _evidence(receipt: Mapping[str, Any]) -> dict[str, str]:
    found = receipt.get(EVIDENCE)
    if not isinstance(found, dict) or found.keys() != {"entry", "proof"}:
        raise _malformed("its evidence is not an entry and a proof")
    if not all(isinstance(value, str) for value in found.values()):
        raise _malformed("its evidence is not text")
    try:
        "".join(found.values()).encode()
    except UnicodeEncodeError:
        raise _malformed("its evidence is not Unicode") from None
    return found


def _log(receipt: Mapping[str, Any]) -> dict[str, Any]:
    log = _object(receipt, LOG)
    if type(log.get("leaf")) is not int or not isinstance(log.get("origin"), str):
        raise _malformed("it does not say where its entry stands")
    return log


def _fields(entry: bytes) -> dict[str, Any]:
    fields = parsed(entry)
    shaped = isinstance(fields, dict) and fields.keys() >= {"action", "purpose", "at"} and "body" in fields
    if not shaped or not isinstance(fields["body"], dict) or not isinstance(fields["action"], str):
        raise _wrong("its entry is none that a consent leaves", "receipt-disagrees")
    return dict(fields)


def _object(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = parent.get(name)
    if not isinstance(found, dict):
        raise _malformed(f"it has no {name}")
    return found


def parsed(data: bytes) -> Any:
    """Read JSON strictly; raises VerificationFailed (`receipt-malformed`)."""
    try:
        return json.loads(data.decode(), object_pairs_hook=_distinct, parse_float=_not_exact, parse_constant=_not_exact)
    except (ValueError, RecursionError):
        raise _malformed("it is not JSON in which every name stands once and every number is whole") from None


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Of two values under one name, two readers could each believe another one.
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice")
    return fields


def _not_exact(text: str) -> object:
    raise ValueError(f"{text} is no whole number")


def _steps(
    trust: TrustKeys, receipt: Mapping[str, Any], checkpoint: Checkpoint, witnessed: tuple[tuple[str, int], ...]
) -> tuple[ReceiptStep, ...]:
    choice, leaf = receipt[RECORD][CHOICE], receipt[LOG]["leaf"]
    seen = ", ".join(f"{name} on {_moment(seconds)}" for name, seconds in witnessed)
    alone = "no witness key was given, so only the operator vouches that this is the log that others see."
    about = "all purposes" if choice["purpose"] is None else repr(choice["purpose"])  # repr: it goes to a terminal
    told = (
        ("held", "a consent receipt with evidence."),
        ("held", f"by {trust.log.name}+{trust.log.key_id.hex()}."),
        ("held", "its bytes have the hash that was signed for."),
        ("held", f"the head of {checkpoint.size} entries of {checkpoint.origin} is signed."),
        ("held", f"the entry is leaf {leaf} of that log."),
        ("held", f"cosigned by {seen}.") if trust.witnesses else ("absent", alone),
        ("held", f"{choice['verb']} about {about}, said {_instant(choice['said_at'])}, is what the log says."),
    )
    return tuple(ReceiptStep(number, *step) for number, step in enumerate(told, start=1))


def _moment(seconds: int) -> str:
    try:
        return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S} UTC"
    except OverflowError:
        return f"second {seconds} since 1970"


def _says_else(name: str) -> PellucidError:
    return _wrong(f"it says something else than the log about {name!r}", "receipt-disagrees")


def _malformed(why: str) -> VerificationFailed:
    return VerificationFailed(f"This is no consent receipt: {why}.", code="receipt-malformed")


def _wrong(why: str, code: str) -> PellucidError:
    return VerificationFailed(
        f"The receipt does not hold: {why}.",
        remedy="Ask the controller for the receipt again, and keep this one: it shows that something was altered.",
        code=code,
    )
