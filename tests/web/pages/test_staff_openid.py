"""Staff come in by a provider: as a person of the policy, with its roles, by several factors; no wait is got around."""

from __future__ import annotations

from typing import Any

import pytest

from pellucid.errors import NotPermitted
from pellucid.web import cookies
from tests.web.enrolling import PASSWORD, code_of, enrolled_by
from tests.web.pages.by_provider import NOT_BEGUN, REFUSED, begun, came_back, outcome, reasons
from tests.web.provider import Provider
from tests.web.visitors import Browser, Grocer

SIGN_IN, BEGIN = "/staff/sign-in", "/staff/sign-in/openid"
FACTORS = "You signed in there with one factor only, and two are asked for here."
PIA = {"sub": "pia", "amr": ["pwd", "otp", "mfa"]}


@pytest.fixture
def grocer(company: Grocer, provider: Provider) -> Grocer:
    provider.person = dict(PIA)
    return company


def test_who_the_provider_names_works_with_the_roles_of_the_policy_and_no_others(
    grocer: Grocer, provider: Provider
) -> None:
    browser = grocer.browser()
    page = browser.get(SIGN_IN)
    provider.person = PIA | {"roles": ["analyst"], "groups": ["admin"]}
    back = came_back(grocer, browser, BEGIN)
    done = [each for each in grocer.entries() if each["action"] == "sign-in.done"]

    assert page.words.count("Sign in with the company's account") == 1
    assert (back.status, back.place) == (303, "/staff")
    assert browser.get("/staff").words.startswith("Pia Vacy Signed in as pia. Roles: Privacy officer. ")
    assert [(each["actor"]["name"], each["body"]["how"], each["body"]["door"]) for each in done] == [
        ("pia", "openid", "console")
    ]


def test_people_are_named_by_the_claim_and_the_list_that_are_set(grocer: Grocer, provider: Provider) -> None:
    settings = grocer.workspace.settings
    settings.staff_openid_claim, settings.staff_openid_people = "oid", {"a1b2": "pia", "c3d4": "gone"}
    told = []
    for oid in ("a1b2", "c3d4", "pia", None):
        provider.person = PIA | {"oid": oid}
        told.append(outcome(came_back(grocer, begin=BEGIN)))

    assert told == [(303, ""), (403, REFUSED), (403, REFUSED), (403, REFUSED)]
    assert reasons(grocer) == ["openid-unknown"] * 2


def test_who_the_policy_does_not_declare_is_told_like_anybody_refused(grocer: Grocer, provider: Provider) -> None:
    provider.person = PIA | {"sub": "nobody"}
    unknown = came_back(grocer, begin=BEGIN)
    provider.person = PIA | {"nonce": "n"}
    forged = came_back(grocer, begin=BEGIN)

    assert (outcome(unknown), unknown.words) == ((403, REFUSED), forged.words)
    assert str(grocer.entries()).count("nobody") == 0


@pytest.mark.parametrize(
    ("settings", "claims", "let_in"),
    [
        ({}, {"amr": ["mfa"]}, True),
        ({}, {"amr": ["pwd"]}, False),
        ({}, {"amr": None}, False),
        ({}, {"acr": "mfa", "amr": None}, False),
        ({"staff_openid_amr": ("hwk", "otp")}, {"amr": ["pwd", "otp"]}, True),
        ({"staff_openid_acr": ("gold",)}, {"acr": "gold", "amr": None}, True),
        ({"staff_openid_acr": ("gold",)}, {"acr": "1", "amr": None}, False),
        ({"staff_openid_acr": ("gold",)}, {"acr": ["gold"], "amr": None}, False),
        ({"staff_openid_amr": ()}, {"amr": None}, True),
    ],
    ids=str,
)
def test_several_factors_are_demanded_as_it_is_set(
    grocer: Grocer, provider: Provider, settings: dict[str, Any], claims: dict[str, Any], let_in: bool
) -> None:
    for name, value in settings.items():
        setattr(grocer.workspace.settings, name, value)
    provider.person = PIA | {name: value for name, value in claims.items() if value is not None}
    if claims.get("amr", []) is None:
        del provider.person["amr"]
    page = came_back(grocer, begin=BEGIN)

    assert (page.status, page.words.count(FACTORS)) == ((303, 0) if let_in else (403, 1))


def test_the_provider_is_asked_for_the_factors_that_are_set(grocer: Grocer) -> None:
    grocer.workspace.settings.staff_openid_acr = ("gold", "silver")

    assert grocer.browser().get(BEGIN).place.count("acr_values=gold+silver") == 1


def test_an_attempt_of_one_door_is_nothing_at_the_other(grocer: Grocer, provider: Provider) -> None:
    provider.person = PIA | {"sub": "h0001"}
    browser = grocer.browser()
    back = begun(browser)
    other = browser.get(back.replace("/privacy/", "/staff/"))

    assert outcome(other) == (403, NOT_BEGUN)
    assert (cookies.CONSOLE in browser.cookies, browser.get(back).status) == (False, 303)


def test_a_token_for_customers_is_none_for_staff(grocer: Grocer, provider: Provider) -> None:
    provider.person = PIA | {"aud": "centre"}

    assert outcome(came_back(grocer, begin=BEGIN)) == (403, REFUSED)


@pytest.mark.usefixtures("long_waits")
def test_who_has_to_wait_waits_here_too_and_nobody_else_does(grocer: Grocer, provider: Provider) -> None:
    staff = grocer.workspace.staff
    made = enrolled_by(grocer.workspace, "pia")
    for _ in range(5):
        with pytest.raises(NotPermitted, match="do not fit together"):
            staff.sign_in("pia", "guess", "000000", address="127.0.0.1")
    waiting = came_back(grocer, begin=BEGIN)
    provider.person = PIA | {"sub": "ana"}
    other = came_back(grocer, begin=BEGIN)
    elsewhere = staff.sign_in("pia", PASSWORD, code_of(made.authenticator, grocer.workspace), address="198.51.100.1")

    assert (waiting.status, waiting.words.count("There were too many wrong answers from here.")) == (429, 1)
    assert (other.place, elsewhere.session.who) == ("/staff", {"person": "pia"})


@pytest.mark.usefixtures("long_waits")
def test_coming_in_by_the_provider_forgets_no_wrong_password(grocer: Grocer) -> None:
    staff = grocer.workspace.staff
    enrolled_by(grocer.workspace, "pia")
    for attempt in range(5):
        if attempt == 4:
            assert came_back(grocer, begin=BEGIN).place == "/staff"
        with pytest.raises(NotPermitted, match="do not fit together"):
            staff.sign_in("pia", "guess", "000000", address="127.0.0.1")

    with pytest.raises(NotPermitted, match="There were too many wrong answers from here"):
        staff.sign_in("pia", "guess", "000000", address="127.0.0.1")


@pytest.mark.usefixtures("long_waits")
def test_coming_without_the_factors_again_and_again_has_to_wait(grocer: Grocer, provider: Provider) -> None:
    provider.person = {"sub": "pia"}
    statuses = [came_back(grocer, begin=BEGIN).status for _ in range(6)]

    assert statuses == [403] * 5 + [429]


def test_who_came_by_the_provider_is_shown_the_way_out_of_it(grocer: Grocer, provider: Provider) -> None:
    browser = grocer.browser()
    came_back(grocer, browser, BEGIN)
    stolen = dict(browser.cookies)
    left = browser.submit("/staff", "/staff/sign-out")

    assert left.place == "/staff/signed-out"
    assert browser.follow(left).text.count(f"{provider.address}/leave?client_id=console&amp;") == 1
    assert Browser(grocer.address, stolen).get("/staff").place == SIGN_IN
