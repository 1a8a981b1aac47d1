"""The request desk of a workspace: people's rights, from the first word to the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.policy.model import Actor, Policy
from pellucid.rights import stored
from pellucid.rights.asking import NAMED
from pellucid.rights.book import Book
from pellucid.rights.fulfilment import Fulfiller, carry_out
from pellucid.rights.keeping import forget_closed
from pellucid.rights.listing import NOT_CLOSED, RequestPage, request_page
from pellucid.rights.message_words import CLOCK_STOPPED, TIME_EXTENDED
from pellucid.rights.request import Denial, Request, RequestState, Right
from pellucid.rights.showing import View, view, views
from pellucid.rights.wanted import Wanted
from pellucid.subjects import ids
from pellucid.workspace.duties import open_book, terms_of
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room
from pellucid.workspace.tasks import identity_checks
from pellucid.workspace.telling import MailAddress, Telling, address_of

BY_STAFF = 2
"""How well a person is known whom the staff checked with evidence."""


BARE = frozenset({"purposes", "without_sensitive"})
"""What of a request's details is shown to who only looks: it quotes nobody."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A request as it is shown without whom it is about, and the pseudonym by which the log names them."""

    view: View
    pseudonym: str | None


@dataclass(frozen=True, slots=True)
class RequestDesk:
    """`workspace.requests`. `fulfillers` do what is asked, by right; a right without one is not carried out.

    `mail_address` is where somebody is told that an answer takes longer; None of somebody: the staff tells them.
    """

    room: Room
    mail_address: MailAddress
    fulfillers: MutableMapping[Right, Fulfiller] = field(default_factory=dict)

    def file(
        self,
        right: str,
        subject: str,
        *,
        actor: Actor,
        namespace: str | None = None,
        by: str = "self",
        proof: str = "",
        channel: str = "staff",
        purposes: Sequence[str] = (),
        changes: Sequence[Mapping[str, object]] = (),
        decision: str = "",
        statement: str = "",
        member: str = "",
        without_sensitive: bool = False,
        received_at: int | None = None,
    ) -> View:
        """File a person's request and return it with its dates; one about somebody unknown is filed all the same.

        `changes` are {dataset, column, value} to correct, or {statement} to keep: see `rights.corrections`. A review is
        about a `decision`, to which the person may make a `statement`. Raises NameUnknown, InputInvalid, NotPermitted.
        """
        policy, now = self.room.demand(actor, "request-file"), self.room.clock()
        name = namespace_of(policy, namespace)
        wanted = Wanted(
            right=right,
            subject=subject,
            by=by,
            proof=proof,
            channel=channel,
            purposes=purposes,
            changes=changes,
            decision=decision,
            statement=statement,
            member=member,
            without_sensitive=without_sensitive,
            received_at=received_at,
        )
        with self.room.database.write() as connection:
            made = self._book(connection, policy, actor).file(wanted.asking(connection, name, now))
            return view(connection, made.id, now, subject)

    def list(self, *, actor: Actor, closed: bool = False) -> list[View]:
        """Return the requests that are not closed (or all), the next one due first; without whom they are about."""
        self.room.demand(actor, "request-list")
        with self.room.database.read() as connection:
            return views(connection, self.room.clock(), closed=closed)

    def page(
        self,
        *,
        actor: Actor,
        states: Sequence[RequestState] = NOT_CLOSED,
        right: Right | None = None,
        after: str = "",
        limit: int = 50,
    ) -> RequestPage:
        """Return a page of the requests of some states, the next one due first, from the place `after` on.

        Without whom they are about. Raises NotPermitted, and InputInvalid for what is no place.
        """
        self.room.demand(actor, "request-list")
        with self.room.database.read() as connection:
            return request_page(connection, self.room.clock(), states, right, after, limit)

    def show(self, request: str, *, actor: Actor) -> View:
        """Return one request with what was asked, whom it is about, and all that happened; logged."""
        policy, now = self.room.demand(actor, "request-list"), self.room.clock()
        with self.room.database.write() as connection:
            found = stored.load(connection, request)
            key = found.asked.get(NAMED)
            if found.subject is not None:
                key = ids.natural_key(connection, found.namespace, found.subject)
            subject = self._book(connection, policy, actor).pseudonym(found)
            body = {"request": found.id}
            append(connection, AuditEntry("request.shown", actor, now, subject=subject, body=body))
            return view(connection, found.id, now, key)

    def look(self, request: str, *, actor: Actor) -> Looked:
        """Return one request and all that happened, without whom it is about and what they said; see `show` for those.

        The pseudonym is the one by which the log names the person: None for nobody who is known.
        """
        policy = self.room.demand(actor, "request-list")
        with self.room.database.write() as connection:  # a pseudonym is made when first asked for
            found = view(connection, request, self.room.clock())
            pseudonym = self._book(connection, policy, actor).pseudonym(found.request)
        asked = {name: said for name, said in found.request.asked.items() if name in BARE}
        return Looked(replace(found, request=replace(found.request, asked=asked, proof=None)), pseudonym)

    def acknowledge(self, request: str, *, actor: Actor) -> View:
        """Say that a request was received and is worked on."""
        return self._step(actor, "request-verify", request, lambda book: book.acknowledge(request))

    def challenge(self, request: str, *, actor: Actor, kind: str = "code") -> str:
        """Have a code or link sent to a contact that is held; returns what to tell, the same whoever it is about."""
        self.room.demand(actor, "request-verify")
        return identity_checks(self.room, open_book(self.room)).ask(request, actor=actor, kind=kind)

    def answer(self, request: str, given: str, *, actor: Actor) -> View:
        """Take the code or link that somebody was sent. Raises NotPermitted, in the same words whatever is wrong."""
        self.room.demand(actor, "request-verify")
        found = identity_checks(self.room, open_book(self.room)).answer(request, given, actor=actor)
        with self.room.database.read() as connection:
            return view(connection, found.id, self.room.clock())

    def verify(self, request: str, *, evidence: str, actor: Actor) -> View:
        """Note that the staff made sure who asks, and by what: the number of a file, never a copy. Acknowledges it."""
        _demand_evidence(evidence)

        def shown(book: Book) -> Request:
            self._acknowledged(book, request)
            return book.show(request, "staff", BY_STAFF, {"evidence": evidence})

        return self._step(actor, "request-verify", request, shown)

    def pause(self, request: str, *, reason: str, actor: Actor) -> View:
        """Stop the clock while the person is asked for what is needed, where a law lets it; they are told what it is.

        Raises InputInvalid where no reason is given, the clock stands still already, or no law lets it.
        """
        _demand_reason(reason)

        def stop(book: Book) -> Request:
            return book.pause(request, {"why": reason})

        return self._told_step(actor, "request-verify", request, CLOCK_STOPPED, reason, stop)

    def resume(self, request: str, *, actor: Actor) -> View:
        """Note that the person answered, and let the clock go on."""
        return self._step(actor, "request-verify", request, lambda book: book.resume(request))

    def approve(self, request: str, *, actor: Actor) -> View:
        """Approve a request of a person who is known; an erasure never by who filed it."""
        return self._step(actor, "request-approve", request, lambda book: book.approve(request))

    def extend(self, request: str, *, reason: str, actor: Actor) -> View:
        """Take as much longer as a law allows, for a reason that the person is told (GDPR Art. 12(3))."""

        def longer(book: Book) -> Request:
            return book.extend(request, reason)

        return self._told_step(actor, "request-approve", request, TIME_EXTENDED, reason, longer)

    def deny(self, request: str, *, why: str, actor: Actor, note: str = "") -> View:
        """Close a request without doing what was asked, for one of the Data Rights Protocol's reasons."""
        denial = _denial(why)
        details = {"note": note} if note else None
        return self._step(actor, "request-approve", request, lambda book: book.deny(request, denial, details))

    def expire(self, request: str, *, actor: Actor) -> View:
        """Close a request because the person, though asked, never showed who they are."""
        return self._step(actor, "request-approve", request, lambda book: book.expire(request))

    def revoke(self, request: str, *, actor: Actor) -> View:
        """Close a request because the person no longer asks."""
        return self._step(actor, "request-file", request, lambda book: book.revoke(request))

    def carry_out(self, request: str, *, actor: Actor) -> View:
        """Do what a request asks and close it; safe to repeat after a crash. An open one is acknowledged first."""
        policy = self.room.demand(actor, "request-carry-out")
        with self.room.database.write() as connection:
            self._acknowledged(self._book(connection, policy, actor), request)
        done = carry_out(
            self.room.database,
            lambda connection: self._book(connection, policy, actor),
            self.fulfillers,
            request,
        )
        with self.room.database.read() as connection:
            return view(connection, done.id, self.room.clock())

    def carry_out_for(self, request: str, actor: Actor, fulfillers: Mapping[Right, Fulfiller]) -> Request:
        """Do what somebody asked by themselves and may have without the staff's hand; the caller made sure of that."""
        policy = self.room.policy()
        return carry_out(
            self.room.database, lambda connection: self._book(connection, policy, actor), fulfillers, request
        )

    def forget_closed(self, *, actor: Actor) -> int:
        """Delete closed requests that need not be kept any longer; return how many."""
        self.room.demand(actor, "request-carry-out")
        with self.room.database.write() as connection:
            return forget_closed(connection, actor, self.room.clock())

    def _step(self, actor: Actor, action: str, request: str, change: Callable[[Book], Request]) -> View:
        policy = self.room.demand(actor, action)
        try:
            with self.room.database.write() as connection:
                change(self._book(connection, policy, actor))
                return view(connection, request, self.room.clock())
        except NotPermitted as error:
            body = {"action": action, "reasons": [error.code], "outcome": "refused"}
            with self.room.database.write() as connection:
                append(connection, AuditEntry("access.refused", actor, self.room.clock(), body=body))
            raise

    def _told_step(
        self, actor: Actor, action: str, request: str, message: str, reason: str, change: Callable[[Book], Request]
    ) -> View:
        """Do a step, and put word of it to the person on its way in the same transaction."""
        policy = self.room.demand(actor, action)
        to = address_of(self.room.database, self.mail_address, request)

        def told(book: Book) -> Request:
            done = change(book)
            Telling(policy, to, actor, book.now)(book.connection, done, message, reason)
            return done

        return self._step(actor, action, request, told)

    def _acknowledged(self, book: Book, request: str) -> None:
        if stored.load(book.connection, request).state is RequestState.OPEN:
            book.acknowledge(request)

    def _book(self, connection: Connection, policy: Policy, actor: Actor) -> Book:
        return Book(connection, self.room.subject_keys, policy, terms_of(self.room), actor, self.room.clock())


def _demand_evidence(evidence: str) -> None:
    """Raise InputInvalid unless it is said how the person was checked."""
    if not evidence.strip():
        raise InputInvalid(
            "A check needs its evidence.",
            remedy="Say where it lies, e.g. the number of a file.",
            code="evidence-missing",
        )


def _demand_reason(reason: str) -> None:
    """Raise InputInvalid unless it is said what is asked of the person."""
    if not reason.strip():
        raise InputInvalid("A pause needs a reason.", remedy="Say what you need of the person.", code="reason-missing")


def _denial(text: str) -> Denial:
    try:
        return Denial(text.replace("-", "_"))
    except ValueError:
        raise NameUnknown("denial", text, [each.value for each in Denial]) from None
