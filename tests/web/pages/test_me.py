"""What somebody signed in with an app sees and does: what the pages show and do, about themselves, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from pellucid.policy.scopes import SCOPES
from pellucid.settings import Settings
from pellucid.web import cookies
from tests.web.app_clients import OWN, App, app_of, known_app
from tests.web.pages.test_acts import work
from tests.web.test_authorisation import ME, NAMED, ROWS
from tests.web.visitors import Grocer

REQUESTS, PROOF, PEOPLE = f"{OWN}/requests", f"{OWN}/proof", f"{OWN}/people"
NAMES = NAMED | {"agent_id": "none"}


@pytest.fixture
def settings() -> Settings:
    return Settings(serve_failures_per_minute=1e6)


def _program(grocer: Grocer) -> App:
    pia = grocer.workspace.actor("pia")
    return App(grocer.address, grocer.workspace.tokens.create("till", SCOPES, actor=pia, person="ana").secret)


@pytest.mark.parametrize("who", ["nobody", "alice", "alice's browser", "pia's browser", "program"])
def test_a_route_of_ones_own_is_for_whoever_is_signed_in_with_an_app(grocer: Grocer, who: str) -> None:
    program = _program(grocer)
    cookie = {
        "alice's browser": f"{cookies.CENTRE}={grocer.known().cookies[cookies.CENTRE]}",
        "pia's browser": f"{cookies.CONSOLE}={grocer.known_staff('pia').cookies[cookies.CONSOLE]}",
    }
    make: dict[str, Callable[[], App]] = {
        "nobody": lambda: app_of(grocer),
        "alice": lambda: known_app(grocer),
        "program": lambda: program,
    }
    make |= {name: partial(App, grocer.address, headers={"Cookie": value}) for name, value in cookie.items()}
    before, told = grocer.actions(), dict[str, object]()
    for (method, path), (whose, body, done) in ROWS.items():
        if whose == ME:
            answer = make[who]().send(method, path.format(**NAMES), body)
            expected = done if who == "alice" else 401
            if answer.status_code != expected:
                told[f"{method} {path}"] = [answer.status_code, expected, answer.text]

    assert told == {}
    if who != "alice":
        assert set(grocer.actions()[len(before) :]) <= {"sign-in.refused"}


def test_the_overview_tells_what_the_page_does(grocer: Grocer) -> None:
    told = known_app(grocer).get(f"{OWN}?language=de").json()

    assert [(each["namespace"], each["key"]) for each in told["who"]] == [("household", "h0001")]
    assert [each["name"] for each in told["datasets"]] == ["members", "purchases"]
    assert [(each["purpose"], each["used"], each["yes"], each["no"]) for each in told["choices"]["purposes"]] == [
        ("accounts", True, None, None),
        ("offers", False, "give", "withdraw"),
        ("planning", True, "give", "object"),
    ]


def test_a_choice_is_recorded_as_the_persons_own_by_an_app(grocer: Grocer) -> None:
    app = known_app(grocer)
    yes = app.post(f"{OWN}/choices/offers", {"yes": True, "notice_version": "2026-11", "language": "de"})
    stale = app.post(f"{OWN}/choices/offers", {"yes": True, "notice_version": "2020-01"})
    none = app.post(f"{OWN}/choices/accounts", {"yes": False})
    history = app.get(f"{OWN}/history").json()["said"]
    kept = grocer.workspace.consent.history("h0001", actor=grocer.workspace.actor("pia"))

    assert [each.status_code for each in (yes, stale, none)] == [201, 422, 422]
    assert [(each["verb"], each["purpose"], each["by"], each["language"]) for each in history] == [
        ("give", "offers", "self", "de")
    ]
    assert [(each.record.screen, each.record.method, each.record.channel) for each in kept] == [
        ("program", "program", "privacy-centre")
    ]
    assert grocer.known().get("/privacy/history").words.count("You agreed") == 1


def test_one_no_to_all_is_in_force_for_the_page_too(grocer: Grocer) -> None:
    app = known_app(grocer)
    assert app.post(f"{OWN}/choices").status_code == 201

    assert [each["used"] for each in app.get(f"{OWN}/choices").json()["purposes"]] == [True, False, False]
    assert app.post(f"{OWN}/pause", {"paused": True}).json()["paused"] is True
    assert app.post(f"{OWN}/pause", {"paused": False}).json()["paused"] is False


def test_nobody_reaches_anothers_request(grocer: Grocer) -> None:
    bobs = grocer.filed("access", "h0002")
    alice, bob = known_app(grocer), known_app(grocer, "h0002")
    tries = [
        alice.get(f"{REQUESTS}/{bobs}"),
        alice.delete(f"{REQUESTS}/{bobs}"),
        alice.get(f"{REQUESTS}/{bobs}/package"),
        alice.post(f"{REQUESTS}/{bobs}/code"),
        alice.post(f"{REQUESTS}/{bobs}/answer", {"code": "00000000"}),
    ]
    none = alice.get(f"{REQUESTS}/r0123456789ab")

    assert [(each.status_code, each.json()) for each in tries] == [(404, none.json())] * 5
    assert bob.get(f"{REQUESTS}/{bobs}").json()["open"] is True


def test_a_request_is_filed_followed_and_taken_back(grocer: Grocer) -> None:
    app = known_app(grocer)
    made = app.post(REQUESTS, {"right": "access", "without_sensitive": True}).json()
    again = app.post(REQUESTS, {"right": "access", "without_sensitive": True}).json()
    objected = app.post(REQUESTS, {"right": "objection", "purpose": "planning", "statement": "No."})
    reviewed = app.post(REQUESTS, {"right": "human-review", "decision": "No credit."})
    vague = [app.post(REQUESTS, {"right": each}).status_code for each in ("objection", "human-review", "erasure")]
    listed = app.get(REQUESTS).json()
    back = app.delete(f"{REQUESTS}/{made['request_id']}").json()

    assert (made["again"], again["again"], again["request_id"]) == (False, True, made["request_id"])
    assert (objected.status_code, reviewed.status_code, vague) == (201, 201, [422, 422, 422])
    assert {each["right"] for each in listed["requests"]} == {"access", "objection", "human-review"}
    assert listed["objectable"] == ["planning"]
    assert (back["status"], back["open"], app.get(OWN).status_code) == ("revoked", False, 200)


def test_a_copy_is_made_and_fetched_by_who_has_shown_enough(grocer: Grocer) -> None:
    app = known_app(grocer)
    made = app.post(REQUESTS, {"right": "access", "without_sensitive": True}).json()
    work(grocer)
    shown = app.get(f"{REQUESTS}/{made['request_id']}").json()
    fetched = app.get(f"{REQUESTS}/{made['request_id']}/package")

    assert (shown["status"], shown["package"]["contacts_needed"], shown["erasure"]) == ("fulfilled", 0, None)
    assert (fetched.status_code, fetched.headers["content-type"], fetched.content[:2]) == (
        200,
        "application/zip",
        b"PK",
    )


def test_erasing_asks_anew_who_it_is_and_tells_an_address_that_outlasts_the_person(grocer: Grocer) -> None:
    app = known_app(grocer)
    unread = app.post(f"{OWN}/erasure", {"understood": 1})
    early = app.post(f"{OWN}/erasure", {"understood": True})
    assert app.post(f"{PROOF}/code").status_code == 202
    grocer.work()
    wrong = app.post(f"{PROOF}/answer", {"code": "00000000"})
    app.renewed(app.post(f"{PROOF}/answer", {"code": grocer.code_for("h0001")}))
    before = app.get(f"{OWN}/erasure").json()
    made = app.post(f"{OWN}/erasure", {"understood": True})
    shown = app.get(f"{REQUESTS}/{made.json()['request_id']}").json()
    told = app_of(grocer).post("/api/v1/erasures/show", {"token": shown["erasure"]["token"]}).json()
    receipt = app_of(grocer).post("/api/v1/erasures/receipt", {"token": shown["erasure"]["token"]})

    assert (unread.status_code, early.status_code, early.json()["code"]) == (422, 403, "proof-stale")
    assert (wrong.json()["code"], before["contacts_shown"], before["waiting"]) == ("code-wrong", 1, None)
    assert {each["becomes"] for each in before["places"]} >= {"erase", "anonymise"}
    assert (made.status_code, shown["erasure"]["begun"], told["state"], told["receipt"]) == (
        201,
        False,
        "waiting",
        False,
    )
    assert receipt.status_code == 404


def test_more_is_shown_to_who_shows_a_second_contact(grocer: Grocer) -> None:
    app = known_app(grocer)
    hall = app.get(f"{OWN}/data").json()
    shut = app.get(f"{OWN}/data/purchases")
    rows = app.get(f"{OWN}/data/members").json()
    for _ in range(2):
        assert app.post(f"{OWN}/data/code").status_code == 202
        grocer.work()
        newest = grocer.office.taken[-1]
        code = "".join(newest.get_content().partition(": ")[2][:9].split())
        answer = app.post(f"{OWN}/data/answer", {"code": code})
        if answer.json()["session"] is not None:
            app.renewed(answer)

    assert ([each["open"] for each in hall["datasets"]], hall["needs_more"]) == ([True, False], True)
    assert (shut.status_code, shut.json()["code"]) == (403, "strength-too-low")
    assert [row["values"]["email"] for row in rows["rows"]] == ["alice@home.example"]
    opened = app.get(f"{OWN}/data/purchases").json()
    assert [row["values"]["product"] for row in opened["rows"]] == ["bread"]
    place = f"{OWN}/data/members/{rows['generation']}/0"
    assert app.get(place).json()["rows"] == rows["rows"]
    assert app.post(place, {"column": "place", "value": "AT", "reason": "moved"}).status_code == 201


def test_who_acts_for_somebody_has_another_bearer_and_joins_nothing_of_their_own(grocer: Grocer) -> None:
    pia = grocer.workspace.actor("pia")
    made = grocer.workspace.people.appoint("guardian", ("", "h0003"), ("", "h0001"), evidence="file 7", actor=pia)
    app = known_app(grocer)
    before, theirs = App(grocer.address, app.bearer), app.get(PEOPLE).json()["acts_for"]
    app.renewed(app.post(f"{PEOPLE}/{made.id}/act"))
    joined = app.post(f"{OWN}/joined", {"visitor": "x" * 43})

    assert [each["delegation"] for each in theirs] == [made.id]
    assert before.get(OWN).status_code == 401
    assert app.get(OWN).json()["who"][0]["key"] == "h0003"
    assert app.get(f"{OWN}/session").json()["acting"]["delegation"] == made.id
    assert (joined.status_code, joined.json()["code"]) == (403, "acting")
    assert known_app(grocer, "h0002").post(f"{PEOPLE}/{made.id}/act").status_code == 404
    assert app.renewed(app.post(f"{PEOPLE}/self")).get(OWN).json()["who"][0]["key"] == "h0001"
    assert app.delete(f"{PEOPLE}/{made.id}").status_code == 204
    assert app.get(PEOPLE).json()["acts_for"] == []


def test_what_was_chosen_before_joins_a_no_and_asks_for_a_yes(grocer: Grocer) -> None:
    program = _program(grocer)
    chosen = [{"purpose": "offers", "yes": False}]
    secret = program.post("/api/v1/visitors", {"choices": chosen}).json()["visitor"]
    app = known_app(grocer)
    joined = app.post(f"{OWN}/joined", {"visitor": secret}).json()["joined"]
    dismissed = app.delete(f"{OWN}/joined")

    assert [(each["purpose"], each["yes"]) for each in joined] == [("offers", False)]
    assert (dismissed.status_code, app.get(f"{OWN}/joined").json()) == (204, {"joined": []})
    assert [each["said"] for each in app.get(f"{OWN}/choices").json()["purposes"]] == [None, False, None]
    assert program.post("/api/v1/visitors/forget", {"visitor": secret}).status_code == 204


def test_uses_and_recipients_are_told_and_asking_is_logged_about_them(grocer: Grocer) -> None:
    app = known_app(grocer)
    assert app.get(f"{OWN}/uses").status_code == 200
    assert app.get(f"{OWN}/recipients").status_code == 200
    asked = [each for each in grocer.entries() if each["action"].startswith("subject.")]

    assert [each["action"] for each in asked] == ["subject.uses-shown", "subject.recipients-shown"]
    assert {each["actor"]["kind"] for each in asked} == {"customer"}
