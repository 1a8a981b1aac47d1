"""Questions and insights over HTTP: as whom a program asks, once, in which form, and what a refusal tells."""

from __future__ import annotations

import csv
import io
import json
import signal
import uuid
from typing import Any

import httpx
import pyarrow as pa
import pytest
from sqlalchemy import select

from pellucid.errors import InputInvalid, NameUnknown
from pellucid.governance.replies import CLAIMED
from pellucid.records.tables import api_replies, charges
from tests.insights.conftest import POLICY as PRIVATE
from tests.web.conftest import Client, Shop, Start, bearer

ASK = "/api/v1/insights"
SECOND = 1_000_000
QUESTION: dict[str, Any] = {"sql": "SELECT COUNT(*) AS n FROM purchases", "purpose": "planning", "epsilon": 0.5}


def charged(shop: Shop) -> list[str]:
    with shop.workspace.room.database.read() as connection:
        return list(connection.scalars(select(charges.c.state)))


def post(client: httpx.Client, path: str = ASK, key: str = "", accept: str = "*/*", **more: object) -> httpx.Response:
    headers = {"Accept": accept} | ({"Idempotency-Key": key} if key else {})
    return client.post(path, json={**QUESTION, **more}, headers=headers)


def change_policy(shop: Shop, old: str, new: str) -> None:
    path = shop.folder / "policy" / "policy.yaml"
    path.write_text(path.read_text().replace(old, new))
    shop.workspace.policy.activate(actor=shop.workspace.actor("pia"))


def test_an_answer_is_json_with_all_that_is_told_of_it(client: Client, shop: Shop) -> None:
    answer = post(client("insights:ask"))
    told = answer.json()

    assert (answer.status_code, told["version"], told["rule"], charged(shop)) == (200, 1, "private", ["charged"])
    assert [each["name"] for each in told["columns"]] == ["n", "n_error"]
    assert list(told) == [
        *("version", "purpose", "rule", "sql", "columns", "rows", "accuracy", "clipping", "loss", "coverage"),
        *("stamp", "receipt", "notes"),
    ]
    assert answer.headers["pellucid-log-entry"] == str(told["receipt"]["leaf"])
    entry = shop.entries()[-1]
    assert (entry["action"], entry["actor"]["kind"], entry["actor"]["name"]) == ("query.released", "staff", "ana")


def test_rows_come_as_csv_and_as_arrow_to_who_accepts_these(client: Client) -> None:
    asking, key = client("insights:ask"), str(uuid.uuid4())
    told, text, stream = (post(asking, key=key, accept=each) for each in ("application/json", "text/csv", ARROW))
    rows = told.json()["rows"]

    assert [each.headers["content-type"] for each in (text, stream)] == ["text/csv; charset=utf-8", ARROW]
    assert list(csv.reader(io.StringIO(text.text)))[1:] == [[str(each) for each in row] for row in rows]
    assert pa.ipc.open_stream(stream.content).read_all().to_pylist() == [
        dict(zip(["n", "n_error"], rows[0], strict=True))
    ]


ARROW = "application/vnd.apache.arrow.stream"


def test_a_repeated_question_is_charged_once(client: Client, shop: Shop) -> None:
    asking, key = client("insights:ask"), str(uuid.uuid4())
    first, second = (post(asking, key=key) for _ in range(2))
    other = post(asking, key=key, epsilon=0.4)
    third = post(asking, key=str(uuid.uuid4()))

    assert (first.json(), ["idempotent-replayed" in each.headers for each in (first, second)]) == (
        second.json(),
        [False, True],
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-other-request")
    assert (third.status_code, charged(shop)) == (200, ["charged", "charged"])


def test_a_refusal_is_not_kept_and_tells_every_reason(client: Client, shop: Shop) -> None:
    asking, key = client("insights:ask"), str(uuid.uuid4())
    answers = [post(asking, key=key, sql="SELECT card_number, COUNT(*) FROM purchases GROUP BY 1") for _ in range(2)]
    told = answers[0].json()

    assert [each.status_code for each in answers] == [403, 403]
    assert (told["code"], [each["code"] for each in told["reasons"]]) == ("use-refused", ["column-not-permitted"])
    assert [each for each in told["reasons"][0] if not told["reasons"][0][each]] == []
    assert (charged(shop), shop.actions()[-2:]) == ([], ["query.refused", "query.refused"])
    with shop.workspace.room.database.read() as connection:
        assert connection.execute(select(api_replies)).all() == []


def test_a_preview_spends_nothing(client: Client, shop: Shop) -> None:
    asking = client("insights:ask")
    told = post(asking, f"{ASK}/preview").json()
    much = post(asking, f"{ASK}/preview", epsilon=3.0).json()

    assert (told["version"], round(told["epsilon"], 6), told["covered"], told["expected"][0]["measure"]) == (
        1,
        0.5,
        True,
        "COUNT(*)",
    )
    assert told["obligations"] == ["release-private", "log", "permit-rows:purchases"]
    assert (told["coverage"], much["covered"]) == ({"purchases": "over 95 %"}, True)
    assert charged(shop) == []


def test_values_are_taken_by_name_and_not_quoted(client: Client) -> None:
    asking = client("insights:ask")
    sql = "SELECT COUNT(*) AS n FROM purchases WHERE week = $week AND product_id = $product"
    done = post(asking, sql=sql, parameters={"week": 1, "product": "p0"})
    missing = post(asking, sql=sql, parameters={"week": 1})
    wrong = post(asking, accuracy="canary", epsilon=None)

    assert [each.status_code for each in (done, missing, wrong)] == [200, 403, 422]
    assert (done.text.count("p0"), wrong.text.count("canary")) == (0, 0)
    assert [each["code"] for each in missing.json()["reasons"]] == ["parameter-missing"]


def test_the_budget_is_told_and_a_plan_spends_nothing(client: Client, shop: Shop) -> None:
    limits = client("budget:show").get("/api/v1/budget").json()["limits"]
    plan = client("insights:ask").post(
        "/api/v1/budget/plan", json={"questions": [QUESTION["sql"]] * 3, "purpose": "planning", "epsilon": 0.5}
    )

    assert [(each["namespace"], each["purpose"], round(each["left_epsilon"], 6)) for each in limits] == [
        ("household", None, 24.0),
        ("household", "offers", 6.0),
        ("household", "planning", 6.0),
    ]
    assert (plan.status_code, plan.json()["covered"], len(plan.json()["questions"]), charged(shop)) == (
        200,
        True,
        3,
        [],
    )


def test_budget_that_is_spent_is_told_with_when_it_renews(client: Client, shop: Shop) -> None:
    asking = client("insights:ask")
    statuses = [post(asking, epsilon=3.0, fresh=True).status_code for _ in range(4)]
    told = post(asking, epsilon=3.0).json()

    assert (statuses, told["code"], len(charged(shop))) == ([200, 200, 200, 429], "budget-exhausted", 3)
    assert told["detail"].count("It renews on") == 1


def test_a_program_asks_with_the_roles_that_its_person_has_now(client: Client, shop: Shop) -> None:
    asking = client("insights:ask")
    assert post(asking).status_code == 200
    change_policy(shop, "ana: {title: Ana, roles: [analyst]}", "ana: {title: Ana, roles: []}")
    without_role = post(asking)
    change_policy(shop, "  ana: {title: Ana, roles: []}\n", "")
    gone = post(asking)

    assert [(each.status_code, each.json()["code"]) for each in (without_role, gone)] == [
        (403, "use-refused"),
        (403, "token-person"),
    ]
    assert (len(charged(shop)), shop.actions()[-1]) == (1, "token.refused")


def test_who_is_in_the_policy_without_a_role_asks_nothing_by_a_token_either(client: Client, shop: Shop) -> None:
    pia = shop.workspace.actor("pia")
    scopes = ("insights:ask", "insights:run", "budget:show")
    secret = shop.workspace.tokens.create("of-mallory", scopes, actor=pia, person="mallory").secret
    of_mallory = client(secret=secret)
    asked = [
        post(of_mallory),
        post(of_mallory, f"{ASK}/preview"),
        of_mallory.get(f"{ASK}/saved"),
        of_mallory.get(f"{ASK}/saved/none"),
        post(of_mallory, f"{ASK}/saved/none/run"),
        of_mallory.get("/api/v1/budget"),
    ]

    assert [each.status_code for each in asked] == [403] * 6
    assert charged(shop) == []
    assert {each["actor"]["name"] for each in shop.entries()[-6:]} == {"mallory"}


def test_a_token_is_for_a_person_exactly_if_it_asks(shop: Shop) -> None:
    tokens, pia = shop.workspace.tokens, shop.workspace.actor("pia")
    with pytest.raises(InputInvalid, match=r"^The scopes insights:ask are used as a person of the policy, and none is"):
        tokens.create("a", ("insights:ask", "consent:show"), actor=pia)
    with pytest.raises(InputInvalid, match=r"^None of the scopes is used as a person"):
        tokens.create("a", ("consent:show",), actor=pia, person="ana")
    with pytest.raises(NameUnknown, match=r"^There is no person 'nobody'"):
        tokens.create("a", ("insights:ask",), actor=pia, person="nobody")
    made = tokens.create("a", ("insights:ask",), actor=pia, person="ana")

    assert (tokens.list(actor=pia)[-1].person, shop.entries()[-1]["body"]["person"]) == ("ana", "ana")
    assert shop.entries()[-1]["body"]["token"] == made.token.id


def test_an_approved_insight_is_listed_shown_and_run(client: Client, shop: Shop) -> None:
    change_policy(shop, "insight-list, insight-run]", "insight-list, insight-run, insight-propose]")
    change_policy(shop, "audit-read,", "audit-read, insight-approve,")
    change_policy(
        shop,
        "      max_cells: 6\n  offers:",
        "      max_cells: 6\n    suppressed: {minimum: 10, largest_share: 0.5, guarantee: conditional}\n  offers:",
    )
    insights, running = shop.workspace.insights, client("insights:run")
    proposal = insights.propose(
        "all", QUESTION["sql"], purpose="planning", actor=shop.workspace.actor("ana"), title="Purchases"
    )
    waits = running.post(f"{ASK}/saved/all/run", json={})
    insights.approve("all", seen=proposal.fingerprint, actor=shop.workspace.actor("pia"))
    key = {"Idempotency-Key": str(uuid.uuid4())}
    runs = [running.post(f"{ASK}/saved/all/run", json={}, headers=key) for _ in range(2)]
    listed, shown = running.get(f"{ASK}/saved").json()["insights"], running.get(f"{ASK}/saved/all").json()

    assert (waits.status_code, waits.json()["code"]) == (403, "insight-not-approved")
    assert [each.json()["rows"] for each in runs] == [[[20, None]]] * 2
    assert (runs[0].json()["rule"], shop.actions().count("insight.released")) == ("suppressed", 1)
    assert (listed, shown["state"], shown["decided_by"], shown["title"]) == ([shown], "approved", "pia", "Purchases")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "statuses"),
    [
        ("query.reserve-committed", {CLAIMED: 1}),
        ("query.ran", {CLAIMED: 1}),
        ("query.before-commit", {CLAIMED: 1}),
        ("query.after-commit", {200: 1}),
    ],
)
def test_a_killed_server_leaves_a_claim_or_an_answer_and_never_both(
    start: Start, shop: Shop, place: str, statuses: dict[int, int]
) -> None:
    headers = bearer(shop.token("insights:ask")) | {"Idempotency-Key": str(uuid.uuid4())}
    dying = start(PELLUCID_FAILPOINT=place)
    with pytest.raises(httpx.HTTPError):
        httpx.post(dying.address + ASK, json=QUESTION, headers=headers, timeout=60)
    assert dying.process.wait(60) == -signal.SIGKILL
    with shop.workspace.room.database.read() as connection:
        kept = list(connection.scalars(select(api_replies.c.status)))
    again = httpx.post(start().address + ASK, json=QUESTION, headers=headers, timeout=60)

    assert {status: kept.count(status) for status in kept} == statuses
    expected = (200, "true") if 200 in statuses else (409, None)
    assert (again.status_code, again.headers.get("idempotent-replayed")) == expected
    assert len(charged(shop)) == 1


def test_the_policy_of_these_tests_gives_the_analyst_what_it_takes() -> None:
    assert PRIVATE.count("may: [query, preview, budget-show]") == 1
    assert json.dumps(QUESTION).count("planning") == 1
