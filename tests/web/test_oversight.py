"""What an officer's programs see over HTTP: due dates, coverage, refused uses and the log; and never anybody."""

from __future__ import annotations

from typing import Any

import pytest

from pellucid.errors import UseRefused
from tests.web.conftest import PEOPLE, Client, Shop

API = "/api/v1"


def filed(shop: Shop, right: str = "access", subject: str = "h0001") -> str:
    return shop.workspace.requests.file(right, subject, actor=shop.workspace.actor("pia")).request.id


def refuse(shop: Shop, sql: str = "SELECT 'swordfish'; SELECT 2") -> None:
    with pytest.raises(UseRefused, match="refused"):
        shop.workspace.query(sql, purpose="planning", actor="ana")


def told(client: Client, scope: str, path: str) -> Any:
    answer = client(scope).get(f"{API}{path}")
    assert answer.status_code == 200, answer.text
    assert [key for key in ("h0001", "h0002", "swordfish") if key in answer.text] == []
    return answer.json()


def test_requests_come_by_due_date_with_what_they_wait_for(client: Client, shop: Shop) -> None:
    access, erasure = filed(shop), filed(shop, "erasure", "h0002")
    shop.workspace.requests.acknowledge(erasure, actor=shop.workspace.actor("pia"))
    found = told(client, "request:list", "/requests")
    only = told(client, "request:list", "/requests?right=erasure&state=in_progress")

    assert found["total"] == 2
    assert {each["request_id"]: (each["status"], each["waits_for"]) for each in found["requests"]} == {
        access: ("open", ["acknowledgement", "proof"]),
        erasure: ("in_progress", ["proof", "approval"]),
    }
    assert [(each["request_id"], each["law"], each["strength_needed"]) for each in only["requests"]] == [
        (erasure, "own", 2)
    ]
    assert (found["next"], told(client, "request:list", "/requests?limit=2")["next"]) == (None, None)
    assert client("request:list").get(f"{API}/requests?state=gone").status_code == 422


def test_every_request_is_on_one_page_of_the_list(client: Client, shop: Shop) -> None:
    made = [filed(shop, "access", f"h{number:04}") for number in range(7)]
    pages, after, desk = [], "", shop.workspace.requests
    while after is not None:
        found = told(client, "request:list", f"/requests?limit=2&after={after}")
        pages.append([each["request_id"] for each in found["requests"]])
        if len(pages) == 2:  # a page ends at a place: what is closed meanwhile moves nothing over its edge
            desk.deny(pages[0][0], why="no_match", actor=shop.workspace.actor("pia"))
        after = found["next"]

    assert ([len(page) for page in pages], found["total"]) == ([2, 2, 2, 1], 6)
    assert [each for page in pages for each in page] == made  # the one that came in first is due first
    closed = told(client, "request:list", "/requests?state=denied&right=access&limit=1")
    assert [each["request_id"] for each in closed["requests"]] == [made[0]]
    for place in ("x", "2026-01-01.x.r000000000000", f"2026-01-01.{10**18}.r000000000000"):
        assert client("request:list").get(f"{API}/requests", params={"after": place}).status_code == 422


def test_coverage_is_exact_beside_its_bands_and_moves_by_one(client: Client, shop: Shop) -> None:
    def planning() -> dict[str, Any]:
        purposes = told(client, "consent:coverage", "/coverage?dataset=purchases")["purposes"]
        return next(each for each in purposes if each["purpose"] == "planning")

    before = planning()
    shop.workspace.consent.record("object", "h0001", purpose="planning", actor=shop.workspace.actor("pia"))
    after = planning()

    assert (before["total"], before["permitted"], after["permitted"]) == (PEOPLE, PEOPLE, PEOPLE - 1)
    assert (
        (before["share"], before["people"]) == (after["share"], after["people"]) == ("over 95 %", "between 20 and 30")
    )
    assert client("consent:coverage").get(f"{API}/coverage?dataset=nothing").status_code == 404


def test_totals_count_what_was_said_today(client: Client, shop: Shop) -> None:
    for subject, verb in (("h0001", "give"), ("h0002", "refuse"), ("h0003", "give")):
        shop.workspace.consent.record(verb, subject, purpose="offers", actor=shop.workspace.actor("pia"))
    found = told(client, "consent:coverage", "/consents/totals?days=1")["totals"]

    assert {(each["purpose"], each["kind"], each["number"]) for each in found} == {
        ("offers", "given", 2),
        ("offers", "refused", 1),
    }


def test_refused_uses_are_told_by_kind_and_one_by_one(client: Client, shop: Shop) -> None:
    for _ in range(3):
        refuse(shop)
    found = told(client, "audit:read", "/refusals?limit=2")
    rest = told(client, "audit:read", f"/refusals?limit=2&before={found['next']}")

    assert [(each["roles"], each["purpose"], each["reasons"], each["times"]) for each in found["groups"]] == [
        (["analyst"], "planning", ["sql-not-one-statement"], 3)
    ]
    assert [len(found["uses"]), len(rest["uses"]), rest["next"]] == [2, 1, None]


def test_the_log_is_listed_without_people_and_verified(client: Client, shop: Shop) -> None:
    shop.workspace.consent.record("give", "h0001", purpose="offers", actor=shop.workspace.actor("pia"))
    refuse(shop)
    unsigned = client("audit:read").post(f"{API}/log/verifications", json={})
    shop.workspace.audit.checkpoint(actor=shop.workspace.actor("pia"))
    lines = told(client, "audit:read", "/log?limit=3")["entries"]
    refused = told(client, "audit:read", "/log?refused=true")["entries"]
    verified = client("audit:read").post(f"{API}/log/verifications", json={})
    head = told(client, "audit:read", "/log/head")

    assert (unsigned.status_code, unsigned.json()["code"]) == (409, "log-unsigned")
    assert {each["action"] for each in lines} >= {"query.refused", "consent.give"}
    assert [(each["action"], each["reasons"]) for each in refused] == [("query.refused", ["sql-not-one-statement"])]
    assert (verified.status_code, verified.json()["holds"]) == (201, True)
    assert (head["signed"], head["key"]) == (verified.json()["signed"], str(shop.workspace.audit.verifier))
    assert head["checkpoint"].startswith("test/served\n")


def test_entries_are_picked_by_who_acted_and_for_which_purpose(client: Client, shop: Shop) -> None:
    refuse(shop)
    client("consent:write").post(f"{API}/consents", json={"subject": "h0001", "purpose": "offers", "verb": "give"})
    picked = {
        query: [each["action"] for each in told(client, "audit:read", f"/log?{query}")["entries"]]
        for query in ("by=program", "by=staff&purpose=planning", "by=agent")
    }

    assert picked == {
        "by=program": ["consent.give"],
        "by=staff&purpose=planning": ["query.refused"],
        "by=agent": [],
    }
    assert client("audit:read").get(f"{API}/log?by=nobody").status_code == 422


def test_what_a_program_sees_is_logged_as_the_programs(client: Client, shop: Shop) -> None:
    told(client, "consent:coverage", "/coverage?dataset=purchases")
    entry = shop.entries()[-1]

    assert (entry["action"], entry["actor"]["kind"]) == ("consent.coverage-exact", "program")
