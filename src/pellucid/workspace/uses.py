"""The use desk of a workspace: how a person's data were used, for staff who answer them and for the person themself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent import show
from pellucid.errors import NameUnknown
from pellucid.governance.activate import active_policy
from pellucid.policy.model import Actor, Policy
from pellucid.rights.uses import UsesTold
from pellucid.subjects import ids
from pellucid.subjects.links import Identity, certain_identities
from pellucid.transparency.receivers import Receivers, receivers
from pellucid.transparency.told_uses import LIMIT, UsesPage, page
from pellucid.transparency.use_index import UseIndex, catch_up
from pellucid.transparency.use_rows import COLUMNS, LOOKUP_COLUMNS, UseRows
from pellucid.transparency.uses import Uses
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room

ACTION = "subject-uses"
SHOWN, RECEIVERS_SHOWN = "subject.uses-shown", "subject.recipients-shown"
CUSTOMER = "customer"


@dataclass(frozen=True)
class UseDesk:
    """`workspace.uses`."""

    room: Room

    def of(
        self,
        subject: str,
        *,
        actor: Actor,
        namespace: str | None = None,
        since: int = 0,
        cursor: str | None = None,
        limit: int = LIMIT,
        purpose: str | None = None,
    ) -> UsesPage:
        """Return a page of how a person's data were used, of all purposes or one; asking is logged.

        `since` is in UTC µs, `cursor` the `next` of the page before. Raises NotPermitted, NameUnknown, InputInvalid.
        """
        self.room.demand(actor, ACTION)
        return self._page(self._named(subject, namespace), actor, since, cursor, limit, purpose)

    def own(
        self,
        person: Identity,
        *,
        actor: Actor,
        since: int = 0,
        cursor: str | None = None,
        limit: int = LIMIT,
        purpose: str | None = None,
    ) -> UsesPage:
        """Return the same to the person themself, who is signed in as `person`; asking is logged.

        Whose session it is, is the caller's to know. Raises NotPermitted for any other kind of actor, NameUnknown for
        who was erased, InputInvalid.
        """
        self._demand_self(actor)
        return self._page(person, actor, since, cursor, limit, purpose)

    def receivers_of(self, subject: str, *, actor: Actor, namespace: str | None = None) -> Receivers:
        """Return who receives something of a person's data; asking is logged. Raises NotPermitted, NameUnknown."""
        self.room.demand(actor, ACTION)
        return self._receivers(self._named(subject, namespace), actor)

    def own_receivers(self, person: Identity, *, actor: Actor) -> Receivers:
        """Return the same to the person themself, as `own` does."""
        self._demand_self(actor)
        return self._receivers(person, actor)

    def _named(self, subject: str, namespace: str | None) -> Identity:
        name = namespace_of(self.room.policy(), namespace)
        with self.room.database.read() as connection:
            found = ids.find(connection, name, subject)
        if found is None:
            raise NameUnknown("subject", subject, remedy="Check the key, or import the person's data first.")
        return name, found

    def _demand_self(self, actor: Actor) -> None:
        if actor.kind != CUSTOMER:
            self.room.demand(actor, ACTION)

    def _page(
        self, person: Identity, actor: Actor, since: int, cursor: str | None, limit: int, purpose: str | None
    ) -> UsesPage:
        pseudonyms = self._looked_at(person, actor, SHOWN, purpose)
        with self.room.database.read() as connection:
            policy = _in_force(connection)
            return page(Uses(UseIndex.at(connection), policy, pseudonyms, since, purpose=purpose), cursor, limit)

    def _receivers(self, person: Identity, actor: Actor) -> Receivers:
        pseudonyms, now = self._looked_at(person, actor, RECEIVERS_SHOWN), self.room.clock()
        with self.room.database.read() as connection:
            policy = _in_force(connection)
            used = {each: show.state(connection, policy, *person, each, now).permitted for each in policy.purposes}
            return receivers(Uses(UseIndex.at(connection), policy, pseudonyms), used)

    def _looked_at(
        self, person: Identity, actor: Actor, action: str, purpose: str | None = None
    ) -> Mapping[Identity, str]:
        """Log that somebody looks, with the index of uses as far as the log; return whose pseudonyms are theirs."""
        declared = self.room.policy().purposes
        if purpose is not None and purpose not in declared:
            raise NameUnknown("purpose", purpose, tuple(declared))
        catch_up(self.room.database)
        with self.room.database.write() as connection:
            pseudonyms = pseudonyms_of(self.room, connection, person)
            append(connection, AuditEntry(action, actor, self.room.clock(), subject=pseudonyms[person]))
        return pseudonyms


def pseudonyms_of(room: Room, connection: Connection, person: Identity) -> dict[Identity, str]:
    """Return the pseudonyms of all identities that are certainly this person's and not erased; raises NameUnknown."""
    if ids.natural_key(connection, *person) is None:
        raise NameUnknown("person", "", remedy="Nobody is known by it, or they were erased.")
    found = certain_identities(connection, person)
    held = (each for each in found if ids.natural_key(connection, *each) is not None)
    return {each: room.subject_keys.pseudonym(connection, *each) for each in held}


def uses_told(connection: Connection, policy: Policy, pseudonyms: Mapping[Identity, str]) -> UsesTold:
    """Return what a package tells of how somebody's data were used; see `rights.uses`."""
    rows = UseRows(Uses(UseIndex.at(connection), policy, pseudonyms))
    return UsesTold(
        columns=COLUMNS,
        answers=rows.answers(),
        lookup_columns=LOOKUP_COLUMNS,
        lookups=rows.lookups(),
        totals=rows.totals,
        left_out=lambda: rows.uses.left_out,
    )


def _in_force(connection: Connection) -> Policy:
    policy = active_policy(connection)
    assert policy is not None  # noqa: S101  -- once there is one, there always is
    return policy
