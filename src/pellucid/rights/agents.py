"""Agents that may file requests for people by machine: registered by the staff with the key that they sign with.

Of the token that an agent is given only a keyed hash is kept. A signed message is taken once.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.four_eyes import AGENT
from pellucid.audit.log import append
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Actor
from pellucid.records.rights_tables import agent_messages, agents
from pellucid.rights.agent_message import AgentMessage, AgentRefused
from pellucid.rights.callbacks import place_of

KEY_BYTES = 32
CONTEXT = b"pellucid agent token v1\0"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as registered. Instants are UTC µs."""

    id: str
    name: str
    key: bytes = field(repr=False)
    made_by: str
    made_at: int
    revoked_at: int | None
    has_token: bool
    callback_host: str | None = None

    @property
    def actor(self) -> Actor:
        """Who acts: an agent, which holds no role and no scope."""
        return Actor(AGENT, self.id, (), "ed25519")


def add_agent(
    connection: Connection, id: str, name: str, key: bytes, actor: Actor, now: int, callback_host: str | None = None
) -> Agent:
    """Register an agent and log it; its callbacks may go to `callback_host` and nowhere else.

    Raises InputInvalid for a wrong id, key or host, or an agent that is there.
    """
    if not _ID.fullmatch(id) or not name.strip() or len(name) > 200 or len(key) != KEY_BYTES:
        raise InputInvalid(
            f"An agent needs an id of letters, digits, _ and -, a name, and an Ed25519 key of {KEY_BYTES} bytes; "
            f"got a key of {len(key)}.",
            code="agent-invalid",
            remedy="Take them from the service directory of the Data Rights Protocol.",
        )
    if connection.execute(select(agents.c.id).where(agents.c.id == id)).one_or_none() is not None:
        raise InputInvalid(
            f"The agent {id} is registered, or was.",
            code="agent-exists",
            remedy="An agent with a new key takes a new id.",
        )
    host = None if callback_host is None else place_of(callback_host)
    values = {"id": id, "name": name, "key": key, "made_by": actor.name, "made_at": now, "callback_host": host}
    connection.execute(insert(agents).values(values))
    body = {"agent": id, "name": name, "key": sha256(key).hexdigest(), "callback_host": host}
    append(connection, AuditEntry("agent.added", actor, now, body=body))
    return Agent(id, name, key, actor.name, now, None, False, host)


def revoke_agent(connection: Connection, id: str, actor: Actor, now: int) -> Agent:
    """End an agent's registration at once and for good, and log it; raises NameUnknown."""
    found = agent_of(connection, id)
    if found is None:
        raise NameUnknown("agent", id, remedy="See `pellucid agents list`; a revoked one stays so.")
    connection.execute(update(agents).where(agents.c.id == id).values(revoked_at=now, token=None))
    append(connection, AuditEntry("agent.revoked", actor, now, body={"agent": id}))
    return found


def set_callback_host(connection: Connection, id: str, host: str | None, actor: Actor, now: int) -> Agent:
    """Say which host an agent's callbacks may go to, or (None) that none may, and log it; raises NameUnknown."""
    found = agent_of(connection, id)
    if found is None:
        raise NameUnknown("agent", id, remedy="See `pellucid agents list`; a revoked one stays so.")
    place = None if host is None else place_of(host)
    connection.execute(update(agents).where(agents.c.id == id).values(callback_host=place))
    append(connection, AuditEntry("agent.callback-set", actor, now, body={"agent": id, "callback_host": place}))
    return replace(found, callback_host=place)


def agents_kept(connection: Connection) -> tuple[Agent, ...]:
    """Return every agent there is and was, the newest last."""
    return tuple(_agent(row) for row in connection.execute(select(agents).order_by(agents.c.made_at, agents.c.id)))


def agent_of(connection: Connection, id: str) -> Agent | None:
    """Return an agent that is registered and not revoked."""
    if not _ID.fullmatch(id):
        return None
    row = connection.execute(select(agents).where(agents.c.id == id, agents.c.revoked_at.is_(None))).one_or_none()
    return None if row is None else _agent(row)


def agent_with(connection: Connection, key: bytes, token: str) -> Agent:
    """Return the agent whose token was shown; raises AgentRefused."""
    same = (agents.c.token == _digest(key, token), agents.c.revoked_at.is_(None))
    row = connection.execute(select(agents).where(*same)).one_or_none()
    if row is None:
        raise AgentRefused("token-unknown")
    return _agent(row)


def give_token(connection: Connection, key: bytes, agent: Agent, message: AgentMessage, now: int) -> str:
    """Give an agent a new token, which ends the one before, for a message that was not taken yet; and log it.

    A message that exercises a right gives none: whoever got hold of it could else act as the agent.
    """
    if "exercise" in message.said:
        raise AgentRefused("message-other")
    if taken(connection, agent, message) is not None:
        raise AgentRefused("message-again")
    take(connection, agent, message, "", now)
    token = f"pellucid_agent_{secrets.token_urlsafe(32)}"
    connection.execute(update(agents).where(agents.c.id == agent.id).values(token=_digest(key, token)))
    append(connection, AuditEntry("agent.token-given", agent.actor, now, body={"agent": agent.id}))
    return token


def taken(connection: Connection, agent: Agent, message: AgentMessage) -> str | None:
    """Return the request that a message made, or an empty text if it gave a token; None: it was not taken yet."""
    table = agent_messages.c
    row = connection.execute(
        select(table.request).where(table.agent == agent.id, table.digest == message.digest)
    ).one_or_none()
    return None if row is None else row.request or ""


def take(connection: Connection, agent: Agent, message: AgentMessage, request: str, now: int) -> None:
    """Note that a message was taken, for as long as it holds; those that hold no longer are forgotten."""
    connection.execute(delete(agent_messages).where(agent_messages.c.until <= now))
    values = {"agent": agent.id, "digest": message.digest, "until": message.until, "request": request or None}
    connection.execute(insert(agent_messages).values(values))


def _digest(key: bytes, token: str) -> bytes:
    return hmac.new(key, CONTEXT + token.encode("utf-8", "surrogatepass"), sha256).digest()


def _agent(row: Row[Any]) -> Agent:
    return Agent(
        row.id,
        row.name,
        bytes(row.key),
        row.made_by,
        row.made_at,
        row.revoked_at,
        row.token is not None,
        row.callback_host,
    )
