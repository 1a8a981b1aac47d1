"""The tokens that programs show to be let in: made, listed, revoked, and recognised.

A token is told once; what is kept of it is its HMAC-SHA256 under a key of the workspace, a file outside the control
database, so that whoever reads the database can neither use nor make one. Which scope permits what is `policy.scopes`.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.policy.model import Actor
from pellucid.policy.scopes import BEARER, PROGRAM, SCOPES
from pellucid.records.tables import api_tokens

PREFIX = "pellucid"
LONGEST_DAYS = 3650
DAY = 86_400_000_000
CONTEXT = b"pellucid api token v1\0"

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_WRITTEN = re.compile(rf"{PREFIX}_([0-9a-f]{{16}})_[A-Za-z0-9_-]{{43}}")
_BY_ID = select(api_tokens).where(api_tokens.c.id == bindparam("of_id"))
_NO_DIGEST = bytes(32)
_REMEDY = "Have one made: `pellucid serve token create`."


@dataclass(frozen=True, slots=True)
class Token:
    """A token as kept: what is told of it, and never what it is; `person` is whom it asks as. Instants in UTC µs."""

    id: str
    name: str
    scopes: tuple[str, ...]
    made_by: str
    made_at: int
    expires_at: int | None
    revoked_at: int | None
    person: str | None = None

    @property
    def actor(self) -> Actor:
        """Who acts with it: a program, its scopes in place of roles."""
        return Actor(PROGRAM, self.name, self.scopes, f"{BEARER}{self.id}")

    def state(self, now: int) -> str:
        """Return `valid`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made, with its secret, which is told once and kept nowhere."""

    token: Token
    secret: str

    def __repr__(self) -> str:
        return f"NewToken({self.token!r})"


def create_token(
    connection: Connection,
    key: bytes,
    name: str,
    scopes: Iterable[str],
    days: int,
    actor: Actor,
    now: int,
    person: str | None = None,
) -> NewToken:
    """Make a token that lasts so many days, and log it; the transaction's last call. Raises InputInvalid.

    `person` is a declared one, as whom it asks questions: it takes one exactly if a scope of it does.
    """
    wanted = _checked(connection, name, scopes, days, now)
    _demand_person(wanted, person)
    id = secrets.token_hex(8)
    secret = f"{PREFIX}_{id}_{secrets.token_urlsafe(32)}"
    token = Token(id, name, wanted, actor.name, now, now + days * DAY, None, person)
    values = {
        "id": id,
        "digest": _digest(key, secret),
        "name": name,
        "scopes": " ".join(wanted),
        "person": person,
        "made_by": actor.name,
        "made_at": now,
        "expires_at": token.expires_at,
    }
    connection.execute(insert(api_tokens).values(values))
    body = {"token": id, "name": name, "scopes": list(wanted), "expires_at": token.expires_at}
    body |= {} if person is None else {"person": person}
    append(connection, AuditEntry("token.created", actor, now, body=body))
    return NewToken(token, secret)


def revoke_token(connection: Connection, id: str, actor: Actor, now: int) -> Token:
    """Revoke a token at once and log it; the transaction's last call. Raises NameUnknown for none, or one revoked."""
    row = connection.execute(_BY_ID, {"of_id": id}).one_or_none()
    if row is None or row.revoked_at is not None:
        raise NameUnknown("token with the id", id, remedy="See `pellucid serve token list`; a revoked one stays so.")
    connection.execute(update(api_tokens).where(api_tokens.c.id == id).values(revoked_at=now))
    append(connection, AuditEntry("token.revoked", actor, now, body={"token": id, "name": row.name}))
    return replace(_token(row), revoked_at=now)


def tokens_kept(connection: Connection) -> tuple[Token, ...]:
    """Return every token there was, the newest last."""
    order = (api_tokens.c.made_at, api_tokens.c.id)
    return tuple(_token(row) for row in connection.execute(select(api_tokens).order_by(*order)))


def recognise(connection: Connection, key: bytes, secret: str, now: int) -> Token:
    """Return the valid token that was shown; raises NotPermitted, whose code says why not.

    How long it takes does not tell how much of a token was right.
    """
    written = _WRITTEN.fullmatch(secret)
    row = connection.execute(_BY_ID, {"of_id": written.group(1)}).one_or_none() if written else None
    kept = _NO_DIGEST if row is None else bytes(row.digest)
    if not hmac.compare_digest(kept, _digest(key, secret)) or row is None:
        raise NotPermitted("This token is none of this workspace.", code="token-unknown", remedy=_REMEDY)
    token = _token(row)
    state = token.state(now)
    if state == "revoked":
        raise NotPermitted("This token was revoked.", code="token-revoked", remedy=_REMEDY)
    if state == "expired":
        raise NotPermitted("This token has expired.", code="token-expired", remedy=_REMEDY)
    return token


def _digest(key: bytes, secret: str) -> bytes:
    return hmac.new(key, CONTEXT + secret.encode("utf-8", "surrogatepass"), sha256).digest()


def _checked(connection: Connection, name: str, scopes: Iterable[str], days: int, now: int) -> tuple[str, ...]:
    if not _NAME.fullmatch(name):
        raise InputInvalid(
            f"A token cannot be called {name!r}.",
            code="token-name-invalid",
            remedy="Name the program with up to 40 lower-case letters, digits and dashes.",
        )
    wanted = tuple(dict.fromkeys(scopes))
    for scope in wanted:
        if scope not in SCOPES:
            raise NameUnknown("scope", scope, tuple(SCOPES), remedy="Give the scopes that the program needs.")
    if not wanted or not 1 <= days <= LONGEST_DAYS:
        raise InputInvalid(
            f"A token needs at least one scope and 1 to {LONGEST_DAYS} days: got {len(wanted)} and {days}.",
            code="token-invalid",
            remedy=f"Scopes: {', '.join(SCOPES)}.",
        )
    if any(each.name == name and each.state(now) == "valid" for each in tokens_kept(connection)):
        raise InputInvalid(
            f"There is a valid token called {name!r}: the log would not tell the two apart.",
            code="token-exists",
            remedy="Revoke it first, or give the new one another name.",
        )
    return wanted


def _demand_person(scopes: Iterable[str], person: str | None) -> None:
    personal = [scope for scope in scopes if SCOPES[scope].as_person]
    if bool(personal) == (person is not None):
        return
    raise InputInvalid(
        f"The scopes {', '.join(personal)} are used as a person of the policy, and none is named."
        if personal
        else "None of the scopes is used as a person of the policy.",
        code="token-person",
        remedy="Say whose roles it asks with: --for NAME." if personal else "Leave --for out.",
    )


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes.split()),
        made_by=row.made_by,
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        person=row.person,
    )
