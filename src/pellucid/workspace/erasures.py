"""The erasure desk of a workspace: erasing people, plans of it, receipts and legal holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.audit.places import KEYS
from pellucid.backups.keeper import kept_journal
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.governance.former import with_former
from pellucid.holdings.schema_hash import schema_hash
from pellucid.policy.model import Actor, Policy
from pellucid.rights import stored
from pellucid.rights.request import Right
from pellucid.rights.self_served import demand_over
from pellucid.subjects import ids
from pellucid.subjects.keys import load_or_create_key
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import PSEUDONYM_KEY, TOMBSTONE_KEY, Room

if TYPE_CHECKING:
    from pellucid.rights.erasures import Erasure, Told
    from pellucid.rights.holds import Hold
    from pellucid.rights.means import Means, Tell
    from pellucid.rights.plan import Part
    from pellucid.rights.request import Request

Named = tuple[str, str]
"""Namespace (empty: the only one) and natural key."""


@dataclass(frozen=True, slots=True)
class ErasureDesk:
    """`workspace.erasures`; people are given as (namespace, key). `tell` hands word over to recipients, if set."""

    room: Room
    tell: Tell | None = None

    def with_tell(self, tell: Tell) -> ErasureDesk:
        """Return a desk that tells recipients in this way."""
        return replace(self, tell=tell)

    def plan(self, people: Sequence[Named], *, actor: Actor) -> Sequence[Part]:
        """Return what erasing these people would do; changes nothing but the log, which tells that it was asked."""
        policy = self.room.demand(actor, "erase")
        return self._plan(policy, [self._identity(policy, each) for each in people], actor)

    def plan_of(self, request: str, *, actor: Actor) -> Sequence[Part]:
        """Return what carrying out a request for erasure would do, of which nobody has to be named; else as `plan`."""
        policy = self.room.demand(actor, "erase")
        with self.room.database.read() as connection:
            found = stored.load(connection, request)
        if found.right is not Right.ERASURE or found.subject is None or found.closed:
            raise InputInvalid(
                f"The request {found.id} has no plan.",
                remedy="Open requests for erasure of somebody who is known have one.",
                code="request-state",
            )
        return self._plan(policy, [(found.namespace, found.subject)], actor)

    def _plan(self, policy: Policy, wanted: Sequence[tuple[str, int]], actor: Actor) -> Sequence[Part]:
        from pellucid.rights.erase import preview  # noqa: PLC0415  -- slow, and no question needs it

        now = self.room.clock()
        with self.room.database.write() as connection:
            for each in wanted:
                subject = self.room.subject_keys.pseudonym(connection, *each)
                append(connection, AuditEntry("erasure.planned", actor, now, subject=subject))
        return preview(self.means(policy), wanted, now)

    def run(self, people: Sequence[Named], *, actor: Actor) -> Erasure:
        """Erase people, in one batch, and return where that stands."""
        from pellucid.rights.erase import begin, carry_on  # noqa: PLC0415  -- slow, and no question needs it

        policy = self.room.demand(actor, "erase")
        means = self.means(policy)
        wanted = [(self._identity(policy, each), None) for each in people]
        return carry_on(means, begin(means, wanted, actor), actor)

    def carry_out(self, requests: Sequence[Request], *, actor: Actor) -> Erasure:
        """Erase the people of approved requests in one batch; raises InputInvalid for one that is not ready."""
        from pellucid.rights.erase import begin, carry_on  # noqa: PLC0415  -- slow, and no question needs it

        means = self.means(self.room.demand(actor, "erase"))
        self._demand_over(requests)
        return carry_on(means, begin(means, [_ready(each) for each in requests], actor), actor)

    def fulfil(self, request: Request, actor: Actor, now: int) -> Mapping[str, object]:
        """Carry an approved request out; return what to note of it, which holds no personal data."""
        del now  # an erasure takes time of its own
        return _noted(self._done_for(request) or self.carry_out([request], actor=actor))

    def fulfil_approved(self, request: Request, actor: Actor, now: int) -> Mapping[str, object]:
        """Do as `fulfil`, for the worker: somebody who may approved it."""
        from pellucid.rights.erase import begin, carry_on  # noqa: PLC0415  -- slow, and no question needs it

        del now  # an erasure takes time of its own
        done = self._done_for(request)
        if done is None:
            means = self.means(self.room.policy())
            self._demand_over([request])
            done = carry_on(means, begin(means, [_ready(request)], actor), actor)
        return _noted(done)

    def carry_on(self, *, actor: Actor) -> Sequence[Erasure]:
        """Do what is left of every erasure that was begun, and erase what holds kept meanwhile."""
        self.room.demand(actor, "erase")
        return self.resume(actor)

    def resume(self, actor: Actor) -> Sequence[Erasure]:
        """Do as `carry_on`, for the worker: somebody who may erase began it."""
        from pellucid.rights.erase import carry_on_all  # noqa: PLC0415  -- slow, and no question needs it
        from pellucid.rights.sweep import sweep  # noqa: PLC0415  -- slow, and no question needs it

        means = self.means(self.room.policy())
        done = carry_on_all(means, actor)
        sweep(means.place, means.policy, actor=actor, now=self.room.clock())
        return done

    def list(self, *, actor: Actor) -> Sequence[Erasure]:
        """Return all erasures, the oldest first."""
        from pellucid.rights.erasures import listed  # noqa: PLC0415  -- slow, and no question needs it

        return self.room.demand_and_look(actor, "erase", lambda connection, _policy: listed(connection))[1]

    def show(self, erasure: str, *, actor: Actor) -> tuple[Erasure, Sequence[Told]]:
        """Return an erasure and what became of each part; raises NameUnknown."""
        from pellucid.rights.erasures import get, parts_of  # noqa: PLC0415  -- slow, and no question needs it

        def look(connection: Connection, _policy: Policy) -> tuple[Erasure, Sequence[Told]]:
            return get(connection, erasure), parts_of(connection, erasure)

        return self.room.demand_and_look(actor, "erase", look)[1]

    def receipt(self, erasure: str, *, actor: Actor) -> bytes:
        """Return the signed receipt of an erasure; raises NameUnknown until it is done."""
        from pellucid.rights.erasures import receipt_of  # noqa: PLC0415  -- slow, and no question needs it

        found = self.room.demand_and_look(actor, "erase", lambda c, _policy: receipt_of(c, erasure))[1]
        if found is None:
            raise NameUnknown("receipt of the erasure", erasure, remedy="It is not done: pellucid erase run.")
        return found

    def let_return(self, person: Named, *, actor: Actor) -> bool:
        """Note that somebody who was erased came back, so that rows without a date may come in; return whether so."""
        from pellucid.subjects.tombstones import come_back  # noqa: PLC0415  -- no question needs it

        policy, now = self.room.demand(actor, "erase"), self.room.clock()
        self.room.tombstone_key()
        namespace = namespace_of(policy, person[0] or None)
        with self.room.database.write() as connection:
            done = come_back(connection, self._tombstone_key(), namespace, [person[1]], now)
            append(connection, AuditEntry("subject.returned", actor, now, body={"namespace": namespace, "known": done}))
        return bool(done)

    # -- holds ---------------------------------------------------------------------------------------------------------

    def hold(
        self,
        *,
        person: Named | None,
        dataset: str | None,
        reason: str,
        actor: Actor,
        basis: str = "legal_claims",
        until: int | None = None,
    ) -> Hold:
        """Place a legal hold on a person, a dataset, or a person's rows of it."""
        from pellucid.rights.holds import place_hold  # noqa: PLC0415  -- slow, and no question needs it

        policy, now = self.room.demand(actor, "hold"), self.room.clock()
        if dataset is not None and dataset not in policy.datasets:
            raise NameUnknown("dataset", dataset, tuple(policy.datasets))
        identity = None if person is None else self._identity(policy, person)
        with self.room.database.write() as connection:
            return place_hold(
                connection,
                self.room.subject_keys,
                identity=identity,
                dataset=dataset,
                reason=reason,
                basis=basis,
                until=until,
                actor=actor,
                now=now,
            )

    def release(self, hold: str, *, actor: Actor) -> None:
        """Release a hold; what it kept of people who were erased goes with the next run."""
        from pellucid.rights.holds import release_hold  # noqa: PLC0415  -- slow, and no question needs it

        self.room.demand(actor, "hold")
        with self.room.database.write() as connection:
            release_hold(connection, hold, actor, self.room.clock())

    def holds(self, *, actor: Actor) -> Sequence[Hold]:
        """Return the holds that stand."""
        from pellucid.rights.holds import holds  # noqa: PLC0415  -- slow, and no question needs it

        now = self.room.clock()
        return self.room.demand_and_look(actor, "hold", lambda connection, _policy: holds(connection, now))[1]

    # ------------------------------------------------------------------------------------------------------------------

    def _done_for(self, request: Request) -> Erasure | None:
        """Return the erasure of a request that is done: whoever closes the request may have died before."""
        from pellucid.rights.erasures import done_for  # noqa: PLC0415  -- slow, and no question needs it

        identity, _request = _ready(request)
        with self.room.database.read() as connection:
            return done_for(connection, request.id, identity)

    def _demand_over(self, requests: Sequence[Request]) -> None:
        with self.room.database.read() as connection:
            for each in requests:
                demand_over(connection, each, self.room.clock())

    def _identity(self, policy: Policy, named: Named) -> tuple[str, int]:
        namespace = namespace_of(policy, named[0] or None)
        with self.room.database.read() as connection:
            found = ids.find(connection, namespace, named[1])
        if found is None:
            raise NameUnknown("subject", named[1], remedy="Check the key; who was erased already is unknown too.")
        return namespace, found

    def _tombstone_key(self) -> bytes:
        return load_or_create_key(self.room.folder / KEYS / TOMBSTONE_KEY)

    def means(self, policy: Policy) -> Means:
        """Return the parts that erasing and retention work with."""
        from pellucid.holdings.place import ImportPlace  # noqa: PLC0415  -- slow, and no question needs it
        from pellucid.rights.means import Means, nobody_tells  # noqa: PLC0415  -- slow, and no question needs it

        room, settings = self.room, self.room.settings
        room.tombstone_key()  # demanded here, for it is first needed within a transaction
        secret = load_or_create_key(room.folder / KEYS / PSEUDONYM_KEY)
        with room.database.read() as connection:
            journal, policy = kept_journal(connection), with_former(connection, policy, schema_hash)
        return Means(
            ImportPlace(room.database, room.folder, settings.memory_limit, settings.threads, secret),
            policy,
            room.subject_keys,
            room.log_key,
            self._tombstone_key,
            room.clock,
            tell=self.tell or nobody_tells,
            journal=journal,
        )


def _noted(done: Erasure) -> Mapping[str, object]:
    return {"erasure": done.id, "state": done.state, "step": done.step}


def _ready(request: Request) -> tuple[tuple[str, int], str]:
    if not request.ready or request.subject is None:
        raise InputInvalid(
            f"The request {request.id} may not be carried out yet: it is {request.state.value}.",
            remedy=f"See what it lacks: pellucid requests show {request.id}.",
            code="request-state",
        )
    return (request.namespace, request.subject), request.id
