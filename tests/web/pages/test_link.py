"""Signing in by the link beside the code: by a button, once, in time, and in the browser only that asked."""

from __future__ import annotations

import re

import pytest

from pellucid.records.rights_tables import identity_challenges
from pellucid.records.web_tables import web_sessions
from pellucid.settings import Settings
from pellucid.web import cookies
from tests.web.visitors import MAIL, Browser, Grocer

SIGN_IN, CODE, LINK = "/privacy/sign-in", "/privacy/sign-in/code", "/privacy/sign-in/link"
PUBLIC = "http://127.0.0.1"
WRONG = "This is not the link that we sent last, or it holds no longer."
ELSEWHERE = "This link opens elsewhere"
INSIDE = "What we hold about you Household: h0001"


@pytest.fixture
def settings() -> Settings:
    return Settings(public_url=PUBLIC)


def mail_of(grocer: Grocer, household: str = "h0001") -> str:
    sent = [mail for mail in grocer.office.taken if MAIL[household] in str(mail["To"])]
    return str(sent[-1].get_content())


def link_for(grocer: Grocer, household: str = "h0001") -> str:
    """Return the path of the newest link that was sent to a household."""
    found = re.search(rf"{PUBLIC}({LINK}/[A-Za-z0-9_-]+)\r?\n", mail_of(grocer, household))
    assert found is not None
    return found.group(1)


def asked(grocer: Grocer, household: str = "h0001") -> Browser:
    browser = grocer.browser()
    browser.submit(SIGN_IN, SIGN_IN, key=household)
    grocer.work()
    return browser


def pressed(browser: Browser, link: str) -> tuple[int, str, int]:
    """Open a link and press its button; return status, place, and whether the page tells that it is wrong."""
    page = browser.submit(link, LINK, link=link.rpartition("/")[2])
    return page.status, page.place, page.words.count(WRONG)


def test_the_mail_holds_a_code_and_a_link_and_the_link_lets_in_by_a_button(grocer: Grocer) -> None:
    browser = asked(grocer)
    shown = browser.get(link_for(grocer))
    done = pressed(browser, link_for(grocer))
    how = [each["body"]["how"] for each in grocer.entries() if each["action"] == "sign-in.done"]

    assert len(grocer.office.taken) == 1
    assert mail_of(grocer).count("They hold for ten minutes, once, and in the browser only") == 1
    assert shown.words.startswith("Sign in by your link You asked in this browser to be let in.")
    assert (done, how) == ((303, "/privacy", 0), ["link"])
    assert browser.get("/privacy").words.startswith(INSIDE)
    assert cookies.BROWSER not in browser.cookies


def test_opening_a_link_uses_nothing_up(grocer: Grocer) -> None:
    """Programs that look at mails open the links in them, without the cookie and with it."""
    browser = asked(grocer)
    link = link_for(grocer)
    before = grocer.actions()
    for _ in range(10):
        assert (grocer.browser().get(link).status, browser.get(link).status) == (403, 200)
        assert (grocer.browser().head(link).status, browser.head(link).status) == (403, 200)

    assert grocer.actions() == before
    assert pressed(browser, link) == (303, "/privacy", 0)


def test_a_link_lets_in_once_and_with_it_the_code_is_used_up_and_the_reverse(grocer: Grocer) -> None:
    browser = asked(grocer)
    link, code, cookie = link_for(grocer), grocer.code_for("h0001"), dict(browser.cookies)
    assert pressed(browser, link) == (303, "/privacy", 0)
    again = Browser(grocer.address, dict(cookie))
    token = again.get(SIGN_IN).token
    posted = again.post(LINK, {"_token": token, "link": link.rpartition("/")[2]})

    assert (again.get(link).words.startswith(ELSEWHERE), posted.status, posted.words.count(WRONG)) == (True, 403, 1)
    assert again.post(CODE, {"_token": token, "code": code}).status == 403
    other = asked(grocer, "h0002")
    other.submit(CODE, CODE, code=grocer.code_for("h0002"))
    assert other.get(link_for(grocer, "h0002")).words.startswith(ELSEWHERE)


def test_a_link_in_another_browser_lets_nobody_in_and_costs_the_one_who_asked_nothing(grocer: Grocer) -> None:
    """Neither does whoever reads alice's mail come in, nor is alice signed in as mallory, who sends her a link."""
    browser, mallory = asked(grocer), asked(grocer, "h0002")
    link = link_for(grocer)
    new = grocer.browser()
    new.get(SIGN_IN)
    alone = new.submit(SIGN_IN, LINK, link=link.rpartition("/")[2])

    assert new.get(link).words.startswith(ELSEWHERE)
    assert (alone.status, alone.words.count(WRONG)) == (403, 1)
    assert pressed(mallory, link) == (403, "", 1)
    assert pressed(browser, link_for(grocer, "h0002")) == (403, "", 1)
    assert pressed(browser, link) == (303, "/privacy", 0)
    assert browser.get("/privacy").words.startswith(INSIDE)


def test_a_link_holds_ten_minutes_and_until_another_is_sent(grocer: Grocer) -> None:
    browser = asked(grocer)
    first = link_for(grocer)
    browser.submit(SIGN_IN, SIGN_IN, key="h0001")
    grocer.work()
    second = link_for(grocer)
    assert (first != second, pressed(browser, first)) == (True, (403, "", 1))
    later = 601_000_000
    with grocer.workspace.room.database.write() as connection:
        changed = identity_challenges.update().values(
            made_at=identity_challenges.c.made_at - later, expires_at=identity_challenges.c.expires_at - later
        )
        connection.execute(changed)

    assert pressed(browser, second) == (403, "", 1)


def test_a_wrong_link_counts_like_a_wrong_code(grocer: Grocer) -> None:
    browser = asked(grocer)
    for _ in range(5):
        assert pressed(browser, f"{LINK}/{'x' * 43}") == (403, "", 1)

    assert pressed(browser, link_for(grocer)) == (403, "", 1)
    grocer.workspace.doors.refusals.flush_all()
    refused = [each["body"] for each in grocer.entries() if each["action"] == "sign-in.refused"]
    assert [(each["reasons"], each["number"]) for each in refused] == [(["link-wrong"], 1), (["link-wrong"], 5)]


def test_whoever_is_unknown_is_told_the_same(grocer: Grocer) -> None:
    told = []
    for key in ("h0002", "h0003", "nobody"):
        browser = asked(grocer, key)
        link = f"{LINK}/{'x' * 43}"
        told.append((browser.get(CODE).words, browser.get(link).words, pressed(browser, link)))

    assert len(set(told)) == 1


def test_no_session_is_begun_without_the_token_of_the_page(grocer: Grocer) -> None:
    browser = asked(grocer)
    secret = link_for(grocer).rpartition("/")[2]
    headers = {"Origin": "https://mallory.example", "Sec-Fetch-Site": "cross-site"}

    assert browser.post(LINK, {"link": secret}).status == 403
    assert browser.post(LINK, {"link": secret, "_token": browser.get(SIGN_IN).token}, headers).status == 403
    with grocer.workspace.room.database.read() as connection:
        assert connection.execute(web_sessions.select()).all() == []


def test_the_link_is_neither_in_the_database_nor_in_the_log(grocer: Grocer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="pellucid.web")
    browser = asked(grocer)
    link = link_for(grocer)
    pressed(browser, link)
    raw = b"".join(path.read_bytes() for path in grocer.workspace.folder.glob("control.sqlite*"))
    secret = link.rpartition("/")[2]

    assert (raw.count(secret.encode()), str(grocer.entries()).count(secret)) == (0, 0)
    assert (caplog.records != [], sum(str(each.__dict__).count(secret) for each in caplog.records)) == (True, 0)


class TestWithoutAnAddress:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings()

    def test_the_mail_holds_a_code_only(self, grocer: Grocer) -> None:
        browser = asked(grocer)

        assert mail_of(grocer).count(LINK) == 0
        assert mail_of(grocer).count("It holds for ten minutes, once, and in the browser only") == 1
        assert browser.get(CODE).words.count("The message holds a link too.") == 0
