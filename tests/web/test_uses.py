"""`/api/v1/uses` and `/api/v1/recipients`: what somebody is told of their data, as a program asks for them."""

from __future__ import annotations

from tests.web.conftest import API, Client, Shop

USES, RECIPIENTS = "/api/v1/uses", "/api/v1/recipients"
WHO = {"subject": "h0001"}


def ask(shop: Shop) -> None:
    shop.workspace.query("SELECT COUNT(*) AS n FROM purchases", purpose="planning", actor="ana", epsilon=0.5)


def test_uses_are_told_page_by_page(client: Client, shop: Shop) -> None:
    ask(shop)
    program = client("uses:show")
    first = program.post(USES, json={**WHO, "limit": 1}).json()
    rest = program.post(USES, json={**WHO, "cursor": first["next"]}).json()

    assert [(each["sort"], each["by"]) for each in first["uses"]] == [("about-you", "a program")]
    assert [each["action"] for each in rest["uses"] if each["sort"] == "used"] == ["query.released"]
    assert rest["next"] is None


def test_uses_of_one_purpose_and_of_late_alone(client: Client, shop: Shop) -> None:
    ask(shop)
    program = client("uses:show")
    told = program.post(USES, json={**WHO, "purpose": "planning"}).json()["uses"]
    other = program.post(USES, json={**WHO, "purpose": "offers"}).json()["uses"]
    late = program.post(USES, json={**WHO, "since": "2999-01-01T00:00:00Z"}).json()["uses"]

    assert ([each["action"] for each in told], other, late) == (["query.released"], [], [])


def test_that_nothing_went_out_in_person_is_told_until_a_program_was_handed_what_they_said(client: Client) -> None:
    program = client("uses:show", "consent:write", "consent:changes")
    before = program.post(RECIPIENTS, json=WHO).json()
    program.post(API, json={**WHO, "purpose": "planning", "verb": "object"})
    program.get(f"{API}/changes?since=0")
    after = program.post(RECIPIENTS, json=WHO).json()

    assert before == {"recipients": [], "handed_on": [], "recipients_told": [], "in_person": False}
    assert ([each["known"] for each in after["handed_on"]], after["in_person"]) == (
        ["What you said was in it."],
        True,
    )


def test_asking_is_logged_by_pseudonym_and_program(client: Client, shop: Shop) -> None:
    before = len(shop.entries())
    for path in (USES, RECIPIENTS):
        client("uses:show").post(path, json=WHO)
    entries = [each for each in shop.entries()[before:] if each["action"].startswith("subject.")]

    assert [(each["action"], each["actor"]["kind"]) for each in entries] == [
        ("subject.uses-shown", "program"),
        ("subject.recipients-shown", "program"),
    ]
    assert [len(each["subject"]) for each in entries] == [64, 64]


def test_nobody_and_no_purpose_are_not_there_and_nothing_sent_is_quoted(client: Client) -> None:
    program = client("uses:show")
    found = [
        program.post(path, json=body)
        for path, body in (
            (USES, {"subject": "h9999"}),
            (RECIPIENTS, {"subject": "h9999"}),
            (USES, {**WHO, "purpose": "nothing-such"}),
        )
    ]

    assert [each.status_code for each in found] == [404, 404, 404]
    assert [word for each in found for word in ("h9999", "nothing-such") if word in each.text] == []


def test_a_page_that_was_never_given_is_refused(client: Client) -> None:
    program = client("uses:show")
    answers = [
        program.post(USES, json={**WHO, **more}) for more in ({"cursor": "9999-1"}, {"cursor": "x"}, {"limit": 0})
    ]

    assert [each.status_code for each in answers] == [422, 422, 422]
