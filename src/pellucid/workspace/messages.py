"""The message desk of a workspace: which messages to people are due, sending them, and what people choose to get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.audit.places import KEYS
from pellucid.errors import NameUnknown, NotPermitted, WorkspaceUnusable
from pellucid.governance.activate import active_policy
from pellucid.governance.refusals import NOBODY, Refusals
from pellucid.policy.model import Actor, Policy
from pellucid.records.jobs import Claim, known
from pellucid.rights.access import datasets_about
from pellucid.subjects import ids
from pellucid.subjects.keys import load_or_create_key
from pellucid.subjects.links import Identity
from pellucid.transparency import message_links, message_parts, messages, rounds
from pellucid.transparency.message_due import KINDS, day_of, due
from pellucid.transparency.message_parts import FREE, MessageParts, YearFigures
from pellucid.transparency.message_words import NOTICE
from pellucid.transparency.news import count_told
from pellucid.transparency.rounds import Round
from pellucid.transparency.use_index import UseIndex, catch_up
from pellucid.transparency.uses import Uses
from pellucid.workspace.room import Room
from pellucid.workspace.tasks import WORKER, Plan, Task

MESSAGES_KEY = "messages.key"
PAGE = "/privacy/messages"
"""Where the page is, below the public address, that a message's link opens."""
CENTRE = "/privacy"
WITH_LINK = Actor("customer", "link", (), "message-link")


@dataclass(frozen=True, slots=True)
class NoticeTold:
    """How far people were told of a notice that was published then (UTC µs): how many had data held when it was and
    still have, how many of them were sent a message, and where the rounds stand.
    """

    at: int
    people: int
    told: int
    rounds: tuple[Round, ...]


@dataclass(frozen=True)
class MessageDesk:
    """`workspace.messages`; `addresses` reads the one mail address that is held of each of some people."""

    room: Room
    addresses: Callable[[str, Sequence[int]], Mapping[int, str]]

    def due(self, *, actor: Actor) -> dict[str, int]:
        """Return how many messages of each kind are due, sent before or not; of nobody in particular.

        Those about a publication are told by `told`.
        """
        self.room.demand(actor, "messages-send")
        found = Counter(each.kind for each in messages.find_due(self._parts, KINDS))
        return {kind: found[kind] for kind in KINDS}

    def told(self, *, actor: Actor) -> NoticeTold | None:
        """Return how far everybody was told of the newest notice that differed materially; None: of none yet."""
        self.room.demand(actor, "messages-send")
        with self.room.database.read() as connection:
            standing = rounds.standing(connection)
            if not standing:
                return None
            return NoticeTold(
                at=standing[0].published_at,
                people=sum(ids.held_below(connection, each.namespace, each.people) for each in standing),
                told=count_told(connection, standing[0].publication),
                rounds=standing,
            )

    def send(self, kinds: Sequence[str] | None = None, *, actor: Actor) -> dict[str, int]:
        """Put the messages that are due into the outbox, and return what came of them; each is logged.

        Without `kinds`, those that are set to go out by themselves. Raises NotPermitted, NameUnknown.
        """
        self.room.demand(actor, "messages-send")
        chosen = self.room.settings.messages if kinds is None else kinds
        unknown = [kind for kind in chosen if kind not in KINDS]
        if unknown:
            raise NameUnknown("kind of messages", unknown[0], KINDS)
        catch_up(self.room.database)
        outcomes = messages.send_due(self._parts, _ordered(chosen), actor, self.room.settings.messages_at_once)
        return {outcome.value: count for outcome, count in sorted(outcomes.items())}

    def preferences(self, token: str) -> dict[str, bool]:
        """Return which kinds of messages the person gets whom a link is for; nothing changes by opening it.

        Raises NotPermitted, always the same, for a link that opens nothing.
        """
        with self._counting(), self.room.database.write() as connection:
            return message_parts.choices(connection, self._opened(connection, token).pseudonym)

    def prefer(self, token: str, kind: str, *, wanted: bool) -> None:
        """Record whether the person whom a link is for wants a kind of messages; logged. Raises as `preferences`."""
        if kind not in FREE:
            raise NameUnknown("kind of messages", kind, tuple(sorted(FREE)))
        now = self.room.clock()
        with self._counting(), self.room.database.write() as connection:
            person = self._opened(connection, token).pseudonym
            message_parts.choose(connection, person, kind, wanted, now)
            body = {"kind": kind, "wanted": wanted}
            append(connection, AuditEntry("message.chosen", WITH_LINK, now, subject=person, body=body))

    @cached_property
    def refusals(self) -> Refusals:
        """Links that opened nothing, on their way into the log."""
        return Refusals(self.room.database, self.room.clock)

    def task(self) -> Task:
        """Return what the worker does once a day."""
        return Task(self._work)

    def plan(self) -> Plan:
        """Return what finds that there is something to send: once a day, if any kind goes out by itself."""
        return Plan(messages.JOB, self._wanted)

    def _work(self, claim: Claim) -> None:
        catch_up(self.room.database)
        kinds, most = _ordered(self.room.settings.messages), self.room.settings.messages_at_once
        messages.send_due(self._parts, kinds, WORKER, most, claim.renew)

    def _wanted(self, connection: Connection, now: int) -> Iterable[tuple[str, int]]:
        kinds, today = self.room.settings.messages, day_of(now)
        policy = active_policy(connection) if kinds else None
        if policy is None or known(connection, messages.JOB, [today]):
            return
        news = NOTICE in kinds and rounds.is_open(connection, now)
        if news or any(next(due(connection, policy, kind, now), None) is not None for kind in kinds):
            yield today, now

    def _opened(self, connection: Connection, token: str) -> message_links.Opened:
        found = message_links.opened(connection, self.room.subject_keys, self._key, token, self.room.clock())
        if ids.natural_key(connection, *found.identity) is None:
            raise message_links.refused()
        return found

    def _counting(self) -> _Counting:
        return _Counting(self.refusals)

    @cached_property
    def _key(self) -> bytes:
        return load_or_create_key(self.room.folder / KEYS / MESSAGES_KEY)

    @property
    def _parts(self) -> MessageParts:
        settings = self.room.settings
        return MessageParts(
            database=self.room.database,
            keys=self.room.subject_keys,
            key=self._key,
            active_policy=_demanded,
            addresses=self.addresses,
            figures=_figures,
            clock=self.room.clock,
            caps=settings.message_caps,
            public_url=f"{settings.public_url.rstrip('/')}{PAGE}" if settings.public_url else "",
            centre_url=f"{settings.public_url.rstrip('/')}{CENTRE}" if settings.public_url else "",
        )


@dataclass(frozen=True, slots=True)
class _Counting:
    """Counts a link that opened nothing, for the log, once the transaction that found it is over."""

    refusals: Refusals

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NotPermitted):
            self.refusals.count(error.code, NOBODY)


def _ordered(kinds: Iterable[str]) -> list[str]:
    return [kind for kind in KINDS if kind in set(kinds)]


def _demanded(connection: Connection) -> Policy:
    policy = active_policy(connection)
    if policy is None:
        raise WorkspaceUnusable(
            "No policy is in force in this workspace.",
            code="policy-missing",
            remedy="Run `pellucid policy check`, then `pellucid policy activate`.",
        )
    return policy


def _figures(connection: Connection, policy: Policy, pseudonyms: Mapping[Identity, str], since: int) -> YearFigures:
    """Return what is counted of a person since an instant: what is held, how it was used, and what was refused."""
    uses = Uses(UseIndex.at(connection), policy, pseudonyms, since)
    purposes = [kind.told["purpose"] for _, kind in uses.of_data()]
    return YearFigures(
        kinds=len(datasets_about(connection, policy, tuple(pseudonyms))),
        uses=len(purposes),
        purposes=len(set(purposes)),
        refused=sum(1 for _ in uses.refused()),
    )
