"""Telling agents how their requests stand (Data Rights Protocol 1.0 §2.03): what GET would answer, at the time.

A callback goes only where its agent may still be told; one that was overtaken by a change while it was under way goes
again, so that what an agent heard last is how its request stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from pellucid.delivery.callback import Poster
from pellucid.delivery.outbox import Delivery
from pellucid.errors import DeliveryFailed, NameUnknown
from pellucid.governance.activate import active_policy
from pellucid.rights import agents, stored
from pellucid.rights.callbacks import ABOUT, is_allowed
from pellucid.rights.clock import Terms
from pellucid.rights.request import Request
from pellucid.rights.status import document_text, status_of
from pellucid.workspace.room import Room


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Hands over deliveries of the kind `callback`."""

    room: Room
    poster: Poster = field(default_factory=Poster)

    def may_go(self, connection: Connection, delivery: Delivery, content: Mapping[str, Any]) -> bool:
        """Return whether its agent is registered still, with the host that it goes to, and the request is there."""
        agent = agents.agent_of(connection, delivery.recipient)
        there = _request(connection, delivery) is not None
        return there and agent is not None and is_allowed(content["to"], agent.callback_host)

    def hand_over(self, delivery: Delivery, content: Mapping[str, Any]) -> Callable[[Connection], None]:
        """Post how the request stands; return what raises DeliveryFailed if it stands otherwise by then."""
        with self.room.database.read() as connection:
            said = self._said(connection, delivery)
        self.poster.post(content["to"], "application/json", said.encode())

        def demand_unchanged(connection: Connection) -> None:
            if self._said(connection, delivery) != said:
                raise DeliveryFailed(
                    "The status changed while it was sent.", remedy="It is sent again.", code="callback-overtaken"
                )

        return demand_unchanged

    def _said(self, connection: Connection, delivery: Delivery) -> str:
        request = _request(connection, delivery)
        policy = active_policy(connection) or self.room.policy()
        if request is None:
            raise NameUnknown("request", delivery.about.removeprefix(ABOUT))
        settings = self.room.settings
        return document_text(status_of(policy, Terms(settings.request_days, settings.request_keep_months), request))


def _request(connection: Connection, delivery: Delivery) -> Request | None:
    try:
        return stored.load(connection, delivery.about.removeprefix(ABOUT))
    except NameUnknown:
        return None
