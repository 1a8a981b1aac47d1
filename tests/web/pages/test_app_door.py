"""Signing in with a company's app: by the same desk as the pages, bound to the app that asked, never by a cookie."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from pellucid.governance.sessions import APP, MINUTE
from pellucid.records.rights_tables import identity_challenges
from pellucid.records.web_tables import sign_ins, web_sessions
from pellucid.rights.challenge_limits import PER_ADDRESS
from pellucid.settings import Settings
from pellucid.web import cookies
from pellucid.web.person import PREFIX
from tests.web.app_clients import CODES, OWN, SIGN_IN, App, app_of, asked, known_app, signed_in, visitor_of
from tests.web.pages.test_handover import ED25519, claims, pem, signed
from tests.web.visitors import MAIL, Browser, Grocer

PAGE, PAGE_CODE = "/privacy/sign-in", "/privacy/sign-in/code"
HAND_OVER = f"{SIGN_IN}/hand-over"
WRONG = "code-wrong"


@pytest.fixture
def settings() -> Settings:
    return Settings(handover_key=pem(ED25519), handover_origin="https://shop.example")


def given(grocer: Grocer, attempt: str, code: str) -> tuple[int, str]:
    answer = app_of(grocer).post(SIGN_IN, {"attempt": attempt, "code": code})
    return answer.status_code, answer.json().get("code", "")


def test_a_code_that_was_sent_lets_in_once_by_the_attempt_that_asked_for_it(grocer: Grocer) -> None:
    attempt, other = asked(grocer, "h0001"), asked(grocer, "h0002")
    code = grocer.code_for("h0001")

    elsewhere = given(grocer, other, code)
    first = app_of(grocer).post(SIGN_IN, {"attempt": attempt, "code": f" {code[:4]} {code[4:]} "})
    again = given(grocer, attempt, code)
    app = App(grocer.address, first.json()["bearer"])

    assert (elsewhere, first.status_code, again) == ((403, WRONG), 201, (403, WRONG))
    assert first.json().keys() == {"bearer", "ends_at", "idle_seconds", "contacts"}
    assert app.get(OWN).json()["who"][0]["key"] == "h0001"
    assert app.get(f"{OWN}/session").json() == {
        "ends_at": first.json()["ends_at"],
        "idle_seconds": 1800,
        "contacts": 1,
        "acting": None,
    }


def test_whoever_is_unknown_or_has_no_contact_is_told_and_costs_the_same(grocer: Grocer) -> None:
    told, attempts = [], set()
    for key in ("h0002", "h0003", "nobody at all", "<script>"):
        answer = app_of(grocer).post(CODES, {"key": key})
        attempt = answer.json()["attempt"]
        attempts.add(attempt)
        grocer.work()
        wrong = app_of(grocer).post(SIGN_IN, {"attempt": attempt, "code": "00000000"})
        same = {name: value for name, value in answer.json().items() if name != "attempt"}
        told.append((answer.status_code, str(same), len(attempt), wrong.status_code, wrong.text))

    assert (len(set(told)), len(attempts)) == (1, 4)
    grocer.workspace.doors.asked.flush_all()
    counted = [each["body"]["number"] for each in grocer.entries() if each["action"] == "sign-in.asked"]
    assert counted == [1, 3]
    assert [str(mail["To"]) for mail in grocer.office.taken] == [MAIL["h0002"]]
    with grocer.workspace.room.database.read() as connection:
        assert len(connection.execute(select(sign_ins)).all()) == 4
        assert len(connection.execute(select(identity_challenges)).all()) == 4


def test_an_attempt_that_nobody_made_is_told_as_a_wrong_code(grocer: Grocer) -> None:
    attempt = asked(grocer, "h0001")

    assert given(grocer, "m" * 43, "00000000") == given(grocer, attempt, "00000000") == (403, WRONG)


def test_a_code_dies_of_five_wrong_answers(grocer: Grocer) -> None:
    attempt = asked(grocer, "h0001")
    for _ in range(5):
        assert given(grocer, attempt, "00000000") == (403, WRONG)

    assert given(grocer, attempt, grocer.code_for("h0001")) == (403, WRONG)


def test_a_code_holds_ten_minutes(grocer: Grocer) -> None:
    attempt, later = asked(grocer, "h0001"), 601_000_000
    with grocer.workspace.room.database.write() as connection:
        moved = {name: identity_challenges.c[name] - later for name in ("made_at", "expires_at")}
        connection.execute(update(identity_challenges).values(moved))

    assert given(grocer, attempt, grocer.code_for("h0001")) == (403, WRONG)


def test_two_who_give_one_code_at_once_are_one_session(grocer: Grocer) -> None:
    attempt = asked(grocer, "h0001")
    code = grocer.code_for("h0001")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: given(grocer, attempt, code), range(4)))

    assert sorted(answers) == [(201, ""), *[(403, WRONG)] * 3]
    assert grocer.actions().count("sign-in.done") == 1


def test_whoever_asks_for_somebody_as_often_as_they_can_keeps_them_out_nowhere_else(grocer: Grocer) -> None:
    """What is sent for apps is bounded as for browsers: by address, so that nobody keeps another out of their own."""
    doors = grocer.workspace.doors
    for number in range(PER_ADDRESS + 3):
        doors.ask("h0001", cookie=f"{number:043}", address="203.0.113.9", door=APP)
    grocer.work()
    flood = len(grocer.office.taken)

    assert (flood, signed_in(grocer).get(OWN).status_code) == (PER_ADDRESS, 200)
    assert given(grocer, f"{PER_ADDRESS:043}", grocer.code_for("h0001")) == (403, WRONG)


def test_an_app_brings_no_attempt_of_its_own(grocer: Grocer) -> None:
    """Fixation: the secret to which a code is bound is ours, and nobody can put one that they know into an app."""
    answer = app_of(grocer).post(CODES, {"key": "h0001", "attempt": "m" * 43})

    assert (answer.status_code, answer.json()["code"]) == (422, "request-invalid")


def test_a_code_of_a_browser_is_none_of_an_app_and_back(grocer: Grocer) -> None:
    browser = grocer.browser()
    browser.submit(PAGE, PAGE, key="h0001")
    grocer.work()
    by_app = given(grocer, browser.cookies[cookies.BROWSER], grocer.code_for("h0001"))
    attempt = asked(grocer, "h0002")
    planted = Browser(grocer.address, {cookies.BROWSER: attempt})
    form = Browser(grocer.address, {cookies.BROWSER: attempt}).get(PAGE).token
    by_page = planted.post(PAGE_CODE, {"_token": form, "code": grocer.code_for("h0002")})

    assert (by_app, by_page.status) == ((403, WRONG), 403)


def test_a_bearer_counts_at_no_page_and_a_cookie_at_no_route_of_the_api(grocer: Grocer) -> None:
    app, browser = known_app(grocer), grocer.known()
    secret, cookie = app.bearer.removeprefix(PREFIX), browser.cookies[cookies.CENTRE]
    pages = [
        Browser(grocer.address, {cookies.CENTRE: secret}),
        Browser(grocer.address, headers={"Authorization": f"Bearer {app.bearer}"}),
        Browser(grocer.address, headers={"Authorization": f"Bearer {cookie}"}),
    ]
    apps = [
        App(grocer.address, headers={"Cookie": f"{cookies.CENTRE}={cookie}"}),
        App(grocer.address, headers={"Cookie": f"{cookies.CENTRE}={secret}"}),
        App(grocer.address, cookie),
        App(grocer.address, PREFIX + cookie),
        App(grocer.address, secret),
    ]

    assert [(each.get("/privacy").status, each.get("/privacy").place) for each in pages] == [(303, PAGE)] * 3
    assert [each.get(OWN).status_code for each in apps] == [401] * 5
    assert [each.post(f"{OWN}/choices").status_code for each in apps] == [401] * 5
    assert (app.get(OWN).status_code, browser.get("/privacy").status) == (200, 200)
    assert "consent.withdraw" not in grocer.actions()


def test_signing_in_by_the_api_sets_no_cookie(grocer: Grocer) -> None:
    attempt = asked(grocer, "h0001")
    answer = app_of(grocer).post(SIGN_IN, {"attempt": attempt, "code": grocer.code_for("h0001")})

    assert (answer.status_code, answer.headers.get("set-cookie"), answer.headers["cache-control"]) == (
        201,
        None,
        "no-store",
    )


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_signs_nobody_in(grocer: Grocer, site: str) -> None:
    app = App(grocer.address, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors"})

    assert app.post(CODES, {"key": "h0001"}).json()["code"] == "page-foreign"


def test_signing_out_ends_the_session_on_the_server(grocer: Grocer) -> None:
    app = signed_in(grocer)
    left = app.delete(f"{OWN}/session")

    assert (left.status_code, app.get(OWN).status_code, app.delete(f"{OWN}/session").status_code) == (204, 401, 401)
    done = [(each["action"], each["body"]) for each in grocer.entries() if each["action"].startswith("sign-in.")]
    assert [action for action, _ in done if action != "sign-in.asked"] == [
        "sign-in.done",
        "sign-in.ended",
        "sign-in.refused",
    ]
    how = next(body for action, body in done if action == "sign-in.done")
    assert (how["how"], how["door"], how.keys()) == ("code", "app", {"how", "door", "session"})


@pytest.mark.parametrize(
    ("column", "ago"), [("seen_at", 30 * MINUTE), ("ends_at", 12 * 60 * MINUTE)], ids=["idle", "in any case"]
)
def test_a_session_ends_as_one_of_a_browser_does(grocer: Grocer, column: str, ago: int) -> None:
    app = known_app(grocer)
    before = app.get(f"{OWN}/session").status_code
    with grocer.workspace.room.database.write() as connection:
        connection.execute(update(web_sessions).values({column: web_sessions.c[column] - ago}))

    assert (before, app.get(f"{OWN}/session").status_code) == (200, 401)


def test_a_session_made_anew_is_one_of_the_app_still_and_ends_the_one_before(grocer: Grocer) -> None:
    app = known_app(grocer)
    before = App(grocer.address, app.bearer)
    assert app.post(f"{OWN}/proof/code").status_code == 202
    grocer.work()
    app.renewed(app.post(f"{OWN}/proof/answer", {"code": grocer.code_for("h0001")}))
    here = visitor_of(grocer, app)

    assert before.bearer != app.bearer
    assert (before.get(OWN).status_code, app.get(OWN).status_code) == (401, 200)
    assert here is not None
    assert here.session.door is APP
    page = Browser(grocer.address, {cookies.CENTRE: app.bearer.removeprefix(PREFIX)}).get("/privacy")
    assert (page.status, page.place) == (303, PAGE)


def test_who_is_erased_is_signed_in_no_more(grocer: Grocer) -> None:
    app, pia = known_app(grocer), grocer.workspace.actor("pia")
    assert app.get(OWN).status_code == 200
    grocer.workspace.erasures.run([("", "h0001")], actor=pia)

    assert app.get(OWN).status_code == 401


class TestHandOver:
    """Your own site says who is signed in there."""

    def test_who_is_signed_in_there_is_let_in_here_once(self, grocer: Grocer) -> None:
        token = signed({"alg": "EdDSA"}, claims(grocer))
        first, again = (app_of(grocer).post(HAND_OVER, {"token": token}) for _ in range(2))
        by_page = grocer.browser().post("/privacy/hand-over", {"token": token}, {"Origin": "https://shop.example"})

        assert (first.status_code, again.status_code, by_page.status) == (201, 403, 403)
        assert App(grocer.address, first.json()["bearer"]).get(OWN).json()["who"][0]["key"] == "h0001"

    def test_who_was_let_in_by_a_page_is_not_again_by_an_app(self, grocer: Grocer) -> None:
        token = signed({"alg": "EdDSA"}, claims(grocer))
        by_page = grocer.browser().post("/privacy/hand-over", {"token": token}, {"Origin": "https://shop.example"})

        assert (by_page.status, app_of(grocer).post(HAND_OVER, {"token": token}).status_code) == (303, 403)

    @pytest.mark.parametrize(
        "changed", [{"aud": "else"}, {"sub": "nobody at all"}, {"exp": 0}], ids=["aud", "sub", "exp"]
    )
    def test_what_does_not_hold_is_told_the_same(self, grocer: Grocer, changed: dict[str, object]) -> None:
        wrong = app_of(grocer).post(HAND_OVER, {"token": signed({"alg": "EdDSA"}, claims(grocer, **changed))})
        none = app_of(grocer).post(HAND_OVER, {"token": "x"})

        assert (wrong.status_code, wrong.text) == (403, none.text)


class TestHandOverToAppsAlone:
    """A key is enough where no page of yours sends people here."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(handover_key=pem(ED25519))

    def test_an_app_takes_a_token_and_the_page_none(self, grocer: Grocer) -> None:
        tokens = [signed({"alg": "EdDSA"}, claims(grocer, jti=each)) for each in ("first", "second")]
        by_page = grocer.browser().post("/privacy/hand-over", {"token": tokens[0]}, {"Origin": "https://shop.example"})

        assert (by_page.status, app_of(grocer).post(HAND_OVER, {"token": tokens[1]}).status_code) == (403, 201)


class TestFewAttempts:
    """How often an address may try is counted for apps and pages together."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_attempts_per_minute=0.001)  # one, and then none for weeks: no clock of the test counts

    def test_who_tries_too_often_has_to_wait_at_both(self, grocer: Grocer) -> None:
        told = [given(grocer, "m" * 43, "00000000") for _ in range(2)]
        page = grocer.browser().submit(PAGE, PAGE, key="h0002")

        assert told == [(403, WRONG), (429, "too-many-requests")]
        assert page.status == 429

    def test_a_body_that_is_none_is_an_attempt_too(self, grocer: Grocer) -> None:
        assert [app_of(grocer).post(SIGN_IN, {"x": 1}).status_code for _ in range(2)] == [422, 429]
