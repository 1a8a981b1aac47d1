"""The officer's console: requests by due date, consents, refused uses and the log, for officers and nobody else."""

from __future__ import annotations

import html
import io
import json
import logging
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from pellucid.audit.read import verify_folder
from pellucid.audit.treehead import TrustKeys
from pellucid.consent import coverage
from pellucid.delivery import outbox
from pellucid.errors import UseRefused
from pellucid.governance import laws
from pellucid.records.rights_tables import rights_requests
from pellucid.records.tables import log_entries
from pellucid.regulations.load import shipped
from pellucid.settings import Settings
from pellucid.web.console import consents, officer_words
from pellucid.web.console import log as log_pages
from pellucid.web.console import refusals as refusal_pages
from pellucid.web.console import requests as request_pages
from tests.web.visitors import Browser, Grocer, Page

REQUESTS, LOG = "/staff/requests", "/staff/log"
AT_ONCE = Settings(erasure_wait_hours=0)
"""Nobody may take an erasure back for a while first."""
KEYS = ("h0001", "h0002", "alice@home.example", "bob@home.example")
"""What would tell who somebody is."""


def filed(grocer: Grocer, right: str = "erasure", household: str = "h0001") -> str:
    """Return the id of a request that a household filed, signed in."""
    return grocer.filed(right, household)


def act(browser: Browser, request: str, name: str, **fields: str) -> Page:
    return browser.submit("/staff", f"{REQUESTS}/{request}/acts/{name}", **fields)


def refuse(grocer: Grocer, who: str = "ana", sql: str = "SELECT 1; SELECT 2") -> None:
    with pytest.raises(UseRefused, match="refused"):
        grocer.workspace.query(sql, purpose="planning", actor=who)


def links(page: Page, start: str) -> list[str]:
    return re.findall(rf'href="({start}[^"]*)"', page.text.replace("&amp;", "&"))


def mails(grocer: Grocer, request: str) -> list[tuple[str, str]]:
    """Return to whom mail about a request is to go, and under which heading."""
    with grocer.workspace.room.database.read() as connection:
        found = [outbox.content_of(connection, each.id) for each in outbox.beginning(connection, f"{request}:")]
    return [(content["to"], content["subject"]) for content in found if content is not None]


def cells(page: Page, heading: str) -> list[str]:
    """Return what the cells of a row say, after its heading."""
    rows = re.findall(r"<tr>(.*?)</tr>", page.text, re.DOTALL)
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    plain = [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in found]
    return next(row[1:] for row in plain if row and row[0].startswith(heading))


# -- requests ----------------------------------------------------------------------------------------------------------


def test_requests_come_by_due_date_the_overdue_first(grocer: Grocer) -> None:
    later, overdue = filed(grocer, "access"), filed(grocer, "portability", "h0002")
    with grocer.workspace.room.database.write() as connection:
        late = update(rights_requests).where(rights_requests.c.id == overdue)
        connection.execute(late.values(due="2026-01-31"))
    page = grocer.known_staff("pia").get(REQUESTS)

    assert links(page, f"{REQUESTS}/") == [f"{REQUESTS}/{overdue}", f"{REQUESTS}/{later}"]
    assert cells(page, "Portability")[0].startswith("31 January 2026 overdue by ")
    assert [page.text.count(key) for key in KEYS] == [0] * len(KEYS)


def test_requests_are_picked_by_state_and_right_and_come_by_pages(
    grocer: Grocer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_pages, "A_PAGE", 2)
    made = {right: filed(grocer, right) for right in ("access", "erasure", "restriction")}
    grocer.workspace.requests.revoke(made["access"], actor=grocer.workspace.actor("pia"))
    browser = grocer.known_staff("pia")

    def shown(query: str) -> set[str]:
        return {link.rpartition("/")[2] for link in links(browser.get(f"{REQUESTS}{query}"), f"{REQUESTS}/r")}

    assert shown("") == {made["erasure"], made["restriction"]}
    assert shown("?state=revoked") == {made["access"]}
    assert shown("?right=erasure") == {made["erasure"]}
    first = browser.get(f"{REQUESTS}?state=all")
    (later,) = re.findall(r'href="/staff/requests(\?state=all&amp;right=&amp;after=[^"]+)"', first.text)
    last = html.unescape(later)
    assert shown("?state=all") | shown(last) == set(made.values())
    assert (len(shown("?state=all")), len(shown(last)), first.words.count("3 requests")) == (2, 1, 1)
    assert browser.get(f"{REQUESTS}{last}").words.count("Later ones") == 0
    assert [browser.get(f"{REQUESTS}{query}").status for query in ("?state=x", "?right=x", "?after=-1")] == [404] * 3


def test_a_request_shows_clock_law_and_waits_and_nobody(grocer: Grocer) -> None:
    request = filed(grocer)
    page = grocer.known_staff("pia").get(f"{REQUESTS}/{request}")

    assert page.status == 200
    for told in (
        "days left",
        "your own limit",
        "Who asks has to show better who they are.",
        "Somebody of the staff has to approve it.",
        "needed: two contacts that are held, or a check by the staff",
    ):
        assert told in page.words
    assert [page.text.count(key) for key in KEYS] == [0] * len(KEYS)
    assert "request.shown" not in grocer.actions()


def test_whom_a_request_is_about_is_shown_on_demand_and_logged(grocer: Grocer) -> None:
    request = filed(grocer)
    page = grocer.known_staff("pia").submit("/staff", f"{REQUESTS}/{request}/person")
    entry = grocer.entries()[-1]

    assert "Key h0001 (household)" in page.words
    assert (entry["action"], entry["body"]) == ("request.shown", {"request": request})
    assert "h0001" not in json.dumps(entry)


@pytest.mark.parametrize("settings", [AT_ONCE], ids=["at once"])
def test_an_erasure_is_checked_approved_and_carried_out(grocer: Grocer) -> None:
    request, browser = filed(grocer), grocer.known_staff("pia")
    plan = browser.submit("/staff", f"{REQUESTS}/{request}/plan")
    early = act(browser, request, "carry-out")
    steps = [
        act(browser, request, "verify", evidence="file 12"),
        act(browser, request, "approve"),
        act(browser, request, "carry-out"),
    ]
    done = browser.follow(steps[-1])

    assert "purchases (dataset) is erased Rows about them" in plan.words
    assert (early.status, "is not known well enough" in early.words) == (409, True)
    assert [step.status for step in steps] == [303] * 3
    assert "State Done" in done.words
    assert "What can be done" not in done.words
    assert grocer.known_staff("pia").get(REQUESTS).words.endswith("There is no such request.")


def test_a_request_is_extended_paused_and_denied_with_reasons(grocer: Grocer) -> None:
    request, browser = filed(grocer, "access"), grocer.known_staff("pia")
    unlawful = act(browser, request, "extend", reason="many requests")
    nothing = act(browser, request, "deny", why="because")
    denied = browser.follow(act(browser, request, "deny", why="too_many_requests", note="alice wrote thrice"))
    again = act(browser, request, "deny", why="other")

    assert (unlawful.status, "many requests" in unlawful.text) == (
        422,
        True,
    )  # no law here lets it; what was typed stays
    assert nothing.status == 404
    assert "State Denied: the same was asked again and again" in denied.words
    assert again.status == 409
    entry = grocer.entries()[-1]
    assert (entry["action"], "alice" in json.dumps(entry)) == ("request.denied", False)


def test_only_acts_that_fit_and_are_permitted_are_offered(grocer: Grocer) -> None:
    request, browser = filed(grocer, "restriction"), grocer.known_staff("pia")

    def offered() -> list[str]:
        return re.findall(r"/acts/([a-z-]+)", browser.get(f"{REQUESTS}/{request}").text)

    before = offered()
    _allow(grocer, "request-list, audit-read")

    assert before == ["carry-out", "extend", "pause", "deny", "revoke"]
    assert offered() == []
    assert act(browser, request, "deny", why="other").status == 403
    assert grocer.actions()[-1] == "access.refused"


def test_who_waits_longer_is_mailed_at_their_one_address_and_else_told_by_the_officer_who_notes_it(
    grocer: Grocer,
) -> None:
    room, pia = grocer.workspace.room, grocer.workspace.actor("pia")
    laws.sign_off(room.database, shipped()["eu-gdpr"], room.policy(), pia, "read by counsel", grocer.now())
    one_address, two_addresses = filed(grocer, "restriction", "h0002"), filed(grocer, "restriction")
    browser = grocer.known_staff("pia")
    pages = [browser.follow(act(browser, each, "extend", reason="40 volumes")) for each in (one_address, two_addresses)]
    offers = ["The person has to know of something, and no mail goes to them." in each.words for each in pages]
    noted = browser.follow(act(browser, two_addresses, "told", message="time-extended", how="letter"))

    assert mails(grocer, one_address) == [("bob@home.example", f"Your request {one_address}")]
    assert (offers, mails(grocer, two_addresses)) == ([False, True], [])
    assert "no mail goes to them" not in noted.words
    assert grocer.actions()[-1] == "request.told"


def test_a_form_without_its_token_or_from_elsewhere_does_nothing(grocer: Grocer) -> None:
    request, browser = filed(grocer), grocer.known_staff("pia")
    token, before = browser.get("/staff").token, grocer.actions()
    action = f"{REQUESTS}/{request}/acts/revoke"
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    pages = [
        browser.post(action, {}),
        browser.post(action, {"_token": "x"}),
        browser.post(action, {"_token": token}, foreign),
        browser.post(f"{LOG}/verify", {}),
        browser.post(f"{LOG}/export", {"_token": token}, foreign),
    ]

    assert [page.status for page in pages] == [403] * 5
    assert grocer.actions() == before


def _allow(grocer: Grocer, actions: str) -> None:
    """Let the officer's role do these only, and what it takes to change that."""
    path = grocer.workspace.folder / "policy" / "policy.yaml"
    text = re.sub(
        r"(officer: \{title: Privacy officer, may: \[)[^]]*", rf"\g<1>policy-activate, {actions}", path.read_text()
    )
    path.write_text(text)
    grocer.workspace.policy.activate(actor=grocer.workspace.actor("pia"))


def test_nothing_personal_lands_in_the_servers_own_log_or_figures(
    grocer: Grocer, caplog: pytest.LogCaptureFixture
) -> None:
    request, browser = filed(grocer), grocer.known_staff("pia")
    with caplog.at_level(logging.INFO):
        shown = browser.submit("/staff", f"{REQUESTS}/{request}/person")
        act(browser, request, "verify", evidence="passport of alice@home.example")
        act(browser, request, "deny", why="other", note="h0001 is alice@home.example")
        browser.get(f"{LOG}?family=request&kind=customer")
        figures = grocer.browser().get("/metrics")
    lines = [str(record.__dict__) for record in caplog.records if record.name.startswith("pellucid")]

    assert "h0001" in shown.words  # there was something that could have leaked
    assert (len(lines) > 5, figures.status) == (True, 200)
    assert [word for word in (*KEYS, request) if word in "".join(lines) + figures.text] == []


# -- consents ----------------------------------------------------------------------------------------------------------


def test_a_switch_moves_the_exact_coverage_by_one_and_no_band(grocer: Grocer) -> None:
    """Of twenty people one more no would show in a band made anew: nineteen are fewer than twenty."""
    _add_people(grocer, range(4, 21))
    officer, customer = grocer.known_staff("pia"), grocer.known("h0001")
    page, analyst = "/staff/consents?dataset=purchases", grocer.workspace.actor("ana")
    question = {"sql": "SELECT count(*) FROM purchases", "purpose": "planning", "actor": analyst}
    told = grocer.workspace.query(**question).coverage
    before = cells(officer.get(page), "Decide what our shops carry")
    customer.submit("/privacy/choices", "/privacy/choices/planning", choice="no", notice="2026-11")
    after = cells(officer.get(page), "Decide what our shops carry")

    assert (before[0], after[0]) == ("20 of 20", "19 of 20")
    assert (before[-1], after[-1]) == ("over 95 %, between 20 and 30 people",) * 2
    assert grocer.workspace.query(**question).coverage == told


def _add_people(grocer: Grocer, numbers: range) -> None:
    rows, pia = grocer.workspace.folder / "more.csv", grocer.workspace.actor("pia")
    rows.write_text(
        "household_id,sales_value,product,bought\n"
        + "".join(f"h{n:04},2.00,bread,2026-05-20T10:00:00Z\n" for n in numbers)
    )
    grocer.workspace.data.add("purchases", rows, actor=pia)
    rows.write_text("household_id,email,second,place\n" + "".join(f"h{n:04},,,DE\n" for n in numbers))
    grocer.workspace.data.add("members", rows, actor=pia)


def test_what_people_said_is_counted_by_month_day_and_purpose(grocer: Grocer) -> None:
    for household, purpose, choice in (
        ("h0001", "offers", "yes"),
        ("h0002", "offers", "no"),
        ("h0002", "planning", "no"),
    ):
        browser = grocer.known(household)
        browser.submit("/privacy/choices", f"/privacy/choices/{purpose}", choice=choice, notice="2026-11")
    officer = grocer.known_staff("pia")
    month = f"{_today(grocer):%B %Y}"
    day = f"{_today(grocer).day} {month}"

    assert cells(officer.get("/staff/consents"), month) == ["1", "0", "1", "1"]
    assert cells(officer.get("/staff/consents?by=day&purpose=offers"), day) == ["1", "0", "1", "0"]
    assert officer.get("/staff/consents").text.count('class="given"') == 2  # a bar, and its place in the legend
    assert officer.get("/staff/consents?purpose=nothing").status == 404
    assert officer.get("/staff/consents?dataset=nothing").status == 404


def test_every_band_has_its_words() -> None:
    bands = {coverage.NONE, coverage.TOO_FEW, coverage.HIGHEST, *(name for _, name in coverage.BANDS)}

    assert {band: words.replace("%%", "%") for band, words in officer_words.SHARES.items()} == {
        band: band for band in bands
    }


def test_looking_at_exact_figures_is_logged_and_the_figures_are_not(grocer: Grocer) -> None:
    before = len(grocer.entries())
    grocer.known_staff("pia").get("/staff/consents?dataset=purchases")
    entries = grocer.entries()[before:]

    assert [each["action"] for each in entries] == ["consent.totals-shown", *["consent.coverage-exact"] * 3]
    assert [key for each in entries for key in ("total", "permitted") if key in each["body"]] == []


def test_periods_run_over_the_turn_of_a_year_without_a_gap() -> None:
    now = consents.EPOCH.replace(year=2026, month=2, day=3, hour=9)
    first = consents.first_day(now, "month")
    names = [each.name for each in consents.periods_of([], first, "month", 12, None)]

    assert (names[0], names[-1], len(set(names))) == ("2025-03", "2026-02", 12)
    assert f"{consents.first_day(now, 'day'):%Y-%m-%d}" == "2026-01-05"


def _today(grocer: Grocer) -> datetime:
    return consents.EPOCH + timedelta(microseconds=grocer.now())


# -- refused uses ------------------------------------------------------------------------------------------------------


def test_refused_uses_tell_role_purpose_and_reasons_and_not_what_was_typed(grocer: Grocer) -> None:
    refuse(grocer, "ana", "SELECT 'alice@home.example'; SELECT 2")
    refuse(grocer, "ana", "SELECT 'swordfish'; SELECT 2")
    refuse(grocer, "mallory", "SELECT count(*) FROM purchases")
    page = grocer.known_staff("pia").get("/staff/refusals")

    assert cells(page, "The question was not one that can be answered safely.")[:3] == [
        "Staff: Analyst",
        "Decide what our shops carry",
        "2",
    ]
    assert cells(page, "Their roles do not let them do this.")[:3] == ["Staff", "Decide what our shops carry", "1"]
    assert [page.text.count(word) for word in (*KEYS, "swordfish", "mallory", ">ana<")] == [0] * 7
    assert len(links(page, f"{LOG}/entries/")) == 3


def test_refused_uses_come_by_pages_the_newest_first(grocer: Grocer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal_pages, "A_PAGE", 2)
    for _ in range(3):
        refuse(grocer)
    browser = grocer.known_staff("pia")
    first = browser.get("/staff/refusals")
    (older,) = links(first, "/staff/refusals\\?days=30&before")
    second = browser.get(older)
    leaves = [int(link.rpartition("/")[2]) for page in (first, second) for link in links(page, f"{LOG}/entries/")]

    assert (len(leaves), leaves) == (3, sorted(leaves, reverse=True))
    assert links(second, "/staff/refusals\\?days=30&before") == []


# -- the log -----------------------------------------------------------------------------------------------------------


def test_the_log_comes_newest_first_by_pages_and_filters(grocer: Grocer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_pages, "A_PAGE", 3)
    customer = grocer.known("h0001")
    customer.submit("/privacy/choices", "/privacy/choices/planning", choice="no", notice="2026-11")
    refuse(grocer)
    browser, size = grocer.known_staff("pia"), len(grocer.entries())

    def shown(page: Page) -> list[int]:
        return [int(link.rpartition("/")[2]) for link in links(page, f"{LOG}/entries/")]

    first = browser.get(LOG)
    (older,) = links(first, f"{LOG}\\?family=.*before")
    assert shown(first) == [size - 1, size - 2, size - 3]
    assert shown(browser.get(older)) == [size - 4, size - 5, size - 6][: size - 3]
    assert shown(browser.get(f"{LOG}?refused=yes")) == [size - 1]
    assert shown(browser.get(f"{LOG}?family=consent&kind=customer&purpose=planning")) == [size - 2]
    assert shown(browser.get(f"{LOG}?family=erasure")) == []
    assert [first.text.count(key) for key in KEYS] == [0] * len(KEYS)


def test_an_entry_is_shown_as_it_was_hashed_with_a_proof_that_verifies(grocer: Grocer) -> None:
    browser = grocer.known_staff("pia")
    before = browser.get(f"{LOG}/entries/1")
    assert browser.submit("/staff", f"{LOG}/checkpoint").place == f"{LOG}?told=done"
    page = browser.get(f"{LOG}/entries/1")
    body, proof = (browser.get(f"{LOG}/entries/1/{part}") for part in ("bytes", "proof"))
    expected = grocer.workspace.audit.proof(1, actor=grocer.workspace.actor("pia"))

    assert "No signed head covers it yet." in before.words
    assert "c2sp.org/tlog-proof@v1" in page.words
    assert (body.raw, proof.raw) == expected
    assert proof.headers["content-disposition"] == 'attachment; filename="entry-1.tlog-proof"'
    assert browser.get(f"{LOG}/entries/99999").status == 404


def test_the_log_is_verified_and_the_finding_kept_in_it(grocer: Grocer) -> None:
    browser = grocer.known_staff("pia")
    unsigned = browser.submit("/staff", f"{LOG}/verify")
    browser.submit("/staff", f"{LOG}/checkpoint")
    done = browser.submit("/staff", f"{LOG}/verify")
    page, entry = browser.follow(done), grocer.entries()[-1]
    key = grocer.workspace.audit.verifier

    assert (unsigned.status, "No head of the log was signed yet" in unsigned.words) == (409, True)
    assert page.words.startswith("The log The log holds Verified up to the signed head of")
    assert f"Under the key {key.name}+{key.key_id.hex()}" in page.words
    assert (entry["action"], entry["body"]["holds"], entry["body"]["read"]) == (
        "audit.verified",
        True,
        len(grocer.entries()) - 1,
    )
    assert "Last verified here it holds" in browser.get(LOG).words


def test_a_log_that_was_altered_does_not_hold(grocer: Grocer) -> None:
    browser = grocer.known_staff("pia")
    browser.submit("/staff", f"{LOG}/checkpoint")
    with grocer.workspace.room.database.write() as connection:
        row = connection.execute(log_entries.select().where(log_entries.c.leaf == 1)).one()
        altered = bytes(row.body).replace(b'"name":"pia"', b'"name":"bob"')
        assert altered != bytes(row.body)
        connection.execute(update(log_entries).where(log_entries.c.leaf == 1).values(body=altered))
    page = browser.follow(browser.submit("/staff", f"{LOG}/verify"))

    assert page.words.startswith("The log The log does NOT hold Keep it as evidence")
    assert grocer.entries()[-1]["body"]["holds"] is False
    assert "Last verified here IT DOES NOT HOLD" in browser.get(LOG).words


def test_an_export_verifies_offline_with_the_key(grocer: Grocer, tmp_path: Path) -> None:
    page = grocer.known_staff("pia").submit("/staff", f"{LOG}/export")
    zipfile.ZipFile(io.BytesIO(page.raw)).extractall(tmp_path / "out")
    report = verify_folder(tmp_path / "out", TrustKeys(grocer.workspace.audit.verifier))

    assert (page.status, page.headers["content-type"]) == (200, "application/zip")
    assert report.holds
    assert not list((tmp_path / "out").glob("details*"))
    assert grocer.actions()[-1] == "audit.exported"


# -- the start ---------------------------------------------------------------------------------------------------------


def test_the_start_counts_what_is_due_for_an_officer_and_nothing_for_others(grocer: Grocer) -> None:
    filed(grocer)
    officer, analyst = grocer.known_staff("pia").get("/staff"), grocer.known_staff("ana").get("/staff")

    assert "open in all 1" in officer.words
    assert [path for path in (REQUESTS, "/staff/consents", "/staff/refusals", LOG) if path not in officer.text] == []
    assert [path for path in (REQUESTS, "/staff/consents", "/staff/refusals", LOG) if path in analyst.text] == []


def test_what_is_refused_is_told_clearly_and_logged(grocer: Grocer) -> None:
    before = len(grocer.entries())
    page = grocer.known_staff("ana").get(LOG)
    (entry,) = grocer.entries()[before:]

    assert (page.status, "may not do `audit-read`" in page.words) == (403, True)
    assert (entry["action"], entry["body"]["action"]) == ("access.refused", "audit-read")
