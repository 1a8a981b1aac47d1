"""How a person's data were used and who receives something of them, on pages: theirs, as far as it is known."""

from __future__ import annotations

import re

import pytest

from pellucid.workspace.doors import CUSTOMER
from tests.web.told import GERMAN, SUM, ask, publish, refuse
from tests.web.visitors import Grocer, Page


def headings(page: Page) -> list[str]:
    return [re.sub(r"<[^>]+>", "", each) for each in re.findall(r"<h2.*?</h2>", page.text)]


def test_whose_data_were_not_used_is_told_so_plainly(grocer: Grocer) -> None:
    page = grocer.known().get("/privacy/uses?purpose=offers")

    assert (page.status, headings(page)) == (200, [])
    assert page.words.count("Your data were not used for this purpose, as far as the log goes back.") == 1


def test_a_use_is_told_with_all_that_is_known_of_it(grocer: Grocer) -> None:
    ask(grocer, SUM)
    page = grocer.known().get("/privacy/uses?purpose=planning")

    assert headings(page) == ["Uses in which you could have been counted"]
    for told in (
        "Figures about many people were worked out, blurred, and told.",
        "What for Decide what our shops carry",
        "By whom Analyst",
        "In which form it left with random noise, so that no single person shows",
        "Which of your data Purchases: sales value",
        "Together with how many others Purchases: fewer than 20 people",
        "What is known of it Your rows could have been counted.",
    ):
        assert page.words.count(told) == 1, told
    assert page.words.count("ana") == 0


def test_a_use_is_told_by_the_titles_of_the_policy_in_the_language_of_the_page(grocer: Grocer) -> None:
    publish(grocer)
    ask(grocer, SUM)
    page = grocer.known().get("/privacy/uses?purpose=planning&language=de")
    titles = [GERMAN["purposes"]["planning"]["title"], GERMAN["datasets"]["purchases"]["title"]]

    assert [page.text.count(f"<dd>{title}") for title in titles] == [1, 2]  # which columns, and with how many others
    assert page.text.count('<dd><span lang="en" dir="ltr">Analyst</span></dd>') == 1  # roles have no translations


def test_a_use_that_only_counted_rows_read_none_of_their_columns(grocer: Grocer) -> None:
    ask(grocer)
    words = grocer.known().get("/privacy/uses?purpose=planning").words

    assert words.count("Which of your data Purchases: how many entries or people there are") == 1


def test_refused_uses_stand_in_a_part_of_their_own(grocer: Grocer) -> None:
    ask(grocer)
    refuse(grocer)
    page = grocer.known().get("/privacy/uses?purpose=planning")

    assert headings(page) == ["Uses in which you could have been counted", "Uses that were refused"]
    assert page.words.count("A question was asked and refused. Nobody's data were read.") == 1


def test_looking_is_logged_and_shown_the_next_time(grocer: Grocer) -> None:
    browser, before = grocer.known(), len(grocer.actions())
    browser.get("/privacy/uses")
    browser.get("/privacy/recipients")

    assert grocer.actions()[before:] == ["subject.uses-shown", "subject.recipients-shown"]
    assert [entry["actor"]["kind"] for entry in grocer.entries()[-2:]] == [CUSTOMER, CUSTOMER]
    page = browser.get("/privacy/uses")
    assert headings(page) == ["Looked up or done about you alone"]
    assert page.words.count("How your data were used was shown.") == 1


def test_a_no_keeps_later_uses_out_and_says_how_many(grocer: Grocer) -> None:
    browser = grocer.known()
    browser.submit("/privacy/choices", "/privacy/choices/planning", choice="no")
    ask(grocer)
    page = browser.get("/privacy/uses?purpose=planning")

    assert (headings(page)[:1], page.words.count("1 use was without your data, since your no stood then.")) == (
        ["Looked up or done about you alone"],
        1,
    )
    others = grocer.known("h0002").get("/privacy/uses?purpose=planning")
    assert headings(others) == ["Uses in which you could have been counted"]


def test_each_purpose_on_the_page_of_choices_leads_to_its_uses(grocer: Grocer) -> None:
    text = grocer.known().get("/privacy/choices").text

    assert re.findall(r'href="/privacy/uses\?purpose=(\w+)"', text) == ["accounts", "offers", "planning"]


@pytest.mark.parametrize(
    "query", ["?purpose=Offers", "?purpose=other", "?from=x", "?from=1-2-3", "?purpose=a%00b"], ids=str
)
def test_what_is_no_purpose_or_page_is_not_there(grocer: Grocer, query: str) -> None:
    page = grocer.known().get(f"/privacy/uses{query}")

    assert (page.status, page.text.count("Offers")) == (404, 0)


def test_a_place_that_was_never_given_opens_nothing(grocer: Grocer) -> None:
    assert grocer.known().get("/privacy/uses?from=999999-1").status == 422


def test_pages_are_turned_without_showing_anything_twice(grocer: Grocer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid.web.centre.uses.GROUPS", 1)
    ask(grocer)
    refuse(grocer)
    browser, seen = grocer.known(), []
    page = browser.get("/privacy/uses?purpose=planning")
    while True:
        seen += headings(page)
        further = re.search(r'href="(/privacy/uses\?from=[^"]+)"', page.text)
        if further is None:
            break
        page = browser.get(further.group(1).replace("&amp;", "&"))

    assert seen == ["Uses that were refused", "Uses in which you could have been counted"]
    assert browser.get("/privacy/uses?purpose=planning").text.count("The newest") == 0
    assert page.text.count("The newest") == 1


def test_who_received_nothing_in_person_is_told_so_and_who_may_be_given_answers(grocer: Grocer) -> None:
    page = grocer.known().get("/privacy/recipients")

    assert page.words.count("Nothing about you in person went to anybody") == 1
    assert re.findall(r'<h3 id="to-\w+">([^<]+)</h3>', page.text) == ["our hosting company", "the post office"]
    assert page.words.count("Country Austria") == 1
    assert page.words.count("Your data could have been counted in it.") == 0


def test_recipients_of_what_counted_somebody_are_told_as_such(grocer: Grocer) -> None:
    ask(grocer)
    page = grocer.known().get("/privacy/recipients")

    assert page.words.count("Decide what our shops carry In use Your data could have been counted in it.") == 1
    assert re.findall(r'href="(/privacy/uses\?purpose=\w+)"', page.text) == ["/privacy/uses?purpose=planning"]


def test_what_recipients_were_told_about_somebody_is_told_to_them_alone(grocer: Grocer) -> None:
    paused(grocer, "h0001")
    mine, others = (grocer.known(each).get("/privacy/recipients").words for each in ("h0001", "h0002"))

    assert mine.count("To use what it holds of you no further") == 2
    assert (mine.count("Nothing about you in person"), others.count("Nothing about you in person")) == (0, 1)
    assert others.count("What recipients were told about you") == 0


def paused(grocer: Grocer, household: str) -> None:
    """Let a household have its data restricted, and the restriction carried out."""
    request = grocer.filed("restriction", household)
    desk, pia = grocer.workspace.requests, grocer.workspace.actor("pia")
    desk.approve(request, actor=pia)
    desk.carry_out(request, actor=pia)


def test_signing_in_and_links_that_let_in_are_told_in_plain_words(grocer: Grocer) -> None:
    grocer.workspace.passes.for_customer("h0001", actor=grocer.workspace.actor("pia"))
    words = grocer.signed_in("h0001").get("/privacy/uses").words

    assert words.count("Something was done that is about you alone.") == 0
    assert words.count("Somebody came into the privacy centre in your name.") == 1
    assert words.count("A link was made that lets into the privacy centre in your name.") == 1
