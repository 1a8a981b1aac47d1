"""Messages go to whom they are due, once, not too often, and to nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Barrier, Thread

import pytest
from sqlalchemy import insert, select

from pellucid.delivery import outbox
from pellucid.errors import NotPermitted
from pellucid.policy.model import Notice
from pellucid.records.database import Database
from pellucid.records.rights_tables import deliveries, rights_requests
from pellucid.records.tables import log_entries
from pellucid.regulations.load import shipped
from pellucid.regulations.model import Laws, Override
from pellucid.settings import Settings
from pellucid.transparency import message_links, message_parts, messages
from pellucid.transparency.message_due import DAY, KINDS
from pellucid.transparency.message_parts import MessageParts, Outcome, YearFigures
from pellucid.transparency.message_words import ANSWERED, EXPIRY, NOTICE, YEARLY
from tests.consent.conftest import CUSTOMER, PIA
from tests.transparency.made_log import MadeLog

ALICE, BOB, CLEO = range(3)
KEY = b"m" * 32


@dataclass
class Post:
    """Sends messages of a made log; `addresses` are those held."""

    made: MadeLog
    addresses: dict[int, str | None] = field(
        default_factory=lambda: {each: f"person{each}@home.example" for each in range(3)}
    )
    before_sending: Callable[[], None] = lambda: None

    @property
    def parts(self) -> MessageParts:
        return MessageParts(
            database=self.made.database,
            keys=self.made.keys,
            key=KEY,
            active_policy=lambda _connection: self.made.policy,
            addresses=self._addresses,
            figures=lambda *_: YearFigures(kinds=2, uses=1_234, purposes=3, refused=56),
            clock=lambda: self.made.now,
            caps=Settings().message_caps,
            public_url="https://shop.example/privacy/messages",
        )

    def _addresses(self, _space: str, subjects: Sequence[int]) -> dict[int, str]:
        self.before_sending()
        return {each: held for each in subjects if (held := self.addresses[each]) is not None}

    def send(self, *kinds: str, most: int = 500) -> Counter[Outcome]:
        return +messages.send_due(self.parts, kinds or KINDS, PIA, most)

    def send_twice_at_once(self, *kinds: str) -> Counter[Outcome]:
        """Send by two at once, who both looked up where to send before either sends."""
        both = Barrier(2, timeout=300)
        self.before_sending = lambda: (both.wait(), None)[1]
        outcomes: list[Counter[Outcome]] = []
        senders = [Thread(target=lambda: outcomes.append(self.send(*kinds))) for _ in range(2)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        return sum(outcomes, Counter())

    def mails(self) -> list[dict[str, str]]:
        with self.made.database.read() as connection:
            found = connection.scalars(select(deliveries.c.id).order_by(deliveries.c.made_at, deliveries.c.id)).all()
            return [content for each in found if (content := outbox.content_of(connection, each))]


@pytest.fixture
def post(control: Database) -> Post:
    return Post(MadeLog(control))


def change_notice(made: MadeLog, *accepts: str) -> None:
    care = replace(made.policy.purposes["care"], notice=Notice("2", "New words.", accepts))
    made.policy = replace(made.policy, purposes={**made.policy.purposes, "care": care}, version="b" * 64)


def close(made: MadeLog, subject: int, state: str = "fulfilled", by: str = "self") -> None:
    values = {"right": "access", "namespace": CUSTOMER, "by_whom": by, "channel": "web", "strength": 1, "reason": ""}
    values |= {"verification": "shown", "verified_strength": 1, "received_at": 1, "due": "", "state": state}
    with made.database.write() as connection:
        row = {"id": f"r00000000000{subject}", "subject": subject, "closed_at": made.tick(), **values}
        connection.execute(insert(rights_requests).values(row))


def test_who_said_yes_to_other_words_is_told_once(post: Post) -> None:
    post.made.say(ALICE, "give", "care")
    post.made.say(BOB, "give", "care")
    post.made.say(BOB, "withdraw", "care")
    assert post.send(NOTICE) == {}
    change_notice(post.made)
    assert post.send(NOTICE) == {Outcome.PUT: 1}
    assert [mail["to"] for mail in post.mails()] == ["person0@home.example"]
    assert post.send(NOTICE) == {Outcome.DONE: 1}


def test_words_that_differ_in_nothing_that_matters_are_no_message(post: Post) -> None:
    post.made.say(ALICE, "give", "care")
    change_notice(post.made, "1")
    assert post.send(NOTICE) == {}


def test_a_consent_is_said_to_end_a_month_before_and_not_once_it_is_withdrawn(post: Post) -> None:
    post.made.say(ALICE, "give", "care")
    post.made.say(BOB, "give", "care")
    post.made.tick(days=334)
    assert post.send(EXPIRY) == {}
    post.made.tick(days=2)
    post.made.say(BOB, "withdraw", "care")
    assert post.send(EXPIRY) == {Outcome.PUT: 1}
    (mail,) = post.mails()
    assert (mail["to"], mail["text"].count("That ends on 1 June 2027,")) == ("person0@home.example", 1)
    post.made.tick(days=30)
    assert post.send(EXPIRY) == {}


def forbid_from(made: MadeLog, since: date, field: str = "consent.profiling") -> None:
    """Let a law forbid what `care` is from a day on; a yes to it has no end of its own."""
    said = Override("eu-gdpr", field, "prohibited", "Art. 99", since, None, "a new law", "pia")
    care = replace(made.policy.purposes["care"], consent_days=None, kinds=("profiling",))
    laws = Laws((shipped()["eu-gdpr"],), (said,))
    made.policy = replace(made.policy, purposes={**made.policy.purposes, "care": care}, version="c" * 64, laws=laws)


def test_a_consent_that_a_date_in_a_law_ends_is_said_to_end_then(post: Post) -> None:
    forbid_from(post.made, date(2026, 7, 15))
    post.made.say(ALICE, "give", "care")
    assert post.send(EXPIRY) == {}
    post.made.tick(days=20)
    assert post.send(EXPIRY) == {Outcome.PUT: 1}
    (mail,) = post.mails()
    assert (mail["to"], mail["text"].count("That ends on 15 July 2026,")) == ("person0@home.example", 1)


def test_a_date_in_a_law_that_ends_nothing_is_no_message(post: Post) -> None:
    forbid_from(post.made, date(2026, 7, 15), "consent.sale")
    post.made.say(ALICE, "give", "care")
    post.made.tick(days=20)
    assert post.send(EXPIRY) == {}


def test_an_answered_request_is_told_to_who_asked_themself(post: Post) -> None:
    close(post.made, ALICE)
    close(post.made, BOB, by="agent")
    close(post.made, CLEO, state="in_progress")
    assert post.send(ANSWERED) == {Outcome.PUT: 1}
    assert post.mails()[0]["subject"] == "Your request r000000000000 was answered"


def test_everybody_is_told_once_a_year_in_a_week_of_their_own(post: Post) -> None:
    told: Counter[str] = Counter()
    for _ in range(53):
        post.made.tick(days=7)
        post.send(YEARLY)
    told.update(mail["to"] for mail in post.mails())
    assert told == {f"person{each}@home.example": 1 for each in range(3)}
    assert post.mails()[0]["text"].split("\n\n")[1:5] == [
        "Sets of data in which there is something about you: 2.",
        "Uses in the last twelve months in which you could have been counted: 1,234.",
        "Purposes of these uses: 3.",
        "Uses in the same time that were refused, before any data were read: 56.",
    ]


def test_who_restricted_all_use_gets_answers_only(post: Post) -> None:
    post.made.say(ALICE, "give", "care")
    change_notice(post.made)
    post.made.say(ALICE, "restrict")
    close(post.made, ALICE)
    assert post.send() == {Outcome.RESTRICTED: 1, Outcome.PUT: 1}
    post.made.say(ALICE, "lift")
    assert post.send(NOTICE) == {Outcome.PUT: 1}


def test_nothing_goes_to_who_was_erased_or_to_an_address_that_is_not_held(post: Post) -> None:
    for who in (ALICE, BOB):
        post.made.say(who, "give", "care")
    change_notice(post.made)
    post.made.erase(ALICE)
    post.addresses[BOB] = None
    assert post.send(NOTICE) == {Outcome.GONE: 1, Outcome.UNREACHABLE: 1}
    assert post.mails() == []


@pytest.mark.parametrize("meanwhile", ["erase", "withdraw", "restrict"])
def test_what_a_person_does_while_it_is_being_sent_stops_it(post: Post, meanwhile: str) -> None:
    post.made.say(ALICE, "give", "care")
    change_notice(post.made)
    does = {
        "erase": lambda: post.made.erase(ALICE),
        "withdraw": lambda: post.made.say(ALICE, "withdraw", "care"),
        "restrict": lambda: post.made.say(ALICE, "restrict"),
    }
    post.before_sending = does[meanwhile]
    expected = {"erase": Outcome.GONE, "withdraw": Outcome.OVER, "restrict": Outcome.RESTRICTED}
    assert post.send(NOTICE) == {expected[meanwhile]: 1}
    assert post.mails() == []


def test_nobody_gets_more_than_the_cap_of_a_kind_whoever_they_are_to_us(post: Post) -> None:
    post.made.say(ALICE, "give", "care")
    post.made.say(BOB, "give", "care")
    post.made.link(ALICE, BOB)
    change_notice(post.made)
    assert post.send(NOTICE) == {Outcome.PUT: 1, Outcome.DONE: 1}
    care = post.made.policy.purposes["care"]
    newer = replace(care, notice=Notice("3", "Newer words."))
    post.made.policy = replace(post.made.policy, purposes={**post.made.policy.purposes, "care": newer})
    assert post.send(NOTICE) == {Outcome.CAPPED: 2}
    post.made.tick(days=31)
    assert post.send(NOTICE) == {Outcome.PUT: 1, Outcome.DONE: 1}


def test_one_run_sends_no_more_than_so_many_and_the_next_goes_on(post: Post) -> None:
    for who in range(3):
        close(post.made, who)
    assert post.send(ANSWERED, most=2)[Outcome.PUT] == 2
    assert post.send(ANSWERED, most=2) == {Outcome.DONE: 2, Outcome.PUT: 1}


def test_a_link_opens_preferences_until_it_is_over_and_whoever_alters_it_gets_nothing(post: Post) -> None:
    post.made.say(ALICE, "give", "care")
    change_notice(post.made)
    post.send(NOTICE)
    (token,) = [word.rpartition("/")[2] for word in post.mails()[0]["text"].split() if word.startswith("https://")]
    assert {"alice", "key-0", CUSTOMER} & set(token.split(".")) == set()
    with post.made.database.write() as connection:
        found = message_links.opened(connection, post.made.keys, KEY, token, post.made.now)
        assert found.identity == (CUSTOMER, ALICE)
        for at in range(len(token)):
            other = token[:at] + ("0" if token[at] != "0" else "1") + token[at + 1 :]
            with pytest.raises(NotPermitted, match=r"^This link opens nothing\.$"):
                message_links.opened(connection, post.made.keys, KEY, other, post.made.now)
        for wrong in ("", ".", "..", token + "0", "é" * 40, token * 3):
            with pytest.raises(NotPermitted, match=r"^This link opens nothing\.$"):
                message_links.opened(connection, post.made.keys, KEY, wrong, post.made.now)
        with pytest.raises(NotPermitted, match=r"^This link opens nothing\.$"):
            message_links.opened(connection, post.made.keys, KEY, token, post.made.now + 32 * DAY)
        with pytest.raises(NotPermitted, match=r"^This link opens nothing\.$"):
            message_links.opened(connection, post.made.keys, b"o" * 32, token, post.made.now)


def test_who_does_not_want_a_kind_gets_none_of_it_until_they_want_it_again(post: Post) -> None:
    post.made.say(ALICE, "give", "care")
    change_notice(post.made)
    pseudonym = post.made.pseudonyms(ALICE)[CUSTOMER, ALICE]
    with post.made.database.write() as connection:
        message_parts.choose(connection, pseudonym, NOTICE, False, post.made.now)
        assert message_parts.choices(connection, pseudonym) == {EXPIRY: True, NOTICE: False, YEARLY: True}
    assert post.send(NOTICE) == {Outcome.UNWANTED: 1}
    with post.made.database.write() as connection:
        message_parts.choose(connection, pseudonym, NOTICE, True, post.made.now)
    assert post.send(NOTICE) == {Outcome.PUT: 1}


def test_the_log_tells_of_each_message_and_holds_nothing_personal(post: Post) -> None:
    close(post.made, ALICE)
    post.send(ANSWERED)
    with post.made.database.read() as connection:
        bodies = b"\n".join(bytes(each) for each in connection.scalars(select(log_entries.c.body)))
    assert bodies.count(b'"action":"message.put"') == 1
    assert [bodies.count(each) for each in (b"person0", b"home.example", b"key-0")] == [0, 0, 0]


def test_the_language_is_that_of_their_last_choice(post: Post) -> None:
    close(post.made, ALICE)
    post.made.say(ALICE, "give", "care", language="de-AT")
    post.send(ANSWERED)
    assert post.mails()[0]["subject"] == "Ihre Anfrage r000000000000 ist beantwortet"


def test_who_is_not_known_to_speak_another_is_told_in_the_companys_language(post: Post) -> None:
    controller = replace(post.made.policy.controller, language="fr")
    post.made.policy = replace(post.made.policy, controller=controller)
    close(post.made, ALICE)
    post.send(ANSWERED)
    assert post.mails()[0]["subject"] == "Votre demande r000000000000 a reçu une réponse"


def test_two_who_send_at_once_send_one(control: Database) -> None:
    post = Post(MadeLog(control))
    post.made.say(ALICE, "give", "care")
    change_notice(post.made)
    assert post.send_twice_at_once(NOTICE) == {Outcome.PUT: 1, Outcome.DONE: 1}
    assert len(post.mails()) == 1
