"""The agent desk of a workspace: agents that the staff register, and what they send by the Data Rights Protocol 1.0.

An agent may file, follow and take back requests of its own. Its word is no proof of who the person is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection

from pellucid.audit.places import KEYS
from pellucid.consent.record import By
from pellucid.errors import NameUnknown
from pellucid.governance.refusals import NOBODY, Refusals
from pellucid.policy.model import Actor, Policy
from pellucid.rights import agents, stored
from pellucid.rights.agent_message import (
    AgentMessage,
    AgentRefused,
    identifiers_of,
    named_as,
    read_message,
    request_id_of,
    right_of,
    signed_by,
)
from pellucid.rights.agents import Agent
from pellucid.rights.asking import NAMED, Asking
from pellucid.rights.book import Book
from pellucid.rights.callbacks import AGENT, demand_allowed
from pellucid.rights.request import Request
from pellucid.rights.status import Status, demand_under_way, status_of
from pellucid.subjects import ids
from pellucid.subjects.keys import load_or_create_key
from pellucid.workspace.duties import terms_of
from pellucid.workspace.room import Room
from pellucid.workspace.tokens import TOKENS_KEY

CHANNEL = "drp"


@dataclass(frozen=True)
class AgentDesk:
    """`workspace.agents`. Whatever is wrong with what an agent sends, the refusal has the same words."""

    room: Room
    refusals: Callable[[], Refusals]

    def add(self, id: str, name: str, key: bytes, *, actor: Actor, callback_host: str | None = None) -> Agent:
        """Register an agent with its Ed25519 key (32 bytes), and the host that callbacks may go to.

        Raises InputInvalid, NotPermitted.
        """
        self.room.demand(actor, "agents-manage")
        with self.room.database.write() as connection:
            return agents.add_agent(connection, id, name, key, actor, self.room.clock(), callback_host)

    def set_callback_host(self, id: str, host: str | None, *, actor: Actor) -> Agent:
        """Say which host (HOST or HOST:PORT) an agent's callbacks may go to, or (None) that none may.

        Callbacks that wait for another host are stopped. Raises InputInvalid, NameUnknown, NotPermitted.
        """
        self.room.demand(actor, "agents-manage")
        with self.room.database.write() as connection:
            return agents.set_callback_host(connection, id, host, actor, self.room.clock())

    def list(self, *, actor: Actor) -> tuple[Agent, ...]:
        """Return every agent there is and was, the newest last."""
        self.room.demand(actor, "agents-manage")
        with self.room.database.read() as connection:
            return agents.agents_kept(connection)

    def revoke(self, id: str, *, actor: Actor) -> Agent:
        """End an agent's registration, at once and for good. Raises NameUnknown, NotPermitted."""
        self.room.demand(actor, "agents-manage")
        with self.room.database.write() as connection:
            return agents.revoke_agent(connection, id, actor, self.room.clock())

    def set_up(self, id: str, body: bytes) -> str:
        """Return a new token for an agent that signed for one (§2.05); raises AgentRefused."""
        now = self.room.clock()
        with self._counting(), self.room.database.write() as connection:
            found = agents.agent_of(connection, id)
            if found is None:
                raise AgentRefused("agent-unknown")
            message = read_message(found.key, found.id, self._business, body, now)
            return agents.give_token(connection, self._key, found, message, now)

    def let_in(self, id: str, token: str) -> Agent:
        """Return the agent of this id, if the token that it shows is its own (§2.06); raises AgentRefused."""
        with self._counting(), self.room.database.read() as connection:
            found = agents.agent_with(connection, self._key, token)
            if found.id != id:
                raise AgentRefused("agent-other")
            return found

    def exercise(self, token: str, body: bytes) -> Status:
        """File what an agent asks for a person (§2.01); the same message again returns the same request.

        Raises AgentRefused, and InputInvalid for a right, regime or version that is not supported, or a status
        callback to another host than is registered.
        """
        policy, now = self.room.policy(), self.room.clock()
        with self._counting(), self.room.database.write() as connection:
            agent = agents.agent_with(connection, self._key, token)
            message = read_message(agent.key, agent.id, self._business, body, now)
            before = agents.taken(connection, agent, message)
            if before is not None:
                return self._status(policy, _own(connection, before, agent))
            book = self._book(connection, policy, agent, now)
            made = book.acknowledge(book.file(_asking(connection, policy, agent, message, now)).id)
            agents.take(connection, agent, message, made.id, now)
            return self._status(policy, made)

    def status(self, token: str, request: str) -> Status:
        """Return how a request of the agent's own stands (§2.02); raises AgentRefused."""
        policy = self.room.policy()
        with self._counting(), self.room.database.read() as connection:
            agent = agents.agent_with(connection, self._key, token)
            return self._status(policy, _own(connection, request, agent))

    def take_back(self, token: str, request: str, body: bytes) -> Status:
        """Close a request of the agent's own because the person no longer asks (§2.04); raises AgentRefused.

        The person's reason is not kept.
        """
        policy, now = self.room.policy(), self.room.clock()
        with self._counting(), self.room.database.write() as connection:
            agent = agents.agent_with(connection, self._key, token)
            said, _digest = signed_by(agent.key, body)
            if not said.keys() <= {"reason"}:
                raise AgentRefused("message-other")
            found = _own(connection, request, agent)
            if found.state != "revoked":
                demand_under_way(found)
                found = self._book(connection, policy, agent, now).revoke(found.id)
            return self._status(policy, found)

    @contextmanager
    def _counting(self) -> Iterator[None]:
        """Count a refusal for the log; of who is refused nothing else is known for sure."""
        try:
            yield
        except AgentRefused as error:
            self.refusals().count(error.why, NOBODY)
            raise

    def _status(self, policy: Policy, request: Request) -> Status:
        return status_of(policy, terms_of(self.room), request)

    def _book(self, connection: Connection, policy: Policy, agent: Agent, now: int) -> Book:
        return Book(connection, self.room.subject_keys, policy, terms_of(self.room), agent.actor, now)

    @property
    def _business(self) -> str:
        return self.room.settings.drp_business_id or self.room.log_key.name

    @cached_property
    def _key(self) -> bytes:
        return load_or_create_key(self.room.folder / KEYS / TOKENS_KEY)


def _asking(connection: Connection, policy: Policy, agent: Agent, message: AgentMessage, now: int) -> Asking:
    """Return what an agent asks; about nobody we know unless exactly one person has an identifier that it names."""
    right, agent_request = right_of(message), request_id_of(message)
    callback = demand_allowed(message.said.get("status_callback"), agent.callback_host)
    about = {path.namespace for dataset in policy.datasets.values() for path in dataset.subjects}
    namespaces = sorted(about or policy.namespaces)
    found = {
        (namespace, subject)
        for namespace in namespaces
        for each in identifiers_of(message)
        if (subject := ids.find(connection, namespace, each)) is not None
    }
    namespace, known = next(iter(found)) if len(found) == 1 else (namespaces[0], None)
    return Asking(
        right=right,
        namespace=namespace,
        subject=known,
        received_at=now,
        by=By.AGENT,
        proof=agent.id,
        channel=CHANNEL,
        asked={NAMED: named_as(message)} if known is None else {},
        agent=_mark(agent),
        agent_request=agent_request,
        status_callback=callback,
    )


def _own(connection: Connection, request: str, agent: Agent) -> Request:
    """Return a request that this very agent filed; raises AgentRefused for another's as for none."""
    try:
        found = stored.load(connection, request)
    except NameUnknown:
        found = None
    if found is None or found.agent != _mark(agent):
        raise AgentRefused("request-other")
    return found


def _mark(agent: Agent) -> str:
    return f"{AGENT}{agent.id}"
