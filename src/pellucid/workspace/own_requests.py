"""What a customer asks for in the privacy centre: their own requests, filed, followed, proved and taken back.

Who it is about is who is signed in, as in `workspace.centre`. What a request does is `rights`' and the staff's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import NameUnknown, NotPermitted
from pellucid.governance import sessions
from pellucid.governance.sessions import NewSession
from pellucid.policy.model import Policy
from pellucid.records.rights_tables import rights_requests
from pellucid.rights import stored
from pellucid.rights.book import Book
from pellucid.rights.challenges import shown_contacts
from pellucid.rights.identity import MOST_CONTACTS, IdentityChecks
from pellucid.rights.repeated import counted, demand_room, open_alike
from pellucid.rights.request import Request
from pellucid.rights.self_served import CENTRE as CHANNEL
from pellucid.rights.self_served import is_begun
from pellucid.rights.status import Status, own_status_of
from pellucid.rights.wanted import Wanted
from pellucid.subjects import ids
from pellucid.workspace.doors import STRANGER, Visitor
from pellucid.workspace.duties import open_book, terms_of
from pellucid.workspace.room import Room
from pellucid.workspace.tasks import identity_checks

OVER = "It is over, and cannot be taken back any more."
BEGUN = "It has begun, and cannot be taken back any more."


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """A request as the person sees it: how it stands, and how well they have to show who they are, and have.

    `here` says that it was filed in the privacy centre, by whoever is signed in: not by who only named the person;
    `again` that it was open already when they asked for it.
    """

    status: Status
    strength: int
    shown: int
    open: bool
    here: bool
    again: bool = False

    @property
    def needs_proof(self) -> bool:
        """Whether the person has to show better who they are."""
        return self.open and self.shown < self.strength


@dataclass(frozen=True)
class OwnRequestDesk:
    """`workspace.own_requests`. `key` is of the sessions, which are made anew when somebody shows more."""

    room: Room
    key: Callable[[], bytes]

    def all(self, visitor: Visitor) -> list[OwnRequest]:
        """Return the person's requests, the newest first."""
        policy, columns = self.room.policy(), rights_requests.c
        theirs = (columns.namespace == visitor.identity[0], columns.subject == visitor.identity[1])
        with self.room.database.read() as connection:
            rows = connection.scalars(select(columns.id).where(*theirs).order_by(columns.received_at.desc()))
            found = [stored.load(connection, each) for each in rows.all()]
        return [self._own(policy, each) for each in found]

    def one(self, visitor: Visitor, request: str) -> OwnRequest:
        """Return one of the person's requests; raises NameUnknown, for another's as for none."""
        policy = self.room.policy()
        with self.room.database.read() as connection:
            return self._own(policy, _theirs(connection, visitor, request))

    def file(
        self,
        visitor: Visitor,
        right: str,
        *,
        purposes: Sequence[str] = (),
        changes: Sequence[Mapping[str, object]] = (),
        decision: str = "",
        statement: str = "",
        without_sensitive: bool = False,
    ) -> OwnRequest:
        """File a request of the person; that they are signed in counts as having shown one contact.

        Who asks for the same again is led to the request that is open. Raises NameUnknown, InputInvalid, and
        NotPermitted (`requests-many`) for more of one kind than the settings say, counting none that others filed in
        their name.
        """
        policy, now = self.room.policy(), self.room.clock()
        with self.room.database.write() as connection:
            wanted = Wanted(
                right=right,
                subject=_key_of(connection, visitor),
                channel=CHANNEL,
                purposes=purposes,
                changes=changes,
                decision=decision,
                statement=statement,
                without_sensitive=without_sensitive,
                by=visitor.by,
                proof=visitor.proof,
            )
            book = self._book(connection, policy, visitor, now)
            asking = wanted.asking(connection, visitor.identity[0], now)
            filed = counted(connection, asking, now)
            made = before = open_alike(asking, filed)
            if made is None:
                demand_room(filed, self.room.settings.requests_per_person, lambda one: self._day(policy, one))
                made = book.acknowledge(book.file(asking).id)
            if made.verified_strength < min(made.strength, visitor.session.strength) and not is_begun(
                connection, made.id
            ):
                made = book.show(made.id, "contact", visitor.session.strength)
            return replace(self._own(policy, made), again=before is not None)

    def revoke(self, visitor: Visitor, request: str) -> OwnRequest:
        """Close a request because the person no longer asks; repeating it changes nothing.

        Raises NotPermitted (`request-irrevocable`) for one that has begun or is over, in words for the person.
        """
        policy, now = self.room.policy(), self.room.clock()
        with self.room.database.write() as connection:
            found = _theirs(connection, visitor, request)
            if found.state != "revoked":
                _demand_not_begun(connection, found)
                found = self._book(connection, policy, visitor, now).revoke(found.id)
            return self._own(policy, found)

    def send_code(self, visitor: Visitor, request: str) -> str:
        """Have a code sent for a request of the person; returns what to tell. Raises NotPermitted, InputInvalid."""
        self.one(visitor, request)
        _demand_own(visitor)
        return self._checks().ask(request, actor=visitor.actor)

    def give_code(self, visitor: Visitor, request: str, given: str) -> NewSession | None:
        """Take a code for a request of the person; a session that is worth more now is made anew, and returned.

        What was shown for the request before they signed in, or to the staff, is worth nothing to the session: it may
        be somebody else's. Raises NotPermitted (`identity-not-shown`), in the same words whatever is wrong.
        """
        self.one(visitor, request)
        _demand_own(visitor)
        self._checks().answer(request, given, actor=visitor.actor)
        now, began = self.room.clock(), visitor.session.ends_at - visitor.session.door.longest
        with self.room.database.write() as connection:
            shown = min(len(shown_contacts(connection, request, began)), MOST_CONTACTS)
            if shown <= visitor.session.strength:
                return None
            made = sessions.renew(connection, visitor.session.door, self.key(), visitor.session, shown, now)
            name = self.room.subject_keys.pseudonym(connection, *visitor.identity)
            body = {"session": made.session.id, "strength": made.session.strength}
            append(connection, AuditEntry("sign-in.raised", visitor.actor, now, subject=name, body=body))
        return made

    def answer_link(self, request: str, given: str) -> None:
        """Take what stood in a link that was sent for a request, from whoever has it; they need not be signed in.

        Raises NotPermitted (`identity-not-shown`), in the same words whatever is wrong.
        """
        self._checks().answer(request, given, actor=STRANGER)

    def _own(self, policy: Policy, request: Request) -> OwnRequest:
        status = own_status_of(policy, terms_of(self.room), request)
        here = request.channel == CHANNEL
        return OwnRequest(status, request.strength, request.verified_strength, not request.closed, here)

    def _day(self, policy: Policy, request: Request) -> str:
        return own_status_of(policy, terms_of(self.room), request).expected_by

    def _checks(self) -> IdentityChecks:
        return identity_checks(self.room, open_book(self.room))

    def _book(self, connection: Connection, policy: Policy, visitor: Visitor, now: int) -> Book:
        return Book(connection, self.room.subject_keys, policy, terms_of(self.room), visitor.actor, now)


def _demand_own(visitor: Visitor) -> None:
    """Raise NotPermitted for who acts for somebody: a code would go to that person, and show nothing of who acts."""
    if visitor.acting is not None:
        raise NotPermitted(
            "Codes go to the person for whom you act, and show nothing about you.",
            remedy="Our staff get in touch with you.",
            code="acting-proof",
        )


def _theirs(connection: Connection, visitor: Visitor, request: str) -> Request:
    """Return a request that is about this very person; raises NameUnknown, for another's as for none."""
    try:
        found = stored.load(connection, request)
    except NameUnknown:
        found = None
    if found is None or (found.namespace, found.subject) != visitor.identity:
        raise NameUnknown("request", request[:80], remedy="Look at the list of your requests.")
    return found


def _demand_not_begun(connection: Connection, found: Request) -> None:
    """Raise NotPermitted for a request that cannot be taken back; the book's own errors tell what staff would do."""
    if found.closed or is_begun(connection, found.id):
        why = OVER if found.closed else BEGUN
        raise NotPermitted(why, remedy="Look at the list of your requests.", code="request-irrevocable")


def _key_of(connection: Connection, visitor: Visitor) -> str:
    found = ids.natural_key(connection, *visitor.identity)
    if found is None:
        raise NameUnknown("subject", str(visitor.identity[1]), remedy="They were erased.")
    return found
