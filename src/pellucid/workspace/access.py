"""The access desk of a workspace: packages for customers, and what is held of whom."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.audit.places import KEYS
from pellucid.engines.registry import open_person
from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.governance.activate import active_policy
from pellucid.governance.former import with_former
from pellucid.governance.refusals import NOBODY, Refusals
from pellucid.holdings.publish import DATA_FOLDER
from pellucid.holdings.schema_hash import schema_hash
from pellucid.policy.model import Actor, Policy
from pellucid.rights import access, challenges, packages
from pellucid.rights.contacts import Contact, contacts
from pellucid.rights.draft import clear
from pellucid.rights.fulfilment import Fulfiller
from pellucid.rights.request import Request, Right
from pellucid.rights.seal import unpack
from pellucid.rights.stored import load
from pellucid.subjects import ids
from pellucid.subjects.keys import load_or_create_key
from pellucid.subjects.links import certain_identities
from pellucid.transparency.use_index import catch_up
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room
from pellucid.workspace.uses import uses_told

PACKAGES_KEY = "packages.key"


@dataclass(frozen=True)
class AccessDesk:
    """`workspace.access`."""

    room: Room

    def fulfillers(self) -> dict[Right, Fulfiller]:
        """Return what carries out requests for a copy of what is held."""
        return {Right.ACCESS: self.fulfil, Right.PORTABILITY: self.fulfil}

    def fulfil(self, request: Request, actor: Actor, now: int) -> Mapping[str, object]:
        """Make the package of a request for access or portability; safe to repeat. See `rights.access`."""
        return access.fulfil(self.parts, request, actor, now)

    def package(self, request: str, folder: Path, *, actor: Actor) -> Mapping[str, object]:
        """Make the package of a request, if it is not there yet, and unpack it into a new folder (0700) of the staff's.

        Raises NotPermitted, NameUnknown, InputInvalid; nothing is then handed over.
        """
        self.room.demand(actor, "subject-access")
        if folder.exists() or folder.is_symlink() or not folder.parent.is_dir():
            raise InputInvalid(
                "The package needs a new folder.", remedy="Name one that is not there yet.", code="folder-taken"
            )
        now = self.room.clock()
        with self.room.database.read() as connection:
            asked = load(connection, request)
            made = packages.package_of(connection, request)
        if made is None or asked.subject is None or not self._archive(made).is_file() or not made.waits(now):
            self.fulfil(asked, actor, now)
        with self.room.database.write() as connection:
            made = packages.package_of(connection, request)
            if made is None or not made.waits(now) or packages.is_refused(connection, request):
                raise packages.link_refused()
            try:
                unpack(self._archive(made), folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            packages.note_fetched(connection, made, actor, self._pseudonym(connection, asked), now)
        clear(self._archive(made).parent, keep=packages.ARCHIVE)  # what whoever made it died before removing
        return access.told(made)

    def link(self, package: str) -> packages.PackageLink:
        """Return a new link that opens a package, for a message to the person; an earlier one opens it no more."""
        now = self.room.clock()
        with self.room.database.write() as connection:
            made = packages.issue_link(connection, self._key, package, now)
            body = {"package": package, "expires_at": made.expires_at}
            append(connection, AuditEntry("access.link-made", packages.WORKER, now, body=body))
        return made

    def fetch(self, package: str, secret: str) -> Path:
        """Return the archive that a link opens; it is noted and logged. Raises NotPermitted, always the same."""
        now = self.room.clock()
        try:
            with self.room.database.write() as connection:
                found = packages.opened_by(connection, self._key, package, secret, now)
                asked = load(connection, found.request)
                archive = self._archive(found)
                if asked.subject is None or not archive.is_file():
                    raise packages.link_refused()
                packages.note_fetched(connection, found, packages.WITH_LINK, self._pseudonym(connection, asked), now)
        except NotPermitted as error:
            self.refusals.count(error.code, NOBODY)
            raise
        return archive

    def held(self, subject: str, *, actor: Actor, namespace: str | None = None) -> tuple[str, ...]:
        """Return the datasets in which a person has rows, without reading any; asking is logged."""
        policy = self.room.demand(actor, "subject-access")
        name = namespace_of(policy, namespace)
        with self.room.database.write() as connection:
            found = ids.find(connection, name, subject)
            if found is None:
                raise NameUnknown("subject", subject, remedy="Check the key, or import the person's data first.")
            identities = certain_identities(connection, (name, found))
            held_of = with_former(connection, policy, schema_hash)
            datasets = access.datasets_about(connection, held_of, identities)
            pseudonym = self.room.subject_keys.pseudonym(connection, name, found)
            append(connection, AuditEntry("subject.held-shown", actor, self.room.clock(), subject=pseudonym))
        return tuple(each.name for each in datasets)

    def contacts(self, namespace: str, subject: int) -> tuple[Contact, ...]:
        """Return the addresses held of a person, to send a code to; for `rights`, never for people to see."""
        return contacts(self.parts, namespace, [subject], self.room.clock())[subject]

    def addresses(self, namespace: str, subject: int) -> tuple[challenges.Contact, ...]:
        """Return where a code can be sent: the mail addresses held of a person, once for each column."""
        return tuple(
            challenges.Contact(each.kind, each.address, column)
            for each in self.contacts(namespace, subject)
            if each.kind == "email"
            for column in each.columns
        )

    def mail_address(self, namespace: str, subject: int) -> str | None:
        """Return the one mail address that is held of a person; None where there is none, or doubt which."""
        return self.mail_addresses(namespace, [subject]).get(subject)

    def mail_addresses(self, namespace: str, subjects: Sequence[int]) -> dict[int, str]:
        """Return the one mail address held of each of these people, read at once; of whom none is, or two, nothing."""
        found = contacts(self.parts, namespace, subjects, self.room.clock())
        mails = {subject: {each.address for each in held if each.kind == "email"} for subject, held in found.items()}
        return {subject: next(iter(only)) for subject, only in mails.items() if len(only) == 1}

    def remove_expired(self) -> tuple[str, ...]:
        """Remove the packages whose time is over; returns their ids."""
        with self.room.database.write() as connection:
            return packages.remove_expired(connection, self.room.folder, self.room.clock())

    @cached_property
    def refusals(self) -> Refusals:
        """Links that opened nothing, on their way into the log."""
        return Refusals(self.room.database, self.room.clock)

    @cached_property
    def _key(self) -> bytes:
        return load_or_create_key(self.room.folder / KEYS / PACKAGES_KEY)

    @property
    def parts(self) -> access.AccessParts:
        """What making packages, and showing what they hold, needs."""
        return access.AccessParts(
            database=self.room.database,
            folder=self.room.folder,
            keys=self.room.subject_keys,
            signing_key=lambda: self.room.log_key,
            active_policy=_policy_of_held,
            open_person=partial(
                open_person,
                "duckdb",
                temp_directory=self.room.folder / DATA_FOLDER / ".engine",
                spill_limit=self.room.settings.spill_limit,
            ),
            days=self.room.settings.package_days,
            uses=uses_told,
            ready=lambda: catch_up(self.room.database),
        )

    def _archive(self, package: packages.Package) -> Path:
        return self.room.folder / package.path / packages.ARCHIVE

    def _pseudonym(self, connection: Connection, request: Request) -> str:
        assert request.subject is not None  # noqa: S101  -- of a package that waits, somebody asked
        return self.room.subject_keys.pseudonym(connection, request.namespace, request.subject)


def _policy_of_held(connection: Connection) -> Policy | None:
    policy = active_policy(connection)
    return None if policy is None else with_former(connection, policy, schema_hash)
