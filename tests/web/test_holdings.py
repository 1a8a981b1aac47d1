"""What programs are told of what is held: kinds and conclusions by a key, values for a person who showed themself."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.web.conftest import Client, Shop

HOLDINGS, INFERENCES, REQUESTS = "/api/v1/holdings", "/api/v1/inferences", "/api/v1/requests"
ALICE = {"subject": "h0001"}
LOOKING = ("request:file", "request:look", "request:verify")


def filed(client: httpx.Client, shop: Shop, *, shown: bool = True, **more: Any) -> str:
    request = str(client.post(REQUESTS, json={**ALICE, "right": "access", **more}).json()["request_id"])
    if shown:
        shop.workspace.requests.verify(request, evidence="file 1", actor=shop.workspace.actor("pia"))
    return f"{REQUESTS}/{request}/rows"


def values(told: dict[str, Any]) -> str:
    """Return all that is told as one text, to look for values in it."""
    return str(told)


def test_kinds_are_told_with_where_they_are_from_and_no_value(client: Client, shop: Shop) -> None:
    told = client("holdings:show").post(HOLDINGS, json=ALICE).json()

    assert [(each["category"], [place["columns"] for place in each["places"]]) for each in told["categories"]] == [
        ("user.behavior.purchase_history", [["product id", "week", "bought"]]),
        ("user.contact", [["card number"]]),
        ("user.financial.purchase", [["sales value"]]),
    ]
    assert [each["name"] for each in told["datasets"]] == ["purchases"]
    assert [each for each in ("h0001", "p0", "2.00", "2026-05-20") if each in values(told)] == []
    assert shop.actions()[-1] == "subject.held-shown"


def test_where_nothing_was_concluded_nothing_is_told(client: Client) -> None:
    assert client("holdings:show").post(INFERENCES, json=ALICE).json() == {
        "conclusions": [],
        "estimates": [],
        "deciding": [],
    }


@pytest.mark.parametrize("path", [HOLDINGS, INFERENCES])
def test_of_nobody_nothing_is_told_and_the_key_is_not_quoted(client: Client, path: str) -> None:
    answer = client("holdings:show").post(path, json={"subject": "nobody-1"})

    assert (answer.status_code, "nobody-1" in answer.text) == (404, False)


def test_rows_come_for_a_person_who_showed_who_they_are(client: Client, shop: Shop) -> None:
    program = client(*LOOKING)
    told = program.post(filed(program, shop), json={"dataset": "purchases"}).json()

    assert (told["count"], told["next"], told["kept_back"]) == (1, None, [])
    assert [(row["place"], row["values"], row["covered"]) for row in told["rows"]] == [
        (
            0,
            {
                "household_id": "h0001",
                "product_id": "p0",
                "week": 1,
                "sales_value": "2.00",
                "card_number": "c",
                "bought": "2026-05-20T10:00:00Z",
            },
            [],
        )
    ]
    assert (shop.entries()[-1]["action"], shop.entries()[-1]["actor"]["kind"]) == ("subject.data-shown", "program")


def test_rows_are_counted_for_a_person_who_showed_who_they_are(client: Client, shop: Shop) -> None:
    program = client(*LOOKING)
    counts = filed(program, shop).replace("/rows", "/counts")

    assert program.post(counts, json={}).json() == {"datasets": [{"dataset": "purchases", "count": 1}]}
    assert (shop.entries()[-1]["action"], shop.entries()[-1]["actor"]["kind"]) == ("subject.data-counted", "program")


def test_a_key_alone_has_no_rows_counted(client: Client, shop: Shop) -> None:
    program = client(*LOOKING)
    counts = filed(program, shop, shown=False).replace("/rows", "/counts")

    assert (program.post(counts, json={}).json()["code"], shop.actions().count("subject.data-counted")) == (
        "request-unverified",
        0,
    )


def test_a_key_alone_opens_no_rows_whether_or_not_the_person_is_known(client: Client, shop: Shop) -> None:
    program = client(*LOOKING)
    answers = [
        program.post(filed(program, shop, shown=False, subject=subject), json={"dataset": "purchases"})
        for subject in ("h0001", "nobody")
    ]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [(409, "request-unverified")] * 2
    assert "subject.data-shown" not in shop.actions()


def test_a_request_of_another_right_or_that_is_over_opens_nothing(client: Client, shop: Shop) -> None:
    program = client(*LOOKING)
    other, over = filed(program, shop, right="portability"), filed(program, shop)
    program.delete(over.removesuffix("/rows"))
    answers = [program.post(each, json={"dataset": "purchases"}) for each in (other, over)]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (422, "request-right"),
        (409, "request-state"),
    ]


def test_a_request_of_another_program_is_not_there(client: Client, shop: Shop) -> None:
    rows = filed(client(*LOOKING), shop)

    assert client("request:look").post(rows, json={"dataset": "purchases"}).status_code == 404


def test_what_may_not_be_told_by_asking_without_sensitive_data_stays_shut(client: Client, shop: Shop) -> None:
    program = client(*LOOKING)
    rows = filed(program, shop, without_sensitive=True)
    told = program.post(rows, json={"dataset": "purchases"}).json()

    assert told["count"] == 1
    assert program.post(rows, json={"dataset": "nothing"}).status_code == 404
    assert program.post(rows, json={"dataset": "purchases", "generation": 7}).json()["code"] == "data-renewed"
