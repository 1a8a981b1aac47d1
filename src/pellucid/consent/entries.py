"""What the log is told of records: one entry each, about a person by pseudonym; and the receipts that come of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from pellucid.audit import log
from pellucid.audit.entry import AuditEntry, LogReceipt
from pellucid.audit.log import append_all
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import By, ConsentRecord
from pellucid.policy.model import Actor
from pellucid.subjects.keys import SubjectKeys

_AT, _NAME = 8_765_432_109_876_543_210, "0" * 64
"""Stand for instant and pseudonym while an entry's form is made."""


@dataclass(frozen=True, slots=True)
class ManyRecords:
    """Records of one namespace in columns: subjects (ids), kinds (places in `of`), instants (UTC µs)."""

    namespace: str
    of: Sequence[ConsentRecord]
    subjects: Sequence[int]
    kinds: Sequence[int]
    at: Sequence[int]


_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}")

Prepared = tuple[bytes, bytes, bytes | None]
"""An entry's bytes, and the nonce and bytes of its details, if it has any."""

Said = tuple[Actor, ConsentRecord]
"""A record, and who recorded it."""


def log_records(
    connection: Connection, keys: SubjectKeys, records: Sequence[Said], version: int, now: int
) -> tuple[ConsentReceipt, ...]:
    """Append an entry for each record, as the transaction's last statement, and return the receipts in their order."""
    names: dict[tuple[str, int], str] = {}
    for namespace in {item.namespace for _, item in records}:
        ids = sorted({item.subject for _, item in records if item.namespace == namespace})
        for subject, name in zip(ids, keys.pseudonyms(connection, namespace, ids), strict=True):
            names[namespace, subject] = name
    named = [(actor, item, names[item.namespace, item.subject]) for actor, item in records]
    logged = append_all(connection, [_entry(actor, item, name, version, now) for actor, item, name in named])
    return tuple(
        ConsentReceipt(item, version, name, place, now) for (_, item, name), place in zip(named, logged, strict=True)
    )


def log_many(
    connection: Connection, keys: SubjectKeys, actor: Actor, many: ManyRecords, version: int, now: int
) -> tuple[LogReceipt, ...]:
    """Append what `log_records` would of many records by one actor, and as the transaction's last statement.

    Entries of one kind differ in pseudonym and instant only, so each kind is written out once.
    """
    subjects = sorted(set(many.subjects))
    names = dict(zip(subjects, keys.pseudonyms(connection, many.namespace, subjects), strict=True))
    forms = {kind: _form(actor, many.of[kind], version, now) for kind in set(many.kinds)}
    told = zip(many.subjects, many.kinds, many.at, strict=True)
    return log.append_prepared(connection, [forms[kind](names[subject], at) for subject, kind, at in told])


def _form(actor: Actor, kind: ConsentRecord, version: int, now: int) -> Callable[[str, int], Prepared]:
    """Return a function from pseudonym and instant to a record's entry, as bytes."""

    def whole(pseudonym: str, at: int) -> Prepared:
        return log.prepare(_entry(actor, replace(kind, at=at), pseudonym, version, now))

    body, _, details = whole(_NAME, _AT)
    parts = body.replace(_NAME.encode(), str(_AT).encode()).split(str(_AT).encode())
    if details is not None or len(parts) != 3 or body.index(str(_AT).encode()) > body.index(_NAME.encode()):
        return whole
    head, middle, tail = parts
    return lambda pseudonym, at: (b"%b%d%b%b%b" % (head, at, middle, pseudonym.encode(), tail), b"", None)


def _entry(actor: Actor, item: ConsentRecord, pseudonym: str, version: int, now: int) -> AuditEntry:
    words = _words(item)
    body: dict[str, object] = {name: word for name, word in words.items() if _is_label(word)}
    body |= {
        "covers": item.covers.value,
        "explicit": item.explicit,
        "said_at": item.at,
        "register_version": version,
    }
    if item.by is not By.SELF:
        body["by"] = item.by.value
    if item.while_restricted:
        body["while_restricted"] = True
    private: dict[str, object] = {name: word for name, word in words.items() if not _is_label(word)}
    private |= {name: value for name, value in (("proof", item.proof), ("member", item.member)) if value}
    action = f"consent.{item.verb.value}"
    return AuditEntry(action, actor, now, item.purpose, pseudonym, body=body, details=private)


def _words(item: ConsentRecord) -> dict[str, str]:
    """Return the words that say how it was said: notice and channel always, the others where there is something."""
    evidence = {"screen": item.screen, "language": item.language, "method": item.method}
    always = {"notice_version": item.notice_version, "channel": item.channel}
    return always | {name: word for name, word in evidence.items() if word}


def _is_label(word: str) -> bool:
    """Return whether a word may stand in the log for good: free text could tell of somebody, and is erasable."""
    return not word or _LABEL.fullmatch(word) is not None
