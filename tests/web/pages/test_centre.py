"""What a customer sees and does once they are in: of theirs, through register and book, and of nobody else's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from pellucid.records.tables import subjects
from pellucid.records.transparency_tables import messages_sent
from pellucid.settings import Settings
from pellucid.subjects.ids import find
from pellucid.web import cookies
from tests.web.app_clients import OWN, known_app
from tests.web.visitors import POLICY, Browser, Grocer

OFFERS, PLANNING = "/privacy/choices/offers", "/privacy/choices/planning"
NOTICE = "2026-11"


def said(grocer: Grocer, household: str = "h0001") -> list[tuple[str, str | None]]:
    kept = grocer.workspace.consent.history(household, actor=grocer.workspace.actor("pia"))
    return [(each.record.verb.value, each.record.purpose) for each in kept]


@pytest.mark.parametrize(
    ("purpose", "verb"), [("offers", "withdraw"), ("planning", "object")], ids=["consent", "legitimate interests"]
)
def test_a_no_is_the_verb_that_it_is_under_the_law(grocer: Grocer, purpose: str, verb: str) -> None:
    browser = grocer.known()
    browser.submit("/privacy/choices", f"/privacy/choices/{purpose}", choice="no")

    assert said(grocer) == [(verb, purpose)]


def test_a_yes_is_recorded_with_all_that_proves_it(grocer: Grocer) -> None:
    browser = grocer.known()
    browser.submit("/privacy/choices", OFFERS, choice="yes", notice=NOTICE, held_data="yes", explicit="yes")
    kept = grocer.workspace.consent.history("h0001", actor=grocer.workspace.actor("pia"))[0].record

    assert (kept.covers.value, kept.explicit, kept.notice_version) == ("held_data", True, NOTICE)
    assert (kept.by.value, kept.channel, kept.screen, kept.language, kept.method) == (
        "self",
        "privacy-centre",
        "privacy-centre-1",
        "en",
        "button",
    )


def test_a_yes_covers_no_more_than_was_said(grocer: Grocer) -> None:
    browser = grocer.known()
    assert re.findall(r"<input[^>]*\schecked", browser.get("/privacy/choices").text) == []
    browser.submit("/privacy/choices", OFFERS, choice="yes", notice=NOTICE)
    kept = grocer.workspace.consent.history("h0001", actor=grocer.workspace.actor("pia"))[0].record

    assert (kept.covers.value, kept.explicit) == ("from_now", False)


def test_a_yes_to_another_notice_than_the_one_in_force_is_refused(grocer: Grocer) -> None:
    page = grocer.known().submit("/privacy/choices", OFFERS, choice="yes", notice="2025-01")

    assert (page.status, said(grocer)) == (422, [])


@pytest.mark.parametrize("fields", [{}, {"choice": "maybe"}], ids=str)
def test_what_is_neither_yes_nor_no_is_neither(grocer: Grocer, fields: dict[str, str]) -> None:
    page = grocer.known().submit("/privacy/choices", OFFERS, **fields)

    assert (page.status, said(grocer)) == (422, [])


def test_where_there_is_no_choice_there_is_no_button_and_a_form_is_refused(grocer: Grocer) -> None:
    browser = grocer.known()
    page = browser.submit("/privacy/choices", "/privacy/choices/accounts", choice="yes", notice=NOTICE)

    assert re.findall(r'id="(?:yes|no)-(\w+)"', browser.get("/privacy/choices").text) == [
        "offers",
        "offers",
        "planning",
        "planning",
    ]
    assert (page.status, page.text.count("choice-none"), said(grocer)) == (422, 1, [])


def test_a_choice_counts_at_once_everywhere_and_for_nobody_else(grocer: Grocer) -> None:
    pia = grocer.workspace.actor("pia")
    grocer.known("h0001").submit("/privacy/choices", PLANNING, choice="no")
    used = {
        household: grocer.workspace.consent.why(household, purpose="planning", actor=pia).permitted
        for household in ("h0001", "h0002")
    }

    assert used == {"h0001": False, "h0002": True}
    assert grocer.known("h0001").get("/privacy").words.count("Not in use Decide what our shops carry") == 1


@pytest.mark.parametrize("choice", [OFFERS, PLANNING])
def test_who_changes_their_mind_is_shown_what_they_said_last(grocer: Grocer, choice: str) -> None:
    browser, purpose = grocer.known(), choice.rpartition("/")[2]
    shown = []
    for word in ("yes", "no", "yes", "no", "yes"):
        page = browser.follow(browser.submit("/privacy/choices", choice, choice=word, notice=NOTICE))
        pressed = dict(re.findall(rf'id="(yes|no)-{purpose}" aria-pressed="(\w+)"', page.text))
        shown.append([each for each in pressed if pressed[each] == "true"])

    assert shown == [["yes"], ["no"], ["yes"], ["no"], ["yes"]]


def test_one_no_ends_all_that_there_is_a_choice_about(grocer: Grocer) -> None:
    browser = grocer.known()
    browser.submit("/privacy/choices", OFFERS, choice="yes", notice=NOTICE)
    done = browser.submit("/privacy/choices", "/privacy/choices")
    words = browser.follow(done).words

    assert said(grocer) == [("give", "offers"), ("withdraw", None)]
    assert words.count("Everything that you have a choice about is off.") == 1
    assert words.count("Not in use") == 2


def test_saying_no_takes_as_many_steps_as_saying_yes(grocer: Grocer) -> None:
    text = grocer.known().get("/privacy/choices").settled
    forms = re.findall(r'<form method="post" action="/privacy/choices/offers".*?</form>', text, re.DOTALL)
    buttons = re.findall(r'<button class="choice" name="choice" value="(\w+)"', forms[0])

    assert (len(forms), buttons) == (1, ["yes", "no"])
    assert re.findall(r"(?i)are you sure|really|miss out|lose", text) == []


def test_a_person_is_logged_by_pseudonym_and_session(grocer: Grocer) -> None:
    browser = grocer.known()
    browser.submit("/privacy/choices", OFFERS, choice="yes", notice=NOTICE)
    entry = grocer.entries()[-1]

    assert (entry["action"], entry["actor"]["kind"], entry["actor"]["name"]) == ("consent.give", "customer", "self")
    assert entry["actor"]["authenticated"].startswith("session:")
    assert (len(entry["subject"]), str(entry).count("h0001")) == (64, 0)


def test_history_tells_all_the_newest_first_and_only_ones_own(grocer: Grocer) -> None:
    grocer.known("h0002").submit("/privacy/choices", PLANNING, choice="no")
    browser = grocer.known("h0001")
    browser.submit("/privacy/choices", OFFERS, choice="yes", notice=NOTICE)
    browser.submit("/privacy/choices", OFFERS, choice="no")

    assert re.findall(r"<strong>([^<]+)</strong>: ([^<]+)</p>", browser.get("/privacy/history").text) == [
        ("You withdrew your consent", "Choose offers for you"),
        ("You agreed", "Choose offers for you"),
    ]


def test_history_tells_what_one_was_sent_and_nobody_else(grocer: Grocer) -> None:
    room = grocer.workspace.room
    with room.database.write() as connection:
        for key, kind in (("h0001", "notice-changed"), ("h0002", "yearly")):
            subject = find(connection, "household", key)
            assert subject is not None
            person = room.subject_keys.pseudonym(connection, "household", subject)
            row = {"person": person, "kind": kind, "about": "published:2", "at": grocer.now(), "link": kind}
            connection.execute(insert(messages_sent).values(**row, who=b""))
    told = [grocer.known(f"h000{each}").get("/privacy/history").words for each in (1, 2, 3)]
    changed, yearly = "What we tell you about your data had changed", "What we held about you, and how it was used"

    assert [(each.count(changed), each.count(yearly)) for each in told] == [(1, 0), (0, 1), (0, 0)]
    assert [each.count("We have not written to you about your data yet.") for each in told] == [0, 0, 1]


def receipts(page: str) -> list[str]:
    return re.findall(r'href="(/privacy/history/\d+/receipt)"', page)


def test_a_receipt_is_downloaded_and_verifies_without_us(grocer: Grocer, tmp_path: Path) -> None:
    browser = grocer.known()
    browser.submit("/privacy/choices", PLANNING, choice="no")
    browser.submit("/privacy/choices", OFFERS, choice="yes", notice=NOTICE)
    grocer.workspace.audit.checkpoint(actor=grocer.workspace.actor("pia"))
    page = browser.get("/privacy/history").text
    paths = receipts(page)
    found = [browser.get(path) for path in paths]
    file = tmp_path / "receipt.json"
    file.write_text(found[0].text)
    told = re.search(r"<code>python (-m pellucid\.audit receipt FILE --key \S+)</code>", page)
    assert told is not None, "the page says how"
    line = [sys.executable, *(str(file) if word == "FILE" else word for word in told[1].split())]
    verified = subprocess.run(line, capture_output=True, text=True, check=False)

    assert [each.status for each in found] == [200, 200]
    assert found[0].headers["content-disposition"].startswith("attachment; filename=")
    assert json.loads(found[0].text) != json.loads(found[1].text)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_receipt_is_told_of_before_it_can_be_had_and_the_worker_sees_to_it(grocer: Grocer) -> None:
    browser = grocer.known()
    browser.submit("/privacy/choices", PLANNING, choice="no")
    before = browser.get("/privacy/history")
    grocer.workspace.work.plan()
    grocer.work()
    after = browser.get("/privacy/history").text

    assert (receipts(before.text), len(receipts(after))) == ([], 1)
    assert before.words.count("In force. Its receipt is being sealed, and ready within 5 minutes.") == 1
    assert browser.get(receipts(after)[0]).status == 200


def test_a_receipt_of_somebody_else_is_not_there(grocer: Grocer) -> None:
    bob = grocer.known("h0002")
    bob.submit("/privacy/choices", PLANNING, choice="no")
    grocer.workspace.audit.checkpoint(actor=grocer.workspace.actor("pia"))
    path = receipts(bob.get("/privacy/history").text)[0]

    assert (bob.get(path).status, grocer.known("h0001").get(path).status) == (200, 404)


def test_a_request_is_filed_shown_with_its_clock_and_taken_back(grocer: Grocer) -> None:
    browser = grocer.known()
    made = browser.submit("/privacy/requests", "/privacy/requests", right="access", plain="yes")
    path = made.place.partition("?")[0]
    page = browser.get(path).words
    back = browser.submit(path, f"{path}/revoke")

    assert re.search(r"How it stands We work on it .* Answered by, at the latest \d+ \w+ \d{4} Number r", page)
    assert "Show that it is you" not in page
    assert browser.follow(back).words.count("Taken back") == 1
    assert browser.get("/privacy/requests").words.count(f"{path.rpartition('/')[2]} Taken back") == 1


def test_what_matters_more_asks_for_a_second_contact_and_makes_the_session_anew(grocer: Grocer) -> None:
    browser = grocer.known()
    path = browser.submit("/privacy/requests", "/privacy/requests", right="access").place.partition("?")[0]
    assert browser.get(path).words.count("Show that it is you") == 1
    before, sessions_before = dict(browser.cookies), []
    for _ in range(2):
        browser.submit(path, f"{path}/code")
        grocer.work()
        mail = grocer.office.taken[-1]
        found = re.search(r"give this code: (\d{4}) (\d{4})", mail.get_content())
        assert found is not None
        answered = browser.submit(path, f"{path}/answer", code=found.group(1) + found.group(2))
        assert answered.status == 303
        sessions_before.append(str(mail["To"]))

    assert sessions_before == ["alice@home.example", "alice@work.example"]
    assert "Show that it is you" not in browser.get(path).words
    assert browser.cookies != before
    assert Browser(grocer.address, before).get("/privacy").status == 303
    assert grocer.actions().count("sign-in.raised") == 1


def test_what_somebody_else_showed_for_a_request_is_worth_nothing_to_a_session(grocer: Grocer) -> None:
    """Who holds one mailbox gains nothing by what the person showed for the same request in a browser of their own."""
    theirs = grocer.known()
    path = theirs.submit("/privacy/requests", "/privacy/requests", right="access").place.partition("?")[0]
    browsers = [theirs]
    for number in range(2):
        browsers += [grocer.known()] * number  # the other signs in once the first code was given
        browser = browsers[number]
        browser.submit(path, f"{path}/code")
        grocer.work()
        found = re.search(r"give this code: (\d{4}) (\d{4})", grocer.office.taken[-1].get_content())
        assert found is not None
        assert browser.submit(path, f"{path}/answer", code=found.group(1) + found.group(2)).status == 303
    strengths = []
    for browser in browsers:
        visitor = grocer.workspace.doors.visitor(browser.cookies[cookies.CENTRE])
        strengths.append(None if visitor is None else visitor.session.strength)

    assert "Show that it is you" not in theirs.get(path).words
    assert strengths == [1, 1]


def test_a_wrong_code_for_a_request_shows_nothing(grocer: Grocer) -> None:
    browser = grocer.known()
    path = browser.submit("/privacy/requests", "/privacy/requests", right="access").place.partition("?")[0]
    browser.submit(path, f"{path}/code")
    page = browser.submit(path, f"{path}/answer", code="00000000")

    assert (page.status, page.words.count("This is not what we sent, or it holds no longer.")) == (403, 1)


@pytest.mark.parametrize("action", ["", "/revoke", "/code", "/answer"])
def test_a_request_of_somebody_else_is_not_there(grocer: Grocer, action: str) -> None:
    bob, alice = grocer.known("h0002"), grocer.known("h0001")
    path = bob.submit("/privacy/requests", "/privacy/requests", right="access").place.partition("?")[0]
    nowhere = "/privacy/requests/r000000000000"
    theirs, none = (
        alice.submit("/privacy/choices", each + action) if action else alice.get(each) for each in (path, nowhere)
    )

    assert (theirs.status, theirs.words) == (404, none.words)


def test_what_cannot_be_asked_for_here_is_refused(grocer: Grocer) -> None:
    assert grocer.known().submit("/privacy/requests", "/privacy/requests", right="rectification").status == 404


def test_who_was_erased_meanwhile_sees_nothing(grocer: Grocer) -> None:
    browser = grocer.known("h0002")
    with grocer.workspace.room.database.write() as connection:
        connection.execute(subjects.update().where(subjects.c.id == 1).values(natural_key=None))

    assert [browser.get(path).status for path in ("/privacy", "/privacy/choices")] == [404, 404]
    assert browser.post(OFFERS, {"_token": "x"}).status == 403


class TestLinks:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(public_url="http://127.0.0.1")

    def test_a_link_of_a_mail_shows_who_asks_once_and_needs_no_session(self, grocer: Grocer) -> None:
        pia = grocer.workspace.actor("pia")
        view = grocer.known().submit("/privacy/requests", "/privacy/requests", right="access")
        request = view.place.partition("?")[0].rpartition("/")[2]
        grocer.workspace.requests.challenge(request, actor=pia, kind="link")
        grocer.work()
        found = re.search(rf"/verify/{request}#(\S+)", grocer.office.taken[-1].get_content())
        assert found is not None
        path, browser = f"/verify/{request}", grocer.browser()
        wrong = browser.submit(path, path, answer="x")
        right = browser.submit(path, path, answer=found.group(1))
        again = browser.submit(path, path, answer=found.group(1))

        assert [each.status for each in (wrong, right, again)] == [403, 200, 403]
        assert right.words.startswith("Thank you You have shown that it is you.")

    def test_a_link_for_nothing_looks_like_any_other(self, grocer: Grocer) -> None:
        made = grocer.known().submit("/privacy/requests", "/privacy/requests", right="access")
        request = made.place.partition("?")[0].rpartition("/")[2]
        pages = [grocer.browser().get(f"/verify/{each}") for each in (request, "r000000000000")]
        words = [page.words.replace(request, "ID").replace("r000000000000", "ID") for page in pages]

        assert (words[0], pages[0].status) == (words[1], pages[1].status)


@pytest.mark.parametrize(
    ("place", "language", "told"),
    [
        ("DE", "en", "where you live Germany (from data held)"),
        ("US-CA", "de", "wo Sie wohnen Vereinigte Staaten (CA) (aus vorliegenden Daten)"),
    ],
)
def test_where_somebody_lives_is_told_by_name(grocer: Grocer, place: str, language: str, told: str) -> None:
    with grocer.workspace.room.database.write() as connection:
        connection.execute(update(subjects).values(jurisdiction=place))
    words = grocer.known().get(f"/privacy?language={language}").words

    assert words.count(told) == 1


def test_each_purpose_tells_how_long_with_or_without_a_choice(grocer: Grocer) -> None:
    text = POLICY.replace("    minimum_age: 0\n", "    minimum_age: 0\n    retention_days: {purchases: 730}\n")
    (grocer.workspace.folder / "policy" / "policy.yaml").write_text(text)
    grocer.workspace.policy.activate(actor=grocer.workspace.actor("pia"))
    found = re.findall(r"<dt>How long</dt>(.*?)</div>", grocer.known().get("/privacy/choices").text)
    german = grocer.known().get("/privacy/choices?language=de").text

    assert [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found] == [
        "until the data are deleted Purchases: only entries of the last 2 years are used",
        "your yes holds for 1 year",
        "until you say no, or the data are deleted",
    ]
    assert german.count("genutzt werden nur jüngere Einträge (2 Jahre)") == 1
    told = {each["purpose"]: each for each in known_app(grocer).get(f"{OWN}/choices").json()["purposes"]}
    assert {name: (each["consent_days"], each["retention_days"]) for name, each in told.items()} == {
        "accounts": (None, {"purchases": 730}),
        "offers": (365, {}),
        "planning": (None, {}),
    }
