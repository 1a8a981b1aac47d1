"""The arrival desk of a workspace: what somebody chose before they signed in joins their account, and moves with them.

Joining records every no that the account had not said, and no yes (`consent.visitor_join`). Where the privacy centre
has a host of its own, a ticket takes a visitor's record there from the shop's (`tickets`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent import visitor_records as kept_records
from pellucid.consent.permitted import SIGNAL
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentRecord
from pellucid.consent.signals import SignalReading, gpc_reading
from pellucid.consent.standing import standings
from pellucid.consent.submission import Submission
from pellucid.consent.visitor_join import Fate, JoinedChoice, afterwards, joined
from pellucid.consent.visitor_records import Kept
from pellucid.consent.visitors import with_noes
from pellucid.errors import NameUnknown, NotPermitted
from pellucid.governance.sessions import digest
from pellucid.policy.model import Policy
from pellucid.rights import handover
from pellucid.workspace import tickets
from pellucid.workspace.consent import recorded
from pellucid.workspace.doors import STRANGER, Visitor
from pellucid.workspace.room import Room
from pellucid.workspace.signals import honour
from pellucid.workspace.visitors import QUIET, digest_of, find

CHANNEL = "browser"
METHOD = "visitor"
"""How the log and receipts say that a no came about which joined an account."""
SECOND = 1_000_000


@dataclass(frozen=True)
class ArrivalDesk:
    """`workspace.arrivals`. `secret` is what the browser's cookie shows, empty for none; `key` that of its hashes."""

    room: Room
    key: Callable[[], bytes]

    def arrive(self, visitor: Visitor, secret: str, reading: SignalReading = QUIET) -> bool:
        """Join what was chosen in this browser to the account of who has signed in, and honour its signal there.

        Every no is in force for the account when this returns. Returns whether there is something to show them.
        """
        policy, now = self.room.policy(), self.room.clock()
        with self.room.database.read() as connection:
            kept = find(connection, self.key(), secret, now)
        fresh = kept is not None and kept.fresh
        heard = reading if reading.opts_out or not fresh else _signal_in(kept)
        if heard.opts_out:
            honour(self.room, policy, visitor.identity, heard, visitor.actor)
        return kept is not None and fresh and self._join(policy, visitor, kept)

    def joined(self, visitor: Visitor) -> tuple[JoinedChoice, ...]:
        """Return what joined the account of who is signed in, as it stands now; nothing once they dismissed it."""
        policy, now = self.room.policy(), self.room.clock()
        with self.room.database.read() as connection:
            kept = kept_records.joined_to(connection, visitor.session.id, now)
            if kept is None:
                return ()
            return joined(kept.choices, standings(connection, policy, *visitor.identity, now).purposes)

    def dismiss(self, visitor: Visitor) -> None:
        """Delete what is left of the record that joined the account."""
        with self.room.database.write() as connection:
            kept_records.remove_shown(connection, visitor.session.id)

    def begin(self, cookie: str) -> str:
        """Return the state with which a browser fetches a ticket from the company's other host; it holds ten minutes.

        `cookie` is the secret that it shows here.
        """
        return tickets.begin(self.key(), cookie, self.room.clock() // SECOND)

    def ticket(self, secret: str, state: str) -> str:
        """Return a ticket by which a visitor takes their choices to the browser that a state is of: their own.

        Raises NameUnknown where nothing is kept, or the state is over.
        """
        now = self.room.clock()
        with self.room.database.read() as connection:
            kept = find(connection, self.key(), secret, now)
        made = None if kept is None else tickets.ticket_for(self.key(), kept.id, state, now // SECOND)
        if made is None:
            raise NameUnknown("visitor", "", remedy="Choose something first.")
        return made

    def demand_own(self, ticket: str, cookie: str) -> None:
        """Raise NotPermitted (`ticket-refused`) unless this browser began what a ticket is for, and it holds still."""
        if tickets.read(self.key(), ticket, cookie, self.room.clock() // SECOND) is None:
            raise refused()

    def take_along(self, ticket: str, cookie: str, own: str = "") -> str:
        """Return the secret of the cookie that knows the record of a ticket here too; each is taken once.

        It takes the place of `own`, the secret that the browser shows here, whose every no goes into the record.
        Raises NotPermitted (`ticket-refused`), also for a ticket that another browser began.
        """
        now = self.room.clock()
        found = tickets.read(self.key(), ticket, cookie, now // SECOND)
        if found is not None:
            secret = secrets.token_urlsafe(32)
            with self.room.database.write() as connection:
                before = find(connection, self.key(), own, now)
                mark = digest(self.key(), "visitor-ticket", ticket)
                if handover.take_once(connection, mark, found[1] * SECOND) and kept_records.know_also(
                    connection, found[0], digest_of(self.key(), secret), now
                ):
                    added = self._keep_noes(connection, secret, before, now)
                    body = {"visitor": found[0], "no": added}
                    append(connection, AuditEntry("visitor.known-also", STRANGER, now, body=body))
                    return secret
        raise refused()

    def _keep_noes(self, connection: Connection, secret: str, before: Kept | None, now: int) -> list[str]:
        """Keep each no of the record before in that of a secret; return the purposes for which it said none itself."""
        kept = find(connection, self.key(), secret, now)
        if kept is None or before is None:
            return []
        made = with_noes(kept.choices, before.choices)
        added = sorted(name for name in made if made[name] != kept.choices.get(name))
        if added:
            kept_records.change(connection, kept, made, kept.ends_at)
        return added

    def _join(self, policy: Policy, visitor: Visitor, kept: Kept) -> bool:
        now, (namespace, subject) = self.room.clock(), visitor.identity
        with self.room.database.read() as connection:
            outcome = joined(kept.choices, standings(connection, policy, namespace, subject, now).purposes)
        said = tuple(
            ConsentRecord(
                namespace,
                subject,
                each.purpose,
                each.verb,
                notice_version=each.choice.notice_version,
                channel=CHANNEL,
                at=now,
                screen=each.choice.screen,
                language=each.choice.language,
                method=f"{SIGNAL}gpc" if each.choice.signalled else METHOD,
            )
            for each in outcome
            if each.verb is not None
        )
        end = partial(self._end, visitor, kept, outcome)
        if said:
            recorded(self.room, Submission(policy, said, visitor.actor, said_now=True, beside=end))
        else:
            with self.room.database.write() as connection:
                end(connection, ())
        return True

    def _end(
        self,
        visitor: Visitor,
        kept: Kept,
        outcome: Sequence[JoinedChoice],
        connection: Connection,
        _receipts: tuple[ConsentReceipt, ...],
    ) -> None:
        """End the record and log the join: nothing in the log ties what was chosen before to the account."""
        now = self.room.clock()
        if not kept_records.end(connection, kept, visitor.session.id, afterwards(outcome, now), now):
            return  # another page of this browser was quicker, or chose something meanwhile
        body = {fate.value: [each.purpose for each in outcome if each.fate is fate] for fate in Fate}
        name = self.room.subject_keys.pseudonym(connection, *visitor.identity)
        append(connection, AuditEntry("visitor.joined", visitor.actor, now, subject=name, body=body))


def _signal_in(kept: Kept | None) -> SignalReading:
    """Return the signal that a browser sent when something was chosen there, if it did."""
    signalled = kept is not None and any(each.signalled for each in kept.choices.values())
    return gpc_reading("1") if signalled else QUIET


def refused() -> NotPermitted:
    """Return the refusal of a ticket, in the same words whatever is wrong with it."""
    return NotPermitted(
        "We could not take over what you chose on the page that you came from.",
        remedy="Go back and try again, or choose here.",
        code="ticket-refused",
    )
