"""Showing who asks: by a code or link sent to a contact that is held, or to the staff with evidence. Never skipped.

There is no setting that does without: how well a person has to be known is `rights.request`'s, and only its step `show`
makes them known. What is answered is the same whether the person is known or not (`rights.challenges` says how).
One contact is worth 1, two that are distinct 2, the staff's check 2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import InputInvalid, NotPermitted
from pellucid.policy.model import Actor
from pellucid.records.database import Database
from pellucid.rights import challenges
from pellucid.rights.challenges import CODE, KINDS
from pellucid.rights.request import Request

ASKED = "If we hold a contact of the person, a code or link is on its way to it. It holds for ten minutes."
"""What is answered to everybody who asks to be sent one."""
STAFF_STRENGTH = 2
MOST_CONTACTS = 2


class Steps(Protocol):
    """The steps of stored requests that are taken here: each reads, steps, stores, notes the event, and logs.

    Raises NameUnknown for a request that is not there, and InputInvalid for a step that it may not take.
    """

    def ask(self, request: str, how: str = "", /) -> Request:
        """Note that the person was asked to show who they are, and by what kind of way."""
        ...

    def show(self, request: str, how: str, strength: int, details: Mapping[str, object] | None = None, /) -> Request:
        """Note that the person showed who they are; `details` go into the log's erasable part."""
        ...

    def expire(self, request: str, /) -> Request:
        """Close a request because the person, though asked, never showed who they are."""
        ...


OpenBook = Callable[[Connection, Actor, int], Steps]
"""Opens the book of requests within a write transaction: for whom, and at which instant (UTC µs)."""


@dataclass(frozen=True, slots=True)
class IdentityChecks:
    """Asks people to show who they are, and takes their answers. `links` says whether a link can be made."""

    database: Database
    key: bytes = field(repr=False)
    book: OpenBook
    clock: Callable[[], int]
    per_hour: int
    links: bool = False

    def ask(self, request: str, *, actor: Actor, kind: str = CODE) -> str:
        """Have a code or link sent to a contact that is held, if any is; returns ASKED, whoever the request is about.

        Raises NameUnknown, InputInvalid for a request that is not under way or whose person is known, and NotPermitted
        (`challenges-too-many`).
        """
        if kind not in KINDS or (kind == challenges.LINK and not self.links):
            raise InputInvalid(
                f"A challenge of the kind {kind!r} cannot be made.",
                remedy="Ask for a code; for links set PELLUCID_PUBLIC_URL.",
                code="challenge-kind",
            )
        now = self.clock()
        with self.database.write() as connection:
            refused = challenges.too_many(connection, request, self.per_hour, now)
            if refused is None:
                challenges.put(connection, self.key, request, kind, now)
                self.book(connection, actor, now).ask(request, kind)
                return ASKED
            body = {"request": request, "reason": f"too-many-{refused}"}
            append(connection, AuditEntry("identity.refused", actor, now, body=body))
        raise NotPermitted(
            "Too many codes were asked for lately.", remedy="Try again later.", code="challenges-too-many"
        )

    def answer(self, request: str, given: str, *, actor: Actor) -> Request:
        """Take an answer to the request's newest challenge; returns the request, with what was shown.

        Raises NotPermitted (`identity-not-shown`), in the same words whatever was wrong: a guess, a code that was used,
        has expired, or belongs to another request, a request that is closed, unknown, or about nobody. As many are
        logged as a challenge has tries.
        """
        now = self.clock()
        with self.database.write() as connection:
            tried = challenges.attempt(connection, self.key, request, given, now)
            if tried.right:
                strength = min(tried.contacts, MOST_CONTACTS)
                return self.book(connection, actor, now).show(request, "contact", strength)
            if tried.counts:
                body = {"request": request, "reason": "not-shown"}
                append(connection, AuditEntry("identity.refused", actor, now, body=body))
        raise NotPermitted(
            "This is not what we sent, or it holds no longer.",
            remedy="Have a new code sent; each holds once, for ten minutes, and for its own request.",
            code="identity-not-shown",
        )

    def vouch(self, request: str, evidence: str, *, actor: Actor) -> Request:
        """Note that the staff checked who asks, and by what evidence, which is kept in the log's erasable part.

        Who may is the caller's to demand. Raises InputInvalid without evidence, or for a request that is not under way.
        """
        if actor.kind != "staff":
            raise NotPermitted(
                "Only a member of the staff may say that they checked who asks.",
                remedy="Have a code sent instead.",
                code="vouch-staff",
            )
        if not evidence.strip():
            raise InputInvalid(
                "A check of who asks needs its evidence.",
                remedy="Say what was seen, e.g. `passport, in the shop`; no numbers or copies.",
                code="evidence-missing",
            )
        now = self.clock()
        with self.database.write() as connection:
            return self.book(connection, actor, now).show(request, "staff", STAFF_STRENGTH, {"evidence": evidence})
