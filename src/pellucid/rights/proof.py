"""The receipt of an erasure: what was erased, what is kept and why, what is out of reach; signed, with its proof."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from pellucid.audit import erasure_receipt as form
from pellucid.audit import log
from pellucid.audit.checkpoint import sign_checkpoint
from pellucid.audit.export import export_proof
from pellucid.audit.merkle import leaf_hash
from pellucid.errors import NameUnknown
from pellucid.rights import erasures
from pellucid.rights.erasures import Erasure, Told
from pellucid.rights.means import Means


def digest_of(parts: Sequence[Told]) -> str:
    """Return the hash of the parts as the receipt has them; the log's entry holds it."""
    return form.digest([_as_json(each) for each in parts])


def make_receipt(connection: Connection, means: Means, found: Erasure) -> bytes:
    """Return the signed receipt of an erasure that is done, in the caller's write transaction (it signs a head)."""
    leaf = _leaf_of(connection, found.id)
    sign_checkpoint(connection, means.log_key, means.clock())
    entry, proof = export_proof(connection, leaf)
    said: dict[str, object] = {
        "type": form.TYPE,
        "erasure": found.id,
        "controller": means.policy.controller.name,
        "contact": means.policy.controller.contact,
        "begun_at": found.started_at,
        "finished_at": found.finished_at,
        "people": found.people,
        "parts": [_as_json(each) for each in erasures.parts_of(connection, found.id)],
        "log": {"origin": means.log_key.name, "leaf": leaf, "leaf_hash": leaf_hash(entry).hex()},
    }
    signature = means.log_key.sign(form.signed_content(said)).line().removesuffix("\n")
    evidence = {"entry": entry.decode(), "proof": proof.decode()}
    return f"{json.dumps(said | {'signature': signature, 'evidence': evidence}, indent=2)}\n".encode()


def _as_json(told: Told) -> dict[str, object]:
    part = told.part
    return {
        "kind": part.kind,
        "target": part.target,
        "decision": part.decision,
        "until": part.until,
        "basis": part.basis,
        "reason": part.reason,
        "state": told.state,
        "told": part.told,
    }


def _leaf_of(connection: Connection, erasure: str) -> int:
    """Return the place in the log of the entry that an erasure was finished; the newest are looked at first."""
    end = log.size(connection)
    while end > 0:
        start = max(end - 1_000, 0)
        for entry in reversed(list(log.entries(connection, start, end))):
            fields = entry.fields()
            body = fields["body"]
            if fields["action"] == form.ACTION and isinstance(body, dict) and body.get("erasure") == erasure:
                return entry.leaf
        end = start
    raise NameUnknown("log entry of the erasure", erasure)
