"""Looking inside: the very data held about somebody, for themselves to see and correct, and what was concluded of them.

Who it is about is who is signed in, or who showed for a request who they are: no key opens anything here. What may be
shown is decided in `rights.inside`, as for a package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent.standing import Standings, standings
from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.governance import sessions
from pellucid.governance.sessions import NewSession, digest
from pellucid.policy.model import Built
from pellucid.rights import inside, raising
from pellucid.rights.access import AccessParts, demand_policy
from pellucid.rights.correcting import Proposed, change_of, demand_value_fits
from pellucid.rights.corrections import LONGEST_STATEMENT
from pellucid.rights.counting import count
from pellucid.rights.inferences import Inferences, inferences
from pellucid.rights.inside import Door, Inside, Onlooker, Wanted
from pellucid.workspace.data import place_of
from pellucid.workspace.doors import Visitor
from pellucid.workspace.own_requests import OwnRequest, OwnRequestDesk
from pellucid.workspace.room import Room
from pellucid.workspace.tasks import challenge_key

MOST_SHOWN = 5
"""Rows of conclusions that stand beside their why; all of them are a link away."""


@dataclass(frozen=True, slots=True)
class Hall:
    """The datasets in which somebody has rows, whether more is shown to whoever is known better, and whether a code
    is on its way.
    """

    doors: tuple[Door, ...]
    needs_more: bool
    code_asked: bool


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody proposes for one value that they were shown, and why."""

    dataset: str
    generation: int
    place: int
    proposed: Proposed
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Concluded:
    """What was concluded about somebody and why, the purposes behind it, and the first rows, by dataset, of what is
    open to them.
    """

    inferences: Inferences
    standings: Standings
    held: Mapping[str, Inside]


@dataclass(frozen=True)
class InsideDesk:
    """`workspace.inside`. `parts` are those of packages, `requests` files them, `key` is of the sessions."""

    room: Room
    parts: Callable[[], AccessParts]
    requests: Callable[[], OwnRequestDesk]
    key: Callable[[], bytes]

    def hall(self, visitor: Visitor) -> Hall:
        """Return the datasets in which the person has rows; reads none. Raises NameUnknown once they were erased."""
        onlooker = onlooker_of(visitor)
        with self.room.database.read() as connection:
            policy = demand_policy(self.parts(), connection)
            found = inside.doors(connection, policy, onlooker)
            more = inside.needs_more(connection, policy, onlooker)
            waits = more and raising.waits(connection, self._session(visitor), self.room.clock())
        return Hall(found, more, waits)

    def look(self, visitor: Visitor, wanted: Wanted) -> Inside:
        """Return a part of the person's rows of a dataset; logged. Raises NameUnknown, NotPermitted, InputInvalid."""
        return inside.look(self.parts(), onlooker_of(visitor), wanted, self.room.clock())

    def counts(self, visitor: Visitor) -> Mapping[str, int]:
        """Return how many rows there are of the person, by dataset that is open to them; logged. Raises NameUnknown."""
        return count(self.parts(), onlooker_of(visitor), self.room.clock())

    def row(self, visitor: Visitor, dataset: str, generation: int, place: int) -> Inside:
        """Return one row of the person; logged. Raises as `look`, and NameUnknown for a row that is not there."""
        found = self.look(visitor, Wanted(dataset, place, 1, generation))
        if not found.rows:
            raise NameUnknown("row", str(place), remedy="Look at the list of your rows.")
        return found

    def correct(self, visitor: Visitor, asked: Correction) -> OwnRequest:
        """File a request to have one value corrected, which the staff look at.

        Raises InputInvalid for a value that does not fit its column, or is held already, and as `row`.
        """
        found = self.row(visitor, asked.dataset, asked.generation, asked.place)
        change = change_of(found, found.rows[0], asked.proposed)
        limits = place_of(self.room).limits
        demand_value_fits(found.dataset, asked.proposed, visitor.identity, limits, self.room.clock())
        return self.requests().file(visitor, "rectification", changes=[change], statement=asked.reason.strip())

    def state(self, visitor: Visitor, dataset: str, words: str) -> OwnRequest:
        """File a request to have the person's own words kept beside what is held. Raises InputInvalid, NameUnknown."""
        theirs = [each.name for each in self.hall(visitor).doors]
        if dataset not in theirs:
            raise NameUnknown("dataset", dataset[:80], theirs)
        if not 0 < len(words.strip()) <= len(words) <= LONGEST_STATEMENT:
            raise InputInvalid(
                "There is nothing written, or too much.",
                remedy=f"Write up to {LONGEST_STATEMENT:,} characters.",
                code="statement-length",
            )
        change = {"dataset": dataset, "statement": words.strip()}
        return self.requests().file(visitor, "rectification", changes=[change])

    def concluded(self, visitor: Visitor) -> Concluded:
        """Return what was concluded about the person, and where they stand with the purposes behind it; of one moment.

        The conclusions themselves are read as far as they are open to the person, which is logged as a look.
        """
        now = self.room.clock()
        with self.room.database.read() as connection:
            policy = demand_policy(self.parts(), connection)
            inside.demand_held(connection, visitor.identity)
            strength = visitor.session.strength
            found = inferences(connection, policy, visitor.identity, strength, same_question)
            stand = standings(connection, self.room.policy_of(connection), *visitor.identity, now)
            opened = {each.name for each in inside.doors(connection, policy, onlooker_of(visitor)) if each.open}
        held = {
            each.dataset: self.look(visitor, Wanted(each.dataset, most=MOST_SHOWN))
            for each in found.conclusions
            if each.dataset in opened
        }
        return Concluded(found, stand, held)

    def send_code(self, visitor: Visitor) -> None:
        """Have a code sent to a contact that is held, so that more may be shown. Raises NotPermitted for too many."""
        _demand_own(visitor)
        now, per_hour = self.room.clock(), self.room.settings.challenges_per_hour
        address = visitor.session.who["address"] or b""
        with self.room.database.write() as connection:
            inside.demand_held(connection, visitor.identity)
            asked = (self._session(visitor), visitor.identity, address, per_hour, now)
            raising.ask(connection, challenge_key(self.room), *asked)
            self._note(connection, visitor, "sign-in.asked", {}, now)

    def give_code(self, visitor: Visitor, given: str) -> NewSession | None:
        """Take a code; a session that is worth more now is made anew, and returned.

        Raises NotPermitted (`identity-not-shown`), in the same words whatever is wrong; logged as often as a code has
        tries.
        """
        _demand_own(visitor)
        now = self.room.clock()
        with self.room.database.write() as connection:
            tried = raising.answer(connection, challenge_key(self.room), self._session(visitor), given, now)
            shown = tried.contacts if tried.right else 0
            if shown > visitor.session.strength:
                made = sessions.renew(connection, visitor.session.door, self.key(), visitor.session, shown, now)
                body = {"session": made.session.id, "strength": made.session.strength}
                self._note(connection, visitor, "sign-in.raised", body, now)
                return made
            if tried.counts or shown:
                action = "sign-in.contact-shown" if shown else "identity.refused"
                self._note(connection, visitor, action, {"session": visitor.session.id}, now)
        if shown:
            return None
        raise NotPermitted(
            "This is not what we sent, or it holds no longer.",
            remedy="Have a new code sent; each holds once, for ten minutes.",
            code="identity-not-shown",
        )

    def _session(self, visitor: Visitor) -> bytes:
        return digest(self.key(), "raising", visitor.session.id)

    def _note(self, connection: Connection, visitor: Visitor, action: str, body: dict[str, object], now: int) -> None:
        name = self.room.subject_keys.pseudonym(connection, *visitor.identity)
        append(connection, AuditEntry(action, visitor.actor, now, subject=name, body=body))


def _demand_own(visitor: Visitor) -> None:
    """Raise NotPermitted for who acts for somebody: what they show then says nothing of who they are themselves."""
    if visitor.acting is not None:
        raise NotPermitted(
            "Whoever acts for somebody shows who they are before, for themselves.",
            remedy="Act for yourself again, show it, and then act for them.",
            code="acting",
        )


def onlooker_of(visitor: Visitor) -> Onlooker:
    """Return somebody who is signed in as who looks at their own data."""
    return Onlooker(visitor.identity, visitor.session.strength, visitor.actor)


def same_question(built: Built, digest: str) -> bool:
    """Return whether a derived table is declared by the question whose digest its build noted."""
    return built.question == digest
