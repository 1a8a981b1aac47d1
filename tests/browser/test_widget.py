"""The consent widget in Chromium, on a shop's page, through a reverse proxy: which tags are asked for, and when."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from pellucid.web.static_files import FOLDER
from tests.browser.conftest import PATIENCE, SIZES
from tests.browser.shop import Shop, open_shop
from tests.browser.test_pages import AXE, TAGS
from tests.web.pages.test_visitor_api import advertise
from tests.web.visitors import Grocer

pytestmark = pytest.mark.slow

BUTTONS = ("yes_all", "no_all", "save", "later")
LARGEST = 15_000
WAITING = (  # addresses of tags that run, and were not answered yet
    "() => { const got = performance.getEntriesByType('resource').map(each => each.name);"
    " return [...document.querySelectorAll('[data-purpose][src]:not([type=\"text/plain\"])')]"
    ".map(each => each.src).filter(each => !got.includes(each)); }"
)
OpenShop = Callable[..., Page]


@pytest.fixture(scope="module")
def shop_made(grocer: Grocer) -> Iterator[Shop]:
    advertise(grocer)
    with open_shop(grocer.address) as made:
        yield made


@pytest.fixture
def shop(shop_made: Shop) -> Shop:
    shop_made.asked.clear()
    return shop_made


@pytest.fixture
def visit(chromium: Browser, shop: Shop) -> Iterator[OpenShop]:
    """Come to the shop in a new browser; what it complains of fails the test."""
    complaints: list[str] = []
    with ExitStack() as stack:

        def come(query: str = "", *, width: int = 1440, dark: bool = False, gpc: bool = False) -> Page:
            context = chromium.new_context(
                viewport={"width": width, "height": SIZES.get(width, 900)},
                color_scheme="dark" if dark else "light",
                base_url=shop.address,
                extra_http_headers={"Sec-GPC": "1"} if gpc else {},
            )
            context.set_default_timeout(PATIENCE)
            stack.callback(context.close)
            page = context.new_page()
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(f"/?{query}")
            settle(page, 1)
            return page

        yield come
    assert complaints == []


def settle(page: Page, number: int = 2) -> None:
    """Wait until the widget has told so much, and each tag that it let run has been answered.

    What may run is in the page before the widget tells, so nothing that was let run is missed. The state "networkidle"
    would not do: a page that was idle once counts as idle for good, also while a tag that came later is asked for.
    """
    page.locator(f'html[data-told="{number}"]').wait_for()  # the page's policy lets nothing be evaluated
    until = time.monotonic() + PATIENCE / 1000
    while waiting := page.evaluate(WAITING):
        assert time.monotonic() < until, waiting
        time.sleep(0.02)


def asked(shop: Shop) -> list[str]:
    return sorted(each.removesuffix(".js") for each in shop.asked)


def panel(page: Page) -> int:
    return page.get_by_role("dialog").count()


def hold(page: Page, grocer: Grocer, household: str) -> None:
    """Let a browser hold a session."""
    for name, value in grocer.known(household).cookies.items():
        page.context.add_cookies(
            [{"name": name, "value": value, "domain": "127.0.0.1", "path": "/", "secure": True, "httpOnly": True}]
        )


class TestTags:
    def test_none_is_asked_for_before_anything_is_chosen(self, visit: OpenShop, shop: Shop) -> None:
        page = visit()

        assert (panel(page), asked(shop), page.evaluate("told[0].on")) == (1, [], [])

    def test_none_is_asked_for_after_a_no_nor_on_the_next_page_and_nobody_is_asked_again(
        self, visit: OpenShop, shop: Shop
    ) -> None:
        page = visit()
        page.get_by_role("button", name="No to all").click()
        settle(page)
        page.reload()
        settle(page, 1)

        assert (panel(page), asked(shop)) == (0, [])

    def test_each_runs_after_a_yes_to_all_that_it_names_and_again_on_the_next_page(
        self, visit: OpenShop, shop: Shop
    ) -> None:
        page = visit()
        page.get_by_role("radio", name="Yes").first.check()  # offers; nothing is said about planning
        page.get_by_role("button", name="Save my choices").click()
        settle(page)
        assert asked(shop) == ["offers", "pixel"]
        page.reload()
        settle(page, 1)

        assert asked(shop) == ["offers", "offers", "pixel", "pixel"]
        assert panel(page) == 0

    def test_what_is_left_open_at_saving_is_not_asked_about_again_in_the_tab_and_is_no_yes(
        self, visit: OpenShop, shop: Shop
    ) -> None:
        page = visit()
        page.get_by_role("radio", name="No").first.check()  # offers; nothing is said about planning
        page.get_by_role("button", name="Save my choices").click()
        settle(page)
        page.reload()
        settle(page, 1)
        other = page.context.new_page()
        other.goto("/")
        settle(other, 1)

        assert (panel(page), panel(other), asked(shop)) == (0, 1, [])
        page.get_by_role("link", name="Choices about your data").click()
        assert page.get_by_role("radio", checked=True).evaluate_all("all => all.map(each => each.id)") == ["no-offers"]

    def test_yes_to_all_runs_all_but_one_without_a_purpose(self, visit: OpenShop, shop: Shop) -> None:
        page = visit()
        page.get_by_role("button", name="Yes to all").click()
        settle(page)

        assert asked(shop) == ["both", "offers", "pixel", "planning"]
        assert page.evaluate("told.at(-1)") == {"what": "known", "on": ["offers", "planning"], "signal": False}

    def test_a_tag_that_comes_later_waits_too(self, visit: OpenShop, shop: Shop) -> None:
        page = visit()
        add = (
            "source => { const made = document.createElement('script'); made.type = 'text/plain';"
            " made.dataset.purpose = 'planning'; made.src = source; document.body.append(made); }"
        )
        source = page.locator("script[src$='planning.js']").get_attribute("src")
        assert source is not None
        page.evaluate(add, source.replace("planning.js", "late.js"))
        settle(page, 1)
        assert asked(shop) == []
        page.get_by_role("button", name="Yes to all").click()
        settle(page)

        assert "late" in asked(shop)

    def test_taking_a_yes_back_ends_what_ran(self, visit: OpenShop, shop: Shop) -> None:
        page = visit()
        page.get_by_role("button", name="Yes to all").click()
        settle(page)
        shop.asked.clear()
        page.get_by_role("link", name="Choices about your data").click()
        with page.expect_navigation():
            page.get_by_role("button", name="No to all").click()
        settle(page, 1)

        assert (asked(shop), page.evaluate("told.at(-1).on")) == ([], [])

    def test_none_runs_when_pellucid_does_not_answer_or_cannot_record(self, visit: OpenShop, shop: Shop) -> None:
        page = visit()
        page.evaluate("void (window.fetch = () => Promise.reject(new Error('down')))")
        page.get_by_role("button", name="Yes to all").click()
        expect(page.get_by_role("alert")).to_contain_text("could not be saved")

        assert (asked(shop), panel(page)) == ([], 1)


class TestASignal:
    def test_it_is_honoured_without_asking(self, visit: OpenShop, shop: Shop) -> None:
        page = visit("en.offers", gpc=True)  # which is all that this page asks about

        assert (panel(page), asked(shop), page.context.cookies()) == (0, [], [])

    def test_it_is_shown_and_yes_to_all_goes_not_against_it(self, visit: OpenShop, shop: Shop) -> None:
        page = visit(gpc=True)
        assert page.get_by_text("Your browser said no for you").is_visible()
        page.get_by_role("button", name="Yes to all").click()
        settle(page)

        assert asked(shop) == ["planning"]


class TestEqual:
    @pytest.mark.parametrize("width", SIZES)
    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    def test_no_is_as_large_as_near_and_as_plain_as_yes(self, visit: OpenShop, width: int, dark: bool) -> None:
        page = visit(width=width, dark=dark)
        looks = [_looks(page, name) for name in BUTTONS]
        answers = [_looks(page, f"{word}-offers") for word in ("yes", "no")]

        assert looks == [looks[0]] * len(BUTTONS)
        assert answers[0] == answers[1]
        assert page.get_by_role("radio", checked=True).count() == 0
        assert looks[0]["height"] >= 44

    @pytest.mark.parametrize("answer", ["Yes to all", "No to all"])
    def test_both_are_one_press_away(self, visit: OpenShop, answer: str) -> None:
        page = visit()
        page.get_by_role("button", name=answer).click()
        settle(page)

        assert panel(page) == 0
        assert page.get_by_role("status").inner_text() == "Your choices are saved in this browser."

    def test_a_choice_is_changed_from_a_link_as_often_as_wished(self, visit: OpenShop) -> None:
        page = visit()
        for answer, shown in (("No to all", "no"), ("Yes to all", "yes")):
            if not panel(page):
                page.get_by_role("link", name="Choices about your data").click()
            page.get_by_role("button", name=answer).click()
            page.get_by_role("dialog").wait_for(state="detached")
            page.get_by_role("link", name="Choices about your data").click()
            assert page.locator(f"#{shown}-offers").is_checked()

    def test_not_now_is_remembered_for_the_tab_and_is_no_yes(self, visit: OpenShop, shop: Shop) -> None:
        page = visit()
        page.get_by_role("button", name="Not now").click()
        page.reload()
        settle(page, 1)

        assert (panel(page), asked(shop), page.context.cookies()) == (0, [], [])


def _looks(page: Page, name: str) -> dict[str, object]:
    """Return what is seen of a button, or of the label of an answer."""
    found: dict[str, object] = page.locator(f"#{name}").evaluate(
        "each => { const seen = each.closest('label') ?? each, style = getComputedStyle(seen),"
        " box = seen.getBoundingClientRect();"
        " return {width: Math.round(box.width), height: Math.round(box.height), color: style.color,"
        " background: style.backgroundColor, border: style.borderColor + style.borderWidth, font: style.font,"
        " shown: style.opacity + style.visibility}; }"
    )
    return found


class TestByKeyboard:
    def test_everything_is_reached_and_pressed_by_keys(self, visit: OpenShop, shop: Shop) -> None:
        page = visit()
        reached = []
        for _ in range(8):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.shadowRoot?.activeElement?.id"))
            if reached[-1] == "no_all":
                break
        page.keyboard.press("Enter")
        settle(page)

        assert reached == ["yes-offers", "yes-planning", "yes_all", "no_all"]
        assert (panel(page), asked(shop)) == (0, [])

    def test_an_answer_is_picked_by_arrows(self, visit: OpenShop, shop: Shop) -> None:
        page = visit()
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        assert page.locator("#no-offers").is_checked()
        page.keyboard.press("ArrowLeft")
        for _ in ("planning", "yes to all", "no to all", "save"):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        settle(page)

        assert asked(shop) == ["offers", "pixel"]

    def test_the_focus_goes_into_the_panel_and_back_to_the_link(self, visit: OpenShop) -> None:
        page = visit()
        page.get_by_role("button", name="Not now").click()
        page.get_by_role("link", name="Choices about your data").press("Enter")
        inside = page.evaluate("document.activeElement.shadowRoot.activeElement.id")
        page.keyboard.press("Escape")

        assert inside == "title"
        assert page.evaluate("document.activeElement.textContent") == "Choices about your data"

    def test_the_focus_is_seen(self, visit: OpenShop) -> None:
        page = visit()
        page.keyboard.press("Tab")
        width = page.evaluate(
            "parseFloat(getComputedStyle(document.activeElement.shadowRoot.activeElement).outlineWidth)"
        )

        assert width >= 2


class TestForAnybody:
    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    @pytest.mark.parametrize("width", [320, 1440])
    def test_axe_finds_nothing(self, visit: OpenShop, width: int, dark: bool) -> None:
        page = visit(width=width, dark=dark)
        page.evaluate(AXE)
        found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)
        told = [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]]

        assert told == []
        assert len(found["passes"]) > 10

    @pytest.mark.parametrize("width", SIZES)
    def test_it_fits_every_width(self, visit: OpenShop, width: int) -> None:
        page = visit(width=width)

        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.get_by_role("dialog").evaluate("each => each.scrollWidth <= each.clientWidth")

    @pytest.mark.parametrize(
        ("language", "no"), [("en", "No to all"), ("de", "Nein zu allem"), ("es", "No a todo"), ("fr", "Non à tout")]
    )
    def test_it_speaks_the_language_of_the_page(self, visit: OpenShop, language: str, no: str) -> None:
        page = visit(language)

        assert page.get_by_role("button", name=no).is_visible()
        assert page.get_by_role("dialog").get_attribute("lang") == language

    def test_a_page_asks_only_about_what_it_names(self, visit: OpenShop) -> None:
        assert visit("en.offers").get_by_role("group").count() == 1

    def test_it_is_small(self) -> None:
        assert 0 < len((FOLDER / "consent.js").read_bytes()) < LARGEST


class TestThroughTheProxy:
    def test_the_pages_for_visitors_work_there_with_no_script_at_all(self, chromium: Browser, shop: Shop) -> None:
        context = chromium.new_context(base_url=shop.address, java_script_enabled=False)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto("/")
        page.get_by_role("link", name="Choices about your data").click()
        page.locator("#no-offers").click()

        expect(page).to_have_url(f"{shop.address}/privacy/visitor?told=kept#purpose-offers")
        expect(page.locator("#told")).to_have_text("Your choice is saved in this browser.")
        expect(page.locator("#no-offers")).to_have_attribute("aria-pressed", "true")
        context.close()

    def test_what_was_chosen_in_the_widget_joins_at_sign_in(self, visit: OpenShop, shop: Shop, grocer: Grocer) -> None:
        page = visit()
        page.get_by_role("button", name="No to all").click()
        settle(page)
        hold(page, grocer, "h0002")
        page.goto("/privacy")

        assert page.url == f"{shop.address}/privacy/joined"
        assert page.locator("h2").all_inner_texts()[:2] == ["Choose offers for you", "Decide what our shops carry"]

    def test_what_a_page_loads_comes_from_under_privacy_only(self, visit: OpenShop, shop: Shop) -> None:
        page = visit()
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url.removeprefix(shop.address)))
        page.goto("/privacy/visitor")
        page.wait_for_load_state("networkidle")

        assert len(loaded) >= 2
        assert [each for each in loaded if not each.startswith("/privacy/")] == []

    @pytest.mark.parametrize("width", [320, 1440])
    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    def test_axe_finds_nothing_on_the_page_of_what_joined(
        self, visit: OpenShop, grocer: Grocer, width: int, dark: bool
    ) -> None:
        page = visit(width=width, dark=dark)
        page.goto("/privacy/visitor")
        for button in ("#yes-offers", "#no-planning"):
            page.locator(button).click()
            page.locator(f"{button}[aria-pressed=true]").wait_for()
        hold(page, grocer, "h0003")
        page.goto("/privacy")
        assert page.locator("h1").inner_text() == "What you chose before you signed in"
        page.evaluate(AXE)
        found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)

        assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
