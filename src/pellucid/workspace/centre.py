"""What a customer sees and does in the privacy centre: everything of theirs, and nothing of anybody else.

Who it is about is who is signed in: no method takes a person's name, so none can be asked about another. What is shown
and recorded here goes through the same stories as the API and the command line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent import show
from pellucid.consent.admit import demand_fit
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import By, ConsentRecord, ConsentVerb, Covers
from pellucid.consent.standing import Standing, Standings, standings
from pellucid.consent.submission import Submission
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.governance.activate import policy_at
from pellucid.governance.sessions import APP
from pellucid.policy.model import Policy
from pellucid.rights.overview import Overview, overview
from pellucid.rights.self_served import CENTRE as CHANNEL
from pellucid.subjects.links import was_ever_linked
from pellucid.transparency.message_parts import SentMessage, sent
from pellucid.workspace.consent import recorded
from pellucid.workspace.doors import Visitor
from pellucid.workspace.room import Room
from pellucid.workspace.sealing import Sealing, sealing_of

SCREEN = "privacy-centre-1"
"""The screen that people choose on; a new number where what it says or how it looks changes what a choice means."""
METHOD = "button"
PROGRAM = "program"
"""Screen and method where an app shows people what they choose by: we do not know what it showed."""


@dataclass(frozen=True, slots=True)
class Home:
    """What is held about a person and where they stand with every purpose, under the policy in force; of one moment."""

    policy: Policy
    held: Overview
    standings: Standings


@dataclass(frozen=True)
class CentreDesk:
    """`workspace.centre`; what people ask for is `workspace.own_requests`."""

    room: Room

    def policy(self) -> Policy:
        """Return the policy in force, for what pages say of the company; it is public."""
        return self.room.policy()

    def overview(self, visitor: Visitor) -> Overview:
        """Return what is held about the person."""
        return self.home(visitor).held

    def home(self, visitor: Visitor) -> Home:
        """Return what the person sees first; it is read in one transaction."""
        with self.room.database.read() as connection:
            policy, now = self.room.policy_of(connection), self.room.clock()
            alone = not was_ever_linked(connection, visitor.identity)
            held = overview(connection, policy, visitor.identity, visitor.session.strength, alone=alone)
            return Home(policy, held, standings(connection, policy, *visitor.identity, now, alone=alone))

    def standings(self, visitor: Visitor) -> Standings:
        """Return where the person stands with every purpose."""
        with self.room.database.read() as connection:
            policy = self.room.policy_of(connection)
            return standings(connection, policy, *visitor.identity, self.room.clock())

    def choose(
        self,
        visitor: Visitor,
        purpose: str,
        *,
        yes: bool,
        notice_version: str,
        language: str,
        held_data: bool = False,
        explicit: bool = False,
    ) -> ConsentReceipt:
        """Record the person's yes or no to a purpose, as the verb that it is for them; returns once it is in force.

        Raises NameUnknown for a purpose that is not there, and InputInvalid where there is no choice, or a yes is to
        another notice than the one in force.
        """
        found = {each.purpose.name: each for each in self.standings(visitor).purposes}
        if purpose not in found:
            raise NameUnknown("purpose", purpose, tuple(found))
        verb = found[purpose].yes if yes else found[purpose].no
        if verb is None:
            raise _no_choice(found[purpose])
        covers = Covers.HELD_DATA if yes and held_data else Covers.FROM_NOW
        return self._record(visitor, verb, purpose, language, notice_version, covers, explicit=yes and explicit)

    def refuse_all(self, visitor: Visitor, *, language: str) -> ConsentReceipt:
        """Record one no to everything that there is a choice about."""
        return self._record(visitor, ConsentVerb.WITHDRAW, None, language)

    def history(self, visitor: Visitor) -> list[show.KeptRecord]:
        """Return everything the person said, the newest first."""
        with self.room.database.read() as connection:
            return show.history(connection, *visitor.identity)[::-1]

    def messages(self, visitor: Visitor) -> tuple[SentMessage, ...]:
        """Return which messages about their data the person was sent, the newest first."""
        with self.room.database.read() as connection:
            return sent(connection, self.room.subject_keys, visitor.identity)

    def sealing(self, visitor: Visitor) -> Sealing:
        """Return of which of these a receipt can be had already."""
        with self.room.database.read() as connection:
            return sealing_of(connection, self.room, visitor.identity)

    def receipt(self, visitor: Visitor, sequence: int) -> bytes:
        """Return the signed receipt of one of the person's choices; issuing is logged. Raises NameUnknown."""
        from pellucid.consent.receipts.issue import as_bytes, receipt_for  # noqa: PLC0415  -- slow, and rarely asked for
        from pellucid.consent.receipts.place import place_of  # noqa: PLC0415  -- likewise

        policy, now, keys = self.room.policy(), self.room.clock(), self.room.subject_keys
        with self.room.database.write() as connection:
            leaf = place_of(connection, keys, *visitor.identity, sequence)
            at = partial(policy_at, connection)
            made = receipt_for(connection, keys, policy, at, self.room.log_key, *visitor.identity, leaf, now)
            name = keys.pseudonym(connection, *visitor.identity)
            body = {"of": leaf}
            append(connection, AuditEntry("consent.receipt-issued", visitor.actor, now, subject=name, body=body))
        return as_bytes(made)

    def said(self, visitor: Visitor, verb: ConsentVerb, purpose: str | None, language: str, now: int) -> ConsentRecord:
        """Return the record of what somebody says by a button, the centre's or an app's; it is recorded nowhere yet."""
        by_app = visitor.session.door is APP
        return ConsentRecord(
            namespace=visitor.identity[0],
            subject=visitor.identity[1],
            purpose=purpose,
            verb=verb,
            channel=CHANNEL,
            at=now,
            by=By(visitor.by),
            proof=visitor.proof,
            screen=PROGRAM if by_app else SCREEN,
            language=language,
            method=PROGRAM if by_app else METHOD,
        )

    def _record(
        self,
        visitor: Visitor,
        verb: ConsentVerb,
        purpose: str | None,
        language: str,
        notice_version: str = "",
        covers: Covers = Covers.FROM_NOW,
        *,
        explicit: bool = False,
    ) -> ConsentReceipt:
        policy, now = self.room.policy(), self.room.clock()
        said = replace(
            self.said(visitor, verb, purpose, language, now),
            explicit=explicit,
            covers=covers,
            notice_version=notice_version,
        )
        demand_fit(policy, said, now)
        return recorded(self.room, Submission(policy, (said,), visitor.actor, said_now=True))[0]


def _no_choice(standing: Standing) -> InputInvalid:
    return InputInvalid(
        f"There is no choice to make about {standing.purpose.title!r}.",
        remedy="If you think that there should be one, write to us.",
        code="choice-none",
    )
