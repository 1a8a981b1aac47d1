"""A grocer's workspace with a few people, served in this process or by another, and clients with tokens."""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from pellucid.policy.scopes import SCOPES
from pellucid.records.rights_tables import rights_requests
from pellucid.records.tables import log_entries
from pellucid.settings import Settings
from pellucid.web import site
from pellucid.web.app import make_app
from pellucid.web.limits import Buckets
from pellucid.web.server import server_of
from pellucid.workspace import Workspace, create
from tests.insights.conftest import POLICY as PRIVATE
from tests.web.drp_agents import Agent, Register

API = "/api/v1/consents"
PEOPLE = 20
SCOPE_NAMES = tuple(SCOPES)
POLICY = PRIVATE.replace(
    "may: [query, preview, budget-show]", "may: [query, preview, budget-show, insight-list, insight-run]"
)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "workspace"
    with create(folder, name="test/served", actor_name="pia") as workspace:
        (folder / "policy" / "policy.yaml").write_text(POLICY)
        workspace.policy.activate(actor=workspace.actor("pia"))
        rows = folder / "purchases.csv"
        bought = "".join(f"h{n:04},p0,1,2.00,c,2026-05-20T10:00:00Z\n" for n in range(PEOPLE))
        rows.write_text("household_id,product_id,week,sales_value,card_number,bought\n" + bought)
        workspace.data.add("purchases", rows, actor=workspace.actor("pia"))
    return folder


@dataclass
class Shop:
    """A workspace of the test's own."""

    workspace: Workspace
    secrets: dict[tuple[str, ...], str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.workspace.folder

    def token(self, *scopes: str) -> str:
        """Return the secret of a token with these scopes, made when first asked for."""
        if scopes not in self.secrets:
            name = f"till-{len(self.secrets)}"
            person = "ana" if any(SCOPES[scope].as_person for scope in scopes) else None
            new = self.workspace.tokens.create(name, scopes, actor=self.workspace.actor("pia"), person=person)
            self.secrets[scopes] = new.secret
        return self.secrets[scopes]

    def entries(self) -> list[dict[str, Any]]:
        with self.workspace.room.database.read() as connection:
            bodies = connection.scalars(select(log_entries.c.body).order_by(log_entries.c.leaf))
            return [json.loads(body) for body in bodies]

    def actions(self) -> list[str]:
        return [entry["action"] for entry in self.entries()]

    def requests(self) -> int:
        """Return how many requests were filed."""
        with self.workspace.room.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(rights_requests)) or 0

    def said(self, subject: str) -> list[str]:
        """Return the verbs that somebody said, in order."""
        kept = self.workspace.consent.history(subject, actor=self.workspace.actor("pia"))
        return [each.record.verb.value for each in kept]


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no limit fill again while a test runs, however long it takes; to be named before what is served."""
    monkeypatch.setattr(site, "Buckets", partial(Buckets, clock=lambda: 0.0))


@pytest.fixture
def shop(made: Path, tmp_path: Path, settings: Settings) -> Iterator[Shop]:
    shutil.copytree(made, tmp_path / "workspace")
    with Workspace(tmp_path / "workspace", settings) as workspace:
        yield Shop(workspace)


@pytest.fixture
def app(shop: Shop) -> FastAPI:
    return make_app(shop.workspace)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def recorded(answer: httpx.Response) -> Any:
    """Return a receipt but for the instant that each answer finds for itself."""
    told = answer.json()
    assert told.pop("acknowledged_at") >= told["recorded_at"]
    return told


def until(happened: Callable[[], bool]) -> None:
    """Wait until something is so, as what a server does after it answered; the end is only for what never comes."""
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def serving(workspace: Workspace, port: int = 0) -> Iterator[str]:
    """Serve a workspace by a thread of this process; its address."""
    server = server_of(workspace, "127.0.0.1", port)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: what is asked is on this machine, and reading the authorities' certificates takes 40 ms a client."""
Client = Callable[..., httpx.Client]


@pytest.fixture
def client(shop: Shop) -> Iterator[Client]:
    """Make clients of a server that runs in this process: `client("consent:show")` has a token with that scope."""
    opened: list[httpx.Client] = []
    with serving(shop.workspace) as address:

        def connect(*scopes: str, secret: str | None = None) -> httpx.Client:
            shown = secret if secret is not None else shop.token(*scopes) if scopes else None
            opened.append(
                httpx.Client(base_url=address, headers=bearer(shown) if shown else {}, timeout=60, verify=NO_TLS)
            )
            return opened[-1]

        yield connect
        for each in opened:
            each.close()


@dataclass
class Process:
    """A server in a process of its own."""

    address: str
    process: subprocess.Popen[bytes]
    errors: Path

    def end(self, number: int) -> int:
        """Send a signal and return how the process ended."""
        self.process.send_signal(number)
        return self.process.wait(120)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.errors.read_text().splitlines() if line.startswith("{")]


Start = Callable[..., Process]


@pytest.fixture
def start(shop: Shop, tmp_path: Path) -> Iterator[Start]:
    """Start `pellucid serve` on the shop's workspace, as a process, and wait until it is ready."""
    running: list[Process] = []

    def run(*options: str, **environment: str) -> Process:
        errors = tmp_path / f"server{len(running)}.err"
        with errors.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "pellucid", "-w", str(shop.folder), "serve", "--port", "0", *options],
                stderr=file,
                env=os.environ | environment,
            )
        found = None
        while found is None:
            assert process.poll() is None, errors.read_text()
            time.sleep(0.02)
            found = re.search(r"http://127\.0\.0\.1:\d+", errors.read_text())
        running.append(Process(found.group(), process, errors))
        return running[-1]

    yield run
    for each in running:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


@pytest.fixture
def register(shop: Shop, client: Client) -> Register:
    """Register an agent, which then has a token."""

    def made(id: str, callback_host: str | None = None) -> Agent:
        agent = Agent(id, client())
        public, pia = agent.key.public_key().public_bytes_raw(), shop.workspace.actor("pia")
        shop.workspace.agents.add(id, id.title(), public, actor=pia, callback_host=callback_host)
        assert agent.set_up().json() == {"agent-id": id, "token": agent.token}
        return agent

    return made
