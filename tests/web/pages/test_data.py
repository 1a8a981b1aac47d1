"""A person looks at the very data held of them, as far as they have shown who they are, and has a value corrected."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from pellucid.records.rights_tables import rights_requests
from pellucid.records.tables import generation_leases
from pellucid.rights.challenges import MOST_TRIES
from pellucid.subjects import ids, links
from tests.web.visitors import MAIL, Browser, Grocer, Page

HOME, MEMBERS, PURCHASES = "/privacy/data", "/privacy/data/members", "/privacy/data/purchases"
ROW = f"{MEMBERS}/1/0"


def cells(page: Page) -> list[list[str]]:
    """Return the cells of each row of the table but the last, which leads on."""
    found = []
    for row in re.findall(r"<tr role=\"row\">(.*?)</tr>", page.text, re.DOTALL)[1:]:
        told = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)[:-1]
        found.append([" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in told])
    return found


def numbers(page: Page) -> list[str]:
    """Return what the overview says of how many rows there are, by dataset."""
    found = re.findall(r"<dt>How many rows</dt><dd>(.*?)</dd>", page.text)
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found]


def known_better(grocer: Grocer) -> Browser:
    """Return alice's browser once she has given codes from both of her contacts."""
    browser = grocer.known()
    for _ in range(2):
        browser.submit(HOME, f"{HOME}/code")
        grocer.work()
        found = re.search(r"give this code: (\d{4}) (\d{4})", grocer.office.taken[-1].get_content())
        assert found is not None
        assert browser.submit(HOME, f"{HOME}/answer", code=found.group(1) + found.group(2)).status == 303
    return browser


def asked(grocer: Grocer) -> list[dict[str, object]]:
    """Return what was asked for in all requests."""
    with grocer.workspace.room.database.read() as connection:
        return [json.loads(each) for each in connection.scalars(select(rights_requests.c.asked))]


def test_a_person_sees_their_own_row_and_nobody_elses(grocer: Grocer) -> None:
    shown = [cells(grocer.known(who).get(MEMBERS)) for who in ("h0001", "h0002")]

    assert shown == [
        [["h0001", "alice@home.example", "alice@work.example", "DE"]],
        [["h0002", "bob@home.example", "nothing", "DE"]],
    ]


def test_columns_are_told_with_what_they_hold_and_how_they_are_known(grocer: Grocer) -> None:
    page = known_better(grocer).get(PURCHASES)

    assert re.findall(r"<dt>([^<]+)</dt><dd><span class=\"quiet\">([^<]+)</span>", page.text) == [
        ("household id", "identifiers of a person or household · given to us"),
        ("sales value", "amounts paid · seen in what you do"),
        ("product", "purchases · seen in what you do"),
        ("bought", "purchases · seen in what you do"),
    ]


def test_held_values_are_told_in_the_language_of_the_page_and_titles_marked_as_what_they_are_in(
    grocer: Grocer,
) -> None:
    page = known_better(grocer).get(f"{PURCHASES}?language=de")

    assert cells(page) == [["h0001", "2.00", "bread", "20. Mai 2026, 10:00 UTC"]]
    assert '<th scope="col" role="columnheader"><span lang="en" dir="ltr">sales value</span>' in page.text
    assert 'data-title="sales value"' in page.text


def test_rows_are_counted_at_a_glance_only_when_somebody_asks_for_it(grocer: Grocer) -> None:
    browser = known_better(grocer)
    before, logged = numbers(browser.get("/privacy")), grocer.actions().count("subject.data-counted")
    after = numbers(browser.get("/privacy/counts"))

    assert (before, after) == (["count them"] * 2, ["1 ( look inside )"] * 2)
    assert (logged, grocer.actions()[-1]) == (0, "subject.data-counted")


def test_rows_of_what_may_be_sensitive_are_counted_for_nobody_who_showed_one_contact(grocer: Grocer) -> None:
    assert numbers(grocer.known().get("/privacy/counts")) == ["1 ( look inside )", "look inside to see"]


@pytest.mark.parametrize("path", [PURCHASES, f"{PURCHASES}/1/0"])
def test_what_may_be_sensitive_is_shown_to_nobody_who_showed_one_contact(grocer: Grocer, path: str) -> None:
    page = grocer.known().get(path)

    assert (page.status, page.text.count("bread"), page.text.count("2026-05")) == (403, 0, 0)
    assert (
        page.words.count("Some of these rows may be sensitive, so they are shown only to whoever is known better.") == 1
    )
    assert grocer.actions()[-1] == "subject.data-refused"


def test_two_codes_from_two_contacts_open_what_may_be_sensitive(grocer: Grocer) -> None:
    before = grocer.known()
    browser = known_better(grocer)

    assert [str(mail["To"]) for mail in grocer.office.taken[-2:]] == ["alice@home.example", "alice@work.example"]
    assert cells(browser.get(PURCHASES)) == [["h0001", "2.00", "bread", "20 May 2026, 10:00 UTC"]]
    assert "Show better who you are" not in browser.get(HOME).words
    assert before.get(PURCHASES).status == 403
    assert [each for each in grocer.actions() if each.startswith("sign-in.")] == [
        "sign-in.asked",
        "sign-in.contact-shown",
        "sign-in.asked",
        "sign-in.raised",
    ]


def test_whoever_has_one_contact_is_sent_one_code_only(grocer: Grocer) -> None:
    browser = grocer.known("h0002")
    for _ in range(2):
        browser.submit(HOME, f"{HOME}/code")
        grocer.work()
    page = browser.submit(HOME, f"{HOME}/answer", code=grocer.code_for("h0002"))

    assert len(grocer.office.taken) == 2
    assert page.place.partition("?")[2] == "told=one-shown#more"
    browser.submit(HOME, f"{HOME}/code")
    grocer.work()
    assert len(grocer.office.taken) == 2
    assert browser.get(PURCHASES).status == 403


def test_a_contact_that_was_corrected_lately_opens_nothing(grocer: Grocer) -> None:
    browser, pia = grocer.known(), grocer.workspace.actor("pia")
    made = browser.submit(ROW, ROW, column="second", value="mallory@else.example")
    request = made.place.partition("?")[0].rpartition("/")[2]
    grocer.workspace.requests.approve(request, actor=pia)
    grocer.workspace.requests.carry_out(request, actor=pia)
    for _ in range(2):
        browser.submit(HOME, f"{HOME}/code")
        grocer.work()
        browser.submit(HOME, f"{HOME}/answer", code=grocer.code_for("h0001"))

    codes = [str(mail["To"]) for mail in grocer.office.taken if "give this code" in mail.get_content()]
    assert codes == [MAIL["h0001"]]
    assert browser.get(PURCHASES).status == 403


def test_a_wrong_code_opens_nothing_and_is_logged(grocer: Grocer) -> None:
    browser = grocer.known()
    browser.submit(HOME, f"{HOME}/code")
    page = browser.submit(HOME, f"{HOME}/answer", code="00000000")

    assert (page.status, page.words.count("This is not what we sent, or it holds no longer.")) == (403, 1)
    assert grocer.actions()[-1] == "identity.refused"


def test_no_more_wrong_codes_are_logged_than_a_code_has_tries_and_none_where_none_was_asked_for(
    grocer: Grocer,
) -> None:
    browser = grocer.known()
    token = browser.get(HOME).token

    def logged() -> int:
        answers = [browser.post(f"{HOME}/answer", {"_token": token, "code": "00000000"}) for _ in range(MOST_TRIES + 3)]
        assert [each.status for each in answers] == [403] * (MOST_TRIES + 3)
        return grocer.actions().count("identity.refused")

    assert logged() == 0
    browser.submit(HOME, f"{HOME}/code")
    assert logged() == MOST_TRIES


def test_a_code_of_one_session_counts_in_no_other(grocer: Grocer) -> None:
    first, second = grocer.known(), grocer.known()
    first.submit(HOME, f"{HOME}/code")
    grocer.work()

    assert second.submit(HOME, f"{HOME}/answer", code=grocer.code_for("h0001")).status == 403
    assert first.submit(HOME, f"{HOME}/answer", code=grocer.code_for("h0001")).status == 303


def test_each_look_is_logged_by_pseudonym_and_no_generation_stays_held(grocer: Grocer) -> None:
    grocer.known().get(MEMBERS)
    entry = grocer.entries()[-1]

    assert (entry["action"], entry["body"]["dataset"], entry["body"]["generation"]) == (
        "subject.data-shown",
        "members",
        1,
    )
    assert (len(entry["subject"]), str(entry).count("h0001"), str(entry).count("alice")) == (64, 0, 0)
    with grocer.workspace.room.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(generation_leases)) == 0


@pytest.mark.parametrize("dataset", ["nothing", "members.x"])
def test_a_dataset_that_is_not_there_is_not_found(grocer: Grocer, dataset: str) -> None:
    assert grocer.known().get(f"{HOME}/{dataset}").status == 404


def test_many_rows_come_in_pages_the_newest_first(grocer: Grocer, tmp_path: Path) -> None:
    rows = tmp_path / "more.csv"
    bought = "".join(f"h0001,{n}.00,bread,2026-05-{n % 28 + 1:02}T{n // 28:02}:00:00Z\n" for n in range(60))
    rows.write_text("household_id,sales_value,product,bought\n" + bought)
    grocer.workspace.data.add("purchases", rows, actor=grocer.workspace.actor("pia"), replace=True)
    browser = known_better(grocer)
    pages = [browser.get(f"{PURCHASES}?page={number}") for number in (1, 2, 3, 4)]
    held = [row for page in pages for row in cells(page)]

    assert [len(cells(page)) for page in pages] == [25, 25, 10, 0]
    assert sorted(int(row[1].partition(".")[0]) for row in held) == list(range(60))
    assert (held[0][3], held[-1][3]) == ("28 May 2026, 01:00 UTC", "1 May 2026, 00:00 UTC")
    assert pages[1].words.count("There are 60 rows about you.") == 1


def test_a_value_is_corrected_by_a_request_that_the_staff_carry_out(grocer: Grocer) -> None:
    browser, pia = grocer.known(), grocer.workspace.actor("pia")
    made = browser.submit(ROW, ROW, column="second", value="alice@new.example", reason="I changed my work.")
    request = made.place.partition("?")[0].rpartition("/")[2]

    assert asked(grocer) == [
        {
            "changes": [
                {
                    "dataset": "members",
                    "column": "second",
                    "value": "alice@new.example",
                    "row": {"household_id": "h0001"},
                }
            ],
            "statement": "I changed my work.",
        }
    ]
    assert browser.get("/privacy/requests").words.count("Correct my data") == 1
    grocer.workspace.requests.approve(request, actor=pia)
    grocer.workspace.requests.carry_out(request, actor=pia)
    assert cells(browser.get(MEMBERS)) == [["h0001", "alice@home.example", "alice@new.example", "DE"]]
    assert browser.get(ROW).place == f"{MEMBERS}?told=renewed"


def test_a_value_of_another_identity_of_the_person_is_corrected_where_it_is_shown(grocer: Grocer) -> None:
    browser, pia = grocer.known(), grocer.workspace.actor("pia")
    with grocer.workspace.room.database.write() as connection:
        one, other = (("household", ids.find(connection, "household", each) or 0) for each in ("h0001", "h0003"))
        links.link(connection, one, other, links.CERTAIN, "signed in", "pia", grocer.now())
    rows = [row[0] for row in cells(browser.get(MEMBERS))]
    place = f"{MEMBERS}/1/{rows.index('h0003')}"
    made = browser.submit(place, place, column="email", value="alice@third.example")
    request = made.place.partition("?")[0].rpartition("/")[2]
    grocer.workspace.requests.approve(request, actor=pia)
    grocer.workspace.requests.carry_out(request, actor=pia)

    assert sorted(row[:2] for row in cells(browser.get(MEMBERS))) == [
        ["h0001", "alice@home.example"],
        ["h0003", "alice@third.example"],
    ]


def test_a_row_without_a_key_is_named_by_all_that_was_shown_of_it(grocer: Grocer) -> None:
    browser, pia, row = known_better(grocer), grocer.workspace.actor("pia"), f"{PURCHASES}/1/0"
    made = browser.submit(row, row, column="sales_value", value="1.50")
    request = made.place.partition("?")[0].rpartition("/")[2]
    grocer.workspace.requests.approve(request, actor=pia)
    grocer.workspace.requests.carry_out(request, actor=pia)

    assert cells(browser.get(PURCHASES)) == [["h0001", "1.50", "bread", "20 May 2026, 10:00 UTC"]]


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("sales_value", "a lot", "This is no amount, or it is written in another way."),
        ("sales_value", "1.555", "This amount has more decimals than are held."),
        (
            "product",
            "",
            "It is not clear what the right value is. Write it, or say that there should be none; not both.",
        ),
        ("product", "bread", "This is the value that we hold already. Write the right one."),
    ],
)
def test_what_does_not_fit_is_told_beside_the_value_and_nothing_is_filed(
    grocer: Grocer, column: str, value: str, told: str
) -> None:
    row = f"{PURCHASES}/1/0"
    page = known_better(grocer).submit(row, row, column=column, value=value)

    assert (page.status, re.findall(r'role="alert">([^<]+)</p>', page.text.replace("&#39;", "'"))) == (422, [told])
    assert re.findall(r"<details open>\s*<summary>[^<]*<span[^>]*>: ([^<]+)<", page.text) == [column.replace("_", " ")]
    assert asked(grocer) == []


@pytest.mark.parametrize("column", ["household_id", "nothing", ""])
def test_what_tells_people_apart_is_not_corrected_here(grocer: Grocer, column: str) -> None:
    page = grocer.known().submit(ROW, ROW, column=column, value="x")

    assert (page.status, asked(grocer)) == (422 if column == "household_id" else 404, [])


def test_no_form_stands_beside_what_is_not_corrected_here(grocer: Grocer) -> None:
    assert re.findall(r'name="column" value="(\w+)"', grocer.known().get(ROW).text) == ["email", "second", "place"]


def test_no_value_stands_in_an_address(grocer: Grocer) -> None:
    browser = known_better(grocer)
    links = [
        each
        for path in (HOME, MEMBERS, ROW, PURCHASES)
        for each in re.findall(r'(?:href|action)="([^"]+)"', browser.get(path).text)
    ]

    assert [each for each in links if re.search(r"alice|bread|h0001|2\.00", each)] == []


def test_ones_own_words_are_kept_beside_the_data_by_a_request(grocer: Grocer) -> None:
    made = grocer.known().submit(MEMBERS, f"{MEMBERS}/statement", statement="We moved twice.")

    assert made.place.partition("?")[2] == "told=filed"
    assert asked(grocer) == [{"changes": [{"dataset": "members", "statement": "We moved twice."}]}]
    assert grocer.known().submit(MEMBERS, f"{MEMBERS}/statement", statement=" ").status == 422
