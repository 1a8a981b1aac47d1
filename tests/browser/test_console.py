"""An analyst at work in Chromium: asking by keyboard alone and without scripts, and the answer with its charts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE, SIZES, Open, _hold
from tests.browser.test_pages import AXE, LARGEST, TAGS, weighing
from tests.web import analysts
from tests.web.analysts import BY_DEPARTMENT, BY_WEEK
from tests.web.conftest import until
from tests.web.visitors import Grocer

pytestmark = pytest.mark.slow

CHARTS = [BY_WEEK, BY_DEPARTMENT]
REFUSED = "Failed to load resource: the server responded with a status of 403 (Forbidden)"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grocer]:
    folder = tmp_path_factory.mktemp("analysts") / "workspace"
    analysts.make_analysts(folder)
    with analysts.served(folder) as found:
        yield found
    shutil.rmtree(folder)


@pytest.fixture
def open_desk(chromium: Browser, shop: Grocer) -> Iterator[Open]:
    """Open a page of the console: `open_desk("/staff/ask", width=320)`.

    What the browser complains of fails the test, but for the status of a page that tells a refusal.
    """
    complaints: list[str] = []
    with ExitStack() as stack:

        def opened(path: str, *, who: str = "ana", width: int = 1440, dark: bool = False, scripts: bool = True) -> Page:
            context = chromium.new_context(
                viewport={"width": width, "height": SIZES[width]},
                color_scheme="dark" if dark else "light",
                java_script_enabled=scripts,
                base_url=shop.address,
            )
            context.set_default_timeout(PATIENCE)
            stack.callback(context.close)
            _hold(context, shop.known_staff(who))
            page = context.new_page()
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(path)
            return page

        yield opened
    assert [each for each in complaints if each != REFUSED] == []


def run(page: Page, sql: str) -> None:
    """Ask in the page's form, at little cost."""
    page.get_by_label("Question, in SQL").fill(sql)
    page.get_by_text("Values, accuracy and cost").click()
    page.get_by_label("Privacy loss (epsilon)").fill("0.05")
    page.get_by_role("button", name="Run: spends budget").click()
    page.wait_for_url("**/staff/ask/answers/*")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("sql", CHARTS, ids=["a line", "bars"])
def test_axe_finds_nothing_on_an_answer_with_its_charts(open_desk: Open, sql: str, dark: bool) -> None:
    for width in (320, 1440):
        page = open_desk("/staff/ask", width=width, dark=dark)
        run(page, sql)
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        page.evaluate(AXE)
        found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)
        assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("figure.chart").count() >= 1


def test_axe_finds_nothing_on_a_preview_a_refusal_an_insight_and_a_plan(open_desk: Open, shop: Grocer) -> None:
    shop.workspace.insights.propose("weeks", BY_WEEK, purpose="planning", actor=shop.workspace.actor("ana"))
    for width in (320, 1440):
        for dark in (False, True):
            page = open_desk("/staff/ask", width=width, dark=dark)
            for sql in (BY_WEEK, "SELECT card_number FROM purchases"):
                page.get_by_label("Question, in SQL").fill(sql)
                press(page, "Preview: costs nothing")
                assert violations(page) == []
            page = open_desk("/staff/insights/weeks", who="pia", width=width, dark=dark)
            assert violations(page) == []
            page = open_desk("/staff/budget", width=width, dark=dark)
            page.get_by_label("Questions, in SQL").fill(BY_WEEK)
            press(page, "Plan: costs nothing")
            assert violations(page) == []


def press(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def violations(page: Page) -> list[object]:
    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]]


def test_a_question_is_asked_by_keyboard_alone_without_scripts(open_desk: Open) -> None:
    page = open_desk("/staff/ask", scripts=False)
    seen = []
    for _ in range(20):
        page.keyboard.press("Tab")
        seen.append(page.locator(":focus").get_attribute("id") or page.locator(":focus").inner_text())
        if seen[-1] == "sql":
            page.keyboard.insert_text(BY_DEPARTMENT)
        if seen[-1] == "Run: spends budget":
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert seen[-5:] == ["purpose", "sql", "Values, accuracy and cost", "Preview: costs nothing", "Run: spends budget"]
    assert page.locator("h1").inner_text() == "Answer"
    assert page.locator("figure.chart [role=img]").get_attribute("aria-label") in _alternatives(page)
    assert page.locator("tbody tr").count() == 2


def _alternatives(page: Page) -> set[str]:
    """Return what the chart has to say instead, made of the table beside it; figures may be alike as they are shown."""
    cells = [row.locator("th, td").all_inner_texts() for row in page.locator("tbody tr").all()]
    figures = [float(figure.split(" ")[0].replace(",", "")) for _, figure in cells]
    return {
        f"Bar chart of n by department. Largest: {cells[most][0]}, {cells[most][1]}. "
        f"Smallest: {cells[least][0]}, {cells[least][1]}. The table below holds every figure."
        for most, least in ((0, 1), (1, 0))
        if figures[most] >= figures[least]
    }


def test_a_button_pressed_twice_asks_once(open_desk: Open, shop: Grocer) -> None:
    page = open_desk("/staff/ask")
    page.get_by_label("Question, in SQL").fill(BY_DEPARTMENT)
    before = shop.actions().count("query.released")
    page.get_by_role("button", name="Run: spends budget").dblclick()
    page.wait_for_url("**/staff/ask/answers/*")

    def answered() -> bool:
        """Look again: whoever pressed again while it was answered is told that it is being made."""
        page.reload()
        return page.locator("h1").inner_text() == "Answer"

    until(answered)
    assert shop.actions().count("query.released") == before + 1


def test_an_answer_with_charts_weighs_little(open_desk: Open) -> None:
    page = open_desk("/staff/ask")
    run(page, BY_WEEK)
    place = page.url
    page.goto("about:blank")
    weigh = weighing(page)
    page.goto(place)

    assert 0 < weigh() <= LARGEST


def test_no_action_of_the_log_is_torn_within_a_word(open_desk: Open, shop: Grocer) -> None:
    shop.workspace.consent.record("withdraw", "h1", purpose="offers", actor=shop.workspace.actor("pia"))
    page = open_desk("/staff/log", who="pia")
    page.set_viewport_size({"width": 780, "height": 900})
    actions = page.locator("td.action code")
    torn = actions.evaluate_all(
        "all => all.filter(each => each.getClientRects().length > each.textContent.split('-').length)"
        ".map(each => each.textContent)"
    )

    assert (torn, actions.all_inner_texts().count("consent.withdraw")) == ([], 1)
