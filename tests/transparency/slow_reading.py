"""What a person is told of uses, read from the whole log entry by entry, with nothing kept in between: slow, plain."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from pellucid.consent.facts import facts_of, records_of
from pellucid.consent.permitted import decide_subject
from pellucid.holdings.publish import subjects_of
from pellucid.policy.model import Policy
from pellucid.records.tables import consent_records, log_entries, subject_links
from pellucid.subjects.links import Identity

OVER_DATA = (
    *("query.released", "query.repeated", "query.caps-drawn", "query.failed", "insight.released", "insight.proposed"),
    *("data.built", "attack.made"),
)
NO = ("restricted", "withdrawn", "refused", "objected", "opted-out", "signal")


@dataclass(frozen=True)
class Slow:
    """Leaf, what is known, data and columns of each use; how many were left out; refused ones; and look-ups."""

    used: list[tuple[int, str, tuple[str, ...], tuple[str, ...]]]
    left_out: int
    refused: list[int]
    looked_up: list[int]
    handed_out: list[tuple[int, str]]


def read_slowly(connection: Connection, policy: Policy, pseudonyms: Mapping[Identity, str], since: int) -> Slow:
    found = Slow([], 0, [], [], [])
    left_out = 0
    for leaf, body in connection.execute(select(log_entries.c.leaf, log_entries.c.body).order_by(log_entries.c.leaf)):
        entry = json.loads(body)
        if entry["at"] < since:
            continue
        if entry["subject"] in pseudonyms.values():
            found.looked_up.append(leaf)
        elif entry["action"] == "query.refused":
            found.refused.append(leaf)
        elif entry["action"] in ("consent.changes-shown", "consent.exported"):
            known = _handed_out(connection, tuple(pseudonyms), entry)
            if known:
                found.handed_out.append((leaf, known))
        elif entry["action"] in OVER_DATA:
            told = _used(connection, policy, tuple(pseudonyms), entry)
            if told == "left out":
                left_out += 1
            elif told is not None:
                found.used.append((leaf, *told))
    return replace(found, left_out=left_out)


def _used(connection: Connection, policy: Policy, person: tuple[Identity, ...], entry: Any) -> Any:
    stamp, body = entry["stamp"], entry["body"]
    columns, datasets, purpose = body.get("columns", []), body.get("datasets", []), entry["purpose"]
    if entry["action"] == "data.built":
        stamp, columns, purpose = body["stamp"], body["reads"], body["purpose"]
        datasets = sorted({each.split(".")[0] for each in columns})
    theirs, known = [], "unknown"
    for name in datasets:
        if name in policy.datasets and policy.datasets[name].is_public:
            continue
        generation = None if stamp is None else stamp["generations"].get(name)
        people = subjects_of(connection, name, generation) if generation is not None else {}
        if not people:
            theirs.append(name)
        elif any(space in people and people[space].has(subject) for space, subject in person):
            theirs.append(name)
            known = "could"
    if not theirs:
        return None
    if stamp is not None and _own_no(connection, policy, person, purpose, stamp):
        return "left out"
    return known, tuple(theirs), tuple(each for each in columns if each.split(".")[0] in theirs)


def _own_no(connection: Connection, policy: Policy, person: tuple[Identity, ...], purpose: str, stamp: Any) -> bool:
    if len(person) != 1 or (stamp["policy"], stamp["regulations"]) != (policy.version, "none"):
        return False
    ((space, subject),) = person
    ever_linked = any(subject in (row.subject, row.other) for row in connection.execute(select(subject_links)))
    if ever_linked or purpose not in policy.purposes:
        return False
    known = facts_of(connection, space, [subject])[subject]
    rows = select(consent_records.c.version, consent_records.c.sequence).where(
        consent_records.c.namespace == space, consent_records.c.subject == subject
    )
    versions = [row.version for row in connection.execute(rows.order_by(consent_records.c.sequence))]
    said = records_of(connection, space, [subject]).get(subject, [])
    heard = [each for each, version in zip(said, versions, strict=True) if version <= stamp["register"]]
    for place in ("DE", "US"):
        facts = replace(known, jurisdiction=place)
        found = decide_subject(policy, policy.purposes[purpose], facts, heard, stamp["as_of"])
        if found.permitted or not any(reason.code in NO for reason in found.reasons):
            return False
    return True


def _handed_out(connection: Connection, person: tuple[Identity, ...], entry: Any) -> str | None:
    body = entry["body"]
    for row in _said(connection, person):
        if entry["action"] == "consent.changes-shown" and body["after"] < row.sequence <= body["until"]:
            return "were"
        early = (row.recorded_at or row.at) <= entry["at"]
        wanted = entry["purpose"] is None or row.purpose in (None, entry["purpose"])
        if entry["action"] == "consent.exported" and early and wanted and row.namespace in body["namespaces"]:
            return "could"
    return None


def _said(connection: Connection, person: tuple[Identity, ...]) -> Iterator[Any]:
    rows = connection.execute(select(consent_records))
    return (row for row in rows if (row.namespace, row.subject) in person)
