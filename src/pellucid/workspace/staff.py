"""The staff desk of a workspace: the accounts by which staff sign in to the console, and their sessions there.

Who they are and which roles they have is the policy's: an account of somebody whom it no longer declares lets nobody
in. They make it themselves, by an invitation, so that nobody else sees its secrets. What somebody types who is not
known is in no log: it may be a password in the wrong field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.audit.places import KEYS
from pellucid.errors import NameUnknown, NotPermitted
from pellucid.governance import invitations, sessions, staff_accounts, waits
from pellucid.governance.invitations import Invitation, NewInvitation
from pellucid.governance.passwords import demand_strong, hashed
from pellucid.governance.refusals import Refusals
from pellucid.governance.sessions import CONSOLE, NewSession, Session, digest
from pellucid.governance.staff_accounts import Account, Checked
from pellucid.policy.decide import actions_of, open_purposes
from pellucid.policy.model import Actor, Policy
from pellucid.records.only_reading import is_only_reading
from pellucid.subjects.keys import load_or_create_key
from pellucid.workspace.room import Room
from pellucid.workspace.tokens import TOKENS_KEY

STAFF = "staff"
STRANGER = Actor(STAFF, "unknown", (), "none")
STRENGTH = 2
"""A password and a code."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the staff who is signed in: who acts, with the roles that the policy in force gives them.

    `able` are the actions that these let them do; `asks` says that there is a purpose which they may ask for.
    """

    session: Session
    actor: Actor
    title: str
    able: frozenset[str] = frozenset()
    asks: bool = False


@dataclass(frozen=True)
class StaffDesk:
    """`workspace.staff`."""

    room: Room
    refusals: Callable[[], Refusals]

    def invite(self, name: str, *, actor: Actor, anew: bool = False) -> NewInvitation:
        """Invite a person of the policy to make their account, or (`anew`) another in the place of theirs.

        What is returned is for them, and told once. Raises NameUnknown, InputInvalid and NotPermitted.
        """
        policy, now = self.room.demand(actor, "staff-manage"), self.room.clock()
        if name not in policy.people:
            raise NameUnknown("person", name, tuple(policy.people), remedy="Declare them in the policy first.")
        with self.room.database.write() as connection:
            made = invitations.invite(connection, self._key, name, actor.name, now, anew=anew)
            body = {"person": name, "invitation": made.id, "anew": anew}
            append(connection, AuditEntry("staff.invited", actor, now, body=body))
        return made

    def invited(self, secret: str, *, cookie: str) -> Invitation:
        """Return the invitation of a link as a browser may see it, which changes nothing.

        Raises NotPermitted (`invitation-refused`), in the same words for one made up, over, taken elsewhere or ended.
        """
        with self._refusals_counted(), self.room.database.read() as connection:
            return self._found(connection, secret, cookie)

    def accept(self, secret: str, password: str, *, cookie: str) -> None:
        """Take an invitation in a browser, with a password; then that browser alone is shown what goes with it.

        Raises NotPermitted as `invited` does, and InputInvalid (`password-weak`). Again, it makes all anew.
        """
        found = self.invited(secret, cookie=cookie)
        demand_strong(password, found.person)
        kept, now = hashed(password), self.room.clock()
        enrolled = staff_accounts.new_secrets(found.person, f"pellucid {self.room.policy().controller.name}")
        with self._refusals_counted(), self.room.database.write() as connection:
            found = self._found(connection, secret, cookie)
            invitations.take(connection, self.room.subject_keys.seal, found, self._browser(cookie), kept, enrolled)
            body = {"person": found.person, "invitation": found.id}
            actor = _invitee(self.room.policy_of(connection), found)
            append(connection, AuditEntry("staff.invitation-taken", actor, now, body=body))

    def confirm(self, secret: str, code: str, *, cookie: str) -> NewSession:
        """Make the account of an invitation that this browser took, by a code of its authenticator, and let them in.

        Raises NotPermitted as `invited` does, and `invitation-code` for a wrong code.
        """
        now = self.room.clock()
        with self._refusals_counted(), self.room.database.write() as connection:
            found, seal = self._found(connection, secret, cookie), self.room.subject_keys.seal
            if not invitations.redeem(connection, self._key, seal, found, code, now):
                raise NotPermitted(
                    "This is not the code that your authenticator shows now.",
                    remedy="Check what it took in, and the clock of its device; then give the newest code.",
                    code="invitation-code",
                )
            body = {"person": found.person, "invitation": found.id, "invited_by": found.made_by}
            policy = self.room.policy_of(connection)
            append(connection, AuditEntry("staff.account-made", _invitee(policy, found), now, body=body))
            return let_in(connection, self._key, policy, found.person, "account", now)

    def remove(self, name: str, *, actor: Actor) -> None:
        """Remove an account or an invitation and end their sessions, at once; of who has none, those by a provider.

        Whom the provider and the policy know still may sign in anew. Raises NameUnknown, NotPermitted.
        """
        self.room.demand(actor, "staff-manage")
        now = self.room.clock()
        with self.room.database.write() as connection:
            ended = sessions.end_all(connection, CONSOLE, {"person": name}, now)
            there = staff_accounts.delete_account(connection, name, now)
            if invitations.end(connection, now, name) == 0 and not there and not ended:
                raise NameUnknown("account of the staff", name)
            append(connection, AuditEntry("staff.account-removed", actor, now, body={"person": name}))

    def list(self, *, actor: Actor) -> tuple[Account, ...]:
        """Return the accounts there are."""
        self.room.demand(actor, "staff-manage")
        with self.room.database.read() as connection:
            return staff_accounts.accounts(connection)

    def invitations(self, *, actor: Actor) -> tuple[Invitation, ...]:
        """Return the invitations that hold."""
        self.room.demand(actor, "staff-manage")
        with self.room.database.read() as connection:
            return invitations.held(connection, self.room.clock())

    def sign_in(self, name: str, password: str, code: str, *, address: str) -> NewSession:
        """Begin the session of who shows password and code.

        Raises NotPermitted: `sign-in-wait` while somebody at this address has to wait for this account, else
        `sign-in-wrong`, in the same words and after the same work whatever is wrong. That is also told while wrong
        codes with the right password, from wherever, have the account wait: so nobody learns that they have it.
        """
        policy, now = self.room.policy(), self.room.clock()
        counted = digest(self._key, "wait", address, name)
        with self.room.database.read() as connection:
            left = waits.wait(connection, counted, now)
            row = staff_accounts.read_account(connection, name)
        if left:
            raise must_wait(left)
        checked = staff_accounts.check(row, self._key, self.room.subject_keys.open, name, password, code, now)
        if name not in policy.people:
            checked = Checked(False)
        with self.room.database.write() as connection:
            left = waits.wait(connection, counted, now)  # once more: who guesses many at once began before all answers
            held = waits.wait(connection, self._codes_of(name), now) > 0
            if not left and not held and staff_accounts.take(connection, checked):
                waits.passed(connection, counted)
                waits.passed(connection, self._codes_of(name))
                return let_in(connection, self._key, policy, name, "account", now)
            if not left:
                waits.failed(connection, counted, now)
                waits.failed(connection, self._codes_of(name if checked.guessed and not held else ""), now)
        if left:
            raise must_wait(left)
        self.refusals().count("sign-in-wrong", STRANGER if row is None else Actor(STAFF, name, (), "none"))
        raise NotPermitted(
            "Name, password and code do not fit together.",
            remedy="Check each; a code holds for a minute and only once.",
            code="sign-in-wrong",
        )

    def member(self, secret: str) -> Member | None:
        """Return who a cookie says is there; None for nobody, and for somebody whom the policy no longer declares."""
        now = self.room.clock()
        with self.room.database.read() as connection:
            found = sessions.find(connection, CONSOLE, self._key, secret, now)
            stale = found is not None and sessions.is_stale(found, now)
        policy = self.room.policy()
        person = None if found is None else policy.people.get(found.who["person"])
        if found is None or person is None:
            return None
        if stale and not is_only_reading():
            with self.room.database.write() as connection:
                sessions.note_seen(connection, CONSOLE, found, now)
        actor = _actor(policy, found)
        return Member(found, actor, person.title, actions_of(policy, actor), asks=bool(open_purposes(policy, actor)))

    def demand(self, member: Member, *actions: str) -> None:
        """Raise NotPermitted, and log it, unless the policy in force lets them do one of the actions."""
        if member.able.isdisjoint(actions):
            self.room.demand(member.actor, actions[0])

    def leave(self, member: Member) -> None:
        """End a session, on the server too."""
        now = self.room.clock()
        with self.room.database.write() as connection:
            if sessions.end(connection, CONSOLE, member.session, now):
                append(connection, AuditEntry("sign-in.ended", member.actor, now))

    def _found(self, connection: Connection, secret: str, cookie: str) -> Invitation:
        opened, browser = self.room.subject_keys.open, self._browser(cookie)
        found = invitations.find(connection, self._key, opened, secret, browser, self.room.clock())
        if found.person not in self.room.policy_of(connection).people:
            raise invitations.refused()
        return found

    @contextmanager
    def _refusals_counted(self) -> Iterator[None]:
        """Count for the log what lets nobody go on."""
        try:
            yield
        except NotPermitted as error:
            self.refusals().count(error.code, STRANGER)
            raise

    def _codes_of(self, name: str) -> bytes:
        """Return by what wrong codes are counted of who had the password (empty: of all others, for the same work).

        Over all addresses: somebody easily has many of those, and there are but a million codes. Who does not know the
        password keeps nobody out by it.
        """
        return digest(self._key, "wait for codes", name)

    def _browser(self, cookie: str) -> bytes:
        return digest(self._key, "browser", cookie)

    @cached_property
    def _key(self) -> bytes:
        return load_or_create_key(self.room.folder / KEYS / TOKENS_KEY)


def let_in(connection: Connection, key: bytes, policy: Policy, name: str, how: str, now: int) -> NewSession:
    """Begin a session of a person of the policy and log it; the transaction's last call."""
    made = sessions.begin(connection, CONSOLE, key, {"person": name}, how, STRENGTH, now)
    body = {"how": how, "session": made.session.id, "door": CONSOLE.name}
    append(connection, AuditEntry("sign-in.done", _actor(policy, made.session), now, body=body))
    return made


def _actor(policy: Policy, session: Session) -> Actor:
    name = session.who["person"]
    return Actor(STAFF, name, policy.people[name].roles, f"session:{session.id}")


def _invitee(policy: Policy, found: Invitation) -> Actor:
    return Actor(STAFF, found.person, policy.people[found.person].roles, f"invitation:{found.id}")


def must_wait(left: int) -> NotPermitted:
    """Return the refusal of who has to wait for so many microseconds."""
    minutes = -(-left // sessions.MINUTE)
    return NotPermitted(
        "There were too many wrong answers from here.",
        remedy=f"Try again in {minutes} minute{'s' if minutes != 1 else ''}.",
        code="sign-in-wait",
    )
