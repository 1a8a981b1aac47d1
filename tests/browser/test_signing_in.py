"""Signing in by a provider and by a link in Chromium, without scripts too; and the pages on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import MANY, SIZES, Open
from tests.browser.test_pages import AXE, TAGS
from tests.web.pages.conftest import served_with_provider
from tests.web.provider import Provider, running_provider
from tests.web.visitors import MAIL, Grocer, make_grocer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider() as found:
        yield found


@pytest.fixture(scope="module")
def grocer(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Grocer]:
    folder = tmp_path_factory.mktemp("grocer")
    make_grocer(folder / "made")
    with served_with_provider(folder / "made", folder, provider, **MANY) as found:
        yield found


def link_for(grocer: Grocer, household: str) -> str:
    """Return the newest link that was sent to a household."""
    sent = [mail for mail in grocer.office.taken if MAIL[household] in str(mail["To"])]
    found = re.search(rf"{grocer.address}(/privacy/sign-in/link/\S+)", str(sent[-1].get_content()))
    assert found is not None
    return found.group(1)


def ask(page: Page, grocer: Grocer, household: str) -> None:
    page.get_by_label("your number with us").fill(household)
    with page.expect_navigation():
        page.get_by_role("button", name="Send me a code").click()
    grocer.work()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_customer_comes_in_by_the_provider_and_leaves_it_too(
    open_page: Open, provider: Provider, scripts: bool
) -> None:
    provider.person = {"sub": "h0001"}
    page = open_page("/privacy/sign-in", scripts=scripts)
    page.get_by_role("link", name="Sign in with the company's account").click()
    expect(page).to_have_url(re.compile("^" + re.escape(f"{provider.address}/authorize?")))
    page.get_by_role("button", name="It is me").click()
    expect(page).to_have_url(re.compile("/privacy$"))
    expect(page.locator("h2").first).to_have_text("Household: h0001")
    page.get_by_role("button", name="Sign out").click()

    expect(page.locator("h1")).to_have_text("You are signed out here")
    page.get_by_role("link", name="Sign out there too").click()
    expect(page).to_have_url(re.compile("^" + re.escape(f"{provider.address}/leave?client_id=centre")))
    page.goto("/privacy")
    assert page.url.endswith("/privacy/sign-in")


def test_staff_come_in_by_the_provider_without_scripts(open_page: Open, provider: Provider) -> None:
    provider.person = {"sub": "pia", "amr": ["mfa"]}
    page = open_page("/staff/sign-in", scripts=False)
    page.get_by_role("link", name="Sign in with the company's account").click()
    page.get_by_role("button", name="It is me").click()

    expect(page).to_have_url(re.compile("/staff$"))
    expect(page.locator("h1")).to_have_text("Pia Vacy")


def test_a_customer_comes_in_by_the_link_of_the_mail_without_scripts(open_page: Open, grocer: Grocer) -> None:
    page = open_page("/privacy/sign-in", scripts=False)
    ask(page, grocer, "h0002")
    page.goto(link_for(grocer, "h0002"))
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(re.compile("/privacy$"))
    expect(page.locator("h2").first).to_have_text("Household: h0002")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_on_the_way_fit_and_axe_finds_nothing(open_page: Open, grocer: Grocer, dark: bool) -> None:
    for width in SIZES:
        page = open_page("/privacy/sign-in", width=width, dark=dark)
        checked = [_checked(page, width)]
        ask(page, grocer, "h0001")
        checked.append(_checked(page, width))
        for path in (link_for(grocer, "h0001"), "/privacy/signed-out", "/staff/signed-out", "/staff/sign-in"):
            page.goto(path)
            checked.append(_checked(page, width))
        assert checked == [[]] * 6


def _checked(page: Page, width: int) -> list[object]:
    """Return what is wrong with a page: axe's findings, and whatever is too wide or too small to press."""
    page.evaluate(AXE)  # by the debugger: the policy of the page lets no script in
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)
    wide = page.evaluate("document.documentElement.scrollWidth")
    small = page.evaluate(
        "[...document.querySelectorAll('button, input:not([type=hidden]), a.button')]"
        ".filter(each => { const box = each.getBoundingClientRect(); return box.width < 24 || box.height < 24; })"
        ".map(each => each.outerHTML.slice(0, 80))"
    )
    return [*(each["id"] for each in found["violations"]), *small, *([f"{wide} px"] if wide > width else [])]
