"""A policy as one exact sequence of bytes, and back: what is hashed, stored as the active snapshot and logged.

JSON with sorted keys and no blanks. Columns stand in a list, since their order is what `*` means. What later versions
of pellucid added to the model (`model.ADDED`) is left out where it says nothing, so that earlier snapshots stay
readable. People read the YAML.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pellucid.errors import InputInvalid
from pellucid.policy.model import Policy
from pellucid.regulations.model import NO_LAWS


def to_canonical(policy: Policy) -> bytes:
    """Return the policy's content, all but its version, which is the SHA-256 of these bytes."""
    content = _plain(replace(policy, laws=NO_LAWS))  # laws are signed off, and kept, apart
    del content["version"]
    for dataset in content["datasets"].values():
        dataset["columns"] = list(dataset["columns"].values())
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def from_canonical(stored: bytes) -> Policy:
    """Return the policy these bytes say; raises InputInvalid unless they are exactly what `to_canonical` writes."""
    try:
        content = json.loads(stored)
        for dataset in content["datasets"].values():
            dataset["columns"] = {column["name"]: column for column in dataset["columns"]}
        content["version"] = hashlib.sha256(stored).hexdigest()
        policy = _adapter().validate_json(json.dumps(content), strict=True)
        same = to_canonical(policy) == stored
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable() from error
    if not same:
        raise _unreadable()
    return policy


def with_version(policy: Policy) -> Policy:
    """Return the policy as its stored snapshot would say it, with its content's hash as version."""
    return from_canonical(to_canonical(policy))


def version_of(policy: Policy) -> str:
    """Return the SHA-256 (hex) of the policy's content, whatever its `version` says."""
    return hashlib.sha256(to_canonical(replace(policy, version=""))).hexdigest()


@cache
def _adapter() -> TypeAdapter[Policy]:
    return TypeAdapter(Policy)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        members = {member: getattr(value, member.name) for member in fields(value)}
        return {
            member.name: _plain(held)
            for member, held in members.items()
            if not (member.metadata.get("added") and held == member.default)
        }
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, tuple | list) else value


def _unreadable() -> InputInvalid:
    return InputInvalid(
        "The stored policy cannot be read as this version of pellucid writes it.",
        remedy="Activate the policy again from its folder: `pellucid policy activate`.",
        code="policy-snapshot-unreadable",
    )
