"""While the control database is out of reach: who asks is told to try again, and the log names an outage, no defect."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from pellucid.errors import RecordingFailed, WorkspaceUnusable
from pellucid.settings import Settings
from pellucid.web import app
from pellucid.web.logs import LOGGER, JsonLines, say_failure
from pellucid.workspace import Workspace, create
from tests.records.postgresql import name_of, new_database, run_on
from tests.web.conftest import API, NO_TLS, POLICY, Shop, bearer, serving

CHOICE = {"subject": "h0001", "purpose": "offers", "verb": "withdraw"}


@dataclass
class Served:
    """A workspace with its control database in PostgreSQL, while it is served."""

    client: httpx.Client
    caller: dict[str, str]
    leave: Callable[[], None]
    come_back: Callable[[], None]


@pytest.fixture
def served(postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(app, "TIDY_SECONDS", 0.05)
    url, folder = new_database(postgresql), tmp_path / "workspace"
    with create(folder, name="test/served", actor_name="pia", database_url=url) as workspace:
        (folder / "policy" / "policy.yaml").write_text(POLICY)
        workspace.policy.activate(actor=workspace.actor("pia"))

    def allow(yes: bool) -> None:
        run_on(postgresql, f"ALTER DATABASE {name_of(url)} ALLOW_CONNECTIONS {str(yes).lower()}")

    def leave() -> None:
        allow(False)
        run_on(postgresql, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(url)}'")

    with (
        Workspace(folder, Settings()) as workspace,
        serving(workspace) as address,
        httpx.Client(base_url=address, verify=NO_TLS, timeout=60) as client,
    ):
        yield Served(client, bearer(Shop(workspace).token("consent:write")), leave, lambda: allow(True))
        allow(True)


def lines(caplog: pytest.LogCaptureFixture, event: str, number: int) -> list[dict[str, Any]]:
    """Wait for so many lines of the server about something, and return what is there by then."""
    deadline, found = time.monotonic() + 60, list[dict[str, Any]]()
    while len(found) < number:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
        told = [json.loads(JsonLines().format(each)) for each in list(caplog.records) if each.name == LOGGER.name]
        found = [each for each in told if each["event"] == event]
    return found


def test_a_server_whose_database_is_away_asks_for_patience_and_names_an_outage(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOGGER.name)
    served.leave()
    answers = [
        served.client.get("/readyz"),
        served.client.post(API, json=CHOICE, headers=served.caller),
        served.client.get("/privacy/sign-in"),
        served.client.get("/healthz"),
    ]
    requests = lines(caplog, "request", 4)
    outages = lines(caplog, "outage", 2)
    served.come_back()

    assert [(each.status_code, each.headers.get("retry-after")) for each in answers] == [
        (503, "1"),
        (503, "1"),
        (503, "1"),
        (204, None),
    ]
    assert {each["route"]: each.get("code") for each in requests} == {
        "/readyz": "database-unreadable",
        API: "database-unreadable",
        "/privacy/sign-in": "database-unreadable",
        "/healthz": None,
    }
    assert {(*each, each["level"]) for each in outages} == {("at", "level", "event", "code", "error")}
    assert {each["code"] for each in outages} <= {"recording-failed", "database-unreadable"}  # as it was when it left
    assert [each.getMessage() for each in caplog.records if each.getMessage() == "defect"] == []
    assert served.client.get("/readyz").status_code == 204


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (RecordingFailed("x"), "outage"),
        (RecordingFailed("x", code="disk-full"), "outage"),
        (WorkspaceUnusable("x", code="database-unreadable"), "outage"),
        (WorkspaceUnusable("x", code="database-full"), "outage"),
        (RecordingFailed("x", code="nested-transaction"), "defect"),
        (RecordingFailed("x", code="value-not-storable"), "defect"),
        (ZeroDivisionError("x"), "defect"),
    ],
    ids=str,
)
def test_what_is_nobodys_mistake_here_is_an_outage(
    error: Exception, event: str, caplog: pytest.LogCaptureFixture
) -> None:
    say_failure(error)

    assert [each.getMessage() for each in caplog.records] == [event]
