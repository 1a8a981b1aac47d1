"""What is held about somebody, for programs: kinds and conclusions, and rows for a person who showed who they are.

A key alone opens no value: a program sees rows for a request for access that it filed itself, and for which the person
has shown who they are as well as what it sees demands (`rights.inside`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Actor, Policy
from pellucid.rights import inside
from pellucid.rights.access import AccessParts, demand_policy
from pellucid.rights.asking import WITHOUT_SENSITIVE
from pellucid.rights.counting import count
from pellucid.rights.inferences import Inferences, inferences
from pellucid.rights.inside import Inside, Onlooker, Wanted
from pellucid.rights.overview import Overview, overview
from pellucid.rights.request import Request, Right, unverified
from pellucid.subjects import ids
from pellucid.subjects.links import Identity
from pellucid.workspace.inside import same_question
from pellucid.workspace.names import namespace_of
from pellucid.workspace.program_requests import own_request
from pellucid.workspace.room import Room

SHOWN = "subject.held-shown"
NOBODY_SHOWN = 0
"""How well a person is known whom a program only names: what a better proof opens stays shut."""

OPEN_FOR = 12 * 3_600_000_000
"""For how long after a proof a request opens data, in microseconds: no longer than a session of the person's own."""

T = TypeVar("T")


@dataclass(frozen=True)
class HoldingsDesk:
    """`workspace.holdings`. `parts` are those of packages."""

    room: Room
    parts: Callable[[], AccessParts]

    def held(self, subject: str, *, actor: Actor, namespace: str | None = None) -> Overview:
        """Return what kinds of data are held about a person; asking is logged. Raises NotPermitted, NameUnknown."""

        def told(connection: Connection, policy: Policy, one: Identity) -> Overview:
            return overview(connection, policy, one, NOBODY_SHOWN)

        return self._asked(subject, namespace, actor, told)

    def concluded(self, subject: str, *, actor: Actor, namespace: str | None = None) -> Inferences:
        """Return what was concluded about a person, and why; asking is logged. Raises NotPermitted, NameUnknown."""

        def told(connection: Connection, policy: Policy, one: Identity) -> Inferences:
            return inferences(connection, policy, one, NOBODY_SHOWN, same_question)

        return self._asked(subject, namespace, actor, told)

    def rows(self, request: str, wanted: Wanted, *, actor: Actor) -> Inside:
        """Return rows of whom a request for access of the program's own is about; logged.

        Raises NameUnknown for a request of another, InputInvalid for one that does not open anything, or not any more,
        and as `rights.inside.look`.
        """
        onlooker, now = self._looking(request, actor)
        return inside.look(self.parts(), onlooker, wanted, now)

    def counts(self, request: str, *, actor: Actor) -> Mapping[str, int]:
        """Return how many rows there are of whom such a request is about, by dataset that it opens; logged.

        Raises as `rows` does of a request.
        """
        onlooker, now = self._looking(request, actor)
        return count(self.parts(), onlooker, now)

    def _looking(self, request: str, actor: Actor) -> tuple[Onlooker, int]:
        self.room.demand(actor, "request-look")
        now = self.room.clock()
        with self.room.database.read() as connection:
            return _onlooker(own_request(connection, request, actor), actor, now), now

    def _asked(
        self, subject: str, namespace: str | None, actor: Actor, told: Callable[[Connection, Policy, Identity], T]
    ) -> T:
        name, now = namespace_of(self.room.demand(actor, "holdings-show"), namespace), self.room.clock()
        with self.room.database.write() as connection:
            policy = demand_policy(self.parts(), connection)
            found = ids.find(connection, name, subject)
            if found is None:
                raise NameUnknown("subject", subject, remedy="Check the key, or import the person's data first.")
            answer = told(connection, policy, (name, found))
            pseudonym = self.room.subject_keys.pseudonym(connection, name, found)
            append(connection, AuditEntry(SHOWN, actor, now, subject=pseudonym))
        return answer


def _onlooker(asked: Request, actor: Actor, now: int) -> Onlooker:
    """Return whom a request lets look; the same is refused whether or not the person is known. Raises InputInvalid."""
    if asked.right is not Right.ACCESS:
        raise InputInvalid(
            f"The request {asked.id} asks for {asked.right.value}, which opens no data.",
            remedy="File a request for access.",
            code="request-right",
        )
    if not asked.closed and (asked.subject is None or not asked.known or asked.verified_at is None):
        raise unverified(asked)
    if asked.closed or asked.subject is None or now - (asked.verified_at or 0) > OPEN_FOR:
        raise InputInvalid(
            f"The request {asked.id} opens nothing any more: it is closed, or the proof is too old.",
            remedy="File another, and let the person show who they are.",
            code="request-state",
        )
    plain_only = bool(asked.asked.get(WITHOUT_SENSITIVE))
    return Onlooker((asked.namespace, asked.subject), asked.verified_strength, actor, plain_only)
