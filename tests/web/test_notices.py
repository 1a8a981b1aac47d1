"""`/api/v1/notices` over real HTTP: for everybody, as it was published, and not without end."""

from __future__ import annotations

import pytest

from pellucid.settings import Settings
from tests.web.conftest import Client, Shop

NOTICES = "/api/v1/notices"
PROBLEM = "application/problem+json"


def published(shop: Shop) -> str:
    return shop.workspace.notices.publish(actor=shop.workspace.actor("pia")).version


def test_before_any_there_is_none(client: Client) -> None:
    listed, shown = client().get(NOTICES), client().get(f"{NOTICES}/current")

    assert listed.json() == {"current": None, "notices": []}
    assert (shown.status_code, shown.headers["content-type"]) == (404, PROBLEM)
    assert shown.json()["detail"] == "There is no such notice."


def test_anybody_is_shown_the_current_notice(client: Client, shop: Shop) -> None:
    version = published(shop)

    told = client().get(f"{NOTICES}/current").json()

    assert {name: told[name] for name in ("version", "language", "layer", "languages")} == {
        "version": version,
        "language": "en",
        "layer": "short",
        "languages": ["en"],
    }
    assert told["purposes"] == {"offers": "1", "planning": "1"}
    assert [(each["name"], each["level"], each["listed"]) for each in told["sections"]] == [
        ("notice", 1, False),
        ("purposes", 2, True),
        ("more", 2, True),
    ]
    assert told["sections"][0]["sentences"] == [
        "Grocer is responsible for your data. Write to privacy@grocer.example with any question."
    ]


def test_an_earlier_notice_is_shown_as_it_was(client: Client, shop: Shop) -> None:
    first = published(shop)
    before = client().get(f"{NOTICES}/{first}", params={"layer": "full"}).content
    draft = shop.folder / "policy" / "policy.yaml"
    draft.write_text(draft.read_text().replace("title: Purchases", "title: All purchases"))
    shop.workspace.policy.activate(actor=shop.workspace.actor("pia"))
    second = published(shop)

    listed = client().get(NOTICES).json()

    assert (listed["current"], [each["version"] for each in listed["notices"]]) == (second, [first, second])
    assert client().get(f"{NOTICES}/{first[:8]}", params={"layer": "full"}).content == before


def test_what_changed_since_an_earlier_notice_is_told_in_words(client: Client, shop: Shop) -> None:
    first = published(shop)
    draft = shop.folder / "policy" / "policy.yaml"
    draft.write_text(draft.read_text().replace("title: Purchases", "title: All purchases"))
    shop.workspace.policy.activate(actor=shop.workspace.actor("pia"))
    second = published(shop)
    told = client().get(f"{NOTICES}/current/changes", params={"since": first[:8]}).json()
    back = client().get(f"{NOTICES}/{second}/changes", params={"since": first, "language": "de"})

    assert (told["old"], told["new"], told["language"]) == (first, second, "en")
    assert told["changes"] == list(shop.workspace.notices.compare(first, second, "en"))
    assert len(told["changes"]) > 0
    assert (back.status_code, back.headers["content-type"]) == (404, PROBLEM)  # neither is in German


def test_it_is_written_as_markdown_and_as_linked_data(client: Client, shop: Shop) -> None:
    version = published(shop)

    markdown = client().get(f"{NOTICES}/current", params={"format": "markdown", "layer": "child"})
    linked = client().get(f"{NOTICES}/current", params={"format": "jsonld"})

    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert markdown.text.splitlines()[0] == "# Your data, for young readers"
    assert linked.headers["content-type"] == "application/ld+json"
    assert (linked.json()["@type"], linked.json()["dct:identifier"]) == ("dpv:PrivacyNotice", version)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("current?language=de", 404),  # it is in English only
        ("current?language=tlh", 422),
        ("current?layer=long", 422),
        ("current?format=pdf", 422),
        ("draft", 422),
        ("00000000", 404),
        ("%25", 422),
    ],
)
def test_what_is_not_there_is_a_problem(client: Client, shop: Shop, path: str, status: int) -> None:
    published(shop)

    answer = client().get(f"{NOTICES}/{path}")

    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)


def test_looking_is_not_logged(client: Client, shop: Shop) -> None:
    published(shop)
    before = shop.actions()
    client().get(NOTICES)
    client().get(f"{NOTICES}/current")

    assert shop.actions() == before


@pytest.mark.usefixtures("still")
class TestFewVisits:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_visits_per_minute=3)

    def test_an_address_that_asks_too_often_has_to_wait(self, client: Client) -> None:
        answers = [client().get(NOTICES) for _ in range(5)]

        assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
        assert answers[3].headers["retry-after"] == "20"
        assert answers[3].json()["detail"] == "Too many requests from this address."


@pytest.mark.usefixtures("still")
class TestBehindAProxy:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(serve_visits_per_minute=2, serve_proxies=("127.0.0.1",))

    def test_who_asks_too_often_makes_nobody_else_wait(self, client: Client) -> None:
        def status(address: str) -> int:
            return client().get(NOTICES, headers={"X-Forwarded-For": address}).status_code

        assert [status("192.0.2.1") for _ in range(3)] == [200, 200, 429]
        assert status("192.0.2.2") == 200


def test_a_choice_over_http_names_the_published_notice(client: Client, shop: Shop) -> None:
    version = published(shop)
    choice = {"subject": "h0001", "purpose": "offers", "verb": "give", "notice_version": version, "language": "en"}

    told = client("consent:write").post("/api/v1/consents", json=choice)
    refused = client("consent:write").post("/api/v1/consents", json={**choice, "language": "fr"})

    assert (told.status_code, told.json()["notice_version"]) == (201, f"1+{version[:16]}")
    assert (refused.status_code, refused.json()["code"]) == (422, "notice-language")
