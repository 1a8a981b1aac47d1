"""Choosing without signing in: for one browser, known by a random cookie; and what joins the account at sign-in."""

from __future__ import annotations

import json
import re
from itertools import product

import pytest
from sqlalchemy import select, update

from pellucid.consent import visitor_records
from pellucid.consent.visitor_records import DAY
from pellucid.records.web_tables import visitors
from pellucid.settings import Settings
from pellucid.subjects import ids
from pellucid.web import cookies
from pellucid.workspace.visitors import find
from tests.web.visitors import Browser, Grocer, Page

HERE, JOINED = "/privacy/visitor", "/privacy/joined"
GPC = {"Sec-GPC": "1"}
NOTICE = "2026-11"


def choose(browser: Browser, **choices: str) -> None:
    for purpose, choice in choices.items():
        page = browser.submit(HERE, f"{HERE}/choices/{purpose}", choice=choice, notice=NOTICE)
        assert (page.status, page.place) == (303, f"{HERE}?told=kept#purpose-{purpose}")


def pressed(page: Page) -> dict[str, bool | None]:
    """Return what a page shows as chosen, by purpose."""
    found = dict(re.findall(r'id="((?:yes|no)-\w+)" aria-pressed="(\w+)"', page.text))
    return {
        purpose: {("true", "false"): True, ("false", "true"): False, ("false", "false"): None}[
            found[f"yes-{purpose}"], found[f"no-{purpose}"]
        ]
        for purpose in sorted({name.partition("-")[2] for name in found})
    }


def account(grocer: Grocer, household: str = "h0001") -> list[tuple[str | None, str, str]]:
    """Return what a household said: purpose, verb, method."""
    history = grocer.workspace.consent.history(household, actor=grocer.workspace.actor("pia"))
    return [(kept.record.purpose, kept.record.verb.value, kept.record.method) for kept in history]


def kept(grocer: Grocer) -> list[str]:
    with grocer.workspace.room.database.read() as connection:
        return list(connection.scalars(select(visitors.c.id)))


class TestChoosing:
    def test_nothing_is_chosen_beforehand_and_nothing_is_kept_of_who_only_looks(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        page = browser.get(HERE)

        assert pressed(page) == {"offers": None, "planning": None}  # accounts offers no choice
        assert (kept(grocer), cookies.VISITOR in browser.cookies) == ([], False)

    def test_a_choice_is_kept_for_this_browser_and_shown_there_only(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        choose(browser, offers="yes", planning="no")

        assert pressed(browser.get(HERE)) == {"offers": True, "planning": False}
        assert pressed(grocer.browser().get(HERE)) == {"offers": None, "planning": None}
        assert len(kept(grocer)) == 1

    def test_a_choice_is_kept_with_the_language_that_its_words_were_shown_in(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        page = browser.get(f"{HERE}?language=de")
        sent = re.findall(r'name="language" value="(\w+)"', page.text)
        browser.submit(HERE, f"{HERE}/choices/offers", choice="no", notice=NOTICE, language=sent[0])
        browser.submit(HERE, f"{HERE}/choices/planning", choice="no", notice=NOTICE, language="nl")
        with grocer.workspace.room.database.read() as connection:
            found = json.loads(connection.scalars(select(visitors.c.choices)).one())

        assert sent == ["en", "en"]  # the policy is not translated
        assert {purpose: each["language"] for purpose, each in found.items()} == {"offers": "en", "planning": "de"}

    def test_the_cookie_is_bound_to_the_host_and_lasts_as_long_as_the_page_says(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        page = browser.submit(HERE, f"{HERE}/choices/offers", choice="no")
        line = next(each for each in page.headers.get_list("set-cookie") if each.startswith(cookies.VISITOR))

        assert re.sub(r"=[A-Za-z0-9_-]{43};", "=X;", line) == (
            f"__Host-pellucid-visitor=X; HttpOnly; Max-Age={180 * 86_400}; Path=/; SameSite=lax; Secure"
        )

    def test_one_press_says_no_to_all(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        page = browser.submit(HERE, HERE)

        assert (page.status, page.place) == (303, f"{HERE}?told=all-off")
        assert pressed(browser.get(HERE)) == {"offers": False, "planning": False}

    def test_what_was_chosen_can_be_deleted_at_once(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        choose(browser, offers="yes")
        page = browser.submit(HERE, f"{HERE}/forget")

        assert (page.status, page.place) == (303, f"{HERE}?told=forgotten")
        assert (kept(grocer), cookies.VISITOR in browser.cookies) == ([], False)
        assert grocer.actions()[-2:] == ["visitor.chose", "visitor.forgotten"]

    def test_who_is_signed_in_is_led_to_their_own_choices(self, grocer: Grocer) -> None:
        assert grocer.known().get(HERE).place == "/privacy/choices"

    def test_the_log_tells_of_a_choice_and_of_nobody(self, grocer: Grocer) -> None:
        choose(grocer.browser(), offers="yes")
        entry = grocer.entries()[-1]

        assert entry["action"] == "visitor.chose"
        assert entry["body"] == {
            "visitor": kept(grocer)[0],
            "yes": ["offers"],
            "no": [],
            "signalled": [],
            "screen": "visitor-page-1",
        }
        assert (entry["actor"]["name"], entry.get("subject")) == ("unknown", None)


class TestASignal:
    def test_it_is_honoured_and_shown_before_anything_is_kept(self, grocer: Grocer) -> None:
        page = grocer.browser().get(HERE, GPC)

        assert "Your browser sends Global Privacy Control." in page.words
        assert kept(grocer) == []


class TestWhoMay:
    @pytest.mark.parametrize("path", [HERE, f"{HERE}/choices/offers", f"{HERE}/forget"])
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "null"},
        ],
    )
    def test_a_form_from_elsewhere_is_refused(self, grocer: Grocer, path: str, headers: dict[str, str]) -> None:
        browser = grocer.browser()
        choose(browser, offers="yes")
        page = browser.submit(HERE, path, headers, choice="no")

        assert page.status == 403
        assert pressed(browser.get(HERE))["offers"] is True

    def test_a_form_with_the_token_of_another_browser_is_refused(self, grocer: Grocer) -> None:
        mallory, alice = grocer.browser(), grocer.browser()
        choose(alice, offers="yes")
        stolen = mallory.get(HERE).token
        page = alice.post(f"{HERE}/choices/offers", {"_token": stolen, "choice": "no"})

        assert page.status == 403
        assert pressed(alice.get(HERE))["offers"] is True

    @pytest.mark.parametrize("secret", ["", "x", "x" * 43, "x" * 44, "\x00", "../" * 20])
    def test_nobody_reaches_another_visitors_choices_by_guessing(self, grocer: Grocer, secret: str) -> None:
        alice, mallory = grocer.browser(), grocer.browser()
        choose(alice, offers="yes")
        mallory.cookies[cookies.VISITOR] = secret.replace("\x00", "%00")
        choose(mallory, offers="no")

        assert mallory.cookies[cookies.VISITOR] != secret  # a secret that we did not make is not taken over
        assert pressed(alice.get(HERE))["offers"] is True

    @pytest.mark.parametrize("purpose", ["accounts", "nothing"])
    def test_what_is_not_offered_cannot_be_chosen(self, grocer: Grocer, purpose: str) -> None:
        page = grocer.browser().submit(HERE, f"{HERE}/choices/{purpose}", choice="yes", notice=NOTICE)

        assert page.status == 404

    def test_a_yes_to_another_notice_is_refused(self, grocer: Grocer) -> None:
        page = grocer.browser().submit(HERE, f"{HERE}/choices/offers", choice="yes", notice="2020-01")

        assert (page.status, kept(grocer)) == (422, [])


@pytest.mark.usefixtures("still")
class TestFloods:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(visitors_per_hour=3, serve_choices_per_minute=6)

    def test_no_more_records_are_made_than_are_let(self, grocer: Grocer) -> None:
        known = grocer.browser()
        choose(known, offers="yes")
        made = [
            grocer.browser().submit(HERE, f"{HERE}/choices/offers", choice="no", notice=NOTICE).status for _ in range(4)
        ]

        assert (made, len(kept(grocer))) == ([303, 303, 429, 429], 3)
        choose(known, offers="no")  # who is known goes on choosing
        assert known.submit(HERE, f"{HERE}/choices/offers", choice="no").status == 429  # but not without end

    def test_a_browser_has_one_record_however_often_it_chooses(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        for choice in ("yes", "no", "yes", "no"):
            choose(browser, offers=choice)

        assert len(kept(grocer)) == 1


class TestTime:
    def test_the_worker_deletes_what_is_over_and_says_how_many(self, grocer: Grocer) -> None:
        stays, goes = grocer.browser(), grocer.browser()
        choose(stays, offers="yes")
        (first,) = kept(grocer)
        choose(goes, offers="yes")
        with grocer.workspace.room.database.write() as connection:
            connection.execute(update(visitors).where(visitors.c.id != first).values(ends_at=grocer.now() - 1))
        assert pressed(goes.get(HERE))["offers"] is None  # before it is deleted, too
        grocer.workspace.work.plan()
        grocer.work()

        assert kept(grocer) == [first]
        removed = [each["body"] for each in grocer.entries() if each["action"] == "visitor.removed"]
        assert removed == [{"number": 1}]

    def test_choosing_anew_keeps_it_from_that_day_on(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        choose(browser, offers="yes")
        with grocer.workspace.room.database.write() as connection:
            connection.execute(update(visitors).values(ends_at=grocer.now() + 1_000_000_000))
        choose(browser, offers="no")
        with grocer.workspace.room.database.read() as connection:
            ends_at = connection.scalar(select(visitors.c.ends_at))

        assert ends_at is not None
        assert 0 <= grocer.now() + 180 * DAY - ends_at < 60_000_000


def sign_in(grocer: Grocer, browser: Browser, household: str = "h0001") -> Browser:
    """Let a browser hold a session besides what it holds."""
    browser.cookies |= grocer.known(household).cookies
    return browser


class TestJoining:
    def test_what_was_chosen_is_shown_before_anything_else(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        choose(browser, planning="no", offers="yes")
        signed = sign_in(grocer, browser)

        assert (signed.get("/privacy").place, signed.get("/privacy").status) == (JOINED, 200)
        words = signed.get(JOINED).words
        assert "Decide what our shops carry In this browser No" in words
        assert "Your no holds for your account too. It is recorded there, and in force." in words
        assert "A yes in a browser does not speak for an account, so we ask you." in words

    def test_signing_in_as_people_do_joins_too(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        choose(browser, planning="no")
        assert browser.submit("/privacy/sign-in", "/privacy/sign-in", key="h0001").status == 303
        grocer.work()
        browser.submit("/privacy/sign-in/code", "/privacy/sign-in/code", code=grocer.code_for("h0001"))

        assert browser.get("/privacy").place == JOINED
        assert account(grocer) == [("planning", "object", "visitor")]

    @pytest.mark.parametrize(
        ("choice", "words", "purpose"),
        list(product(("yes", "no"), ("give", "refuse", "refuse give", ""), ("offers", "planning"))),
    )
    def test_the_strictest_counts(self, grocer: Grocer, choice: str, words: str, purpose: str) -> None:
        """By what the account may be used for, before and after; and no word of it is a yes that came by joining."""
        pia = grocer.workspace.actor("pia")
        for word in words.split():
            grocer.workspace.consent.record(word, "h0001", purpose=purpose, actor=pia)
        browser = grocer.browser()
        choose(browser, **{purpose: choice})
        before = grocer.workspace.consent.why("h0001", purpose=purpose, actor=pia).permitted
        sign_in(grocer, browser).get("/privacy")
        after = grocer.workspace.consent.why("h0001", purpose=purpose, actor=pia).permitted

        assert after == (before and choice == "yes")
        assert [verb for _, verb, method in account(grocer) if method and verb == "give"] == []

    def test_it_is_logged_and_receipted_and_ties_nothing_before_it_to_the_account(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        choose(browser, planning="no", offers="yes")
        (was,) = kept(grocer)
        signed = sign_in(grocer, browser)
        signed.get("/privacy")
        entries = grocer.entries()
        grocer.workspace.audit.checkpoint(actor=grocer.workspace.actor("pia"))
        place = re.search(r"/privacy/history/\d+/receipt", signed.get("/privacy/history").text)

        assert [each["action"] for each in entries[-2:]] == ["consent.object", "visitor.joined"]
        assert entries[-1]["body"] == {
            "closes": ["planning"],
            "same": [],
            "refused": [],
            "asks": ["offers"],
            "nothing": [],
        }
        assert entries[-1]["subject"] == entries[-2]["subject"]
        assert was not in str(entries[-2:])
        assert place is not None
        assert signed.get(place.group()).status == 200

    def test_the_record_ends_and_what_was_chosen_goes_on_in_the_browser_under_another(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        choose(browser, planning="no", offers="yes")
        (was,) = kept(grocer)
        signed = sign_in(grocer, browser)
        signed.get("/privacy")
        assert signed.submit(JOINED, JOINED).place == "/privacy"
        signed.submit("/privacy", "/privacy/sign-out")

        assert kept(grocer) != [was]
        assert len(kept(grocer)) == 1
        assert pressed(browser.get(HERE)) == {"offers": True, "planning": False}

    def test_a_yes_that_the_account_refused_ends_in_the_browser_too(self, grocer: Grocer) -> None:
        grocer.workspace.consent.record("refuse", "h0001", purpose="offers", actor=grocer.workspace.actor("pia"))
        browser = grocer.browser()
        choose(browser, offers="yes")
        signed = sign_in(grocer, browser)
        signed.get("/privacy")
        signed.submit("/privacy/choices", "/privacy/sign-out")

        assert pressed(browser.get(HERE))["offers"] is False

    def test_it_is_joined_once_so_that_a_later_yes_of_the_account_stays(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        choose(browser, offers="no")
        signed = sign_in(grocer, browser)
        signed.get("/privacy")
        signed.submit("/privacy/choices", "/privacy/choices/offers", choice="yes", notice=NOTICE)
        again = sign_in(grocer, browser)

        assert again.get("/privacy").status == 200
        assert account(grocer) == [("offers", "withdraw", "visitor"), ("offers", "give", "button")]

    def test_a_no_that_is_said_while_a_record_joins_is_not_overwritten_by_the_yes_before(self, grocer: Grocer) -> None:
        browser, desk = grocer.browser(), grocer.workspace.arrivals
        choose(browser, offers="yes")
        with grocer.workspace.room.database.read() as connection:
            read = find(connection, desk.key(), browser.cookies[cookies.VISITOR], grocer.now())
        assert read is not None
        choose(browser, offers="no")
        with grocer.workspace.room.database.write() as connection:
            assert visitor_records.end(connection, read, "session", read.choices, grocer.now()) is False

        assert pressed(browser.get(HERE))["offers"] is False
        browser.cookies |= grocer.known().cookies
        assert browser.get("/privacy").place == JOINED
        assert account(grocer) == [("offers", "withdraw", "visitor")]

    def test_what_is_chosen_after_it_joins_the_next_time(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        choose(browser, offers="yes")
        sign_in(grocer, browser).get("/privacy")
        browser.cookies.pop(cookies.CENTRE)
        choose(browser, offers="no")
        sign_in(grocer, browser).get("/privacy")

        assert account(grocer) == [("offers", "withdraw", "visitor")]

    def test_another_account_in_the_same_browser_is_not_told_of_it(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        choose(browser, planning="no")
        sign_in(grocer, browser, "h0001").get("/privacy")
        other = sign_in(grocer, browser, "h0002")

        assert other.get("/privacy").status == 200
        assert "There is nothing that was chosen in this browser before." in other.get(JOINED).words
        assert account(grocer, "h0002") == []

    def test_a_signal_of_the_browser_counts_for_who_has_signed_in(self, grocer: Grocer) -> None:
        browser = grocer.known()
        assert browser.get("/privacy", GPC).status == 200
        with grocer.workspace.room.database.read() as connection:
            subject = ids.find(connection, "household", "h0001")
        seen, _ = grocer.workspace.signals.shown("h0001", actor=grocer.workspace.actor("pia"))

        assert subject is not None
        assert [signal for signal, _ in seen] == ["gpc"]
        before = grocer.actions()
        browser.get("/privacy", GPC)
        assert grocer.actions() == before  # told once

    def test_a_signal_that_is_switched_on_within_a_session_counts_from_then_on(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        choose(browser, planning="yes")
        sign_in(grocer, browser)
        browser.get("/privacy")
        browser.get("/privacy", GPC)

        seen, _ = grocer.workspace.signals.shown("h0001", actor=grocer.workspace.actor("pia"))
        assert [signal for signal, _ in seen] == ["gpc"]
