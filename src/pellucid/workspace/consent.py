"""The consent desk of a workspace: recording what people say, and explaining who may be used for what."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent import coverage, leases, show
from pellucid.consent.coverage import Coverage
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.submission import Submission
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.failpoints import reach
from pellucid.policy.decide import may
from pellucid.policy.model import Actor, Policy
from pellucid.records.columns import to_instant
from pellucid.subjects import ids
from pellucid.workspace.room import Room

BATCH = 20_000
_COLUMNS = ("subject", "purpose", "verb", "covers", "explicit", "notice_version", "channel", "at")


@dataclass(frozen=True, slots=True)
class ConsentDesk:
    """`workspace.consent`."""

    room: Room

    def record(
        self,
        verb: str,
        subject: str,
        *,
        purpose: str | None,
        actor: Actor,
        namespace: str | None = None,
        covers: str = "from_now",
        explicit: bool = False,
        notice_version: str = "",
        channel: str = "staff",
        at: int | None = None,
    ) -> ConsentReceipt:
        """Record what one person said and return the receipt once it is in force for every answer to come."""
        policy = self.room.demand(actor, "consent-record")
        now = self.room.clock()
        item = ConsentRecord(
            namespace=_namespace(policy, namespace),
            subject=self._subject(policy, namespace, subject),
            purpose=purpose,
            verb=_verb(verb),
            explicit=explicit,
            covers=_covers(covers),
            notice_version=notice_version,
            channel=channel,
            at=now if at is None else at,
        )
        return self._record(policy, [item], actor, said_now=at is None)[0]

    def import_records(self, path: Path, *, actor: Actor, namespace: str | None = None) -> int:
        """Record a CSV file of what people said (columns: subject, purpose, verb, covers, explicit, notice_version,
        channel, at); all of it or, at the first bad line, nothing of its batch. Returns how many were recorded.
        """
        policy = self.room.demand(actor, "consent-record")
        name = _namespace(policy, namespace)
        done = 0
        for batch in _batches(self._records(path, policy, name)):
            done += len(self._record(policy, batch, actor))
        return done

    def why(
        self, subject: str, *, purpose: str, actor: Actor, namespace: str | None = None, at: int | None = None
    ) -> show.Explanation:
        """Explain whether a person's rows may be read: all reasons to those who may see them, else yes or no."""
        policy = self.room.demand(actor, "consent-show")
        audience: show.Audience = "officer" if may(policy, actor, "consent-why") is None else "staff"
        found, name = self._subject(policy, namespace, subject), _namespace(policy, namespace)
        now = self.room.clock() if at is None else at
        with self.room.database.write() as connection:
            told = show.why(connection, policy, name, found, purpose, now, audience)
            pseudonym = self.room.subject_keys.pseudonym(connection, name, found)
            body = {"audience": audience}
            entry = AuditEntry("consent.shown", actor, self.room.clock(), purpose, subject=pseudonym, body=body)
            append(connection, entry)
        return told

    def history(self, subject: str, *, actor: Actor, namespace: str | None = None) -> list[show.KeptRecord]:
        """Return everything a person said, the oldest first."""
        policy = self.room.demand(actor, "consent-show")
        found, name = self._subject(policy, namespace, subject), _namespace(policy, namespace)
        with self.room.database.write() as connection:
            kept = show.history(connection, name, found)
            pseudonym = self.room.subject_keys.pseudonym(connection, name, found)
            append(connection, AuditEntry("consent.shown", actor, self.room.clock(), subject=pseudonym))
        return kept

    def coverage(self, dataset: str, *, purpose: str, actor: Actor) -> str:
        """Return the band of people in a dataset who may be used for a purpose."""
        policy = self.room.demand(actor, "consent-coverage")
        with self.room.database.write() as connection:
            hours = self.room.settings.coverage_hours
            return coverage.band(connection, policy, dataset, purpose, self.room.clock(), hours)

    def coverage_exact(self, dataset: str, *, purpose: str, actor: Actor) -> Coverage:
        """Return the exact counts, as a use with its own log entry."""
        policy = self.room.demand(actor, "consent-coverage-exact")
        with self.room.database.write() as connection:
            return coverage.exact(connection, policy, actor, dataset, purpose, self.room.clock())

    def _record(
        self, policy: Policy, items: Sequence[ConsentRecord], actor: Actor, *, said_now: bool = False
    ) -> tuple[ConsentReceipt, ...]:
        done = self.room.recorder.record(Submission(policy, tuple(items), actor, said_now))
        acknowledged = leases.acknowledge(self.room.database, done.receipts, self.room.clock, time.sleep, done.standing)
        reach("consent.acknowledged")
        return acknowledged

    def _subject(self, policy: Policy, namespace: str | None, key: str) -> int:
        with self.room.database.read() as connection:
            found = ids.find(connection, _namespace(policy, namespace), key)
        if found is None:
            raise NameUnknown("subject", key, remedy="Check the key, or import the person's data first.")
        return found

    def _records(self, path: Path, policy: Policy, namespace: str) -> Iterator[ConsentRecord]:
        try:
            with path.open(newline="", encoding="utf-8") as file:
                reader = csv.DictReader(file)
                _demand_columns(reader.fieldnames)
                for number, row in enumerate(reader, start=2):
                    yield self._parsed(row, number, policy, namespace)
        except (OSError, UnicodeDecodeError):
            raise InputInvalid(
                "The file of consents cannot be read.", code="file-unreadable", remedy="Give a UTF-8 CSV file."
            ) from None

    def _parsed(self, row: dict[str, str], number: int, policy: Policy, namespace: str) -> ConsentRecord:
        try:
            at = row["at"] or None
            return ConsentRecord(
                namespace=namespace,
                subject=self._subject(policy, namespace, row["subject"]),
                purpose=row["purpose"] or None,
                verb=_verb(row["verb"]),
                explicit=row["explicit"].lower() == "true",
                covers=_covers(row["covers"] or "from_now"),
                notice_version=row["notice_version"],
                channel=row["channel"],
                at=self.room.clock() if at is None else to_instant(datetime.fromisoformat(at)),
            )
        except (ValueError, AttributeError, TypeError):
            raise _bad_line(number, "a value is missing or is not an instant with a time zone") from None
        except InputInvalid as error:
            told = (
                "there is no such subject"
                if isinstance(error, NameUnknown) and error.kind == "subject"
                else error.message
            )
            raise _bad_line(number, told) from None


def _batches(items: Iterator[ConsentRecord]) -> Iterator[list[ConsentRecord]]:
    batch: list[ConsentRecord] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _namespace(policy: Policy, name: str | None) -> str:
    if name is None and len(policy.namespaces) == 1:
        return next(iter(policy.namespaces))
    if name is None or name not in policy.namespaces:
        raise NameUnknown("namespace", name or "", tuple(policy.namespaces), remedy="Say which with --namespace.")
    return name


def _verb(text: str) -> ConsentVerb:
    try:
        return ConsentVerb(text.replace("-", "_"))
    except ValueError:
        remedy = "Write one of the known verbs, with - or _."
        raise NameUnknown("consent verb", text, [verb.value for verb in ConsentVerb], remedy=remedy) from None


def _covers(text: str) -> Covers:
    try:
        return Covers(text.replace("-", "_"))
    except ValueError:
        remedy = "Write from_now for rows from then on, held_data for those held already as well."
        raise NameUnknown("cover", text, [each.value for each in Covers], remedy=remedy) from None


def _demand_columns(found: Sequence[str] | None) -> None:
    missing = [name for name in _COLUMNS if name not in (found or ())]
    if missing:
        raise InputInvalid(
            f"The file of consents lacks the columns {', '.join(missing)}.",
            code="columns-missing",
            remedy=f"Its first line must name: {', '.join(_COLUMNS)}.",
        )


def _bad_line(number: int, why: str) -> InputInvalid:
    return InputInvalid(
        f"Line {number} of the file of consents cannot be recorded: {why}",
        code="consent-line-invalid",
        remedy="Mend the line and import the file again; lines recorded before are kept and may be repeated.",
    )
