"""The token desk of a workspace: making and revoking the tokens of programs, and letting programs in by them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from pellucid.audit.places import KEYS
from pellucid.errors import NameUnknown, NotPermitted
from pellucid.governance.refusals import NOBODY, Refusals
from pellucid.governance.replies import Replies
from pellucid.governance.tokens import NewToken, Token, create_token, recognise, revoke_token, tokens_kept
from pellucid.policy.model import Actor
from pellucid.policy.scopes import BEARER, SCOPES
from pellucid.subjects.keys import load_or_create_key
from pellucid.workspace.room import Room

TOKENS_KEY = "tokens.key"
DAYS = 365
"""For how long a token is made, unless one says otherwise."""


@dataclass(frozen=True)
class TokenDesk:
    """`workspace.tokens`."""

    room: Room

    def create(
        self, name: str, scopes: Iterable[str], *, actor: Actor, days: int = DAYS, person: str | None = None
    ) -> NewToken:
        """Make a token for a program; its secret is told here and never again. Raises InputInvalid, NotPermitted.

        `person` is whom it asks questions as, where a scope lets it. Raises NameUnknown for one who is not declared.
        """
        policy = self.room.demand(actor, "tokens-manage")
        if person is not None and person not in policy.people:
            raise NameUnknown("person", person, tuple(policy.people), remedy="Declare them in the policy first.")
        with self.room.database.write() as connection:
            return create_token(connection, self._key, name, scopes, days, actor, self.room.clock(), person)

    def person_of(self, token: Token) -> Actor:
        """Return whom a token asks as, with the roles that the policy in force gives them.

        Raises NotPermitted, counted for the log, where it is for nobody, or for somebody who is declared no more.
        """
        person = None if token.person is None else self.room.policy().people.get(token.person)
        if person is None or token.person is None:
            self.refusals.count("token-person", token.actor)
            raise NotPermitted(
                "This token is for nobody whom the policy in force declares.",
                code="token-person",
                remedy="Have one made for a person of the policy: `pellucid serve token create --for NAME`.",
            )
        return Actor("staff", token.person, person.roles, f"{BEARER}{token.id}")

    def revoke(self, token: str, *, actor: Actor) -> Token:
        """Revoke a token by its id, at once and for good. Raises NameUnknown, NotPermitted."""
        self.room.demand(actor, "tokens-manage")
        with self.room.database.write() as connection:
            return revoke_token(connection, token, actor, self.room.clock())

    def list(self, *, actor: Actor) -> tuple[Token, ...]:
        """Return every token there was, the newest last; never what it is."""
        self.room.demand(actor, "tokens-manage")
        with self.room.database.read() as connection:
            return tokens_kept(connection)

    def let_in(self, secret: str) -> Token:
        """Return the token that a program shows; raises NotPermitted, counted for the log, unless it is valid."""
        try:
            with self.room.database.read() as connection:
                return recognise(connection, self._key, secret, self.room.clock())
        except NotPermitted as error:
            self.refusals.count(error.code)
            raise

    def demand_scope(self, token: Token, scope: str) -> None:
        """Raise NotPermitted, counted for the log, unless the token carries a scope."""
        if scope not in token.scopes:
            self.refusals.count(f"without {scope}", token.actor)
            raise NotPermitted(
                f"This token may not {SCOPES[scope].title}.",
                code="scope-not-held",
                remedy=f"It takes a token with the scope {scope}.",
            )

    def nobody(self) -> NotPermitted:
        """Return the refusal, counted for the log, of somebody who showed no token at all."""
        self.refusals.count("token-missing", NOBODY)
        return NotPermitted(
            "This needs a token.", code="token-missing", remedy="Send it as `Authorization: Bearer TOKEN`."
        )

    @cached_property
    def refusals(self) -> Refusals:
        """What programs were refused, on its way into the log."""
        return Refusals(self.room.database, self.room.clock)

    @cached_property
    def replies(self) -> Replies:
        """Answers that are given again to the same request."""
        return Replies(self.room.database, self.room.clock)

    @cached_property
    def _key(self) -> bytes:
        return load_or_create_key(self.room.folder / KEYS / TOKENS_KEY)
