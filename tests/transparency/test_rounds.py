"""Everybody whose data are held is told of a notice that differs materially: once each, and of nothing they know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from pellucid.policy.model import Notice
from pellucid.records.database import Database
from pellucid.transparency import message_parts, messages, published, rounds
from pellucid.transparency.content import Content, Section, Sentence, Telling
from pellucid.transparency.message_parts import Outcome
from pellucid.transparency.message_words import NOTICE
from tests.consent.conftest import CUSTOMER, PIA, add_subjects
from tests.transparency.made_log import MadeLog
from tests.transparency.test_messages import ALICE, BOB, CLEO, Post, change_notice


@pytest.fixture
def post(control: Database) -> Post:
    return Post(MadeLog(control))


def made_notice(post: Post, *said: str, german: str = "") -> Content:
    """Return a notice that says so in English, and in German that or something else."""

    def telling(language: str, sentences: tuple[str, ...]) -> Telling:
        told = tuple(Sentence(f"said:{each}", text) for each, text in enumerate(sentences))
        return Telling(language, {"full": (Section("notice", "Notice", 1, told),)}, {})

    purposes = {name: each.notice.version for name, each in post.made.policy.purposes.items()}
    germans = tuple(german or f"{each} (deutsch)" for each in said)
    return Content(purposes, {"en": telling("en", said), "de": telling("de", germans)})


def publish(post: Post, *said: str, german: str = "") -> published.Published:
    made, now = post.made, post.made.tick()
    content = made_notice(post, *said, german=german)
    return published.publish(made.database, made.policy, content, PIA, now, lambda _: made.policy.in_force)


def told(post: Post) -> dict[str, list[str]]:
    """Return which differences each address was told of, message by message."""
    found: dict[str, list[str]] = {}
    for mail in post.mails():
        changes = [line.removeprefix("– ") for line in mail["text"].splitlines() if line.startswith("– ")]
        found.setdefault(mail["to"], []).append(" / ".join(changes))
    return found


def test_everybody_is_told_once_whatever_they_said_and_of_a_first_notice_nobody_is(post: Post) -> None:
    post.made.say(BOB, "withdraw", "care")
    assert not publish(post, "Kept for a year.").told
    assert post.send(NOTICE) == {}
    assert publish(post, "Kept for two years.").told
    assert post.send(NOTICE) == {Outcome.PUT: 3}
    said = ["“Kept for two years.” instead of “Kept for a year.”"]
    assert told(post) == {f"person{each}@home.example": said for each in range(3)}
    assert post.send(NOTICE) == {}


def test_what_is_not_material_mails_nobody(post: Post) -> None:
    publish(post, "Kept for a year.", german="Ein Jahr.")
    assert not publish(post, "kept – for a year", german="Ein Jahr lang.").told
    assert post.send(NOTICE) == {}


def test_who_said_yes_to_other_words_gets_one_mail_that_says_so(post: Post) -> None:
    publish(post, "Kept for a year.")
    for who in (ALICE, BOB):
        post.made.say(who, "give", "care")
    post.made.say(BOB, "withdraw", "care")
    change_notice(post.made)
    assert post.send(NOTICE) == {}  # what is not shown yet is not told
    publish(post, "Kept for two years.")
    assert post.send(NOTICE) == {Outcome.PUT: 3}
    warned = [mail["to"] for mail in post.mails() if "holds only as far as the notice is the same" in mail["text"]]
    assert warned == ["person0@home.example"]
    post.made.tick(days=40)
    assert post.send(NOTICE) == {}


def test_who_came_after_it_was_published_is_not_told(post: Post) -> None:
    publish(post, "Kept for a year.")
    publish(post, "Kept for two years.")
    add_subjects(post.made.database, ("DE", 1980), first=3)
    assert post.send(NOTICE) == {Outcome.PUT: 3}


def test_who_was_told_lately_is_told_of_the_next_notice_once_the_cap_allows_it(post: Post) -> None:
    publish(post, "Kept for a year.")
    publish(post, "Kept for two years.")
    post.addresses[BOB] = None
    assert post.send(NOTICE) == {Outcome.PUT: 2, Outcome.UNREACHABLE: 1}
    publish(post, "Kept for three years.")
    post.addresses[BOB] = "bob@home.example"
    assert post.send(NOTICE) == {Outcome.CAPPED: 2, Outcome.PUT: 1}
    assert post.send(NOTICE) == {}
    post.made.tick(days=31)
    assert post.send(NOTICE) == {Outcome.DONE: 1, Outcome.PUT: 2}
    two, three = "“Kept for two years.” instead of “Kept for a year.”", "“Kept for three years.” instead of "
    assert told(post) == {
        "person0@home.example": [two, f"{three}“Kept for two years.”"],
        "person2@home.example": [two, f"{three}“Kept for two years.”"],
        "bob@home.example": [f"{three}“Kept for a year.”"],  # of both at once
    }


def test_what_was_taken_back_before_somebody_was_told_of_it_is_no_news_to_them(post: Post) -> None:
    publish(post, "Kept for a year.")
    publish(post, "Kept for two years.")
    post.send(NOTICE, most=1)
    publish(post, "Kept for a year.")
    post.made.tick(days=31)
    assert post.send(NOTICE) == {Outcome.PUT: 1, Outcome.OVER: 2}
    assert list(told(post)) == ["person0@home.example"]


def test_a_correction_of_its_spelling_does_not_stop_what_is_told_of_a_notice(post: Post) -> None:
    publish(post, "Kept for a year.")
    publish(post, "Kept for two years.")
    post.send(NOTICE, most=1)
    publish(post, "Kept for two years!")
    assert post.send(NOTICE) == {Outcome.PUT: 2}


def erased(post: Post) -> Outcome:
    post.made.erase(ALICE)
    return Outcome.GONE


def restricted(post: Post) -> Outcome:
    post.made.say(ALICE, "restrict")
    return Outcome.RESTRICTED


def unwanted(post: Post) -> Outcome:
    with post.made.database.write() as connection:
        pseudonym = post.made.keys.pseudonym(connection, CUSTOMER, ALICE)
        message_parts.choose(connection, pseudonym, NOTICE, False, post.made.now)
    return Outcome.UNWANTED


def linked(post: Post) -> Outcome:
    post.made.link(ALICE, CLEO)
    return Outcome.DONE


@pytest.mark.parametrize(
    ("happens", "late"),
    [*((each, late) for each in (erased, restricted, unwanted) for late in (False, True)), (linked, False)],
)
def test_nothing_goes_to_whom_none_may_go(post: Post, happens: Callable[[Post], Outcome], late: bool) -> None:
    publish(post, "Kept for a year.")
    publish(post, "Kept for two years.")
    outcomes = []
    happen = lambda: outcomes.append(happens(post)) if not outcomes else None  # noqa: E731
    if late:
        post.before_sending = happen
    else:
        happen()
    assert post.send(NOTICE) == Counter({Outcome.PUT: 2}) + Counter(outcomes)
    assert len(post.mails()) == 2


def test_whose_restriction_is_lifted_is_told_later_and_who_stays_unreachable_not_for_ever(post: Post) -> None:
    publish(post, "Kept for a year.")
    publish(post, "Kept for two years.")
    restricted(post)
    post.addresses[BOB] = None
    assert post.send(NOTICE) == {Outcome.RESTRICTED: 1, Outcome.UNREACHABLE: 1, Outcome.PUT: 1}
    post.made.say(ALICE, "lift")
    post.made.tick(days=8)
    assert post.send(NOTICE) == {Outcome.PUT: 1, Outcome.UNREACHABLE: 1, Outcome.DONE: 1}
    post.made.tick(days=80)
    assert post.send(NOTICE) == {Outcome.UNREACHABLE: 1, Outcome.DONE: 2}
    post.made.tick(days=8)
    with post.made.database.read() as connection:
        assert [each.again_at for each in rounds.standing(connection)] == [None]
    assert post.send(NOTICE) == {}


class Died(Exception):
    """Stands for the end of the process."""


def test_who_died_is_gone_on_with_and_nobody_is_told_twice(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "PUTS", 1)
    publish(post, "Kept for a year.")
    publish(post, "Kept for two years.")

    def die() -> None:
        raise Died

    with pytest.raises(Died):
        messages.send_due(post.parts, [NOTICE], PIA, 500, die)
    assert len(post.mails()) == 1
    assert post.send(NOTICE) == {Outcome.DONE: 1, Outcome.PUT: 2}
    assert sorted(told(post)) == [f"person{each}@home.example" for each in range(3)]


@pytest.mark.parametrize("over", [False, True])
def test_whose_message_is_taken_back_before_it_went_out_is_told_later(post: Post, over: bool) -> None:
    publish(post, "Kept for a year.")
    publish(post, "Kept for two years.")
    assert post.send(NOTICE, most=500 if over else 2) == {Outcome.PUT: 3 if over else 2}
    with post.made.database.write() as connection:
        messages.recall(connection, [post.made.keys.pseudonym(connection, CUSTOMER, ALICE)], post.made.now)
        assert [each.again_at for each in rounds.standing(connection)] != [None]
    assert post.send(NOTICE) == ({} if over else {Outcome.PUT: 1})
    post.made.tick(days=8)
    assert post.send(NOTICE) == {Outcome.PUT: 1, Outcome.DONE: 2}


def test_who_became_another_after_their_address_was_looked_up_is_told_later_and_once(post: Post) -> None:
    publish(post, "Kept for a year.")
    publish(post, "Kept for two years.")
    post.before_sending = lambda: post.made.link(ALICE, CLEO)
    assert post.send(NOTICE) == {Outcome.PUT: 1, Outcome.UNREACHABLE: 2}
    post.before_sending = lambda: None
    post.made.tick(days=8)
    assert post.send(NOTICE) == {Outcome.PUT: 1, Outcome.DONE: 2}
    assert len(post.mails()) == 2


def test_two_who_tell_at_once_tell_each_once(post: Post) -> None:
    publish(post, "Kept for a year.")
    publish(post, "Kept for two years.")
    assert post.send_twice_at_once(NOTICE) == {Outcome.PUT: 3, Outcome.DONE: 3}
    assert len(post.mails()) == 3


def test_it_goes_by_pages_and_stops_at_the_most_that_one_run_sends(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    add_subjects(post.made.database, *[("DE", 1980)] * 4, first=3)
    post.addresses |= {each: f"person{each}@home.example" for each in range(3, 7)}
    monkeypatch.setattr(messages, "PEOPLE", 2)
    publish(post, "Kept for a year.")
    publish(post, "Kept for two years.")
    assert post.send(NOTICE, most=3) == {Outcome.PUT: 3}
    with post.made.database.read() as connection:
        assert [(each.people, each.place) for each in rounds.standing(connection)] == [(7, 3)]
    assert post.send(NOTICE) == {Outcome.PUT: 4}


def test_each_is_told_in_their_language(post: Post) -> None:
    post.made.say(ALICE, "give", "care", language="de-AT")
    publish(post, "Kept for a year.")
    publish(post, "Kept for two years.")
    post.send(NOTICE)
    assert told(post)["person0@home.example"] == ["„Kept for two years. (deutsch)“ statt „Kept for a year. (deutsch)“"]
    mail = next(each for each in post.mails() if each["to"] == "person0@home.example")
    assert (mail["subject"][:7], mail["html"].count('<html lang="de">')) == ("Was wir", 1)


def test_notices_without_a_language_in_common_are_told_of_without_saying_what_differs(post: Post) -> None:
    publish(post, "Kept for a year.")
    content = made_notice(post, "Conservé un an.")
    french = Content(content.purposes, {"fr": replace(content.tellings["en"], language="fr")})
    made = post.made
    made.policy = replace(made.policy, controller=replace(made.policy.controller, language="fr"))
    published.publish(made.database, made.policy, french, PIA, made.tick(), lambda _: made.policy.in_force)
    assert post.send(NOTICE) == {Outcome.PUT: 3}
    assert told(post)["person0@home.example"] == [""]
    assert post.mails()[0]["text"].count("Ce qui est différent") == 0


def test_a_yes_of_somebody_who_came_later_is_told_of_by_itself(post: Post) -> None:
    publish(post, "Kept for a year.")
    care = post.made.policy.purposes["care"]
    publish(post, "Kept for two years.")
    post.send(NOTICE)
    add_subjects(post.made.database, ("DE", 1980), first=3)
    post.addresses[3] = "dora@home.example"
    post.made.policy = replace(
        post.made.policy, purposes={**post.made.policy.purposes, "care": replace(care, notice=Notice("0", "Old."))}
    )
    post.made.say(3, "give", "care")
    post.made.policy = replace(post.made.policy, purposes={**post.made.policy.purposes, "care": care})
    assert post.send(NOTICE) == {Outcome.PUT: 1}
    assert told(post)["dora@home.example"] == [""]
