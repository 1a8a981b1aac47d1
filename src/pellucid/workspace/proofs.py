"""The proof desk of a workspace: customers who are signed in show anew who they are, before what matters much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import NotPermitted
from pellucid.governance.refusals import Refusals
from pellucid.governance.sessions import NewSession, Session, digest
from pellucid.rights import proofs
from pellucid.workspace.doors import Visitor, renewed
from pellucid.workspace.room import Room
from pellucid.workspace.tasks import challenge_key


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody showed anew in this session: by how many contacts, and whether a code is on its way."""

    contacts: int
    waits: bool


@dataclass(frozen=True)
class ProofDesk:
    """`workspace.proofs`. `key` is of the sessions; `refusals` counts wrong codes on their way into the log."""

    room: Room
    key: Callable[[], bytes]
    refusals: Callable[[], Refusals]

    def stands(self, visitor: Visitor) -> Proof:
        """Return what the person has shown anew in the last half hour."""
        now, mark = self.room.clock(), self._mark(visitor.session)
        with self.room.database.read() as connection:
            return Proof(proofs.shown(connection, mark, now), proofs.waits(connection, mark, now))

    def send_code(self, visitor: Visitor) -> None:
        """Have a code sent to a contact that is held and was not shown yet. Raises NotPermitted for too many."""
        now, hourly = self.room.clock(), self.room.settings.challenges_per_hour
        mark, address = self._mark(visitor.session), visitor.session.who["address"] or b""
        with self.room.database.write() as connection:
            done = proofs.ask(connection, challenge_key(self.room), visitor.own, mark, address, hourly, now)
            name = self.room.subject_keys.pseudonym(connection, *visitor.own)
            action = "identity.asked" if done else "identity.refused"
            body = {"session": visitor.session.id} | ({} if done else {"reason": "too-many"})
            append(connection, AuditEntry(action, visitor.actor, now, subject=name, body=body))
        if not done:
            raise NotPermitted(
                "Too many codes were asked for lately.", remedy="Try again later.", code="challenges-too-many"
            )

    def give_code(self, visitor: Visitor, given: str) -> NewSession:
        """Take a code; the session is made anew, worth as much as was shown.

        Raises NotPermitted (`code-wrong`), in the same words whatever is wrong.
        """
        now, mark = self.room.clock(), self._mark(visitor.session)
        with self.room.database.write() as connection:
            contacts = proofs.answer(connection, challenge_key(self.room), mark, given, now)
            if contacts:
                by = None if visitor.acting is None else visitor.acting.delegation
                made = renewed(connection, self.key(), visitor, contacts, by, now)
                proofs.carry_over(connection, mark, self._mark(made.session), now)
                name = self.room.subject_keys.pseudonym(connection, *visitor.own)
                body = {"session": made.session.id, "strength": made.session.strength}
                append(connection, AuditEntry("sign-in.raised", visitor.actor, now, subject=name, body=body))
                return made
        self.refusals().count("code-wrong", visitor.actor)
        raise NotPermitted(
            "This is not the code that we sent, or it holds no longer.",
            remedy="Look at the newest message, or have another code sent; each holds once, for ten minutes.",
            code="code-wrong",
        )

    def _mark(self, session: Session) -> bytes:
        return digest(self.key(), "proof", session.id)
