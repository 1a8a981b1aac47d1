"""What programs do with consents over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.web.conftest import API, Client, Shop


def post(client: httpx.Client, verb: str, subject: str = "h0001", **more: object) -> httpx.Response:
    return client.post(API, json={"subject": subject, "purpose": "offers", "verb": verb, **more})


def changes(client: httpx.Client, **query: int) -> Any:
    return client.get(f"{API}/changes", params=query).json()


@pytest.mark.parametrize("verb", ["give", "refuse", "withdraw", "object", "opt_out", "limit", "restrict"])
def test_what_a_person_says_is_recorded_and_acknowledged(client: Client, shop: Shop, verb: str) -> None:
    answer = post(client("consent:write"), verb, channel="web")

    receipt = answer.json()
    assert (answer.status_code, receipt["verb"], receipt["channel"]) == (201, verb, "web")
    assert receipt["acknowledged_at"] >= receipt["recorded_at"]
    assert shop.said("h0001") == [verb]
    entry = shop.entries()[receipt["leaf"]]
    assert (entry["action"], entry["subject"]) == (f"consent.{verb}", receipt["subject"])
    assert (entry["actor"]["kind"], entry["actor"]["roles"]) == ("program", ["consent:write"])


def test_a_yes_counts_at_once_and_a_withdrawal_ends_it(client: Client) -> None:
    writing, showing = client("consent:write"), client("consent:show")
    told = []
    for verb in ("give", "withdraw"):
        assert post(writing, verb, covers="held_data").status_code == 201
        told.append(showing.post(f"{API}/show", json={"subject": "h0001"}).json())

    assert [each["permitted"]["offers"] for each in told] == [True, False]
    assert [each["verb"] for each in told[-1]["history"]] == ["give", "withdraw"]
    assert told[-1]["namespace"] == "household"


def test_a_restriction_is_lifted_with_a_scope_of_its_own(client: Client, shop: Shop) -> None:
    writing, lifting = client("consent:write"), client("consent:write", "consent:lift")
    body = {"purpose": None}
    answers = [post(who, verb, **body) for who, verb in [(writing, "restrict"), (writing, "lift"), (lifting, "lift")]]

    assert [each.status_code for each in answers] == [201, 403, 201]
    assert answers[1].json()["code"] == "scope-not-held"
    assert shop.said("h0001") == ["restrict", "lift"]


def test_a_yes_while_all_use_is_restricted_says_so(client: Client, shop: Shop) -> None:
    writing, lifting = client("consent:write"), client("consent:write", "consent:lift")
    answers = [
        post(writing, "restrict", purpose=None),
        post(writing, "give", while_restricted=True),
        post(lifting, "give", while_restricted=True),
    ]

    assert [each.status_code for each in answers] == [201, 403, 201]
    assert answers[1].json()["code"] == "scope-not-held"
    assert shop.said("h0001") == ["restrict", "give"]
    assert shop.entries()[answers[2].json()["leaf"]]["body"]["while_restricted"] is True
    assert post(lifting, "give", while_restricted="yes").status_code == 422


def test_the_reasons_are_told_as_to_an_officer(client: Client) -> None:
    post(client("consent:write"), "withdraw")

    told = client("consent:why").post(f"{API}/why", json={"subject": "h0001", "purpose": "offers"}).json()

    assert told["permitted"] is False
    assert [each["code"] for each in told["reasons"]] == ["withdrawn"]


def test_what_was_said_earlier_is_dated_then(client: Client, shop: Shop) -> None:
    at = datetime.now(UTC) - timedelta(days=3)

    receipt = post(client("consent:write"), "withdraw", at=at.isoformat()).json()

    assert receipt["said_at"] == at.isoformat()


def test_the_feed_tells_who_chose_what_in_order_and_page_by_page(client: Client) -> None:
    writing, following = client("consent:write"), client("consent:changes")
    assert changes(following) == {"changes": [], "next": 0}
    for number in range(3):
        post(writing, "withdraw", f"h000{number}")

    first = changes(following, limit=2)
    second = changes(following, since=first["next"], limit=2)

    found = [*first["changes"], *second["changes"]]
    assert [(each["subject"], each["verb"]) for each in found] == [(f"h000{n}", "withdraw") for n in range(3)]
    assert [each["sequence"] for each in found] == sorted(each["sequence"] for each in found)
    assert changes(following, since=second["next"]) == {"changes": [], "next": second["next"]}


def test_a_page_of_the_feed_is_an_entry_unless_it_is_empty(client: Client, shop: Shop) -> None:
    following = client("consent:changes")
    changes(following)
    assert "consent.changes-shown" not in shop.actions()
    post(client("consent:write"), "withdraw")
    changes(following)

    entry = shop.entries()[-1]
    assert (entry["action"], entry["body"]["number"]) == ("consent.changes-shown", 1)


def test_asking_about_a_person_is_an_entry(client: Client, shop: Shop) -> None:
    showing, explaining = client("consent:show"), client("consent:why")
    showing.post(f"{API}/show", json={"subject": "h0001"})
    explaining.post(f"{API}/why", json={"subject": "h0001", "purpose": "offers"})

    assert shop.actions()[-2:] == ["consent.shown", "consent.shown"]


UNFIT: list[dict[str, Any]] = [
    {"verb": "withdraw", "purpose": "elsewhere"},
    {"verb": "give", "purpose": "elsewhere"},
    {"verb": "give", "purpose": None},
    {"verb": "lift", "purpose": "offers"},
    {"verb": "give", "while_restricted": True, "purpose": "elsewhere"},
    {"verb": "give", "purpose": "offers", "notice_version": "0"},
    {"verb": "give", "purpose": "offers", "by": "guardian"},
    {"verb": "give", "purpose": "offers", "by": "agent", "proof": " "},
    {"verb": "lift", "purpose": None, "by": "agent"},
    {"verb": "give", "purpose": "offers", "at": "9999-01-01T00:00:00Z"},
    {"verb": "withdraw", "purpose": "offers", "at": "9999-01-01T00:00:00Z"},
    {"verb": "withdraw", "purpose": "offers", "method": "split"},
    {"verb": "withdraw", "purpose": "offers", "namespace": "elsewhere"},
]


@pytest.mark.parametrize("unfit", UNFIT, ids=str)
def test_what_does_not_fit_is_refused_alike_whoever_it_is_about(client: Client, unfit: dict[str, Any]) -> None:
    writing = client("consent:write", "consent:lift")
    answers = [writing.post(API, json={"subject": who, **unfit}) for who in ("h0001", "nobody")]

    assert answers[0].status_code in (404, 422)
    assert (answers[0].status_code, answers[0].json()) == (answers[1].status_code, answers[1].json())
    assert answers[0].json()["detail"] != "There is no such subject."


def test_what_does_not_fit_counts_as_no_guess(client: Client, shop: Shop) -> None:
    writing = client("consent:write", "consent:lift")
    for unfit in UNFIT:
        writing.post(API, json={"subject": "nobody", **unfit})
    assert "token.refused" not in shop.actions()


def test_an_unknown_purpose_is_refused_alike_of_whomever_it_is_asked(client: Client) -> None:
    explaining = client("consent:why")
    answers = [
        explaining.post(f"{API}/why", json={"subject": who, "purpose": "elsewhere"}) for who in ("h0001", "nobody")
    ]
    assert [(each.status_code, each.json()["detail"]) for each in answers] == [(404, "There is no such purpose.")] * 2
    assert answers[0].json() == answers[1].json()
