"""What messages to people are made with, what comes of them, and which kinds somebody gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select

from pellucid.policy.model import Policy
from pellucid.records.database import Database
from pellucid.records.transparency_tables import message_choices, messages_sent
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.links import Identity, certain_identities
from pellucid.transparency.message_words import EXPIRY, NOTICE, YEARLY

FREE = frozenset({EXPIRY, NOTICE, YEARLY})
"""Kinds that people can do without; an answer to what they asked is theirs by law."""

Caps = Mapping[str, tuple[int, int]]
"""By kind: how many messages one person may get in how many days."""


class Outcome(StrEnum):
    """What came of a message that was due."""

    PUT = "put"
    DONE = "done before"
    OVER = "no longer due"
    GONE = "nobody"
    RESTRICTED = "restricted"
    UNWANTED = "not wanted"
    CAPPED = "too soon"
    UNREACHABLE = "no address"


@dataclass(frozen=True, slots=True)
class YearFigures:
    """What a yearly message counts: sets of data with rows of somebody, uses in which they could have been counted, of
    how many purposes these were, and uses of anybody's data that were refused. Counts only: a mail is read on its way.
    """

    kinds: int
    uses: int
    purposes: int
    refused: int


@dataclass(frozen=True, slots=True)
class MessageParts:
    """What sending works with. `addresses` reads the one mail address held of each of some people of a namespace;
    `figures` what a yearly message counts, since an instant. `public_url` is where links lead, `centre_url` where the
    privacy centre begins; empty, where there is no public address.
    """

    database: Database
    keys: SubjectKeys
    key: bytes = field(repr=False)
    active_policy: Callable[[Connection], Policy]
    addresses: Callable[[str, Sequence[int]], Mapping[int, str]]
    figures: Callable[[Connection, Policy, Mapping[Identity, str], int], YearFigures]
    clock: Callable[[], int]
    caps: Caps
    public_url: str = ""
    centre_url: str = ""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that somebody was sent, and when (UTC µs)."""

    kind: str
    at: int


def sent(connection: Connection, keys: SubjectKeys, identity: Identity) -> tuple[SentMessage, ...]:
    """Return what a person was sent, under any identity that is certainly theirs, the newest first. Writes nothing."""
    names = [keys.known_pseudonym(connection, *each) for each in certain_identities(connection, identity)]
    columns = messages_sent.c
    theirs = select(columns.kind, columns.at).where(columns.person.in_([each for each in names if each is not None]))
    return tuple(SentMessage(*row) for row in connection.execute(theirs.order_by(columns.at.desc(), columns.kind)))


def choices(connection: Connection, pseudonym: str) -> dict[str, bool]:
    """Return which kinds of messages a person gets, of those that they can do without."""
    off = set(connection.scalars(select(message_choices.c.kind).where(message_choices.c.person == pseudonym)))
    return {kind: kind not in off for kind in sorted(FREE)}


def choose(connection: Connection, pseudonym: str, kind: str, wanted: bool, now: int) -> None:
    """Note whether a person wants a kind of messages, in the caller's write transaction."""
    here = (message_choices.c.person == pseudonym, message_choices.c.kind == kind)
    connection.execute(delete(message_choices).where(*here))
    if not wanted:
        connection.execute(insert(message_choices).values(person=pseudonym, kind=kind, at=now))
