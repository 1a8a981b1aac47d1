"""Receipts of erasures: the form in which one is signed, and its verification offline by anybody. Pure.

A receipt is a JSON object: what was erased, what is kept until when on which basis, what could not be reached, and
where the log has it; besides, `signature` and `evidence` as in consent receipts (`audit.receipt`). Signed is the line
HEADER, then the canonical JSON of the object without those two, then a newline. The log's entry holds the hash of the
parts, so that no other list of parts can be signed for it without notice. No person is named in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from pellucid.audit import receipt as consent
from pellucid.audit.canonical import canonical_bytes
from pellucid.audit.merkle import leaf_hash, verify_inclusion
from pellucid.audit.note import parse_signature_line
from pellucid.audit.proof import cosignatures, parse_proof
from pellucid.audit.treehead import TrustKeys, open_checkpoint
from pellucid.errors import PellucidError, RecordingFailed, VerificationFailed

HEADER = "pellucid erasure receipt v1"
TYPE = "pellucid:erasure-receipt"
ACTION = "erasure.finished"


def digest(parts: Sequence[Mapping[str, object]]) -> str:
    """Return the hash of parts that the log's entry holds."""
    return sha256(canonical_bytes({"parts": list(parts)})).hexdigest()


def signed_content(receipt: Mapping[str, Any]) -> bytes:
    """Return the bytes that the signature is over; raises VerificationFailed for what cannot be signed."""
    said = {name: value for name, value in receipt.items() if name not in (consent.SIGNATURE, consent.EVIDENCE)}
    try:
        return f"{HEADER}\n".encode() + canonical_bytes(said) + b"\n"
    except (RecordingFailed, RecursionError):
        raise _malformed("it holds something that has no exact spelling") from None


def is_one(receipt: Mapping[str, Any]) -> bool:
    """Return whether a receipt says that it is one of an erasure."""
    return receipt.get("type") == TYPE


def verify_erasure(data: bytes, trust: TrustKeys) -> tuple[consent.ReceiptStep, ...]:
    """Verify a receipt against keys taken from elsewhere; raises VerificationFailed at the first wrong step.

    The steps are those of `audit.receipt.verify_receipt`; the last one compares the parts with the log's entry.
    """
    # 1.
    receipt = consent.read_receipt(data)
    log, evidence, parts = _object(receipt, "log"), _object(receipt, consent.EVIDENCE), receipt.get("parts")
    if not is_one(receipt) or not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
        raise _malformed("it does not say what became of each part")
    if not isinstance(evidence.get("entry"), str) or not isinstance(evidence.get("proof"), str):
        raise _malformed("its evidence is not an entry and a proof")
    # 2.
    signature, key = parse_signature_line(receipt[consent.SIGNATURE]), trust.log
    if (signature.name, signature.key_id) != (key.name, key.key_id):
        raise _wrong(f"it is not signed by the key {key.name}+{key.key_id.hex()}", "signature-missing")
    key.verify(signed_content(receipt), signature)
    # 3.
    entry = evidence["entry"].encode()
    hashed = leaf_hash(entry)
    if hashed.hex() != log.get("leaf_hash"):
        raise _wrong("its evidence holds another entry than the one that was signed for", "receipt-entry")
    # 4.
    proof = parse_proof(evidence["proof"].encode())
    checkpoint, _ = open_checkpoint(proof.checkpoint, trust.log)
    if checkpoint.origin != log.get("origin") or proof.index != log.get("leaf"):
        raise _wrong("it was signed for another place than the one it proves", "receipt-entry")
    # 5.
    verify_inclusion(hashed, proof.index, checkpoint.size, proof.path, checkpoint.root)
    # 6.
    witnessed = cosignatures(proof.checkpoint, trust)
    # 7.
    fields = consent.parsed(entry)
    body = fields.get("body") if isinstance(fields, dict) else None
    said = (fields.get("action"), body.get("erasure"), body.get("digest")) if isinstance(body, dict) else None
    if said != (ACTION, receipt.get("erasure"), digest(parts)):
        raise _wrong("what it says became of the parts is not what the log says", "receipt-disagrees")
    alone = "no witness key was given, so only the operator vouches that this is the log that others see."
    seen = ", ".join(each.name for each in witnessed)
    told = (
        ("held", "a receipt of an erasure with evidence."),
        ("held", f"by {key.name}+{key.key_id.hex()}."),
        ("held", "its bytes have the hash that was signed for."),
        ("held", f"the head of {checkpoint.size} entries of {checkpoint.origin} is signed."),
        ("held", f"the entry is leaf {proof.index} of that log."),
        ("held", f"cosigned by {seen}.") if trust.witnesses else ("absent", alone),
        ("held", _summary(parts)),
    )
    return tuple(consent.ReceiptStep(number, *step) for number, step in enumerate(told, start=1))


def _summary(parts: Sequence[Mapping[str, Any]]) -> str:
    counts = {word: sum(each.get("decision") == word for each in parts) for word in ("erase", "anonymise", "keep")}
    lost = sum(each.get("decision") == "unreachable" for each in parts)
    return (
        f"{counts['erase']} parts erased, {counts['anonymise']} made anonymous, {counts['keep']} kept, {lost} out of "
        "reach, as the log says."
    )


def _object(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = parent.get(name)
    if not isinstance(found, dict):
        raise _malformed(f"it has no {name}")
    return found


def _malformed(why: str) -> VerificationFailed:
    return VerificationFailed(f"This is no receipt of an erasure: {why}.", code="receipt-malformed")


def _wrong(why: str, code: str) -> PellucidError:
    return VerificationFailed(
        f"The receipt does not hold: {why}.",
        remedy="Ask the controller for the receipt again, and keep this one: it shows that something was altered.",
        code=code,
    )
