"""Insights that a program proposes: as whom, who may approve them, and what a refusal tells."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pellucid.errors import NotPermitted
from tests.web.conftest import SCOPE_NAMES, Client, Shop
from tests.web.test_insights import change_policy

SAVED = "/api/v1/insights/saved"
PROPOSAL: dict[str, Any] = {
    "name": "all",
    "title": "Purchases",
    "purpose": "planning",
    "sql": "SELECT COUNT(*) AS n FROM purchases",
}


@pytest.fixture
def proposing(shop: Shop, client: Client) -> httpx.Client:
    """A program that proposes as ana, by a token that pia made, where analysts may."""
    change_policy(shop, "insight-list, insight-run]", "insight-list, insight-run, insight-propose]")
    change_policy(shop, "audit-read,", "audit-read, insight-approve,")
    change_policy(
        shop,
        "      max_cells: 6\n  offers:",
        "      max_cells: 6\n    suppressed: {minimum: 10, largest_share: 0.5, guarantee: conditional}\n  offers:",
    )
    return client("insights:propose")


def approve(shop: Shop, who: str, seen: str) -> None:
    shop.workspace.insights.approve("all", seen=seen, actor=shop.workspace.actor(who))


def test_what_a_program_proposes_a_person_approves_and_it_runs(
    proposing: httpx.Client, client: Client, shop: Shop
) -> None:
    made = proposing.post(SAVED, json=PROPOSAL)
    told, entry = made.json(), shop.entries()[-1]
    shown = client("insights:run").get(f"{SAVED}/all").json()
    approve(shop, "omar", told["fingerprint"])
    run = client("insights:run").post(f"{SAVED}/all/run", json={})

    assert (made.status_code, told["state"], told["proposed_by"], told["decided_by"]) == (201, "proposed", "ana", None)
    assert (entry["action"], entry["actor"]["name"], entry["actor"]["authenticated"][:6]) == (
        "insight.proposed",
        "ana",
        "token:",
    )
    assert (shown, [each["held"] for each in told["attempts"]]) == (told, [True] * 5)
    assert (run.status_code, run.json()["rows"]) == (200, [[20, None]])


def test_whoever_made_the_token_does_not_approve_what_it_proposed(proposing: httpx.Client, shop: Shop) -> None:
    seen, pia = proposing.post(SAVED, json=PROPOSAL).json()["fingerprint"], shop.workspace.actor("pia")
    own = (
        r"^'ana' proposed the insight 'all', and one person stands behind 'ana' and 'pia', so somebody else decides\.$"
    )
    with pytest.raises(NotPermitted, match=own):
        approve(shop, "pia", seen)
    (token,) = (each.id for each in shop.workspace.tokens.list(actor=pia) if each.scopes == ("insights:propose",))
    shop.workspace.tokens.revoke(token, actor=pia)
    with pytest.raises(NotPermitted, match=own):  # what it did stays done by its maker
        approve(shop, "pia", seen)

    refused = [entry["body"]["reasons"] for entry in shop.entries() if entry["action"] == "insight.refused"]
    assert refused == [["insight-own"]] * 2
    approve(shop, "omar", seen)
    assert shop.actions()[-1] == "insight.approved"


def test_what_the_person_proposed_without_the_token_its_maker_approves(proposing: httpx.Client, shop: Shop) -> None:
    proposing.post(SAVED, json=PROPOSAL)
    by_hand = {name: PROPOSAL[name] for name in ("name", "sql", "purpose", "title")}
    again = shop.workspace.insights.propose(**by_hand, actor=shop.workspace.actor("ana"))
    approve(shop, "pia", again.fingerprint)

    assert shop.actions()[-1] == "insight.approved"


def test_scope_and_role_both_have_to_permit_proposing(proposing: httpx.Client, shop: Shop) -> None:
    change_policy(shop, "insight-run, insight-propose]", "insight-run]")
    answer = proposing.post(SAVED, json=PROPOSAL)
    entry = shop.entries()[-1]

    assert (answer.status_code, answer.json()["code"]) == (403, "not-permitted")
    assert (entry["action"], entry["body"]["action"], entry["actor"]["name"]) == (
        "access.refused",
        "insight-propose",
        "ana",
    )


def test_a_proposal_that_is_refused_tells_every_reason_and_quotes_nothing(proposing: httpx.Client, shop: Shop) -> None:
    sql = "SELECT card_number, COUNT(*) FROM purchases WHERE product_id = 'canary' GROUP BY 1"
    refused = proposing.post(SAVED, json={**PROPOSAL, "sql": sql})
    unnamed = proposing.post(SAVED, json={**PROPOSAL, "name": "Canary B"})

    assert (refused.status_code, refused.json()["code"], unnamed.status_code) == (403, "use-refused", 422)
    assert [each["code"] for each in refused.json()["reasons"]] == ["column-not-permitted"]
    assert [each.text.lower().count("canary") for each in (refused, unnamed)] == [0, 0]
    assert (shop.actions()[-1], shop.entries()[-1]["body"]["asked"]) == ("query.refused", "insight-propose")


def test_nothing_lets_a_program_approve_or_reject(client: Client) -> None:
    everything = client(*SCOPE_NAMES)
    answers = [everything.post(f"{SAVED}/x/{act}", json={}) for act in ("approve", "reject")]

    assert [each.status_code for each in answers] == [404, 404]
