"""A customer's own erasure: what it would do, asking for it, and how far it came, also once nobody can sign in.

Whoever was erased has no session left, so how it stands is shown to whoever has the address that the request's page
told: its token is a keyed hash of the request's id, and opens nothing else.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pellucid.errors import NameUnknown, NotPermitted
from pellucid.governance.sessions import digest
from pellucid.policy.model import Actor
from pellucid.rights import stored
from pellucid.rights.self_served import is_begun, waits_until
from pellucid.subjects import ids
from pellucid.workspace.doors import Visitor
from pellucid.workspace.erasures import ErasureDesk
from pellucid.workspace.names import namespace_of
from pellucid.workspace.own_requests import OwnRequest, OwnRequestDesk
from pellucid.workspace.proofs import ProofDesk
from pellucid.workspace.room import Room

if TYPE_CHECKING:
    from pellucid.rights.erasures import Erasure, Told
    from pellucid.rights.plan import Part

OPEN = ("open", "in_progress")


@dataclass(frozen=True, slots=True)
class Underway:
    """How an erasure that was asked for goes on: when it begins at the earliest (UTC µs), and whether it has."""

    begins_at: int | None
    begun: bool
    token: str


@dataclass(frozen=True, slots=True)
class ErasureShown:
    """An erasure as whoever has its token sees it: the request's state, and each store once it began."""

    request: str
    state: str
    begins_at: int | None
    erasure: Erasure | None
    parts: Sequence[Told]
    receipt: bytes | None


@dataclass(frozen=True)
class OwnErasureDesk:
    """`workspace.own_erasures`."""

    room: Room
    requests: OwnRequestDesk
    erasures: ErasureDesk
    proofs: ProofDesk
    key: Callable[[], bytes]

    def consequences(self, visitor: Visitor) -> Sequence[Part]:
        """Return what erasing the person would do, store by store; changes nothing."""
        return self._preview(visitor.identity)

    def preview(self, subject: str, *, actor: Actor, namespace: str | None = None) -> Sequence[Part]:
        """Return the same to a program that may ask for it, by a key. Raises NameUnknown, NotPermitted."""
        policy = self.room.demand(actor, "erasure-preview")
        name = namespace_of(policy, namespace)
        with self.room.database.read() as connection:
            found = ids.find(connection, name, subject)
        if found is None:
            raise NameUnknown("subject", subject, remedy="Check the key; who was erased already is unknown too.")
        return self._preview((name, found))

    def waiting(self, visitor: Visitor) -> OwnRequest | None:
        """Return the erasure that the person asked for here already and that is not closed, if there is one.

        One that somebody else filed in their name, whom they may not know, takes the place of none of their own.
        """
        found = [each for each in self.requests.all(visitor) if each.status.right == "erasure" and each.here]
        return next((each for each in found if each.status.state in OPEN), None)

    def ask(self, visitor: Visitor) -> OwnRequest:
        """File the erasure of somebody who has just shown anew who they are. Raises NotPermitted (`proof-missing`)."""
        if self.proofs.stands(visitor).contacts == 0:
            raise NotPermitted(
                "Before your data are erased we make sure anew that it is you.",
                remedy="Have a code sent on the page about erasing, give it, and confirm then.",
                code="proof-stale",
            )
        return self.waiting(visitor) or self.requests.file(visitor, "erasure")

    def underway(self, visitor: Visitor, request: str) -> Underway:
        """Return how one of the person's erasures goes on; raises NameUnknown, for another's as for none."""
        self.requests.one(visitor, request)
        with self.room.database.read() as connection:
            first = stored.load(connection, request).canonical or request
            return Underway(waits_until(connection, first), is_begun(connection, first), self._token(request))

    def shown(self, token: str) -> ErasureShown:
        """Return how an erasure stands to whoever has its token; raises NameUnknown for every other text."""
        from pellucid.rights.erasures import of_request, parts_of, receipt_of  # noqa: PLC0415  -- rarely asked for

        id = token.partition(".")[0]
        right = hmac.compare_digest(token.encode(), self._token(id).encode())
        with self.room.database.read() as connection:
            found = stored.load(connection, id) if right else None
            if found is None or found.subject is None:
                raise NameUnknown("erasure", id[:20], remedy="Open the address that the page of the request told.")
            first = found.canonical or found.id
            erasure = of_request(connection, first, (found.namespace, found.subject))
            return ErasureShown(
                request=id,
                state=found.state.value,
                begins_at=waits_until(connection, first),
                erasure=erasure,
                parts=() if erasure is None else parts_of(connection, erasure.id),
                receipt=None if erasure is None else receipt_of(connection, erasure.id),
            )

    def _preview(self, identity: tuple[str, int]) -> Sequence[Part]:
        from pellucid.rights.erase import preview  # noqa: PLC0415  -- slow, and no question needs it

        return preview(self.erasures.means(self.room.policy()), [identity], self.room.clock())

    def _token(self, request: str) -> str:
        made = digest(self.key(), "erasure", request)
        return f"{request}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"
