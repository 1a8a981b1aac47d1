"""The OpenAPI document says what the API does: requests made up from it find nothing that it does not say."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.specs.openapi.checks import positive_data_acceptance

from pellucid.governance import sessions
from pellucid.governance.sessions import APP
from pellucid.settings import Settings
from pellucid.subjects import ids
from pellucid.web.person import bearer_of
from tests.web.conftest import SCOPE_NAMES, Shop, bearer, serving

DOCUMENT = "/api/v1/openapi.json"
EXAMPLES = 60
OF_A_NOTICE = {"version", "language", "layer", "format"}
"""What everybody may read is named in URLs."""
OF_AN_OFFICER = {"after", "before", "days", "dataset", "family", "refused", "right", "state", "by", "purpose"}
"""What tells of nobody is picked in URLs."""
OF_ONES_OWN = {"agent_id", "cursor", "first", "generation", "most", "place", "purpose", "sequence"}
"""What whoever is signed in picks of their own: numbers among it, and names of the policy."""
NAMED_IN_PATHS = {"request_id", "delegation_id", "version", "insight", "agent_id", "dataset", "generation", "place"}
NAMED_IN_PATHS |= {"purpose", "sequence", "entry"}
KNOWN = {"subject": "h0001", "purpose": "offers", "purposes": ["offers"], "namespace": "household"}
QUESTION = "SELECT COUNT(*) FROM purchases"


@pytest.fixture
def settings() -> Settings:
    return Settings(
        serve_requests_per_second=1e6,
        serve_misses_per_minute=1e6,
        serve_failures_per_minute=1e6,
        serve_visits_per_minute=1e6,
        serve_attempts_per_minute=1e6,
    )


def operations(app: FastAPI) -> list[dict[str, Any]]:
    return [found for path in app.openapi()["paths"].values() for found in path.values()]


def test_every_operation_tells_of_its_problems(app: FastAPI) -> None:
    for found in operations(app):
        for status, answer in found["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (found["operationId"], status)


def test_every_operation_is_explained_and_every_body_has_an_example(app: FastAPI) -> None:
    document = app.openapi()
    for found in operations(app):
        assert found["description"]
    bodies = [
        found["requestBody"]["content"]["application/json"]["schema"]
        for found in operations(app)
        if "requestBody" in found
    ]
    for body in bodies:
        assert document["components"]["schemas"][body["$ref"].rpartition("/")[2]]["examples"]


def test_keys_of_people_have_no_place_in_urls(app: FastAPI) -> None:
    for path, found in app.openapi()["paths"].items():
        parameters = {each["name"] for operation in found.values() for each in operation.get("parameters", ())}
        known = {
            "since",
            "limit",
            "Idempotency-Key",
            "request_id",
            "delegation_id",
            "insight",
            "entry",
            *OF_A_NOTICE,
            *OF_AN_OFFICER,
            *OF_ONES_OWN,
        }
        assert parameters <= known
        assert set(re.findall(r"{(.*?)}", path)) <= NAMED_IN_PATHS & parameters


@pytest.mark.slow
# Threads of the server, in this process, draw from `random` while a strategy is at work, which then looks guilty of it.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
def test_what_the_document_does_not_say_does_not_happen(shop: Shop) -> None:
    with serving(shop.workspace) as address:
        schema = schemathesis.openapi.from_url(address + DOCUMENT)
        found = [each.ok() for each in schema.get_all_operations()]
        answered = {each.label: fuzzed(each, shown_to(shop, each.path)) for each in found}

    assert sum(sum(each.values()) for each in answered.values()) > 5 * EXAMPLES
    assert {200, 201, 204, 404, 422} <= {status for each in answered.values() for status in each}


def shown_to(shop: Shop, path: str) -> dict[str, str]:
    """Return what lets somebody in at a route: for one's own a session just begun, since some of them end it."""
    if not path.startswith("/api/v1/me"):
        return bearer(shop.token(*SCOPE_NAMES))
    with shop.workspace.room.database.write() as connection:
        who = {"namespace": "household", "subject": ids.find(connection, "household", "h0001"), "address": b""}
        key, now = shop.workspace.doors.key, shop.workspace.room.clock()
        return bearer(bearer_of(sessions.begin(connection, APP, key, who, "code", 1, now)))


def fuzzed(operation: Any, headers: dict[str, str]) -> Counter[int]:
    """Make requests up, good and bad, and check each answer against the document; return how often each status came."""
    statuses: Counter[int] = Counter()

    @hypothesis.settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        if case.meta.generation.mode.is_positive and isinstance(case.body, dict):
            case.body |= {name: known for name, known in KNOWN.items() if name in case.body}
            case.body |= {"sql": QUESTION} if "sql" in case.body else {}
        answer = case.call(headers=headers)
        statuses[answer.status_code] += 1
        case.validate_response(answer, headers=headers, excluded_checks=[positive_data_acceptance])

    ask()
    return statuses


def test_the_document_is_served(shop: Shop, app: FastAPI) -> None:
    with serving(shop.workspace) as address:
        assert httpx.get(address + DOCUMENT, timeout=60).json() == app.openapi()
