"""The visitor desk of a workspace: what somebody chooses who is not signed in. How it joins accounts: `arrivals`.

Who a visitor is, nobody knows: they are known again by a random secret in a cookie, of which only a keyed hash is kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.consent import visitor_records as kept_records
from pellucid.consent.screens import screens
from pellucid.consent.signals import SignalReading
from pellucid.consent.visitor_records import DAY, HOUR, Kept
from pellucid.consent.visitors import Choices, Offered, Wish, chosen, offered
from pellucid.errors import NotPermitted
from pellucid.governance.sessions import SECRET_LENGTH, digest
from pellucid.policy.model import Actor, Policy
from pellucid.records.jobs import Claim
from pellucid.workspace.doors import STRANGER
from pellucid.workspace.room import Room
from pellucid.workspace.tasks import WORKER, Plan, Task

JOB = "visitors-over"
QUIET = SignalReading("gpc")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a visitor is shown: the purposes that they have a choice about, and until when (UTC µs) theirs are kept."""

    purposes: tuple[Offered, ...]
    until: int | None = None
    signal: bool = False

    @property
    def asks(self) -> bool:
        """Whether there is something that neither they nor their browser said anything about."""
        return any(each.said is None for each in self.purposes)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was kept of a visitor, and the secret by which their browser is known again."""

    seen: Seen
    secret: str = field(repr=False)


@dataclass(frozen=True)
class VisitorDesk:
    """`workspace.visitors`. `secret` is what the browser's cookie shows, empty for none; `key` that of its hashes."""

    room: Room
    key: Callable[[], bytes]

    def see(self, secret: str, reading: SignalReading = QUIET) -> Seen:
        """Return what a visitor may choose and chose; nothing is kept of somebody who only looks."""
        return self._see(self.room.policy(), secret, reading)

    def show(self, secret: str, reading: SignalReading, *, actor: Actor) -> Seen:
        """Do as `see`, for a program that may ask what stands; raises NotPermitted."""
        return self._see(self.room.demand(actor, "consent-show"), secret, reading)

    def choose(
        self,
        secret: str,
        wishes: Mapping[str, Wish],
        reading: SignalReading = QUIET,
        *,
        screen: str,
        language: str = "",
    ) -> Remembered:
        """Keep what a visitor chose, under a new secret if they have none that is known.

        Raises NameUnknown, InputInvalid, and NotPermitted (`visitors-too-many`) while too many come for the first time.
        """
        return self._choose(self.room.policy(), secret, wishes, reading, screen, language, STRANGER)

    def record(
        self,
        secret: str,
        wishes: Mapping[str, Wish],
        reading: SignalReading,
        *,
        screen: str,
        language: str,
        actor: Actor,
    ) -> Remembered:
        """Do as `choose`, for a program that may record what people say; raises NotPermitted too."""
        policy = self.room.demand(actor, "consent-record")
        return self._choose(policy, secret, wishes, reading, screen, language, actor)

    def refuse_all(self, secret: str, reading: SignalReading = QUIET, *, screen: str, language: str = "") -> Remembered:
        """Keep one no to everything that a visitor has a choice about."""
        noes = {each.purpose.name: Wish(False) for each in self.see(secret, reading).purposes}
        return self.choose(secret, noes, reading, screen=screen, language=language)

    def forget(self, secret: str) -> bool:
        """Delete what is kept of a visitor, at once and for good; return whether there was anything."""
        return self._forget(secret, STRANGER)

    def remove(self, secret: str, *, actor: Actor) -> bool:
        """Do as `forget`, for a program that may record what people say; raises NotPermitted."""
        self.room.demand(actor, "consent-record")
        return self._forget(secret, actor)

    def _forget(self, secret: str, actor: Actor) -> bool:
        now = self.room.clock()
        with self.room.database.write() as connection:
            kept = find(connection, self.key(), secret, now)
            if kept is None or not kept_records.remove(connection, kept.id):
                return False
            append(connection, AuditEntry("visitor.forgotten", actor, now, body={"visitor": kept.id}))
        return True

    def remove_over(self, claim: Claim) -> None:
        """Delete what is over, as a job of the worker; the log tells how many."""
        now = claim.clock()
        with claim.database.write() as connection:
            claim.done(connection)
            number = kept_records.remove_over(connection, now)
            if number:
                append(connection, AuditEntry("visitor.removed", WORKER, now, body={"number": number}))

    def task(self) -> Task:
        """Return what does jobs of the kind `visitors-over`."""
        return Task(self.remove_over)

    def plan(self) -> Plan:
        """Return what finds that something is over: once an hour."""
        return Plan(JOB, _over)

    def _see(self, policy: Policy, secret: str, reading: SignalReading) -> Seen:
        now = self.room.clock()
        with self.room.database.read() as connection:
            return _seen(connection, policy, find(connection, self.key(), secret, now), reading, now)

    def _choose(
        self,
        policy: Policy,
        secret: str,
        wishes: Mapping[str, Wish],
        reading: SignalReading,
        screen: str,
        language: str,
        actor: Actor,
    ) -> Remembered:
        now = self.room.clock()
        with self.room.database.write() as connection:
            kept = find(connection, self.key(), secret, now)
            before = kept.choices if kept is not None else {}
            said = chosen(policy, before, wishes, reading, now, screen=screen, language=language)
            if kept is None:
                secret = secrets.token_urlsafe(32)
            made = self._keep(connection, kept, secret, said, now)
            if made is not None:
                seen = _seen(connection, policy, made, reading, now)
                append(connection, _entry("visitor.chose", actor, now, made, screen))
                return Remembered(seen, secret)
        raise NotPermitted(
            "Too many visitors choose for the first time at present.",
            remedy="Try again later; nothing is used meanwhile that takes a yes.",
            code="visitors-too-many",
        )

    def _keep(self, connection: Connection, kept: Kept | None, secret: str, said: Choices, now: int) -> Kept | None:
        """Return the record as it is now; None if there may be no new one."""
        ends_at = now + self.room.settings.visitor_days * DAY
        if kept is not None:
            kept_records.change(connection, kept, said, ends_at)
            return Kept(kept.id, said, True, ends_at)
        if kept_records.made_since(connection, now - HOUR) >= self.room.settings.visitors_per_hour:
            return None
        return kept_records.begin(connection, digest_of(self.key(), secret), said, ends_at, now)


def find(connection: Connection, key: bytes, secret: str, now: int) -> Kept | None:
    """Return what is kept of the visitor whom a cookie shows."""
    known = len(secret) == SECRET_LENGTH
    return kept_records.find(connection, digest_of(key, secret), now) if known else None


def digest_of(key: bytes, secret: str) -> bytes:
    """Return under what a secret is kept."""
    return digest(key, "visitor", secret)


def _over(connection: Connection, now: int) -> list[tuple[str, int]]:
    return [(str(now // HOUR), now)] if kept_records.any_over(connection, now) else []


def _seen(connection: Connection, policy: Policy, kept: Kept | None, reading: SignalReading, now: int) -> Seen:
    found = offered(policy, kept.choices if kept is not None else {}, reading, now, screens(connection))
    return Seen(found, kept.ends_at if kept is not None else None, bool(reading.opts_out))


def _entry(action: str, actor: Actor, now: int, kept: Kept, screen: str) -> AuditEntry:
    body: dict[str, object] = {
        "visitor": kept.id,
        "yes": kept_records.names(kept.choices, True),
        "no": kept_records.names(kept.choices, False),
        "signalled": sorted(name for name, each in kept.choices.items() if each.signalled),
        "screen": screen,
    }
    return AuditEntry(action, actor, now, body=body)
