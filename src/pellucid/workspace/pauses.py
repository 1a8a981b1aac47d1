"""The pause of a customer: all use of their data is restricted by one press, and lifted by another, at once.

Nobody has to give a ground for it, or wait for the staff. What goes on is said: what the policy declares for data whose
use is restricted (GDPR Art. 18(2)), and keeping them. Ending it is pressed by the very person, so that they know of it
before (Art. 18(3)). Recipients are told of both (Art. 19).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.consent import leases
from pellucid.consent.facts import records_of
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentVerb
from pellucid.consent.said import is_restricted
from pellucid.consent.submission import Submission
from pellucid.delivery.recipients import Notice
from pellucid.delivery.recipients import tell as tell_recipients
from pellucid.errors import InputInvalid
from pellucid.policy.model import Policy, Purpose
from pellucid.policy.parts.purpose import RestrictedUse
from pellucid.rights.restrict import objection_open
from pellucid.subjects import ids
from pellucid.workspace.centre import CentreDesk
from pellucid.workspace.doors import Visitor
from pellucid.workspace.remedies import given_to
from pellucid.workspace.room import Room

ACTS = {ConsentVerb.RESTRICT: "restriction", ConsentVerb.LIFT: "lift-restriction"}
"""What recipients are told of each verb."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Whether all use is paused, since when (UTC µs), what goes on all the same, and what keeps it from ending."""

    paused: bool
    since: int | None
    goes_on: tuple[Purpose, ...]
    objection: str | None


@dataclass(frozen=True)
class PauseDesk:
    """`workspace.pauses`."""

    room: Room
    centre: CentreDesk

    def stands(self, visitor: Visitor) -> Pause:
        """Return whether the use of the person's data is paused, and what that leaves."""
        policy, (space, subject) = self.room.policy(), visitor.identity
        with self.room.database.read() as connection:
            said = records_of(connection, space, [subject]).get(subject, [])
            held_up = objection_open(connection, visitor.identity)
        paused = is_restricted(said)
        at = [each.at for each in said if each.verb is ConsentVerb.RESTRICT]
        on = tuple(each for each in policy.purposes.values() if each.while_restricted is not RestrictedUse.NONE)
        return Pause(paused, max(at) if paused and at else None, on, held_up)

    def begin(self, visitor: Visitor, *, language: str) -> ConsentReceipt | None:
        """Pause all use of the person's data; returns once it is in force, and does nothing if it is paused already."""
        return None if self.stands(visitor).paused else self._record(visitor, ConsentVerb.RESTRICT, language)

    def end(self, visitor: Visitor, *, language: str) -> ConsentReceipt | None:
        """End the pause: the person's choices count again. Raises InputInvalid while an objection keeps it."""
        standing = self.stands(visitor)
        if standing.objection is not None:
            raise _objection_open()
        return self._record(visitor, ConsentVerb.LIFT, language) if standing.paused else None

    def _record(self, visitor: Visitor, verb: ConsentVerb, language: str) -> ConsentReceipt:
        policy, now = self.room.policy(), self.room.clock()
        record = self.centre.said(visitor, verb, None, language, now)

        def beside(connection: Connection, receipts: tuple[ConsentReceipt, ...]) -> None:
            if verb is ConsentVerb.LIFT and objection_open(connection, visitor.identity) is not None:
                raise _objection_open()
            self._tell(connection, policy, visitor, ACTS[verb], receipts[0].register_version, now)

        submission = Submission(policy, (record,), visitor.actor, said_now=True, beside=beside)
        done = self.room.recorder.record(submission)
        return leases.acknowledge(self.room.database, done.receipts, self.room.clock, time.sleep, done.standing)[0]

    def _tell(self, connection: Connection, policy: Policy, visitor: Visitor, act: str, version: int, now: int) -> None:
        key = ids.natural_key(connection, *visitor.identity)
        if key is None:
            return
        notice = Notice(act, f"pause-{version}", visitor.identity[0], (key,))
        tell_recipients(connection, policy.controller, given_to(policy, visitor.identity[0]), notice, now)


def _objection_open() -> InputInvalid:
    return InputInvalid(
        "An objection of yours is not decided yet, and keeps your data out of use until it is.",
        remedy="Wait for our answer, or take the objection back.",
        code="objection-open",
    )
