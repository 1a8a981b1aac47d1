"""Messages to people about their data: a changed notice, an ending consent, once a year, an answered request.

Each is put into the outbox in the transaction that counts it, so that no person gets more than the caps allow, nor the
same twice, whoever sends at once and whenever one dies. None goes to who is erased, restricted, or said no to its kind,
nor to an address that is not held. What they say is `message_text`'s: fixed words, never marketing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum

from sqlalchemy import Connection, delete, func, insert, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.delivery import outbox
from pellucid.policy.model import Actor, Policy
from pellucid.records.database import Database
from pellucid.records.transparency_tables import message_choices, messages_sent
from pellucid.subjects import ids
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.links import Identity, certain_identities
from pellucid.transparency import message_links as links
from pellucid.transparency.message_due import DAY, Due, due, is_due, is_restricted, language_of
from pellucid.transparency.message_text import compose
from pellucid.transparency.message_words import ANSWERED, EXPIRY, NOTICE, PATHS, YEARLY

JOB = "messages"
ABOUT = "message:"
"""How what a delivery is for begins; the number of its link follows."""
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
    """What sending works with. `address` reads the one mail address held of a person; `figures` what a yearly message
    counts, since an instant. `public_url` is where links lead, `centre_url` where the privacy
    centre begins; empty, where there is no public address.
    """

    database: Database
    keys: SubjectKeys
    key: bytes = field(repr=False)
    active_policy: Callable[[Connection], Policy]
    address: Callable[[str, int], str | None]
    figures: Callable[[Connection, Policy, Mapping[Identity, str], int], YearFigures]
    clock: Callable[[], int]
    caps: Caps
    public_url: str = ""
    centre_url: str = ""


def find_due(parts: MessageParts, kinds: Sequence[str]) -> list[Due]:
    """Return the messages of these kinds that are due and not sent yet, the most pressing first."""
    with parts.database.read() as connection:
        policy, now = parts.active_policy(connection), parts.clock()
        return [found for kind in kinds for found in due(connection, policy, kind, now)]


def send_due(
    parts: MessageParts, kinds: Sequence[str], actor: Actor, most: int, renew: Callable[[], None] = lambda: None
) -> Counter[Outcome]:
    """Put messages that are due into the outbox, at most so many, and return what came of each that was looked at.

    Safe to repeat: one that died is gone on with by the next. `renew` is called between two people.
    """
    outcomes: Counter[Outcome] = Counter()
    for found in find_due(parts, kinds):
        if outcomes[Outcome.PUT] >= most:
            break
        outcomes[send_one(parts, found, actor)] += 1
        renew()
    with parts.database.write() as connection:  # who got a message is no longer needed once its link is over
        old = parts.clock() - (links.DAYS + 1) * DAY
        connection.execute(update(messages_sent).where(messages_sent.c.at < old).values(who=b""))
    return outcomes


def send_one(parts: MessageParts, found: Due, actor: Actor) -> Outcome:
    """Put one message into the outbox, unless something forbids it."""
    with parts.database.write() as connection:
        refused = _why_not(parts, connection, found, parts.clock())
        people = _pseudonyms(parts, connection, found.identity)
    if refused is not None:
        return refused
    to = parts.address(*found.identity)
    if to is None:
        return Outcome.UNREACHABLE
    with parts.database.read() as connection:  # counting uses takes too long for others to wait for
        fields = dict(_fields(parts, connection, found, people, parts.clock()))
    with parts.database.write() as connection:
        now = parts.clock()
        refused = _why_not(parts, connection, found, now)
        if refused is not None:
            return refused
        if _pseudonyms(parts, connection, found.identity) != people:  # the address may be another's now
            return Outcome.OVER
        _put(parts, connection, found, fields, to, actor, now)
    return Outcome.PUT


def may_go(connection: Connection, keys: SubjectKeys, about: str) -> bool:
    """Return whether what waits in the outbox may still be handed over: its person may be gone, or restricted, since.

    What is no message of ours is somebody else's to judge, and may.
    """
    if not about.startswith(ABOUT):
        return True
    row = connection.execute(select(messages_sent).where(messages_sent.c.link == about.removeprefix(ABOUT))).first()
    if row is None or not row.who:
        return False
    identity = links.unseal(keys, bytes(row.who))
    everyone = [each for each in certain_identities(connection, identity) if ids.natural_key(connection, *each)]
    held = identity in everyone
    return held and (row.kind == ANSWERED or not any(is_restricted(connection, each) for each in everyone))


def recall(connection: Connection, people: Sequence[str]) -> None:
    """Let no message to these people (by pseudonym) go out that waits, and no link in any that went open anything.

    What did not go out is due anew, and goes to the address that is held then.
    """
    theirs = messages_sent.c.person.in_(people)
    connection.execute(update(messages_sent).where(theirs).values(who=b""))
    for link in connection.scalars(select(messages_sent.c.link).where(theirs)).all():
        if any(each.state == outbox.DUE for each in outbox.about(connection, f"{ABOUT}{link}")):
            connection.execute(delete(messages_sent).where(messages_sent.c.link == link))


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


def _why_not(parts: MessageParts, connection: Connection, found: Due, now: int) -> Outcome | None:
    """Return why a message may not go out; None if it may."""
    people = _pseudonyms(parts, connection, found.identity)
    if found.identity not in people:
        return Outcome.GONE
    if found.kind != ANSWERED and any(is_restricted(connection, each) for each in people):
        return Outcome.RESTRICTED
    if not is_due(connection, parts.active_policy(connection), found, now):
        return Outcome.OVER
    theirs, sent = messages_sent.c.person.in_(people.values()), messages_sent.c
    of_kind = (theirs, sent.kind == found.kind)
    if connection.execute(select(sent.at).where(*of_kind, sent.about == found.about)).first() is not None:
        return Outcome.DONE
    if found.kind in FREE and not all(choices(connection, each)[found.kind] for each in people.values()):
        return Outcome.UNWANTED
    most, days = parts.caps[found.kind]
    count = connection.scalar(
        select(func.count()).select_from(messages_sent).where(*of_kind, sent.at > now - days * DAY)
    )
    return Outcome.CAPPED if (count or 0) >= most else None


def _pseudonyms(parts: MessageParts, connection: Connection, identity: Identity) -> dict[Identity, str]:
    """Return the pseudonyms of all identities that are certainly one person's and not erased."""
    everyone = certain_identities(connection, identity)
    held = (each for each in everyone if ids.natural_key(connection, *each) is not None)
    return {each: parts.keys.pseudonym(connection, *each) for each in held}


def _put(
    parts: MessageParts,
    connection: Connection,
    found: Due,
    fields: Mapping[str, str | date | int],
    to: str,
    actor: Actor,
    now: int,
) -> None:
    person, number = parts.keys.pseudonym(connection, *found.identity), links.new_number()
    link = f"{parts.public_url}/{links.token_of(parts.key, number, now)}" if parts.public_url else ""
    controller = parts.active_policy(connection).controller
    spoken = controller.spoken_to(language_of(connection, found.identity))
    told = compose(found.kind, spoken, {**fields, "link": link})
    delivery = outbox.put_mail(connection, f"{ABOUT}{number}", to, told.subject, told.text, now, html=told.html)
    row = {"person": person, "kind": found.kind, "about": found.about, "at": now, "link": number}
    connection.execute(insert(messages_sent).values(**row, who=links.seal(parts.keys, found.identity)))
    body = {"kind": found.kind, "delivery": delivery}
    append(connection, AuditEntry("message.put", actor, now, subject=person, body=body))


def _fields(
    parts: MessageParts, connection: Connection, found: Due, people: Mapping[Identity, str], now: int
) -> Iterator[tuple[str, str | date | int]]:
    """Give what stands in the places of a message's words: names, a day, counts; no text of the company."""
    policy = parts.active_policy(connection)
    yield "controller", policy.controller.name
    yield "contact", policy.controller.contact
    if parts.centre_url:
        yield "page", f"{parts.centre_url}{PATHS[found.kind]}"
    if found.kind == EXPIRY:
        yield "until", date.fromisoformat(found.about.rpartition("/")[2])
    if found.kind == ANSWERED:
        yield "request", found.about
    if found.kind == YEARLY:
        yield from asdict(parts.figures(connection, policy, people, now - 365 * DAY)).items()
