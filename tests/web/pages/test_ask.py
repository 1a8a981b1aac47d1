"""Asking in the browser: who may, what is told before anything is spent, what is shown, and asked once."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from pellucid.errors import InputInvalid, RecordingFailed
from pellucid.governance.replies import KeyedRequest, Replies
from pellucid.records.tables import charges
from pellucid.release.result import Release
from pellucid.release.shown import shown_table
from pellucid.settings import Settings
from pellucid.web.console.asked import AskedForm, once_of
from pellucid.web.console.places import places_for
from pellucid.workspace.asking import Once, _text_of
from tests.web.analysts import BY_DEPARTMENT, BY_WEEK, CANARY, MARKUP, PRODUCT, TOTAL
from tests.web.visitors import Browser, Grocer, Page

ASK = "/staff/ask"
ENGINE_WORDS = ("Conversion", "Binder", "Catalog", "duckdb", "Traceback")


def number_in(page: Page) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page.text)
    assert found is not None, page.words
    return found.group(1)


def fields_of(page: Page, sql: str = TOTAL, purpose: str = "planning", **more: str) -> dict[str, str]:
    return {"_token": page.token, "once": number_in(page), "sql": sql, "purpose": purpose, **more}


def asked(browser: Browser, sql: str = TOTAL, **more: str) -> Page:
    return browser.post(ASK, fields_of(browser.get(ASK), sql, **more))


def previewed(browser: Browser, sql: str = TOTAL, **more: str) -> Page:
    return browser.post(f"{ASK}/preview", fields_of(browser.get(ASK), sql, **more))


def charged(shop: Grocer) -> list[str]:
    with shop.workspace.room.database.read() as connection:
        return list(connection.scalars(select(charges.c.state)))


def items(page: Page) -> list[str]:
    """Return what the lists of a page's main part say."""
    main = page.text.partition("<main")[2].partition("</main>")[0]
    return [
        html.unescape(re.sub(r"<[^>]+>", "", each)).strip() for each in re.findall(r"<li>(.*?)</li>", main, re.DOTALL)
    ]


def rows(page: Page) -> list[tuple[str, ...]]:
    """Return the rows of a page's first table of figures."""
    body = re.findall(r"<tr>(.*?)</tr>", page.text.partition("<tbody>")[2].partition("</tbody>")[0], re.DOTALL)
    return [tuple(html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)) for row in body]


def kept(shop: Grocer, browser: Browser, page: Page) -> Release:
    """Return the answer that a page leads to, as it is kept."""
    member = shop.workspace.staff.member(next(iter(browser.cookies.values())))
    assert member is not None
    key = page.place.rpartition("/")[2]
    found = shop.workspace.asking.kept(Once(f"session:{member.session.id}", key), member.actor)
    assert found is not None
    return found


def test_a_preview_tells_all_before_anything_is_spent(shop: Grocer) -> None:
    page = previewed(shop.known_staff("ana"), BY_WEEK)

    assert (page.status, charged(shop), rows(page)) == (
        200,
        [],
        [("<code>COUNT(*)</code>", "± 298"), ("<code>SUM(purchases.sales_value)</code>", "± 2,983")],
    )
    assert items(page)[:4] == [
        "Covers over 95 % of the people in purchases.",
        "Figures leave with noise, so that they do not tell whether any one person is counted.",
        "The question is logged: who asked, for which purpose, and what it reads.",
        "Only rows of people who may be counted for this purpose are read from purchases.",
    ]
    assert re.findall(r"Permitted No data were touched and nothing was spent\. Cost ε 1 ", page.words) != []


def test_an_answer_is_what_the_command_line_prints(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    done = asked(ana, BY_WEEK)
    page, release = ana.follow(done), kept(shop, ana, done)

    assert (done.status, page.status, charged(shop)) == (303, 200, ["charged"])
    assert rows(page) == list(shown_table(release).rows)
    assert [each.count("±") for each in rows(page)[0]] == [0, 1, 1]
    assert re.findall(r"log entry (\d+)", page.words) == [str(release.receipt.leaf)]
    assert page.words.count("over 95 % of the people in purchases") == 1


def test_a_form_that_is_sent_twice_is_charged_once(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    fields = fields_of(ana.get(ASK))
    first, second = ana.post(ASK, fields), ana.post(ASK, fields)
    other = ana.post(ASK, {**fields, "sql": BY_WEEK})

    assert (first.status, first.place, other.place == first.place) == (303, second.place, False)
    assert rows(ana.follow(first)) == rows(ana.follow(second))
    assert (charged(shop), shop.actions().count("query.released")) == (["charged", "charged"], 2)


def test_a_form_that_another_process_answers_waits_and_is_not_asked_again(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    member = shop.workspace.staff.member(next(iter(ana.cookies.values())))
    assert member is not None
    fields = fields_of(ana.get(ASK))
    query = AskedForm.of(fields).query(member.actor)
    once = once_of(member.session.id, query, fields["once"])
    keyed = KeyedRequest.of(once.whose, once.key, _text_of(query).encode())
    elsewhere = Replies(shop.workspace.room.database, shop.workspace.room.clock)
    page = elsewhere.once_claimed(keyed, 10**9, lambda: ana.follow(ana.post(ASK, fields)), lambda reply: None)

    assert page is not None
    assert (page.status, charged(shop)) == (200, [])
    assert page.words == (
        "The answer is being made It was asked once, and is charged once, however often you look. Look again"
    )


def test_what_was_refused_may_be_asked_again_with_the_same_form(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    fields = fields_of(ana.get(ASK), epsilon="3")
    statuses = [ana.post(ASK, {**fields, "once": f"{n:022}"}).status for n in range(4)]
    refused = ana.post(ASK, fields)

    assert statuses == [303, 303, 303, 429]
    assert (refused.status, ana.post(ASK, fields).status, len(charged(shop))) == (429, 429, 3)
    assert re.findall(r"does not cover this question: asked ε 3, left ε [\d.]+\. It renews on", refused.words) != []
    assert refused.words.count("--epsilon") == 0


def test_a_refusal_tells_every_reason_and_is_logged(shop: Grocer) -> None:
    page = asked(shop.known_staff("ana"), "SELECT card_number, COUNT(*) FROM purchases GROUP BY card_number")
    told = shop.entries()[-1]

    assert (page.status, charged(shop), shop.actions()[-1]) == (403, [], "query.refused")
    assert (told["actor"]["name"], told["body"]["reasons"]) == ("ana", ["column-not-permitted"])
    assert items(page) == [
        "`card_number` is user.contact; the purpose `planning` may read user.behavior.purchase_history, "
        "user.financial. Drop the column; no purpose open to you may read it. column-not-permitted"
    ]


@pytest.mark.parametrize("who", ["pia", "mallory"])
def test_who_may_not_ask_is_offered_nothing_and_refused(shop: Grocer, who: str) -> None:
    browser = shop.known_staff(who)
    start, page = browser.get("/staff"), browser.get(ASK)
    sent = browser.post(ASK, {"_token": start.token, "once": "x" * 22, "sql": TOTAL, "purpose": "planning"})

    assert start.text.count("/staff/ask") == 0
    assert [page.status, sent.status, charged(shop)] == [403, 403, []]
    assert [each["body"]["action"] for each in shop.entries()[-2:]] == ["query", "query"]
    assert [each["actor"]["name"] for each in shop.entries()[-2:]] == [who, who]


def test_who_may_preview_but_for_no_purpose_is_not_offered_to_ask() -> None:
    able = frozenset({"preview", "request-list"})

    assert [each.name for each in places_for(able, asks=False)] == ["requests"]
    assert [each.name for each in places_for(able, asks=True)] == ["ask", "requests"]


def test_a_form_of_another_site_asks_nothing(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    fields = fields_of(ana.get(ASK))
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    before = shop.actions()
    sent = [
        ana.post(ASK, fields, foreign),
        ana.post(ASK, {**fields, "_token": "x"}),
        ana.post(f"{ASK}/preview", fields, foreign),
        ana.post("/staff/insights", fields, foreign),
    ]

    assert [each.status for each in sent] == [403, 403, 403, 403]
    assert (charged(shop), shop.actions()) == ([], before)


def test_a_form_without_a_number_of_ours_is_not_asked(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    page = ana.post(ASK, {**fields_of(ana.get(ASK)), "once": "../../x"})

    assert (page.status, charged(shop)) == (422, [])


def test_what_the_data_hold_is_escaped(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    page = ana.follow(asked(ana, BY_DEPARTMENT))

    assert (page.text.count(MARKUP), sorted(each[0] for each in rows(page))) == (0, [MARKUP, "D0"])
    typed = previewed(ana, f"SELECT '{MARKUP}</textarea><script>' AS x, COUNT(*) FROM purchases")
    assert (typed.text.count("<script>"), typed.text.count(MARKUP)) == (0, 0)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM purchases WHERE CAST(product_id AS INTEGER) = 1",
        "SELECT SUM(1 / (week - 1)) FROM purchases",
        "SELECT COUNT(*) FROM purchases WHERE error(product_id)",
        "SELECT * FROM purchases",
        "SELECT COUNT(*) FROM read_csv('/etc/passwd')",
        "COPY purchases TO '/tmp/x'",
        "SELECT COUNT(* FROM",
        "\x00",
    ],
)
def test_an_error_tells_nothing_of_the_engine_or_of_values(
    shop: Grocer, sql: str, capfd: pytest.CaptureFixture[str]
) -> None:
    page = asked(shop.known_staff("ana"), sql)
    shown = page.text.replace(html.escape(sql), "")
    logged = json.dumps(shop.entries()) + "".join(capfd.readouterr())

    assert page.status in (303, 400, 403, 422, 503)
    assert [word for word in (*ENGINE_WORDS, PRODUCT, CANARY) if word in shown or word in logged] == []


def test_an_answer_is_shown_to_who_asked_and_to_nobody_else(shop: Grocer) -> None:
    ana, again, ari = (shop.known_staff(name) for name in ("ana", "ana", "ari"))
    place = asked(ana).place

    assert [browser.get(place).status for browser in (ana, again, ari)] == [200, 404, 404]
    assert [ana.get(f"{place}/{name}").status for name in ("table.csv", "answer.json")] == [200, 200]
    assert [ari.get(f"{place}/{name}").status for name in ("table.csv", "answer.json")] == [404, 404]


def test_an_answer_is_not_shown_to_who_may_ask_no_more(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    place = asked(ana).place
    policy = shop.workspace.folder / "policy" / "policy.yaml"
    policy.write_text(policy.read_text().replace("ana: {title: Ana, roles: [analyst]}", "ana: {title: Ana, roles: []}"))
    shop.workspace.policy.activate(actor=shop.workspace.actor("pia"))
    page = ana.get(place)

    assert (page.status, shop.actions()[-1]) == (403, "access.refused")


def test_an_answer_is_taken_along_as_rows_and_as_all_that_is_told(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    done = asked(ana, BY_DEPARTMENT)
    release = kept(shop, ana, done)
    rows_file, all_file = (ana.get(f"{done.place}/{name}") for name in ("table.csv", "answer.json"))
    table = list(csv.reader(io.StringIO(rows_file.text)))

    assert json.loads(all_file.text) == json.loads(json.dumps(release.to_json()))
    assert table[0] == ["department", "n", "n_error"]
    assert [row[:2] for row in table[1:]] == [[each["department"], str(each["n"])] for each in release.records()]
    assert rows_file.headers["content-disposition"].startswith('attachment; filename="answer-')
    assert {rows_file.headers["cache-control"], all_file.headers["cache-control"]} == {"no-store"}


def test_a_cell_that_a_spreadsheet_might_run_is_text_in_the_file(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    done = asked(ana, "SELECT '=1+1' AS \"@x\", COUNT(*) AS n FROM purchases")
    table = list(csv.reader(io.StringIO(ana.get(f"{done.place}/table.csv").text)))

    assert (table[0][0], table[1][0]) == ("'@x", "'=1+1")


def test_values_accuracy_and_bounding_are_taken_from_the_form(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    sql = "SELECT COUNT(*) AS n FROM purchases WHERE week = $week"
    page = ana.follow(asked(ana, sql, parameters="week=2\r\n", accuracy="100", bounding="groups"))
    wrong = asked(ana, sql, parameters="week")
    both = asked(ana, TOTAL, accuracy="100", epsilon="1")
    missing = previewed(ana, sql)

    assert [each.status for each in (page, wrong, both, missing)] == [200, 422, 422, 403]
    assert items(missing)[0].rpartition(" ")[2] == "parameter-missing"
    assert re.findall(r"\[.*week.*\]", str(rows(page))) == []


def test_what_to_do_is_told_in_words_of_the_page_and_not_of_the_command_line(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    remedies = {
        "epsilon": "Leave it out to use the default of 1.",
        "accuracy": "Write 50 for an error in the figure's own units, or 5% for a share of it.",
        "bounding": "Leave the bounding out. Ranks are made when data come in or are sorted:",
    }
    wrong = {"epsilon": "9", "accuracy": "x", "bounding": "rank"}
    pages = {name: previewed(ana, **{name: wrong[name]}) for name in wrong}

    assert {name: pages[name].words.count(remedy) for name, remedy in remedies.items()} == dict.fromkeys(wrong, 1)
    assert {(page.status, page.words.count(" --")) for page in pages.values()} == {(422, 0)}


@pytest.mark.parametrize("settings", [Settings(query_seconds=0.000_001)])
def test_a_question_that_takes_too_long_is_stopped_and_told(shop: Grocer, settings: Settings) -> None:
    page = asked(shop.known_staff("ana"), BY_WEEK)

    assert page.status == 503
    assert page.words.count("The question took longer than 1e-06 s and was stopped. Ask for fewer groups") == 1


def test_a_claim_whose_process_ended_holds_for_a_while_and_then_the_question_is_asked_anew(shop: Grocer) -> None:
    time = [shop.now()]
    replies = Replies(shop.workspace.room.database, lambda: time[0])
    keyed = KeyedRequest.of("session:s", "k", b"question")
    assert replies._claim(keyed, 10) is None  # and then its process is killed
    with pytest.raises(InputInvalid, match=r"^A request with this idempotency key is being answered\.$"):
        replies.once_claimed(keyed, 10, lambda: 1, lambda reply: 2)
    found = replies.find("session:s", "k", 10)
    time[0] += 10

    assert (found is not None and found.is_claim, replies.find("session:s", "k", 10)) == (True, None)
    assert replies.once_claimed(keyed, 10, lambda: 1, lambda reply: 2) == 1


def test_a_failure_that_cannot_be_told_to_the_database_is_told_as_it_was(shop: Grocer) -> None:
    replies, keyed = Replies(shop.workspace.room.database, shop.now), KeyedRequest.of("s", "k", b"question")

    def failing() -> int:
        shop.workspace.room.database.before_write = _refuse
        raise InputInvalid("It failed.", code="the-first")

    before = shop.workspace.room.database.before_write
    with pytest.raises(InputInvalid, match=r"^It failed\.$"):
        replies.once_claimed(keyed, 10**9, failing, lambda reply: 1)
    shop.workspace.room.database.before_write = before


def _refuse() -> None:
    raise RecordingFailed("Not now.")


def test_nothing_of_an_answer_outlives_the_day(shop: Grocer) -> None:
    ana = shop.known_staff("ana")
    place = asked(ana).place
    later = Replies(shop.workspace.room.database, lambda: shop.now() + 90_000_000_000)
    later.forget()

    assert ana.get(place).status == 404


def test_no_template_of_the_console_holds_a_script_or_a_style() -> None:
    """Charts are made of places in percent; the policy of a page would forbid both."""
    folder = Path(__file__).parents[3] / "src" / "pellucid" / "web" / "templates" / "console"
    text = "".join(each.read_text() for each in folder.glob("*.html"))

    assert re.findall(r"<script(?! src)|style=|onclick", text) == []
