"""Messages to people about their data: a changed notice, an ending consent, once a year, an answered request.

Each is put into the outbox in the transaction that counts it, so that no person gets more than the caps allow, nor the
same twice, whoever sends at once and whenever one dies. None goes to who is erased, restricted, or said no to its kind,
nor to an address that is not held. What they say is `message_text`'s: fixed words and, of a publication, what differs
in it; never marketing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, select, update

from pellucid.delivery import outbox
from pellucid.policy.model import Actor
from pellucid.records.transparency_tables import messages_sent
from pellucid.subjects import ids
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.links import Identity, certain_identities
from pellucid.transparency import message_links as links
from pellucid.transparency import rounds
from pellucid.transparency.message_due import DAY, Due, due, is_restricted
from pellucid.transparency.message_parts import MessageParts, Outcome
from pellucid.transparency.message_put import Said, pseudonyms, put, what_is_said, why_not
from pellucid.transparency.message_words import ANSWERED, NOTICE
from pellucid.transparency.news import News, about_of, publication_of, told_of

JOB = "messages"
PEOPLE = 500
"""Whose addresses are read at once."""
PUTS = 10
"""Messages that one transaction puts: others wait for it."""
LATER = frozenset({Outcome.CAPPED, Outcome.RESTRICTED, Outcome.UNREACHABLE})
"""What need not be so for long: who is not told of a publication for it is looked at again."""


def find_due(parts: MessageParts, kinds: Sequence[str]) -> list[Due]:
    """Return the messages of these kinds that are due, the most pressing first, but those about a publication."""
    with parts.database.read() as connection:
        policy, now = parts.active_policy(connection), parts.clock()
        return [found for kind in kinds for found in due(connection, policy, kind, now)]


def send_due(
    parts: MessageParts, kinds: Sequence[str], actor: Actor, most: int, renew: Callable[[], None] = lambda: None
) -> Counter[Outcome]:
    """Put messages that are due into the outbox, at most so many, and return what came of each that was looked at.

    Safe to repeat: one that died is gone on with by the next. `renew` is called after every few people.
    """
    run = _Run(parts, actor, most, renew)
    for kind in kinds:
        if kind == NOTICE:
            run.tell_news()
        found = find_due(parts, [kind])
        while found and run.left:
            some, found = found[: run.left], found[run.left :]
            run.send(some)
    with parts.database.write() as connection:  # who got a message is no longer needed once its link is over
        old = (messages_sent.c.at < parts.clock() - (links.DAYS + 1) * DAY, messages_sent.c.who != b"")
        connection.execute(update(messages_sent).where(*old).values(who=b""))
    return run.outcomes


def may_go(connection: Connection, keys: SubjectKeys, about: str) -> bool:
    """Return whether what waits in the outbox may still be handed over: its person may be gone, or restricted, since.

    What is no message of ours is somebody else's to judge, and may.
    """
    link = outbox.message_of(about)
    if link is None:
        return True
    row = connection.execute(select(messages_sent).where(messages_sent.c.link == link)).first()
    if row is None or not row.who:
        return False
    identity = links.unseal(keys, bytes(row.who))
    everyone = [each for each in certain_identities(connection, identity) if ids.natural_key(connection, *each)]
    held = identity in everyone
    return held and (row.kind == ANSWERED or not any(is_restricted(connection, each) for each in everyone))


def recall(connection: Connection, people: Sequence[str], now: int) -> None:
    """Let no message to these people (by pseudonym) go out that waits, and no link in any that went open anything.

    What did not go out is due anew, and goes to the address that is held then.
    """
    theirs = messages_sent.c.person.in_(people)
    connection.execute(update(messages_sent).where(theirs).values(who=b""))
    for sent in connection.execute(select(messages_sent).where(theirs)).all():
        if any(each.state == outbox.DUE for each in outbox.about(connection, outbox.about_message(sent.link))):
            connection.execute(delete(messages_sent).where(messages_sent.c.link == sent.link))
            if publication_of(sent.about) is not None:
                rounds.look_again(connection, now)


@dataclass(slots=True)
class _Run:
    """One sending: what came of it so far."""

    parts: MessageParts
    actor: Actor
    most: int
    renew: Callable[[], None]
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    news: News | None = None

    @property
    def left(self) -> int:
        """How many may be looked at next, so that no more are put than may be."""
        return min(PEOPLE, self.most - self.outcomes[Outcome.PUT])

    def tell_news(self) -> None:
        """Tell everybody of the newest publication, from where whoever did it last stopped."""
        while self.left:
            with self.parts.database.write() as connection:
                page = rounds.next_page(connection, self.parts.clock(), self.left)
                if page is None:
                    return
                found = self._not_told(connection, page)
                self._keep_news(connection)
            self.outcomes[Outcome.GONE] += page.erased
            self.outcomes[Outcome.DONE] += len(page.ids) - len(found)
            later = sum(outcome in LATER for outcome in self.send(found))
            with self.parts.database.write() as connection:
                rounds.looked_at(connection, page, later, self.parts.clock())
            self.renew()

    def send(self, found: Sequence[Due]) -> list[Outcome]:
        """Put these messages into the outbox, unless something forbids it; return what came of them."""
        outcomes: dict[Due, Outcome] = {}
        waiting = self._allowed(found, outcomes)
        to = self._addresses(waiting, outcomes)
        for some in _few(list(to)):
            with self.parts.database.read() as connection:  # counting uses takes too long for others to wait for
                said = [what_is_said(self.parts, connection, each, waiting[each], self.news) for each in some]
            with self.parts.database.write() as connection:
                now = self.parts.clock()
                for each, words in zip(some, said, strict=True):
                    outcomes[each] = self._put(connection, each, waiting[each], words, to[each], now)
            self.renew()
        self.outcomes.update(outcomes.values())
        return list(outcomes.values())

    def _allowed(self, found: Sequence[Due], outcomes: dict[Due, Outcome]) -> dict[Due, dict[Identity, str]]:
        """Return those that may go out, with the pseudonyms of all their person's identities."""
        allowed = {}
        for some in _few(found):
            with self.parts.database.write() as connection:
                now = self.parts.clock()
                for each in some:
                    refused = why_not(self.parts, connection, each, now)
                    if refused is None:
                        allowed[each] = pseudonyms(self.parts, connection, each.identity)
                    else:
                        outcomes[each] = refused
        return allowed

    def _addresses(self, found: Iterable[Due], outcomes: dict[Due, Outcome]) -> dict[Due, str]:
        """Return those to whom it is known where to send, with where."""
        spaces: dict[str, list[Due]] = {}
        for each in found:
            spaces.setdefault(each.identity[0], []).append(each)
        known: dict[Due, str] = {}
        for space, theirs in spaces.items():
            held = self.parts.addresses(space, [each.identity[1] for each in theirs])
            known |= {each: held[each.identity[1]] for each in theirs if each.identity[1] in held}
            outcomes |= {each: Outcome.UNREACHABLE for each in theirs if each.identity[1] not in held}
        return known

    def _put(
        self,
        connection: Connection,
        found: Due,
        people: Mapping[Identity, str],
        said: Said | None,
        to: str,
        now: int,
    ) -> Outcome:
        refused = why_not(self.parts, connection, found, now)
        if refused is not None or said is None:
            return refused or Outcome.OVER
        if pseudonyms(self.parts, connection, found.identity) != people:  # the address may be another's now
            return Outcome.UNREACHABLE
        put(self.parts, connection, found, said, to, self.actor, now)
        return Outcome.PUT

    def _not_told(self, connection: Connection, page: rounds.Page) -> list[Due]:
        """Return those of a page who were not told of the publication under this identity."""
        named = self.parts.keys.pseudonyms(connection, page.namespace, page.ids)
        told = told_of(connection, named)
        return [
            Due(NOTICE, (page.namespace, subject), about_of(page.publication))
            for subject, pseudonym in zip(page.ids, named, strict=True)
            if told.get(pseudonym, 0) < page.publication
        ]

    def _keep_news(self, connection: Connection) -> None:
        if self.news is None or not self.news.stands(connection):
            self.news = News(connection, self.parts.active_policy(connection))


def _few(found: Sequence[Due]) -> Iterator[Sequence[Due]]:
    for start in range(0, len(found), PUTS):
        yield found[start : start + PUTS]
