"""The remedy desk of a workspace: carrying out what is no erasure and no copy, and deciding what has to be weighed.

Restriction and its lifting, objection, opt-out, limit, rectification, human review. `fulfillers` are what the request
desk carries out requests of these rights by.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.audit.places import KEYS
from pellucid.consent import leases
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentRecord
from pellucid.consent.submission import Beside, Submission
from pellucid.delivery.recipients import Notice
from pellucid.delivery.recipients import tell as tell_recipients
from pellucid.errors import NameUnknown, NotPermitted
from pellucid.holdings.place import ImportPlace
from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Actor, Policy, Recipient
from pellucid.rights import messages, stored
from pellucid.rights.choice import ChoiceParts, Told
from pellucid.rights.decision import Decision
from pellucid.rights.fulfilment import Fulfiller
from pellucid.rights.object import ObjectionOutcome, decide_objection, limit, object_to, opt_out
from pellucid.rights.rectify import Correction, RectifyParts, rectify
from pellucid.rights.request import Request, Right
from pellucid.rights.restrict import lift, restrict
from pellucid.rights.review import Review, ReviewOutcome, decide_review, review, review_queue
from pellucid.subjects import ids
from pellucid.subjects.keys import load_or_create_key
from pellucid.workspace.room import PSEUDONYM_KEY, Room
from pellucid.workspace.telling import MailAddress, Telling


@dataclass(frozen=True, slots=True)
class RemedyDesk:
    """`workspace.remedies`."""

    room: Room
    mail_address: MailAddress

    def fulfillers(self) -> dict[Right, Fulfiller]:
        """Return what carries out requests of the rights that this desk is about."""
        return {
            Right.RESTRICTION: lambda request, actor, now: restrict(self._parts(request, actor, now), request, now),
            Right.LIFT_RESTRICTION: lambda request, actor, now: lift(self._parts(request, actor, now), request, now),
            Right.OBJECTION: self._object,
            Right.OPT_OUT: self._opt_out,
            Right.LIMIT: self._limit,
            Right.RECTIFICATION: self._rectify,
            Right.HUMAN_REVIEW: lambda request, actor, now: review(self._parts(request, actor, now), request),
        }

    def decide_objection(self, request: str, outcome: str, *, reasons: str, actor: Actor) -> None:
        """Uphold or overrule an objection, with the reasons that the person is told; carry the request out again then.

        Raises NameUnknown, and InputInvalid unless it was carried out as far as it goes and is undecided.
        """
        policy = self.room.demand(actor, "request-decide")
        found, decision = self._decided(request, ObjectionOutcome, outcome, reasons, actor)
        tell = self._parts(found, actor, decision.at).tell_person
        with self.room.database.write() as connection:
            decide_objection(connection, policy, found, decision, self.room.subject_keys, tell)

    def reviews(self, *, actor: Actor) -> tuple[Review, ...]:
        """Return what waits for a person to look at it again, with what may have led to it; logged if there is any."""
        policy = self.room.demand(actor, "request-decide")
        with self.room.database.write() as connection:
            waiting = review_queue(connection, policy, stored.all_requests(connection))
            if waiting:
                body = {"requests": [each.request.id for each in waiting]}
                append(connection, AuditEntry("request.reviews-shown", actor, self.room.clock(), body=body))
        return waiting

    def review(self, request: str, outcome: str, *, reasons: str, actor: Actor) -> None:
        """Say what came of looking again at an automated decision; never by who filed the request."""
        self.room.demand(actor, "request-decide")
        found, decision = self._decided(request, ReviewOutcome, outcome, reasons, actor)
        tell = self._parts(found, actor, decision.at).tell_person
        try:
            with self.room.database.write() as connection:
                decide_review(connection, found, decision, self.room.subject_keys, tell)
        except NotPermitted as error:
            body = {"action": "request-decide", "reasons": [error.code], "outcome": "refused"}
            with self.room.database.write() as connection:
                append(connection, AuditEntry("access.refused", actor, self.room.clock(), body=body))
            raise

    def told(self, request: str, message: str, *, how: str, actor: Actor) -> None:
        """Note that the staff told the person a message of a request, and how."""
        self.room.demand(actor, "request-carry-out")
        with self.room.database.write() as connection:
            found = stored.load(connection, request)
            messages.note_told(connection, self.room.subject_keys, found, message, how, actor, self.room.clock())

    def _object(self, request: Request, actor: Actor, now: int) -> Told:
        return object_to(self._parts(request, actor, now), self.room.policy(), request, now)

    def _opt_out(self, request: Request, actor: Actor, now: int) -> Told:
        return opt_out(self._parts(request, actor, now), self.room.policy(), request, now)

    def _limit(self, request: Request, actor: Actor, now: int) -> Told:
        return limit(self._parts(request, actor, now), self.room.policy(), request, now)

    def _rectify(self, request: Request, actor: Actor, now: int) -> Told:
        settings, policy = self.room.settings, self.room.policy()
        secret = load_or_create_key(self.room.folder / KEYS / PSEUDONYM_KEY)
        place = ImportPlace(self.room.database, self.room.folder, settings.memory_limit, settings.threads, secret)

        def tell_corrected(connection: Connection, request: Request, made: Correction) -> None:
            for name, readable in _given(policy, made.dataset).items():
                changed = {column: value for column, value in made.new.items() if column in readable}
                if changed:
                    for notice in _corrections(connection, request, made, changed):
                        tell_recipients(connection, policy.controller, [policy.recipients[name]], notice, now)

        return rectify(RectifyParts(place, self.room.subject_keys, tell_corrected), policy, request, actor, now)

    def _parts(self, request: Request, actor: Actor, now: int) -> ChoiceParts:
        policy = self.room.policy()
        to = None if request.subject is None else self.mail_address(request.namespace, request.subject)

        def record(records: tuple[ConsentRecord, ...], beside: Beside) -> tuple[ConsentReceipt, ...]:
            done = self.room.recorder.record(Submission(policy, records, actor, said_now=True, beside=beside))
            return leases.acknowledge(self.room.database, done.receipts, self.room.clock, time.sleep, done.standing)

        def tell_restricted(connection: Connection, request: Request, act: str) -> None:
            notice = _notice(connection, request, act, request.id, {})
            tell_recipients(connection, policy.controller, given_to(policy, request.namespace), notice, now)

        tell_person = Telling(policy, to, actor, now)
        return ChoiceParts(self.room.database, record, tell_person, messages.is_told, tell_restricted)

    def _decided(
        self, request: str, outcomes: type[StrEnum], outcome: str, reasons: str, actor: Actor
    ) -> tuple[Request, Decision]:
        if outcome not in {each.value for each in outcomes}:
            raise NameUnknown("outcome", outcome, [each.value for each in outcomes])
        with self.room.database.read() as connection:
            return stored.load(connection, request), Decision(outcome, reasons, actor, self.room.clock())


def _given(policy: Policy, dataset: str) -> dict[str, set[str]]:
    """Return which columns of a dataset each recipient may have been given: those of the purposes that name it."""
    found: dict[str, set[str]] = {}
    for purpose in policy.purposes.values():
        readable = {column.name for column in permitted_columns(policy, purpose.name, dataset)}
        for name in purpose.recipients if readable else ():
            found.setdefault(name, set()).update(readable)
    return dict(sorted(found.items()))


def given_to(policy: Policy, namespace: str) -> list[Recipient]:
    """Return the recipients that may have been given anything of the people of a namespace."""
    about = [each for each in policy.datasets.values() if any(path.namespace == namespace for path in each.subjects)]
    names = {name for dataset in about for name in _given(policy, dataset.name)}
    return [policy.recipients[name] for name in sorted(names)]


def _corrections(
    connection: Connection, request: Request, made: Correction, changed: Mapping[str, str | None]
) -> list[Notice]:
    """Return what to tell of a correction: a notice for each namespace in which it altered rows of the person."""
    about, found = f"{request.id}-{made.part}", []
    for namespace in sorted({space for space, _ in made.whose}):
        held = [ids.natural_key(connection, *each) for each in made.whose if each[0] == namespace]
        keys = tuple(key for key in held if key is not None)
        named = about if namespace == request.namespace else f"{about}:{namespace}"
        found.append(Notice("rectification", named, namespace, keys, changed))
    return found


def _notice(
    connection: Connection, request: Request, act: str, about: str, changed: Mapping[str, str | None]
) -> Notice:
    key = None if request.subject is None else ids.natural_key(connection, request.namespace, request.subject)
    return Notice(act, about, request.namespace, () if key is None else (key,), changed)
