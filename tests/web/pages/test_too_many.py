"""Whoever asks for pages too often has to wait, and is told so; nobody else waits for them."""

from __future__ import annotations

import pytest

from pellucid.settings import Settings
from pellucid.web import site
from tests.web.app_clients import OWN, App, known_app
from tests.web.visitors import Browser, Grocer, Page


def told(page: Page) -> tuple[int, bool]:
    return page.status, page.words.endswith("Code: too-many-requests To the start of the privacy centre")


@pytest.mark.usefixtures("still")
class TestSessions:
    @pytest.fixture
    def settings(self, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setattr(site, "VISITS_PER_SECOND", 0.4)  # two at once
        return Settings()

    def test_a_customer_who_asks_too_often_waits_and_nobody_else_does(self, grocer: Grocer) -> None:
        alice, bob = grocer.known("h0001"), grocer.known("h0002")
        answers = [told(alice.get("/privacy/pause")) for _ in range(3)]

        assert answers == [(200, False), (200, False), (429, True)]
        assert bob.get("/privacy/pause").status == 200

    def test_a_session_that_is_made_anew_gains_no_requests_by_it(self, grocer: Grocer) -> None:
        app = known_app(grocer)
        before = App(app.address, app.bearer)
        made = app.post(f"{OWN}/people/self")
        again = app.renewed(made).post(f"{OWN}/people/self")

        assert (made.status_code, again.status_code, app.renewed(again).get(OWN).status_code) == (200, 200, 429)
        assert (before.get(OWN).status_code, known_app(grocer).get(f"{OWN}/session").status_code) == (401, 200)

    def test_somebody_of_the_staff_who_asks_too_often_waits_and_nobody_else_does(self, grocer: Grocer) -> None:
        pia, ana = grocer.known_staff("pia"), grocer.known_staff("ana")
        waits = [pia.get("/staff") for _ in range(3)]

        assert [page.status for page in waits] == [200, 200, 429]
        assert int(waits[-1].headers["retry-after"]) >= 1
        assert ana.get("/staff").status == 200


@pytest.mark.usefixtures("still")
class TestVisitors:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_visits_per_minute=2)

    def test_an_address_that_asks_too_often_waits_on_the_page_and_in_the_widget(self, grocer: Grocer) -> None:
        browser = grocer.browser()
        answers = [browser.get("/privacy/visitor").status for _ in range(3)]

        assert answers == [200, 200, 429]
        assert browser.get("/privacy/api/visitor").status == 429


def test_staff_who_sign_in_anew_end_the_session_before(grocer: Grocer) -> None:
    browser = grocer.staff("pia")
    before = Browser(grocer.address, dict(browser.cookies))
    link = grocer.workspace.passes.for_staff("pia", actor=grocer.workspace.actor("pia"))
    path = f"/staff/pass/{link}"
    assert browser.submit(path, path).place == "/staff"

    assert before.get("/staff").place == "/staff/sign-in"
    assert browser.get("/staff").status == 200
