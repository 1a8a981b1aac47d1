"""Customers come in by the company's OpenID Connect provider, a real one on this machine, and go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc.jwk import ECKey, OKPKey
from sqlalchemy import func, select

from pellucid.openid import attempt
from pellucid.records.tables import subjects
from pellucid.records.web_tables import web_sessions
from pellucid.web import cookies
from tests.web.pages.by_provider import (
    BACK,
    BEGIN,
    INSIDE,
    NOT_BEGUN,
    REFUSED,
    SIGN_IN,
    begun,
    came_back,
    changed,
    local,
    outcome,
    reasons,
)
from tests.web.pages.conftest import served_with_provider
from tests.web.provider import Provider, approve
from tests.web.visitors import Browser, Grocer


@pytest.fixture
def grocer(company: Grocer) -> Grocer:
    return company


# -- coming in ---------------------------------------------------------------------------------------------------------


def test_whom_the_provider_names_is_let_in_with_what_one_contact_is_worth(grocer: Grocer) -> None:
    browser = grocer.browser()
    page = browser.get(SIGN_IN)
    back = came_back(grocer, browser)
    with grocer.workspace.room.database.read() as connection:
        session = connection.execute(select(web_sessions)).one()
    done = [each for each in grocer.entries() if each["action"].startswith("sign-in.")]

    assert page.words.count("Sign in with the company's account") == 1
    assert (back.status, back.place, browser.get("/privacy").words[: len(INSIDE)]) == (303, "/privacy", INSIDE)
    assert (session.how, session.strength) == ("openid", 1)
    assert [(each["action"], each["actor"]["name"], each["body"]["how"]) for each in done] == [
        ("sign-in.done", "self", "openid")
    ]
    assert str(done).count("h0001") == 0


def test_what_is_asked_of_the_provider_is_all_that_makes_an_attempt_ours(grocer: Grocer, provider: Provider) -> None:
    browser = grocer.browser()
    asked = {name: value[0] for name, value in parse_qs(urlsplit(browser.get(BEGIN).place).query).items()}

    told = {"response_type": "code", "client_id": "centre", "scope": "openid", "code_challenge_method": "S256"}
    assert {name: asked[name] for name in told} == told
    assert asked["redirect_uri"] == f"{grocer.address}{BACK}"
    assert [len(asked[name]) for name in ("nonce", "code_challenge")] == [43, 43]
    assert sorted(asked) == sorted([*told, "redirect_uri", "state", "nonce", "code_challenge"])


def test_somebody_whom_we_do_not_know_is_told_like_anybody_refused_and_nobody_is_made(
    grocer: Grocer, provider: Provider
) -> None:
    with grocer.workspace.room.database.read() as connection:
        before = connection.scalar(select(func.count()).select_from(subjects))
    provider.person = {"sub": "somebody else"}
    unknown = came_back(grocer)
    provider.person = {"sub": "h0001", "nonce": "wrong"}
    forged = came_back(grocer)
    with grocer.workspace.room.database.read() as connection:
        after = connection.scalar(select(func.count()).select_from(subjects))

    assert (outcome(unknown), unknown.words) == ((403, REFUSED), forged.words)
    assert (before, after) == (3, 3)
    assert reasons(grocer) == ["openid-unknown", "openid-nonce"]
    assert str(grocer.entries()).count("somebody else") == 0


def test_the_key_stands_in_the_claim_that_is_set_and_a_mail_address_has_to_be_verified(
    grocer: Grocer, provider: Provider
) -> None:
    settings = grocer.workspace.settings
    told: list[tuple[int, str]] = []
    for claim, person in (
        ("number", {"sub": "x", "number": "h0002"}),
        ("number", {"sub": "x", "number": 2}),
        ("number", {"sub": "h0001"}),
        ("email", {"sub": "x", "email": "h0002", "email_verified": True}),
        ("email", {"sub": "x", "email": "h0002"}),
        ("email", {"sub": "x", "email": "h0002", "email_verified": "true"}),
        ("sub", {"sub": "h0002\0"}),
    ):
        settings.openid_claim, provider.person = claim, person
        told.append(outcome(came_back(grocer)))

    assert [status for status, _ in told] == [303, 403, 403, 303, 403, 403, 403]


@pytest.mark.filterwarnings("ignore:EdDSA")  # providers say so still, though there are newer names
@pytest.mark.parametrize(("curve", "algorithm"), [("P-256", "ES256"), ("Ed25519", "Ed25519"), ("Ed25519", "EdDSA")])
def test_keys_of_other_kinds_sign_by_their_own_algorithms(
    grocer: Grocer, provider: Provider, curve: str, algorithm: str
) -> None:
    kind = ECKey if curve == "P-256" else OKPKey
    provider.key = kind.generate_key(curve, {"kid": "other"})  # type: ignore[arg-type]  # both take their curves
    provider.sign = lambda claims: provider.signed(claims, algorithm)

    assert came_back(grocer).status == 303


def test_without_a_provider_there_is_no_button_and_no_way(grocer: Grocer) -> None:
    grocer.workspace.settings.openid_issuer = ""
    pages = [grocer.browser().get(path) for path in (BEGIN, BACK)]

    assert [page.status for page in pages] == [404, 404]
    assert grocer.browser().get(SIGN_IN).words.count("the company's account") == 0


# -- attempts ----------------------------------------------------------------------------------------------------------


def test_an_attempt_is_taken_once_whether_or_not_it_let_anybody_in(grocer: Grocer, provider: Provider) -> None:
    browser = grocer.browser()
    back = begun(browser)
    cookie = dict(browser.cookies)
    first = browser.get(back)
    again = Browser(grocer.address, dict(cookie)).get(back)
    other = begun(Browser(grocer.address, dict(cookie)))
    failed = Browser(grocer.address, dict(cookie)).get(changed(other, code="made up"))
    retried = Browser(grocer.address, dict(cookie)).get(other)

    assert first.status == 303
    assert [outcome(page) for page in (again, failed, retried)] == [(403, NOT_BEGUN), (403, REFUSED), (403, NOT_BEGUN)]
    assert provider.asked.count("/token") == 2  # nobody asks the provider for an attempt that was taken


def test_an_attempt_of_another_browser_lets_nobody_in(grocer: Grocer, provider: Provider) -> None:
    """Else alice could be made to finish what mallory began, and would be signed in as mallory."""
    mallory, alice = grocer.browser(), grocer.browser()
    back = begun(mallory)
    alice.get(SIGN_IN)

    assert outcome(alice.get(back)) == (403, NOT_BEGUN)
    assert outcome(grocer.browser().get(back)) == (403, NOT_BEGUN)
    assert cookies.CENTRE not in alice.cookies
    assert provider.asked.count("/token") == 0


@pytest.mark.parametrize(
    "state",
    [None, "", "x", lambda real: real[:-1] + ("A" if real[-1] != "A" else "B"), lambda real: "f" + real[1:]],
    ids=["none", "empty", "made up", "another seal", "another time"],
)
def test_a_state_that_we_did_not_make_lets_nobody_in(grocer: Grocer, state: Any) -> None:
    browser = grocer.browser()
    back = begun(browser)
    real = parse_qs(urlsplit(back).query)["state"][0]

    assert outcome(browser.get(changed(back, state=state(real) if callable(state) else state))) == (403, NOT_BEGUN)


def test_what_is_said_twice_is_not_believed(grocer: Grocer) -> None:
    browser = grocer.browser()
    back = begun(browser)

    assert outcome(browser.get(f"{back}&code=another")) == (403, NOT_BEGUN)


def test_an_attempt_holds_for_ten_minutes_and_at_its_own_door() -> None:
    key, now = b"k" * 32, 1_800_000_000
    made = attempt.begin(key, "centre", "https://id.example", "cookie", now)

    def recognised(
        door: str = "centre",
        issuer: str = "https://id.example",
        cookie: str = "cookie",
        seconds: int = now,
        key: bytes = key,
    ) -> bool:
        return attempt.recognise(key, door, issuer, cookie, made.state, seconds) == made

    assert recognised()
    assert recognised(seconds=now + 599)
    assert [
        recognised(seconds=now + 600),
        recognised(seconds=now - 1),
        recognised(door="console"),
        recognised(issuer="https://other.example"),
        recognised(cookie="another"),
        recognised(cookie=""),
        recognised(key=b"x" * 32),
    ] == [False] * 7


def test_a_session_given_beforehand_is_worth_nothing_after_signing_in(grocer: Grocer) -> None:
    """Fixation: whoever put cookies into somebody's browser does not share their session."""
    mallory = grocer.browser()
    mallory.get(SIGN_IN)
    planted = {cookies.BROWSER: mallory.cookies[cookies.BROWSER], cookies.CENTRE: "m" * 43}
    alice = Browser(grocer.address, dict(planted))
    assert came_back(grocer, alice).status == 303

    assert Browser(grocer.address, planted).get("/privacy").place == SIGN_IN
    assert alice.cookies[cookies.CENTRE] != "m" * 43
    assert cookies.BROWSER not in alice.cookies


def test_signing_in_anew_ends_the_session_before(grocer: Grocer) -> None:
    browser = grocer.known("h0002")
    before = dict(browser.cookies)
    came_back(grocer, browser)

    assert Browser(grocer.address, before).get("/privacy").place == SIGN_IN
    assert browser.get("/privacy").words[: len(INSIDE)] == INSIDE


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_other_page_sends_people_to_sign_in(grocer: Grocer, site: str) -> None:
    assert grocer.browser().get(BEGIN, {"Sec-Fetch-Site": site}).place == SIGN_IN
    assert grocer.browser().get(BEGIN, {"Sec-Fetch-Site": "same-origin"}).place.partition("?")[0][-10:] == "/authorize"


@pytest.mark.parametrize("begin", [BEGIN, "/staff/sign-in/openid"])
def test_pages_of_others_use_up_nobodys_attempts(grocer: Grocer, begin: str) -> None:
    for _ in range(grocer.workspace.room.settings.serve_attempts_per_minute.__ceil__() + 1):
        grocer.browser().get(begin, {"Sec-Fetch-Site": "cross-site"})

    assert grocer.browser().get(begin, {"Sec-Fetch-Site": "same-origin"}).place.partition("?")[0][-10:] == "/authorize"


@pytest.mark.usefixtures("still")
class TestFewAttempts:
    """Whatever other pages make a browser bring costs whoever is there none of their few attempts."""

    @pytest.fixture
    def grocer(self, grocer_made: Path, tmp_path: Path, provider: Provider) -> Iterator[Grocer]:
        with served_with_provider(grocer_made, tmp_path, provider, serve_attempts_per_minute=2.0) as found:
            yield found

    @pytest.mark.parametrize("door", ["/privacy", "/staff"])
    def test_answers_to_no_attempt_of_this_browser_neither_count_nor_end_the_one_that_it_began(
        self, grocer: Grocer, provider: Provider, door: str
    ) -> None:
        provider.person = {"sub": "h0001" if door == "/privacy" else "pia", "amr": ["mfa"]}
        alice, mallory = grocer.browser(), grocer.known()
        back = begun(alice, f"{door}/sign-in/openid")
        mallory.cookies[cookies.BROWSER] = "m" * 43
        foreign = f"{door}/sign-in/openid/back?code=x&state=1.{'a' * 32}.{'b' * 43}"
        began = dict(alice.cookies)
        told = [outcome(alice.get(foreign)) for _ in range(4)]
        told += [outcome(alice.get(changed(back, code="x") + "&code=y")), outcome(mallory.get(back))]

        assert told == [(403, NOT_BEGUN)] * 6
        assert alice.get(back).place == door
        assert [outcome(Browser(grocer.address, dict(began)).get(back)) for _ in range(3)] == [(403, NOT_BEGUN)] * 3

    def test_attempts_that_were_begun_here_are_few(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        back = begun(browser)

        assert [browser.get(BEGIN).status for _ in range(2)] == [303, 429]
        assert browser.get(changed(back, code="x")).status == 429


def test_nothing_that_is_sent_says_where_anybody_goes(grocer: Grocer, provider: Provider) -> None:
    """Open redirect: neither parameters nor headers reach the addresses that browsers are sent to."""
    browser = grocer.browser()
    headers = {
        "X-Forwarded-Host": "mallory.example",
        "Referer": "https://mallory.example/",
        "Forwarded": "host=m.example",
    }
    place = browser.get(f"{BEGIN}?next=https://mallory.example&redirect_uri=https://mallory.example", headers).place
    done = browser.get(local(approve(place)) + "&next=https://mallory.example")

    assert (place.count("mallory"), done.place) == (0, "/privacy")


# -- leaving -----------------------------------------------------------------------------------------------------------


def test_who_came_by_the_provider_is_shown_the_way_out_of_it(grocer: Grocer, provider: Provider) -> None:
    browser = grocer.browser()
    came_back(grocer, browser)
    left = browser.submit("/privacy", "/privacy/sign-out")
    page = browser.follow(left)
    link = f"{provider.address}/leave?" + urlencode(
        {"client_id": "centre", "post_logout_redirect_uri": f"{grocer.address}{SIGN_IN}"}
    )

    assert (left.place, browser.get("/privacy").place) == ("/privacy/signed-out", SIGN_IN)
    assert page.text.count(link.replace("&", "&amp;")) == 1


def test_a_provider_without_a_way_out_gives_none(grocer: Grocer, provider: Provider) -> None:
    provider.about = {"end_session_endpoint": "javascript:alert(1)"}
    page = grocer.browser().get("/privacy/signed-out")

    assert (page.status, page.text.count("javascript"), page.text.count("Sign out there too")) == (200, 0, 0)
