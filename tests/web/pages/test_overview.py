"""What the overview keeps of one page for the next is never older than what it was made of, and of nobody else."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sqlalchemy import update

from pellucid.records.columns import to_instant
from pellucid.records.tables import generations
from tests.web.visitors import POLICY, Browser, Grocer, Page


def activate(grocer: Grocer, old: str, new: str) -> None:
    assert POLICY.count(old) == 1
    (grocer.workspace.folder / "policy" / "policy.yaml").write_text(POLICY.replace(old, new))
    grocer.workspace.policy.activate(actor=grocer.workspace.actor("pia"))


def titles(page: Page) -> list[str]:
    return re.findall(r'<h3 id="data-[^>]*>([^<]*)<', page.text)


def used(browser: Browser) -> list[str]:
    return re.findall(r'<span class="state (\w+)">', browser.get("/privacy").text)


def test_what_a_new_policy_says_stands_on_the_next_page(grocer: Grocer) -> None:
    browser = grocer.known()
    before = titles(browser.get("/privacy"))
    activate(grocer, "title: Purchases", "title: What you bought")
    after = titles(browser.get("/privacy"))

    assert (before, after) == (["Members", "Purchases"], ["Members", "What you bought"])


def test_what_a_new_policy_calls_the_company_stands_on_the_next_page(grocer: Grocer) -> None:
    browser = grocer.known()
    browser.get("/privacy")
    activate(grocer, "name: Grocer at the Corner", "name: Grocer in the Square")

    assert re.findall('<p class="brand"><strong>([^<]*)<', browser.get("/privacy").text) == ["Grocer in the Square"]


def test_since_when_data_are_held_is_told_as_it_is_now(grocer: Grocer) -> None:
    browser = grocer.known()
    browser.get("/privacy")
    with grocer.workspace.room.database.write() as connection:
        noon = to_instant(datetime(2020, 2, 29, 12, tzinfo=UTC))
        connection.execute(update(generations).values(published_at=noon))
    english, german = browser.get("/privacy").words, browser.get("/privacy?language=de").words

    assert english.count("We hold it since 29 February 2020") == 2
    assert english.count("29 February 2020") == german.count("29. Februar 2020")


def test_a_choice_shows_on_the_next_page_and_on_nobody_elses(grocer: Grocer) -> None:
    alice, bob = grocer.known(), grocer.known("h0002")
    before = used(alice), used(bob)
    alice.submit("/privacy/choices", "/privacy/choices/planning", choice="no")

    assert before[0] == before[1]
    assert used(alice) != before[0]
    assert used(bob) == before[1]


def test_two_people_share_what_is_the_same_and_nothing_else(grocer: Grocer) -> None:
    pages = [grocer.known(who).get("/privacy") for who in ("h0001", "h0002")]

    assert [re.findall('<h2 id="who-1">([^<]*)<', each.text) for each in pages] == [
        ["Household: h0001"],
        ["Household: h0002"],
    ]
    assert pages[0].token != pages[1].token
    assert titles(pages[0]) == titles(pages[1])
