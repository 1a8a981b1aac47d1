"""Agents of the Data Rights Protocol, with their keys, as they talk to the server."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

REQUESTS = "/v1/data-rights-request"
BUSINESS = "test/served"
REFUSED = {
    "code": "403",
    "message": "This is not for you, or not sent as agreed. "
    "Sign it anew with the key that is registered, or ask the technical contact.",
}
PLAIN = {"Content-Type": "text/plain"}


def sealed(key: Ed25519PrivateKey, said: Any) -> bytes:
    text = json.dumps(said).encode()
    return b64encode(key.sign(text) + text)


@dataclass
class Agent:
    """An agent with its key, talking to the server."""

    id: str
    client: httpx.Client
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    token: str = ""

    def says(self, **more: Any) -> dict[str, Any]:
        now = datetime.now(UTC) - timedelta(seconds=1)
        said = {
            "agent-id": self.id,
            "business-id": BUSINESS,
            "issued-at": now.isoformat(),
            "expires-at": (now + timedelta(minutes=10)).isoformat(),
            "drp.version": "1.0",
        }
        return said | more

    def set_up(self) -> httpx.Response:
        answer = self.client.post(f"/v1/agent/{self.id}", content=sealed(self.key, self.says()), headers=PLAIN)
        self.token = answer.json()["token"] if answer.status_code == 200 else ""
        return answer

    def send(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        headers = ({"Authorization": f"Bearer {self.token}"} if self.token else {}) | (
            PLAIN if body is not None else {}
        )
        return self.client.request(method, path, content=body, headers=headers)

    def exercise(self, right: str = "access", **more: Any) -> httpx.Response:
        said = self.says(exercise=right, regime="ccpa", **{"identifier": "h0001"} | more)
        return self.send("POST", REQUESTS, sealed(self.key, said))


Register = Callable[..., Agent]
