"""The centre has a host of its own; the company's pages have theirs, under which only visitors are served."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from pellucid.settings import Settings
from pellucid.web import cookies
from tests.web.pages.by_provider import local
from tests.web.pages.test_visitors import HERE, JOINED, NOTICE, account, pressed, sign_in
from tests.web.visitors import Browser, Grocer

SHOP = "https://shop.example"
CENTRE = "privacy.shop.example"
OWN = {"Origin": f"https://{CENTRE}"}


def said(shop: Browser, **choices: str) -> None:
    """Choose on the company's own host."""
    for purpose, choice in choices.items():
        fields = {"_token": shop.get(HERE).token, "choice": choice, "notice": NOTICE}
        assert shop.post(f"{HERE}/choices/{purpose}", fields, {"Origin": SHOP}).status == 303


def brought(shop: Browser, centre: Browser) -> str:
    """Follow the link of the company's page as one browser does, which shows each host its cookies; where it ends."""
    link = re.search(rf'href="https://{CENTRE}({HERE}/bring/[^"]+)"', shop.get(HERE).text)
    assert link is not None
    handed = shop.get(local(centre.get(link.group(1)).place))
    assert handed.place.startswith(f"https://{CENTRE}{HERE}/take-along/")
    return local(handed.place)


def at(grocer: Grocer, host: str) -> Browser:
    browser = grocer.browser()
    browser.headers["Host"] = host
    return browser


@pytest.fixture
def settings() -> Settings:
    return Settings(public_url="https://privacy.shop.example", shop_origins=(SHOP,))


@pytest.fixture
def shop(grocer: Grocer) -> Iterator[Browser]:
    yield at(grocer, "shop.example")


@pytest.mark.parametrize(
    "path", ["/", "/privacy", "/privacy/sign-in", "/privacy/choices", "/staff/sign-in", "/verify/r0"]
)
def test_nobody_signs_in_under_the_shops_host(shop: Browser, path: str) -> None:
    assert shop.get(path).status == 421


def test_visitors_are_served_there_and_the_hosts_security_is_left_to_the_shop(shop: Browser) -> None:
    page = shop.get(HERE)

    assert page.status == 200
    assert "strict-transport-security" not in page.headers
    assert shop.get("/privacy/static/consent.js").status == 200


@pytest.mark.parametrize("host", ["evil.example", "shop.example.evil.example", "shop.example:8443", ""])
def test_no_other_host_is(grocer: Grocer, host: str) -> None:
    assert at(grocer, host).get(HERE).status == 421


def test_forms_come_from_the_same_host_and_not_from_the_other(shop: Browser) -> None:
    token = shop.get(HERE).token
    answers = [
        shop.post(HERE, {"_token": token}, {"Origin": origin}).status
        for origin in (SHOP, "https://privacy.shop.example", "http://shop.example")
    ]

    assert answers == [303, 403, 403]


def test_choices_are_taken_along_to_the_centre_once_and_join_there(grocer: Grocer, shop: Browser) -> None:
    said(shop, planning="no")
    centre = at(grocer, CENTRE)
    ticket = brought(shop, centre)
    done = centre.submit(ticket, ticket, OWN)
    again = centre.post(ticket, {"_token": centre.get(HERE).token}, OWN)
    signed = sign_in(grocer, centre)

    assert (done.status, done.place, again.status) == (303, JOINED, 403)
    assert "Your no holds for your account too." in signed.get(JOINED).words
    assert account(grocer) == [("planning", "object", "visitor")]
    assert pressed(shop.get(HERE)) == {"offers": None, "planning": False}


def test_a_no_of_this_browser_stays_when_choices_are_taken_along_to_it(grocer: Grocer, shop: Browser) -> None:
    said(shop, planning="yes", offers="yes")
    centre = at(grocer, CENTRE)
    assert centre.submit(HERE, f"{HERE}/choices/planning", OWN, choice="no", notice=NOTICE).status == 303
    ticket = brought(shop, centre)

    assert centre.submit(ticket, ticket, OWN).status == 303
    assert pressed(centre.get(HERE)) == {"offers": True, "planning": False}
    assert pressed(shop.get(HERE)) == {"offers": True, "planning": False}
    assert grocer.entries()[-1]["body"]["no"] == ["planning"]
    sign_in(grocer, centre).get(JOINED)
    assert account(grocer) == [("planning", "object", "visitor")]


def test_a_link_with_somebody_elses_ticket_adds_nothing_to_ones_own_choices(grocer: Grocer, shop: Browser) -> None:
    """Mallory says no on the shop's page, begins at the centre, and has alice open where she was led to."""
    said(shop, planning="no", offers="no")
    mallory, alice = at(grocer, CENTRE), at(grocer, CENTRE)
    ticket = brought(shop, mallory)
    shown, token = alice.get(ticket), alice.get(HERE).token
    sent = alice.post(ticket, {"_token": token}, OWN)
    sign_in(grocer, alice).get(JOINED)

    assert [(page.status, page.words.count("ticket-refused")) for page in (shown, sent)] == [(403, 1)] * 2
    assert (cookies.VISITOR in alice.cookies, account(grocer)) == (False, [])
    assert mallory.submit(ticket, ticket, OWN).status == 303  # it was not used up


def test_what_was_begun_in_another_browser_brings_a_ticket_that_only_that_one_can_take(
    grocer: Grocer, shop: Browser
) -> None:
    """Mallory begins, and has alice's browser hand on what alice chose."""
    said(shop, planning="no")
    mallory, alice = at(grocer, CENTRE), at(grocer, CENTRE)
    ticket = local(shop.get(local(mallory.get(f"{HERE}/bring/shop.example").place)).place)

    assert alice.get(ticket).status == 403


def test_who_chose_nothing_there_is_led_to_sign_in(grocer: Grocer, shop: Browser) -> None:
    handed = shop.get(local(at(grocer, CENTRE).get(f"{HERE}/bring/shop.example").place))

    assert handed.place == f"https://{CENTRE}/privacy/sign-in"


def test_each_step_is_taken_at_its_own_host_and_leads_to_those_that_are_set(grocer: Grocer, shop: Browser) -> None:
    centre = at(grocer, CENTRE)
    begun = centre.get(f"{HERE}/bring/shop.example")

    assert re.fullmatch(rf"{SHOP}{HERE}/hand-on/[0-9]+\.[0-9a-f]{{64}}", begun.place) is not None
    assert centre.get(f"{HERE}/bring/evil.example").status == 404
    assert shop.get(f"{HERE}/bring/shop.example").status == 404
    assert centre.get(local(begun.place)).status == 404


@pytest.mark.parametrize("change", ["id", "until", "mark"])
def test_a_ticket_that_we_did_not_make_is_refused(grocer: Grocer, shop: Browser, change: str) -> None:
    said(shop, planning="no")
    centre = at(grocer, CENTRE)
    id, until, mark = brought(shop, centre).rpartition("/")[2].split(".")
    bad = {"id": ("0" * 16, until, mark), "until": (id, str(int(until) + 1), mark), "mark": (id, until, "0" * 64)}
    place = f"{HERE}/take-along/{'.'.join(bad[change])}"

    assert centre.get(place).status == 403
    assert centre.submit(HERE, place, OWN).status == 403
