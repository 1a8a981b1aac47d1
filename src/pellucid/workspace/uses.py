"""The use desk of a workspace: how a person's data were used, for staff who answer them and for the person themself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import NameUnknown
from pellucid.governance.activate import active_policy
from pellucid.policy.model import Actor, Policy
from pellucid.rights.uses import UsesTold
from pellucid.subjects import ids
from pellucid.subjects.links import Identity, certain_identities
from pellucid.transparency.told_uses import LIMIT, UsesPage, page
from pellucid.transparency.use_index import UseIndex, catch_up
from pellucid.transparency.use_rows import COLUMNS, LOOKUP_COLUMNS, UseRows
from pellucid.transparency.uses import Uses
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room

SHOWN = "subject.uses-shown"
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
    ) -> UsesPage:
        """Return a page of how a person's data were used, to staff; asking is logged.

        `since` is in UTC µs, `cursor` the `next` of the page before. Raises NotPermitted, NameUnknown, InputInvalid.
        """
        policy = self.room.demand(actor, "subject-uses")
        name = namespace_of(policy, namespace)
        with self.room.database.read() as connection:
            found = ids.find(connection, name, subject)
        if found is None:
            raise NameUnknown("subject", subject, remedy="Check the key, or import the person's data first.")
        return self._page((name, found), actor, since, cursor, limit)

    def own(
        self, person: Identity, *, actor: Actor, since: int = 0, cursor: str | None = None, limit: int = LIMIT
    ) -> UsesPage:
        """Return the same to the person themself, who is signed in as `person`; asking is logged.

        Whose session it is, is the caller's to know. Raises NotPermitted for any other kind of actor, NameUnknown for
        who was erased, InputInvalid.
        """
        if actor.kind != CUSTOMER:
            self.room.demand(actor, "subject-uses")
        return self._page(person, actor, since, cursor, limit)

    def _page(self, person: Identity, actor: Actor, since: int, cursor: str | None, limit: int) -> UsesPage:
        catch_up(self.room.database)
        with self.room.database.write() as connection:
            pseudonyms = pseudonyms_of(self.room, connection, person)
            append(connection, AuditEntry(SHOWN, actor, self.room.clock(), subject=pseudonyms[person]))
        with self.room.database.read() as connection:
            policy = active_policy(connection)
            assert policy is not None  # noqa: S101  -- once there is one, there always is
            return page(Uses(UseIndex.at(connection), policy, pseudonyms, since), cursor, limit)


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
