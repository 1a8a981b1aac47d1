"""What a customer does beyond choices: erase, take back, download, pause, object, ask for a person."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from pellucid.records.rights_tables import rights_requests
from pellucid.rights import stored
from pellucid.rights.stored import Event
from pellucid.settings import Settings
from tests.web.app_clients import app_of
from tests.web.visitors import Browser, Grocer

ERASE, PAUSE, REQUESTS = "/privacy/erase", "/privacy/pause", "/privacy/requests"
HOUR = 3_600_000_000


def code(grocer: Grocer) -> str:
    """Return the newest code that was sent to anybody."""
    grocer.work()
    found = re.search(r"give this code: (\d{4}) (\d{4})", grocer.office.taken[-1].get_content())
    assert found is not None
    return found.group(1) + found.group(2)


def prove(grocer: Grocer, browser: Browser, page: str = ERASE, back: str = "erase", times: int = 2) -> None:
    for _ in range(times):
        browser.submit(page, "/privacy/proof/code", back=back)
        done = browser.submit(page, "/privacy/proof/answer", back=back, code=code(grocer))
        assert done.place.partition("?")[2].partition("#")[0] == "told=shown"


def path_of(page: object) -> str:
    return str(getattr(page, "place", "")).partition("?")[0]


def asked(grocer: Grocer, browser: Browser) -> str:
    """Let somebody ask for their erasure as the page asks for it; return where the request is."""
    prove(grocer, browser)
    return path_of(browser.submit(ERASE, ERASE, understood="yes"))


def approve(grocer: Grocer, path: str) -> str:
    request = path.rpartition("/")[2]
    grocer.workspace.requests.approve(request, actor=grocer.workspace.actor("pia"))
    return request


def let_pass(grocer: Grocer, hours: int) -> None:
    """Let the clock of the workspace be so much later."""
    before = grocer.workspace.room.clock
    object.__setattr__(grocer.workspace.room, "clock", lambda: before() + hours * HOUR)


def work(grocer: Grocer) -> None:
    grocer.workspace.work.plan()
    grocer.work()


def test_the_consequences_are_shown_before_anything_is_asked(grocer: Grocer) -> None:
    before = grocer.actions()
    words = grocer.known().get(ERASE).words

    assert [words.count(each) for each in ("Purchases All rows about you.", "Members All rows about you.")] == [1, 1]
    assert words.count("A mark that keeps old data from coming back") == 1
    assert words.count("No longer done with your data: Decide what our shops carry") == 1
    assert words.count("It does not begin within 24 hours of your asking") == 1
    assert words.count("This comes once you have given a code.") == 1
    assert grocer.actions() == before


def test_without_a_code_nothing_is_asked_for(grocer: Grocer) -> None:
    browser = grocer.known()
    page = browser.submit(ERASE, ERASE, understood="yes")

    assert (page.status, page.words.count("proof-stale")) == (403, 1)
    assert grocer.actions().count("request.filed") == 0


def test_without_a_tick_nothing_is_asked_for(grocer: Grocer) -> None:
    browser = grocer.known()
    prove(grocer, browser, times=1)
    page = browser.submit(ERASE, ERASE)

    assert (page.place, grocer.actions().count("request.filed")) == (f"{ERASE}?told=tick-first#confirm", 0)


def test_a_wrong_code_shows_nothing_and_is_counted(grocer: Grocer) -> None:
    browser = grocer.known()
    browser.submit(ERASE, "/privacy/proof/code", back="erase")
    grocer.work()
    page = browser.submit(ERASE, "/privacy/proof/answer", back="erase", code="00000000")

    assert page.place == f"{ERASE}?told=code-wrong#proof"
    assert browser.get(ERASE).words.count("This comes once you have given a code.") == 1
    assert grocer.actions()[-1] == "sign-in.refused"


def test_two_codes_go_to_two_contacts_and_make_the_session_anew_each_time(grocer: Grocer) -> None:
    browser = grocer.known()
    before = dict(browser.cookies)
    prove(grocer, browser)

    assert [str(mail["To"]) for mail in grocer.office.taken] == ["alice@home.example", "alice@work.example"]
    assert Browser(grocer.address, before).get(ERASE).status == 303
    assert browser.get(ERASE).words.count("You have shown it by two contacts of yours.") == 1


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/privacy/proof/code", "/privacy/data/code"])
def test_codes_that_others_had_sent_for_requests_use_up_none_of_who_is_signed_in(grocer: Grocer, path: str) -> None:
    pia = grocer.workspace.actor("pia")
    for right in ("access", "portability"):
        request = grocer.workspace.requests.file(right, "h0002", actor=pia, channel="form").request.id
        grocer.workspace.requests.acknowledge(request, actor=pia)
        for _ in range(5):
            grocer.workspace.requests.challenge(request, actor=pia)
            grocer.work()
    page = grocer.known("h0002").submit("/privacy/choices", path)
    grocer.work()

    assert page.status == 303
    assert [str(mail["To"]) for mail in grocer.office.taken] == ["bob@home.example"] * 11


def test_what_one_session_showed_is_no_proof_in_another(grocer: Grocer) -> None:
    prove(grocer, grocer.known())
    other = grocer.known()

    assert other.submit(ERASE, ERASE, understood="yes").status == 403


def test_a_proof_holds_for_half_an_hour(grocer: Grocer) -> None:
    browser = grocer.known()
    prove(grocer, browser)
    before = grocer.workspace.room.clock
    object.__setattr__(grocer.workspace.room, "clock", lambda: before() + HOUR // 2 - 60_000_000)
    assert browser.get(ERASE).words.count("2. Confirm I have read") == 1
    object.__setattr__(grocer.workspace.room, "clock", lambda: before() + HOUR // 2)

    assert browser.get(ERASE).words.count("This comes once you have given a code.") == 1


def test_an_erasure_is_asked_for_once_and_shows_when_it_begins(grocer: Grocer) -> None:
    browser = grocer.known()
    path = asked(grocer, browser)
    again = path_of(browser.submit(REQUESTS, ERASE, understood="yes"))
    words = browser.get(path).words

    assert again == path
    assert re.search(r"When it begins Not before \d+ \w+ \d{4}, \d\d:\d\d UTC\. Somebody of our staff", words)
    assert words.count("Show that it is you") == 0
    assert browser.get(ERASE).words.count("You have asked for this already.") == 1


def test_what_somebody_else_asked_for_in_ones_name_takes_the_place_of_no_erasure_of_ones_own(grocer: Grocer) -> None:
    pia, browser = grocer.workspace.actor("pia"), grocer.known()
    other = grocer.workspace.requests.file("erasure", "h0001", actor=pia, channel="form").request.id
    path = asked(grocer, browser)
    grocer.workspace.requests.revoke(other, actor=pia)
    words = browser.get(path).words

    assert path.rpartition("/")[2] != other
    assert (words.count("We work on it"), words.count("Show that it is you")) == (1, 0)
    assert path_of(browser.submit(ERASE, ERASE, understood="yes")) == path


def test_it_does_not_begin_before_its_time_whoever_wants_it_to(grocer: Grocer) -> None:
    browser = grocer.known()
    request = approve(grocer, asked(grocer, browser))
    work(grocer)
    with pytest.raises(Exception, match=r"begins at .* at the earliest"):
        grocer.workspace.requests.carry_out(request, actor=grocer.workspace.actor("pia"))

    assert grocer.actions().count("erasure.begun") == 0
    assert browser.get("/privacy").status == 200


def test_until_then_it_is_taken_back_and_nothing_is_gone(grocer: Grocer) -> None:
    browser = grocer.known()
    path = asked(grocer, browser)
    approve(grocer, path)
    back = browser.submit(path, f"{path}/revoke")
    let_pass(grocer, 24)
    work(grocer)

    assert grocer.known().get(path).words.count("Taken back") == 1
    assert back.place == f"{path}?told=revoked"
    assert grocer.actions().count("erasure.begun") == 0


@pytest.mark.parametrize(
    ("closed", "words"),
    [
        (False, "It has begun, and cannot be taken back any more."),
        (True, "It is over, and cannot be taken back any more."),
    ],
)
def test_what_has_begun_or_is_over_is_not_taken_back_and_nobody_is_told_what_staff_would_do(
    grocer: Grocer, closed: bool, words: str
) -> None:
    browser = grocer.known()
    path = asked(grocer, browser)
    token, request = browser.get(path).token, approve(grocer, path)
    if closed:
        grocer.workspace.requests.deny(request, why="no_match", actor=grocer.workspace.actor("pia"))
    else:
        with grocer.workspace.room.database.write() as connection:
            stored.note(connection, request, Event("begun", grocer.now(), "pia", {}))
    page = browser.post(f"{path}/revoke", {"_token": token})

    assert (page.status, page.words.count(words), page.text.count("pellucid requests")) == (409, 1, 0)


def test_then_the_worker_begins_it_and_the_receipt_is_there_for_who_has_the_address(
    grocer: Grocer, tmp_path: Path
) -> None:
    browser = grocer.known()
    path = asked(grocer, browser)
    address = re.findall(r'href="(/privacy/erased/[^"]+)"', browser.get(path).text)[0]
    assert grocer.browser().get(address).words.count("It has not begun yet. It begins at the earliest on") == 1
    assert grocer.browser().get(f"{address}/receipt").place == address
    approve(grocer, path)
    let_pass(grocer, 24)
    work(grocer)
    page, file = grocer.browser().get(address), tmp_path / "receipt.json"
    file.write_text(grocer.browser().get(f"{address}/receipt").text)
    line = [sys.executable, "-m", "pellucid.audit", "receipt", str(file), "--key"]
    verified = subprocess.run(
        [*line, str(grocer.workspace.room.log_key.verifier)], capture_output=True, text=True, check=False
    )

    token = {"token": address.rpartition("/")[2]}
    told = app_of(grocer).post("/api/v1/erasures/show", token).json()

    assert (told["state"], told["receipt"]) == ("done", True)
    assert {each["stage"] for each in told["places"]} >= {"verified", "out-of-reach", "kept"}
    assert app_of(grocer).post("/api/v1/erasures/receipt", token).text == file.read_text()
    assert page.words.count("How it stands It is done.") == 1
    assert page.words.count("Purchases · Done, and looked at again") == 1
    assert page.words.count("Backups · Out of our reach") == 1
    assert page.words.count("A mark that keeps old data from coming back · Kept") == 1
    assert page.text.count("h0001") == 0
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert browser.get("/privacy").status == 303


@pytest.mark.parametrize("change", [lambda each: each[:-1] + ("A" if each[-1] != "A" else "B"), lambda each: "x"])
def test_another_address_opens_no_erasure(grocer: Grocer, change: object) -> None:
    browser = grocer.known()
    text = browser.get(asked(grocer, browser)).text
    token = re.findall(r'href="/privacy/erased/([^"]+)"', text)[0]

    assert grocer.browser().get(f"/privacy/erased/{change(token)}").status == 404  # type: ignore[operator]


def test_an_erasure_is_asked_for_in_no_other_way(grocer: Grocer) -> None:
    browser = grocer.known()

    assert browser.submit(REQUESTS, REQUESTS, right="erasure").status == 404
    assert re.findall(r'name="right" value="([^"]+)"', browser.get(REQUESTS).text) == ["access", "portability"]


# -- download ----------------------------------------------------------------------------------------------------------


def copied(grocer: Grocer, browser: Browser, **fields: str) -> str:
    path = path_of(browser.submit(REQUESTS, REQUESTS, right="access", **fields))
    work(grocer)
    return path


def fetched(browser: Browser, path: str) -> httpx.Response:
    shown = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return httpx.get(f"{browser.address}{path}/package", headers={"Cookie": shown}, timeout=60)


def test_a_copy_is_made_by_the_worker_and_fetched_where_it_was_asked_for(grocer: Grocer, tmp_path: Path) -> None:
    browser = grocer.known()
    path = copied(grocer, browser, plain="yes")
    words, answer = browser.get(path).words, fetched(browser, path)
    folder = tmp_path / "package"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(folder)
    line = [sys.executable, "-m", "pellucid.audit", "package", str(folder), "--key"]
    verified = subprocess.run(
        [*line, str(grocer.workspace.room.log_key.verifier)], capture_output=True, text=True, check=False
    )

    assert re.search(r"Your copy is ready Download my data \(one ZIP file, \d+ kB\) It can be fetched until \d+", words)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert {each.name for each in folder.iterdir()} >= {"index.html", "summary.json", "manifest.json", "data"}
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert grocer.actions()[-1] == "access.package-fetched"


def test_what_matters_more_is_fetched_only_by_who_shows_as_much_anew(grocer: Grocer) -> None:
    browser = grocer.known()
    path = path_of(browser.submit(REQUESTS, REQUESTS, right="access"))
    for _ in range(2):
        browser.submit(path, f"{path}/code")
        browser.submit(path, f"{path}/answer", code=code(grocer))
    work(grocer)
    weak, request = grocer.known(), path.rpartition("/")[2]
    refused = fetched(weak, path)
    shown = weak.get(path)
    prove(grocer, weak, path, request)

    assert (refused.status_code, refused.text.count("proof-weak")) == (403, 1)
    assert (shown.text.count(f"{path}/package"), shown.words.count("codes to two contacts")) == (0, 1)
    assert fetched(browser, path).status_code == fetched(weak, path).status_code == 200


def test_a_copy_of_somebody_else_is_not_there(grocer: Grocer) -> None:
    path = copied(grocer, grocer.known("h0002"), plain="yes")

    assert fetched(grocer.known("h0001"), path).status_code == 404


@pytest.mark.parametrize("state", ["denied", "revoked", "expired"])
def test_a_copy_of_a_request_that_was_refused_since_is_fetched_no_more_and_removed(grocer: Grocer, state: str) -> None:
    browser = grocer.known()
    path = copied(grocer, browser, plain="yes")
    package = next(each["body"]["package"] for each in grocer.entries() if each["action"] == "access.package-made")
    link = grocer.workspace.access.link(package)
    with grocer.workspace.room.database.write() as connection:
        one = rights_requests.c.id == path.rpartition("/")[2]
        connection.execute(update(rights_requests).where(one).values(state=state))

    assert fetched(browser, path).status_code == 404
    with pytest.raises(Exception, match="This link opens nothing"):
        grocer.workspace.access.fetch(package, link.secret)
    with pytest.raises(Exception, match="no package that could be fetched"):
        grocer.workspace.access.link(package)
    work(grocer)
    assert grocer.actions()[-1] == "access.packages-removed"
    assert list((grocer.workspace.folder / "exports" / "access").iterdir()) == []


# -- pause -------------------------------------------------------------------------------------------------------------


def used(grocer: Grocer, household: str = "h0001") -> bool:
    pia = grocer.workspace.actor("pia")
    return grocer.workspace.consent.why(household, purpose="planning", actor=pia).permitted


def test_a_pause_counts_at_once_and_ends_as_easily(grocer: Grocer) -> None:
    browser = grocer.known()
    assert used(grocer)
    on = browser.submit(PAUSE, PAUSE, pause="on")
    paused = (used(grocer), used(grocer, "h0002"), browser.follow(on).words.count("Paused since"))
    off = browser.submit(PAUSE, PAUSE, pause="off")

    assert paused == (False, True, 1)
    assert used(grocer)
    assert browser.follow(off).words.count("The pause is over. Your choices count again.") == 1
    assert re.findall(r"<strong>([^<]+)</strong>: all uses", browser.get("/privacy/history").text) == [
        "The restriction of your data was lifted",
        "You had the use of your data restricted",
    ]


def test_a_pause_is_begun_once_and_tells_recipients(grocer: Grocer) -> None:
    browser = grocer.known()
    for _ in range(2):
        browser.submit(PAUSE, PAUSE, pause="on")
    files = sorted(each.name for each in (grocer.workspace.folder / "outbox").rglob("*.json"))
    grocer.work()
    told = sorted(each.name for each in (grocer.workspace.folder / "outbox").rglob("*.json"))

    assert (files, len(told)) == ([], 2)
    assert grocer.actions().count("consent.restrict") == 1


@pytest.mark.parametrize("fields", [{}, {"pause": "maybe"}], ids=str)
def test_what_is_neither_on_nor_off_changes_nothing(grocer: Grocer, fields: dict[str, str]) -> None:
    assert grocer.known().submit(PAUSE, PAUSE, **fields).status == 422
    assert used(grocer)


def test_a_pause_for_an_objection_is_not_ended_by_a_press(grocer: Grocer) -> None:
    browser = grocer.known()
    made = browser.submit(REQUESTS, f"{REQUESTS}/objection", purpose="planning", reasons="I work there")
    page = browser.submit(PAUSE, PAUSE, pause="off")

    assert browser.get(PAUSE).words.count("An objection of yours is not decided yet") == 1
    assert (page.status, used(grocer), grocer.actions().count("consent.lift")) == (422, False, 0)
    assert browser.follow(made).words.count("We work on it") == 1


# -- objection, limit, review ------------------------------------------------------------------------------------------


def test_an_objection_keeps_its_reasons_for_the_staff(grocer: Grocer) -> None:
    browser = grocer.known()
    made = browser.submit(REQUESTS, f"{REQUESTS}/objection", purpose="planning", reasons="I work there")
    request = path_of(made).rpartition("/")[2]
    found = grocer.workspace.requests.show(request, actor=grocer.workspace.actor("pia")).request

    assert (found.right.value, found.asked) == ("objection", {"purposes": ["planning"], "statement": "I work there"})


@pytest.mark.parametrize("purpose", ["offers", "accounts", "", "nothing"])
def test_what_may_not_be_objected_to_is_refused(grocer: Grocer, purpose: str) -> None:
    assert grocer.known().submit(REQUESTS, f"{REQUESTS}/objection", purpose=purpose).status == 404


def test_a_limit_counts_at_once(grocer: Grocer) -> None:
    browser = grocer.known()
    made = browser.submit(REQUESTS, f"{REQUESTS}/limit")

    assert browser.follow(made).words.count("How it stands Done") == 1
    assert grocer.actions().count("consent.limit") == 1


def test_a_person_is_asked_to_look_at_a_decision(grocer: Grocer) -> None:
    browser = grocer.known()
    made = browser.submit(REQUESTS, f"{REQUESTS}/review", decision="no offers", statement="why?")
    request = path_of(made).rpartition("/")[2]
    found = grocer.workspace.requests.show(request, actor=grocer.workspace.actor("pia")).request

    assert (found.right.value, found.asked) == ("human-review", {"decision": "no offers", "statement": "why?"})
    assert browser.submit(REQUESTS, f"{REQUESTS}/review", decision=" ").status == 422


class TestNoWait:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(erasure_wait_hours=0)

    def test_without_a_wait_it_begins_once_it_is_approved(self, grocer: Grocer) -> None:
        browser = grocer.known()
        path = asked(grocer, browser)
        assert browser.get(path).words.count("When it begins Somebody of our staff looks at it first.") == 1
        approve(grocer, path)
        work(grocer)

        assert grocer.actions().count("erasure.finished") == 1
