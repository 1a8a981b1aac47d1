"""A customer's app as the server sees it: JSON and a bearer, and no cookie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from pellucid.governance import sessions
from pellucid.governance.sessions import APP
from pellucid.subjects import ids
from pellucid.web.person import PREFIX, bearer_of
from pellucid.workspace.doors import Visitor
from tests.web.conftest import NO_TLS
from tests.web.visitors import Grocer

CODES, SIGN_IN, OWN = "/api/v1/sign-in/codes", "/api/v1/sign-in", "/api/v1/me"


@dataclass
class App:
    """An app on somebody's phone: what it holds, and the last answer that told a bearer replaces it."""

    address: str
    bearer: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> httpx.Response:
        return self.send("GET", path)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        return self.send("POST", path, {} if body is None else body)

    def delete(self, path: str) -> httpx.Response:
        return self.send("DELETE", path)

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        shown = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        with httpx.Client(base_url=self.address, timeout=60, verify=NO_TLS) as client:
            return client.request(method, path, json=body, headers=shown | self.headers)

    def renewed(self, answer: httpx.Response) -> App:
        """Take the bearer of a session that was made anew."""
        told = answer.json()
        self.bearer = told["session"]["bearer"] if "session" in told else told["bearer"]
        return self


def app_of(grocer: Grocer) -> App:
    """Return an app in which nobody is signed in."""
    return App(grocer.address)


def known_app(grocer: Grocer, household: str = "h0001") -> App:
    """Return an app with a session of a household, without signing in: people may only do that a few times."""
    with grocer.workspace.room.database.write() as connection:
        subject = ids.find(connection, "household", household)
        who = {"namespace": "household", "subject": subject, "address": b""}
        made = sessions.begin(connection, APP, grocer.workspace.doors.key, who, "code", 1, grocer.now())
    return App(grocer.address, bearer_of(made))


def visitor_of(grocer: Grocer, app: App) -> Visitor | None:
    """Return who is signed in with an app, as the desks know them."""
    return grocer.workspace.doors.visitor(app.bearer.removeprefix(PREFIX), APP)


def asked(grocer: Grocer, household: str) -> str:
    """Have a code asked for and sent, and return the attempt."""
    attempt = app_of(grocer).post(CODES, {"key": household}).json()["attempt"]
    grocer.work()
    return str(attempt)


def signed_in(grocer: Grocer, household: str = "h0001") -> App:
    """Return an app in which a household is signed in, as anybody would."""
    app, attempt = app_of(grocer), asked(grocer, household)
    return app.renewed(app.post(SIGN_IN, {"attempt": attempt, "code": grocer.code_for(household)}))
