"""Whether a message may go out, what stands in it, and putting it into the outbox: of one person each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection, func, insert, select

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.delivery import outbox
from pellucid.delivery.letter import Letter
from pellucid.policy.model import Actor, Policy
from pellucid.records.transparency_tables import messages_sent
from pellucid.subjects import ids
from pellucid.subjects.links import Identity, certain_identities
from pellucid.transparency import message_links as links
from pellucid.transparency.message_due import DAY, Due, is_due, is_restricted, language_of, said_under_others
from pellucid.transparency.message_parts import FREE, MessageParts, Outcome, choices
from pellucid.transparency.message_text import compose, compose_news
from pellucid.transparency.message_words import ANSWERED, EXPIRY, PATHS, YEARLY
from pellucid.transparency.news import News, publication_of, told_of


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says, but for its link: the language, and what stands in its places; of a publication, what is
    new to the person, and whether they said yes to other words.
    """

    language: str
    fields: Mapping[str, str | date | int]
    news: tuple[str, ...] | None = None
    said: bool = False

    def letter(self, kind: str, link: str) -> Letter:
        """Return it as a letter with its link."""
        fields = {**self.fields, "link": link}
        if self.news is None:
            return compose(kind, self.language, fields)
        return compose_news(self.language, fields, self.news, said=self.said)


def why_not(parts: MessageParts, connection: Connection, found: Due, now: int) -> Outcome | None:
    """Return why a message may not go out; None if it may."""
    people = pseudonyms(parts, connection, found.identity)
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


def pseudonyms(parts: MessageParts, connection: Connection, identity: Identity) -> dict[Identity, str]:
    """Return the pseudonyms of all identities that are certainly one person's and not erased."""
    everyone = certain_identities(connection, identity)
    held = (each for each in everyone if ids.natural_key(connection, *each) is not None)
    return {each: parts.keys.pseudonym(connection, *each) for each in held}


def what_is_said(
    parts: MessageParts, connection: Connection, found: Due, people: Mapping[Identity, str], news: News | None
) -> Said | None:
    """Return what a message says; `people` are the pseudonyms of all their identities. None: there is nothing new."""
    policy, now = parts.active_policy(connection), parts.clock()
    language = policy.controller.spoken_to(language_of(connection, found.identity))
    fields = dict(_fields(parts, connection, policy, found, people, now))
    if news is None or publication_of(found.about) is None:
        return Said(language, fields)
    told = max(told_of(connection, people.values()).values(), default=0)
    new = news.changes(connection, found.identity, told, language)
    return None if new is None else Said(language, fields, new, bool(said_under_others(connection, policy, people)))


def put(parts: MessageParts, connection: Connection, found: Due, said: Said, to: str, actor: Actor, now: int) -> None:
    """Put a message into the outbox, count it and log it, in the caller's write transaction."""
    person, number = parts.keys.pseudonym(connection, *found.identity), links.new_number()
    link = f"{parts.public_url}/{links.token_of(parts.key, number, now)}" if parts.public_url else ""
    told = said.letter(found.kind, link)
    delivery = outbox.put_mail(
        connection, outbox.about_message(number), to, told.subject, told.text, now, html=told.html
    )
    row = {"person": person, "kind": found.kind, "about": found.about, "at": now, "link": number}
    connection.execute(insert(messages_sent).values(**row, who=links.seal(parts.keys, found.identity)))
    body = {"kind": found.kind, "delivery": delivery}
    append(connection, AuditEntry("message.put", actor, now, subject=person, body=body))


def _fields(
    parts: MessageParts,
    connection: Connection,
    policy: Policy,
    found: Due,
    people: Mapping[Identity, str],
    now: int,
) -> Iterator[tuple[str, str | date | int]]:
    """Give what stands in the places of a message's words: names, a day, counts; no text of the company."""
    yield "controller", policy.controller.name
    yield "contact", policy.controller.contact
    if parts.centre_url:
        yield "page", f"{parts.centre_url}{PATHS[found.kind]}"
        yield "centre", parts.centre_url
    if found.kind == EXPIRY:
        yield "until", date.fromisoformat(found.about.rpartition("/")[2])
    if found.kind == ANSWERED:
        yield "request", found.about
    if found.kind == YEARLY:
        yield from asdict(parts.figures(connection, policy, people, now - 365 * DAY)).items()
