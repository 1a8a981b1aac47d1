"""Signals of browsers over HTTP. What follows from each is tested where it is decided."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from pellucid.consent.signals import gpc_reading
from pellucid.failpoints import VARIABLE
from tests.insights.conftest import POLICY
from tests.web.conftest import API, Client, Shop

SIGNALS = "/api/v1/signals"
ANSWER = f"{SIGNALS}/answer"
LEAVE = {"subject": "h0001", "purpose": "offers", "answer": "leave"}
STAY = {"answer": "stay"}
COMMAND = [sys.executable, "-m", "pellucid"]
WORDS = ["consent", "answer", "h0001", "--purpose", "offers", "--answer", "leave", "--as", "pia"]
WITH_BROWSERS = "namespaces:\n  browser: {title: Browser, cap: {epsilon: 24, delta: 1.0e-6, period: year}}\n"


def test_a_signal_is_answered_with_what_it_comes_to(client: Client, shop: Shop) -> None:
    answer = client("signals:write").post(SIGNALS, json={"subject": "h0001", "gpc": "1"})

    expected = {"signal": "gpc", "malformed": False, "closes": [], "closed_before": [], "limits": [], "asks": []}
    assert answer.json() == {"signals": [expected]}  # no purpose of this policy sells, shares or advertises
    assert shop.actions()[-1] == "signal.honoured"


def test_a_malformed_signal_is_read_strictly_and_not_quoted(client: Client) -> None:
    answer = client("signals:write").post(SIGNALS, json={"subject": "h0001", "tcf": "canary"})

    assert [each["malformed"] for each in answer.json()["signals"]] == [True]
    assert "canary" not in answer.text


@pytest.mark.parametrize("sent", [{}, {"gpp": ""}])
def test_no_signal_is_a_problem(client: Client, sent: dict[str, str]) -> None:
    answer = client("signals:write").post(SIGNALS, json={"subject": "h0001", **sent})

    assert (answer.status_code, answer.json()["code"]) == (422, "signal-missing")


def test_a_browser_that_comes_for_the_first_time_is_made_only_on_request(client: Client, shop: Shop) -> None:
    (shop.folder / "policy" / "policy.yaml").write_text(POLICY.replace("namespaces:\n", WITH_BROWSERS))
    shop.workspace.policy.activate(actor=shop.workspace.actor("pia"))
    writing, body = client("signals:write"), {"subject": "b-77", "namespace": "browser", "gpc": "1"}
    answers = [writing.post(SIGNALS, json={**body, "new": new}) for new in (False, True, False)]

    assert [each.status_code for each in answers] == [404, 200, 200]


def test_whoever_has_data_is_made_by_an_import_only(client: Client) -> None:
    answer = client("signals:write").post(SIGNALS, json={"subject": "new", "gpc": "1", "new": True})

    assert (answer.status_code, answer.json()["code"]) == (422, "namespace-of-data")


def test_asking_to_make_people_is_no_way_to_guess_them(client: Client, shop: Shop) -> None:
    client("signals:write").post(SIGNALS, json={"subject": "new", "gpc": "1", "new": True})

    assert (shop.actions()[-1], shop.entries()[-1]["body"]["reasons"]) == ("token.refused", ["subject-unknown"])


def test_the_well_known_resource_tells_that_gpc_counts(client: Client, shop: Shop) -> None:
    told = client().get("/.well-known/gpc.json").json()

    activated = next(each["at"] for each in shop.entries() if each["action"] == "policy.activated")
    assert told == {"gpc": True, "lastUpdate": datetime.fromtimestamp(activated / 1e6, UTC).date().isoformat()}


class TestQuestions:
    """`offers` sells and rewards, and h0001 takes part in it, so that a signal is asked about."""

    @pytest.fixture(autouse=True)
    def asked(self, shop: Shop) -> None:
        pia, policy = shop.workspace.actor("pia"), shop.folder / "policy" / "policy.yaml"
        title = "  offers:\n    title: offers\n"
        policy.write_text(POLICY.replace(title, title + "    kinds: [sale]\n    loyalty: true\n"))
        shop.workspace.policy.activate(actor=pia)
        shop.workspace.consent.record("give", "h0001", purpose="offers", actor=pia, covers="held_data")
        assert shop.workspace.signals.apply("h0001", gpc_reading("1"), actor=pia).asks == ("offers",)

    def permitted(self, shop: Shop) -> bool:
        return shop.workspace.programs.show("h0001", actor=shop.workspace.actor("pia")).permitted["offers"]

    def test_who_leaves_is_opted_out(self, client: Client, shop: Shop) -> None:
        answers = [client("signals:write").post(ANSWER, json={**LEAVE, **more}) for more in ({}, {}, STAY)]

        assert [each.status_code for each in answers] == [200, 200, 422]
        assert answers[0].json() == {"purpose": "offers", "answer": "leave"}
        assert (answers[2].json()["code"], self.permitted(shop)) == ("signal-question", False)
        assert shop.actions().count("signal.answered") == 1
        first = shop.actions().index("signal.answered")
        assert shop.actions()[first - 1 : first + 2] == ["consent.opt_out", "signal.answered", "consent.opt_out"]

    def test_who_stays_keeps_both(self, client: Client, shop: Shop) -> None:
        answer = client("signals:write").post(ANSWER, json={**LEAVE, **STAY})

        assert (answer.status_code, self.permitted(shop)) == (200, True)
        assert (shop.actions().count("signal.answered"), shop.said("h0001")) == (1, ["give"])

    @pytest.mark.slow
    @pytest.mark.parametrize("place", ["said", "sets-changed", "before-commit", "after-commit", None])
    def test_a_leave_is_answered_and_recorded_or_neither(self, shop: Shop, place: str | None) -> None:
        environment = os.environ | ({VARIABLE: f"consent.{place}"} if place else {})
        done = subprocess.run([*COMMAND, "-w", str(shop.folder), *WORDS], env=environment, capture_output=True)
        pia, took_place = shop.workspace.actor("pia"), place in ("after-commit", None)

        assert (done.returncode, done.stdout) == ((-9, b"") if place else (0, b"Answered for offers: leave.\n"))
        assert self.permitted(shop) is not took_place
        assert shop.workspace.signals.shown("h0001", actor=pia)[1] == (() if took_place else ("offers",))

        shop.workspace.signals.answer("h0001", "offers", "leave", actor=pia)  # whoever got no answer repeats it
        assert (self.permitted(shop), shop.actions().count("signal.answered")) == (False, 1)

    def test_a_leave_after_coming_back_counts_again(self, client: Client, shop: Shop) -> None:
        client("signals:write").post(ANSWER, json=LEAVE)
        client("consent:write").post(API, json={"subject": "h0001", "purpose": "offers", "verb": "give"})
        client("signals:write").post(ANSWER, json=LEAVE)

        assert shop.said("h0001") == ["give", "opt_out", "give", "opt_out"]


@pytest.mark.parametrize("more", [{"subject": "nobody"}, {"purpose": "elsewhere"}, {"answer": "perhaps"}, {}])
def test_an_answer_that_nobody_asked_for_changes_nothing(client: Client, shop: Shop, more: dict[str, str]) -> None:
    answer = client("signals:write").post(ANSWER, json={**LEAVE, **more})

    assert (answer.status_code, shop.said("h0001")) == (404 if {"subject", "purpose"} & set(more) else 422, [])


def test_an_unknown_purpose_does_not_tell_who_is_there(client: Client) -> None:
    bodies = [{**LEAVE, "purpose": "elsewhere", "subject": who} for who in ("h0001", "nobody")]
    answers = [client("signals:write").post(ANSWER, json=body).json() for body in bodies]

    assert answers[0] == answers[1]


def test_looking_at_signals_is_an_entry(shop: Shop) -> None:
    shop.workspace.signals.shown("h0001", actor=shop.workspace.actor("pia"))

    assert shop.actions()[-1] == "consent.shown"
