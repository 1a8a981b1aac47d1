"""The door of customers: signing in to the privacy centre, being known there, and leaving.

Whoever asks for a code is answered the same, whether or not somebody is known by what they typed. Sign-ins are logged,
the person by pseudonym; wrong answers are counted for the log, so that nobody can flood it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_network
from typing import Literal

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.audit.places import KEYS
from pellucid.consent.facts import facts_of
from pellucid.errors import NameUnknown, NotPermitted
from pellucid.governance import delegations, invitations, sessions, waits
from pellucid.governance.activate import active_policy
from pellucid.governance.delegations import Delegation
from pellucid.governance.refusals import Refusals
from pellucid.governance.sessions import CENTRE, Door, NewSession, Session, digest
from pellucid.policy.model import Actor, Policy
from pellucid.records.only_reading import is_only_reading
from pellucid.rights import handover, sign_in
from pellucid.rights.filing import NOTED
from pellucid.rights.sign_in import Browser
from pellucid.subjects import ids
from pellucid.subjects.keys import load_or_create_key
from pellucid.subjects.links import Identity, certain_identities
from pellucid.workspace.names import namespace_of
from pellucid.workspace.room import Room
from pellucid.workspace.tasks import challenge_key
from pellucid.workspace.tokens import TOKENS_KEY

CUSTOMER = "customer"
_NETS = {4: 24, 6: 48}
OF_AGE = 18
"""Years at which a guardian's delegation ends, where it is certain that the person has reached them."""
STRANGER = Actor(CUSTOMER, "unknown", (), "none")
"""Who has not shown who they are."""


@dataclass(frozen=True, slots=True)
class Acting:
    """For whom somebody who is signed in acts, by which delegation, and as what: `guardian` or `agent`."""

    delegation: str
    identity: Identity
    kind: str
    title: str = field(repr=False)
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in to the privacy centre: whose data they see and steer, and nobody else's.

    These are their own, or, while they act for somebody, that person's only.
    """

    session: Session
    acting: Acting | None = None

    @property
    def own(self) -> Identity:
        """The identity that they showed."""
        return self.session.who["namespace"], self.session.who["subject"]

    @property
    def identity(self) -> Identity:
        """Whose data they see and steer now."""
        return self.own if self.acting is None else self.acting.identity

    @property
    def by(self) -> str:
        """Who speaks for the person, as records tell it."""
        return "self" if self.acting is None else self.acting.kind

    @property
    def proof(self) -> str:
        """Where the proof lies that they may speak for somebody else."""
        return "" if self.acting is None else NOTED + self.acting.delegation

    @property
    def actor(self) -> Actor:
        """Who acts, as the log tells it: the very person whom an entry is about or who speaks for them; the session."""
        return Actor(CUSTOMER, self.by, (), f"session:{self.session.id}")


@dataclass(frozen=True)
class DoorDesk:
    """`workspace.doors`. `cookie` is what the browser shows, `address` where it asks from.

    An app comes by a door of its own (`sessions.APP`), and shows what it was told when it asked in place of a cookie.
    """

    room: Room

    def namespaces(self) -> tuple[str, ...]:
        """Return as what customers can sign in: the names of the namespaces that data are about."""
        policy = self.room.policy()
        about = {path.namespace for dataset in policy.datasets.values() for path in dataset.subjects}
        return tuple(name for name in policy.namespaces if name in about)

    def ask(self, typed: str, *, cookie: str, address: str, namespace: str | None = None, door: Door = CENTRE) -> None:
        """Have a code sent to whoever is known by what was typed, if a contact of theirs is held.

        How many are sent is the worker's to see (`rights.challenge_limits`): nobody is refused for what others asked.
        Raises NameUnknown for a namespace that is not there.
        """
        policy, now = self.room.policy(), self.room.clock()
        name = namespace_of(policy, namespace)
        browser = Browser(
            self._browser(cookie, door),
            came_from(self.key, address, name, typed),
            digest(self.key, "network", _net_of(address)),
        )
        self.asked.count("code", STRANGER)
        with self.room.database.write() as connection:
            sign_in.ask(connection, self._challenges, name, typed, browser, now)

    def waits(self, *, cookie: str) -> bool:
        """Return whether this browser asked for a code and may give it."""
        with self.room.database.read() as connection:
            return sign_in.waits(connection, self._browser(cookie, CENTRE), self.room.clock())

    def answer(
        self, given: str, *, cookie: str, how: Literal["code", "link"] = "code", door: Door = CENTRE
    ) -> NewSession:
        """Begin the session of whoever gives the code that they were sent, or what stood in the link beside it.

        Both hold in the browser only that asked: see `docs/decisions/0017-pages.md`. Raises NotPermitted (`code-wrong`,
        `link-wrong`), in the same words whatever is wrong.
        """
        now, browser = self.room.clock(), self._browser(cookie, door)
        with self.room.database.write() as connection:
            found = sign_in.who_showed(connection, self._challenges, browser, given, now)
            if found is not None:
                return let_in(self.room, self.key, connection, found[0], how, found[1], now, door)
        self.refusals.count(f"{how}-wrong", STRANGER)
        raise sign_in.link_wrong() if how == "link" else sign_in.code_wrong()

    def hand_over(self, token: str, *, address: str, door: Door = CENTRE) -> NewSession:
        """Begin the session of whom the company's own site says is there, by a signed token that is taken once.

        Raises NotPermitted (`handover-refused`), in the same words whatever is wrong with it.
        """
        settings, now, policy = self.room.settings, self.room.clock(), self.room.policy()
        told = None
        if settings.handover_key:
            told = handover.read(token, handover.load_key(settings.handover_key), settings.handover_audience, now)
        if told is not None:
            name = namespace_of(policy, told.namespace)
            place = came_from(self.key, address, name, told.subject)
            with self.room.database.write() as connection:
                fresh = handover.take_once(connection, digest(self.key, "handover", told.id), told.expires_at)
                subject = ids.find(connection, name, told.subject)
                if fresh and subject is not None:
                    return let_in(self.room, self.key, connection, (name, subject), "handover", place, now, door)
        self.refusals.count("handover-refused", STRANGER)
        raise NotPermitted(
            "We could not take over who you are from the page that you came from.",
            remedy="Go back and try again, or sign in here.",
            code="handover-refused",
        )

    def visitor(self, secret: str, door: Door = CENTRE) -> Visitor | None:
        """Return who a secret says is there, at its own door only; None for nobody. A session that is used goes on.

        One that acts for somebody lasts no longer than they may: what was meant for one is never done to another.
        """
        now = self.room.clock()
        with self.room.database.read() as connection:
            found = sessions.find(connection, door, self.key, secret, now)
            if found is None:
                return None
            stale, by = sessions.is_stale(found, now), found.acting
            visitor = Visitor(found) if by is None else self._acting(connection, found, by, now)
        if stale and visitor is not None and not is_only_reading():
            with self.room.database.write() as connection:
                sessions.note_seen(connection, door, found, now)
        return visitor

    def leave(self, visitor: Visitor) -> None:
        """End a session, on the server too."""
        now = self.room.clock()
        with self.room.database.write() as connection:
            if sessions.end(connection, visitor.session.door, visitor.session, now):
                name = self.room.subject_keys.pseudonym(connection, *visitor.own)
                append(connection, AuditEntry("sign-in.ended", visitor.actor, now, subject=name))

    def leave_everywhere(self, visitor: Visitor) -> None:
        """End every session of who is signed in, this one too, and let no code that was sent let anybody in.

        Their own, by every identifier that is certainly theirs; not those of who acts for them, which delegations end.
        """
        now = self.room.clock()
        with self.room.database.write() as connection:
            for namespace, subject in certain_identities(connection, visitor.own):
                sign_in.end_all(connection, namespace, subject, now)
                ended = sessions.end_all(connection, CENTRE, {"namespace": namespace, "subject": subject}, now)
                if ended:
                    name = self.room.subject_keys.pseudonym(connection, namespace, subject)
                    body = {"sessions": ended, "because": "everywhere"}
                    append(connection, AuditEntry("sign-in.ended", visitor.actor, now, subject=name, body=body))

    def tidy(self) -> None:
        """Forget sessions, sign-ins and wrong answers that are long over."""
        now = self.room.clock()
        with self.room.database.write() as connection:
            sessions.forget(connection, now)
            delegations.forget(connection)
            invitations.forget(connection, now)
            sign_in.forget(connection, now)
            waits.forget(connection, now)
            handover.forget(connection, now)

    def _acting(self, connection: Connection, session: Session, delegation: str, now: int) -> Visitor | None:
        """Return who acts for somebody, if they still may."""
        try:
            found = delegations.get(connection, delegation)
        except NameUnknown:
            return None
        own = (session.who["namespace"], session.who["subject"])
        policy = active_policy(connection)
        if found.actor != own or policy is None or not holds(connection, found, now):
            return None
        called = called_by(connection, policy, found.person)
        return Visitor(session, Acting(found.id, found.person, found.kind, *called))

    def _browser(self, cookie: str, door: Door) -> bytes:
        """Return the keyed hash of what binds a code to who asked for it: a browser's cookie is no app's, or back."""
        return digest(self.key, "browser" if door is CENTRE else f"browser of {door.name}", cookie)

    @cached_property
    def refusals(self) -> Refusals:
        """Wrong answers of customers and staff, on their way into the log."""
        return Refusals(self.room.database, self.room.clock, "sign-in.refused")

    @cached_property
    def asked(self) -> Refusals:
        """Codes that were asked for, on their way into the log: by their number, since anybody can ask for any."""
        return Refusals(self.room.database, self.room.clock, "sign-in.asked", "asked")

    @cached_property
    def key(self) -> bytes:
        """The key of the hashes of what browsers show, and of the tokens of their forms."""
        return load_or_create_key(self.room.folder / KEYS / TOKENS_KEY)

    @cached_property
    def _challenges(self) -> bytes:
        return challenge_key(self.room)


def _net_of(address: str) -> str:
    """Return the net that an address is in, of those that one asker easily has many addresses of."""
    try:
        found = ip_network(address)
    except ValueError:
        return address
    return str(found.supernet(new_prefix=min(found.prefixlen, _NETS[found.version])))


def came_from(key: bytes, address: str, namespace: str, typed: str) -> bytes:
    """Return a keyed hash of where a person asks from: it tells nothing of anybody else's address."""
    return digest(key, "address", address, namespace, typed)


def let_in(
    room: Room,
    key: bytes,
    connection: Connection,
    identity: Identity,
    how: str,
    address: bytes,
    now: int,
    door: Door = CENTRE,
) -> NewSession:
    """Begin a session of a customer and log it, by pseudonym; the transaction's last call."""
    who = {"namespace": identity[0], "subject": identity[1], "address": address}
    made = sessions.begin(connection, door, key, who, how, sign_in.STRENGTH, now)
    name = room.subject_keys.pseudonym(connection, *identity)
    body = {"how": how, "session": made.session.id, "door": door.name}
    append(connection, AuditEntry("sign-in.done", Visitor(made.session).actor, now, subject=name, body=body))
    return made


def holds(connection: Connection, found: Delegation, now: int) -> bool:
    """Return whether somebody may act by a delegation now: a guardian no longer once a child is certainly of age."""
    facts = facts_of(connection, found.person[0], [found.person[1]]).get(found.person[1])
    if facts is None or facts.erased or not found.holds(now):
        return False
    return found.kind != delegations.GUARDIAN or facts.reached(OF_AGE, now) is not True


def renewed(
    connection: Connection, key: bytes, visitor: Visitor, strength: int, delegation: str | None, now: int
) -> NewSession:
    """Make the session of somebody anew, in which they act by a delegation, or (None) for themselves."""
    made = sessions.renew(connection, visitor.session.door, key, visitor.session, strength, now)
    delegations.act(connection, visitor.session.id, None)
    delegations.act(connection, made.session.id, delegation)
    return made


def called_by(connection: Connection, policy: Policy, identity: Identity) -> tuple[str, str]:
    """Return how somebody is called to who acts for them, by the number that both know; and that number alone."""
    unit, key = policy.namespaces.get(identity[0]), ids.natural_key(connection, *identity) or ""
    return f"{identity[0] if unit is None else unit.title}: {key}", key
