"""What programs ask beyond choices: what an erasure would do, and the copy of a request that they filed."""

from __future__ import annotations

import io
import zipfile

from tests.web.conftest import Client, Shop

REQUESTS, PREVIEW = "/api/v1/requests", "/api/v1/erasure-preview"


def test_a_preview_tells_what_goes_and_what_stays_and_changes_nothing(client: Client, shop: Shop) -> None:
    program = client("erasure:preview")
    before = shop.actions()
    told = program.post(PREVIEW, json={"subject": "h0001"}).json()
    becomes = {each["title"]: each["becomes"] for each in told["places"]}

    assert told["begins_after_hours"] == 24
    assert (becomes["Purchases"], becomes["The log of uses"], becomes["Backups"]) == ("erase", "keep", "unreachable")
    assert shop.actions() == before


def test_a_preview_of_nobody_is_not_there(client: Client) -> None:
    answer = client("erasure:preview").post(PREVIEW, json={"subject": "nobody"})

    assert (answer.status_code, answer.json()["code"]) == (404, "name-unknown")
    assert answer.text.count("nobody") == 0


def test_a_copy_is_there_once_the_person_showed_who_they_are(client: Client, shop: Shop) -> None:
    program = client("request:file", "request:fetch")
    asked = {"subject": "h0001", "right": "access", "without_sensitive": True}
    id = program.post(REQUESTS, json=asked).json()["request_id"]
    work(shop)
    before = program.get(f"{REQUESTS}/{id}/package").status_code
    shop.workspace.requests.verify(id, evidence="file 1", actor=shop.workspace.actor("pia"))
    work(shop)
    answer = program.get(f"{REQUESTS}/{id}/package")

    assert (before, answer.status_code, answer.headers["content-type"]) == (404, 200, "application/zip")
    assert {"index.html", "summary.json", "manifest.json"} <= set(
        zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    )


def test_a_copy_of_another_programs_request_is_not_there(client: Client, shop: Shop) -> None:
    asked = {"subject": "h0001", "right": "access", "without_sensitive": True}
    id = client("request:file").post(REQUESTS, json=asked).json()["request_id"]
    shop.workspace.requests.verify(id, evidence="file 1", actor=shop.workspace.actor("pia"))
    work(shop)

    assert client("request:fetch").get(f"{REQUESTS}/{id}/package").status_code == 404


def test_a_program_notes_shows_and_ends_who_may_act_for_whom(client: Client) -> None:
    program = client("delegation:manage")
    asked = {"kind": "guardian", "subject": "h0002", "by": "h0001", "evidence": "file 1"}
    made = program.post("/api/v1/delegations", json=asked)
    again = program.post("/api/v1/delegations", json=asked)
    shown = program.post("/api/v1/delegations/show", json={"subject": "h0002"}).json()["delegations"]
    ended = [program.delete(f"/api/v1/delegations/{made.json()['id']}").status_code for _ in range(2)]
    left = program.post("/api/v1/delegations/show", json={"subject": "h0001"}).json()["delegations"]

    assert (made.status_code, again.json()["code"], shown) == (201, "delegation-exists", [made.json()])
    assert (ended, left) == ([204, 204], [])


def work(shop: Shop) -> None:
    shop.workspace.work.plan()
    while shop.workspace.work.do_next("test") is not None:
        pass
