"""The consent desk of a workspace: recording what people say, and explaining who may be used for what."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent import coverage, leases, show
from pellucid.consent.admit import demand_fit
from pellucid.consent.bulk_heard import NOBODY
from pellucid.consent.coverage import Coverage
from pellucid.consent.permitted import SIGNAL
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import REQUEST_METHOD, SPLIT_METHOD, By, ConsentRecord, ConsentVerb, Covers
from pellucid.consent.shown import named_digits, published_notices
from pellucid.consent.submission import Beside, Submission
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.failpoints import reach
from pellucid.governance.activate import policy_at
from pellucid.policy.decide import may
from pellucid.policy.model import Actor, Policy
from pellucid.subjects import ids
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room

if TYPE_CHECKING:
    from pellucid.consent.bulk_changes import ChangeRow
    from pellucid.workspace.consent_files import ConsentFiles, Imported


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
        by: str = "self",
        proof: str = "",
        member: str = "",
        screen: str = "",
        language: str = "",
        method: str = "",
        while_restricted: bool = False,
        beside: Beside | None = None,
    ) -> ConsentReceipt:
        """Record what one person said and return the receipt once it is in force for every answer to come.

        What is wrong whoever it is about is refused before the person is looked up, and so tells nobody who is there.
        `beside` writes more in the very transaction that records it.
        """
        now = self.room.clock()

        def found(connection: Connection, policy: Policy) -> ConsentRecord:
            _demand_free(method)
            item = ConsentRecord(
                namespace=namespace_of(policy, namespace),
                subject=NOBODY,
                purpose=purpose,
                verb=_verb(verb),
                explicit=explicit,
                covers=_covers(covers),
                notice_version=notice_version,
                channel=channel,
                at=now if at is None else at,
                by=_by(by),
                proof=proof,
                member=member,
                screen=screen,
                language=language,
                method=method,
                while_restricted=while_restricted,
            )
            item = _as_shown(connection, item)
            demand_fit(policy, item, now)
            return replace(item, subject=_person(connection, policy, namespace, subject)[1])

        policy, item = self.room.demand_and_look(actor, "consent-record", found)
        return recorded(self.room, Submission(policy, (item,), actor, at is None, beside))[0]

    def acknowledge(self, verb: str, *, purpose: str | None) -> int:
        """Return an instant (UTC µs) from which on what was recorded before is in force for every answer to come.

        For what may have been cut off before it was acknowledged; its verb and purpose say what to wait for.
        """
        database = self.room.database
        with database.write() as connection:  # and so nothing is acknowledged that the journal, if any, does not hold
            standing = leases.standing_leases(connection)
        if _verb(verb).narrows:
            leases.await_leases(database, None if purpose is None else {purpose}, self.room.clock, time.sleep, standing)
        return self.room.clock()

    def import_records(
        self,
        path: Path,
        *,
        actor: Actor,
        namespace: str | None = None,
        dry_run: bool = False,
        rejected: Path | None = None,
    ) -> Imported:
        """Record a CSV or Parquet file of what people said: see `workspace.consent_files`."""
        return self._files.import_records(path, actor=actor, namespace=namespace, dry_run=dry_run, rejected=rejected)

    def export(self, path: Path, *, actor: Actor, namespace: str | None = None, purpose: str | None = None) -> int:
        """Write everything people said, with their keys, to a new file; return how many rows."""
        return self._files.export(path, actor=actor, namespace=namespace, purpose=purpose)

    def changes(self, since: int, limit: int, *, actor: Actor) -> tuple[list[ChangeRow], int]:
        """Return at most `limit` changes after place `since`, and the place to go on from; logged if there are any."""
        return self._files.changes(since, limit, actor=actor)

    def why(
        self, subject: str, *, purpose: str, actor: Actor, namespace: str | None = None, at: int | None = None
    ) -> show.Explanation:
        """Explain whether a person's rows may be read: all reasons to those who may see them, else yes or no."""
        policy = self.room.demand(actor, "consent-show")
        audience: show.Audience = "officer" if may(policy, actor, "consent-why") is None else "staff"
        if purpose not in policy.purposes:  # before the person, so that it does not tell who is there
            raise NameUnknown("purpose", purpose, tuple(policy.purposes))
        found, name = self._subject(policy, namespace, subject), namespace_of(policy, namespace)
        now = self.room.clock() if at is None else at
        with self.room.database.write() as connection:
            told = show.why(connection, policy, name, found, purpose, now, audience)
            pseudonym = self.room.subject_keys.pseudonym(connection, name, found)
            body = {"audience": audience}
            entry = AuditEntry("consent.shown", actor, self.room.clock(), purpose, subject=pseudonym, body=body)
            append(connection, entry)
        return told

    def receipt(self, subject: str, leaf: int, *, actor: Actor, namespace: str | None = None) -> bytes:
        """Return the signed receipt of a choice, by its place in the log, as it is given to the customer.

        It verifies offline: `python -m pellucid.audit receipt FILE --key KEY`. Issuing is logged. Raises NameUnknown.
        """
        from pellucid.consent.receipts.issue import as_bytes, receipt_for  # noqa: PLC0415  -- questions need it not

        policy = self.room.demand(actor, "consent-show")
        found, name = self._subject(policy, namespace, subject), namespace_of(policy, namespace)
        keys, now = self.room.subject_keys, self.room.clock()
        with self.room.database.write() as connection:
            at = partial(policy_at, connection)
            made = receipt_for(connection, keys, policy, at, self.room.log_key, name, found, leaf, now)
            pseudonym = keys.pseudonym(connection, name, found)
            append(connection, AuditEntry("consent.receipt-issued", actor, now, subject=pseudonym, body={"of": leaf}))
        return as_bytes(made)

    def history(self, subject: str, *, actor: Actor, namespace: str | None = None) -> list[show.KeptRecord]:
        """Return everything a person said, the oldest first."""
        policy = self.room.demand(actor, "consent-show")
        found, name = self._subject(policy, namespace, subject), namespace_of(policy, namespace)
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

    def _subject(self, policy: Policy, namespace: str | None, key: str) -> int:
        with self.room.database.read() as connection:
            return _person(connection, policy, namespace, key)[1]

    @property
    def _files(self) -> ConsentFiles:
        from pellucid.workspace.consent_files import ConsentFiles  # noqa: PLC0415  -- files are read by pyarrow, slowly

        return ConsentFiles(self.room)


def recorded(room: Room, submission: Submission) -> tuple[ConsentReceipt, ...]:
    """Record what was said, and return its acknowledgements once no lease is older."""
    done = room.recorder.record(submission)
    acknowledged = leases.acknowledge(room.database, done.receipts, room.clock, time.sleep, done.standing)
    reach("consent.acknowledged")
    return acknowledged


def _person(connection: Connection, policy: Policy, namespace: str | None, key: str) -> tuple[str, int]:
    """Return the namespace and id of a person; raises NameUnknown."""
    name = namespace_of(policy, namespace)
    found = ids.find(connection, name, key)
    if found is None:
        raise NameUnknown("subject", key, remedy="Check the key, or import the person's data first.")
    return name, found


def _as_shown(connection: Connection, item: ConsentRecord) -> ConsentRecord:
    """Return a record with the published notice that it names, as records keep it.

    A no is not refused for what it names. Raises InputInvalid for a yes to a notice that was never published, or that
    is not about the purpose, or not in that language.
    """
    if named_digits(item.notice_version) is None:
        return item
    try:
        return published_notices(connection).resolved(item) or item
    except InputInvalid:
        if item.verb.narrows:
            return item
        raise


def _verb(text: str) -> ConsentVerb:
    try:
        return ConsentVerb(text.replace("-", "_"))
    except ValueError:
        remedy = "Write one of the known verbs, with - or _."
        raise NameUnknown("consent verb", text, [verb.value for verb in ConsentVerb], remedy=remedy) from None


def _demand_free(method: str) -> None:
    """Refuse what only pellucid itself says of how a record came about."""
    if method == SPLIT_METHOD or method.startswith((SIGNAL, REQUEST_METHOD)):
        raise InputInvalid(
            "This method is pellucid's own.", code="method-reserved", remedy="Say how it was said: `form`, `switch`."
        )


def _covers(text: str) -> Covers:
    try:
        return Covers(text.replace("-", "_"))
    except ValueError:
        remedy = "Write from_now for rows from then on, held_data for those held already as well."
        raise NameUnknown("cover", text, [each.value for each in Covers], remedy=remedy) from None


def _by(text: str) -> By:
    try:
        return By(text)
    except ValueError:
        raise NameUnknown("speaker", text, [each.value for each in By]) from None
