"""A small OpenID Connect provider on this machine: it asks who somebody is by one button, and can be made to misbehave.

It checks what a provider checks: client, redirect URI, PKCE, and that a code is taken once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

Key = RSAKey | ECKey | OKPKey
SECRET = "Kq3vX9tLm2Rz7Bd5Wn8Yc4Hf6Jg1Ps0A"
CLIENTS = ("centre", "console")
HEAD = '<!doctype html><html lang="en"><title>Provider</title><link rel="icon" href="data:,">'
ASKED = HEAD + "<h1>Who are you?</h1>{form}"
FORM = '<form method="post"><button>It is me</button></form>'


def rsa(kid: str, size: int = 2048) -> RSAKey:
    return RSAKey.generate_key(size, {"kid": kid, "use": "sig"})


@cache
def first_key() -> RSAKey:
    """Return the key that providers have at first: made once, since that takes longer than most tests."""
    return rsa("first")


@dataclass
class Provider:
    """The provider while it runs. What it tells of who signs in stands in `person`; the rest makes it misbehave."""

    address: str = ""
    key: Key = field(default_factory=first_key)
    published: list[Mapping[str, Any]] = field(default_factory=list)
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "h0001"})
    about: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    instead: Callable[[str], tuple[int, bytes] | None] = lambda path: None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tells_issuer: bool = True

    def described(self) -> dict[str, Any]:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {
            "issuer": self.address,
            **{name: f"{self.address}/{path}" for name, path in names.items()},
            "end_session_endpoint": f"{self.address}/leave",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": self.tells_issuer,
        } | self.about

    def keys(self) -> list[Mapping[str, Any]]:
        return self.published or [self.key.as_dict(private=False)]

    def claims(self, code: Mapping[str, str]) -> dict[str, Any]:
        now = int(time.time())
        issued = {"iss": self.address, "aud": code["client_id"], "iat": now, "exp": now + 300, "nonce": code["nonce"]}
        return issued | self.person

    def signed(self, claims: dict[str, Any], algorithm: str = "RS256", key: Key | None = None) -> str:
        using = key or self.key
        return jwt.encode({"alg": algorithm, "kid": str(using.get("kid"))}, claims, using, algorithms=[algorithm])

    def authorised(self, asked: dict[str, str]) -> str | None:
        """Return where a browser is sent back to with a code; None for what is not asked as it should be."""
        host = urlsplit(asked.get("redirect_uri", ""))
        right = (
            asked.get("client_id") in CLIENTS
            and host.hostname == "127.0.0.1"
            and asked.get("response_type") == "code"
            and asked.get("code_challenge_method") == "S256"
            and "openid" in asked.get("scope", "").split()
            and {"state", "nonce", "code_challenge"} <= asked.keys()
        )
        if not right:
            return None
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        iss = {"iss": self.address} if self.tells_issuer else {}
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], **iss} | self.answer)}"

    def exchanged(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Return the tokens for a code; None for what is not shown as it should be."""
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or challenge.decode().rstrip("=") != asked["code_challenge"]:
            return None
        shown = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if (unquote_plus(shown[0]), unquote_plus(shown[2])) != (asked["client_id"], SECRET):
            return None
        if form.get("redirect_uri") != asked["redirect_uri"] or form.get("grant_type") != "authorization_code":
            return None
        sign = self.sign or self.signed
        return {"access_token": "opaque", "token_type": "Bearer", "id_token": sign(self.claims(asked))}


def approve(address: str) -> str:
    """Press the button of the provider's page, and return where it sends the browser."""
    return httpx.post(address, follow_redirects=False, timeout=60).headers["location"]


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.provider.asked.append(path)
        if self._instead(path):
            return
        if path == "/.well-known/openid-configuration":
            self._json(200, self.provider.described())
        elif path == "/keys":
            self._json(200, {"keys": self.provider.keys()})
        elif path == "/authorize":
            self._send(200, ASKED.format(form=FORM).encode(), "text/html")
        elif path == "/leave":
            self._send(200, ASKED.format(form="<p>You are signed out.</p>").encode(), "text/html")
        else:
            self._json(404, {})

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        self.provider.asked.append(path)
        form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()))
        if self._instead(path):
            return
        if path == "/authorize":
            place = self.provider.authorised(dict(parse_qsl(urlsplit(self.path).query)))
            self.send_response(400 if place is None else 302)
            self.send_header("Location", place or "/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        told = self.provider.exchanged(form, self.headers.get("Authorization", ""))
        said = {"error": "invalid_grant", "error_description": "alice lives in Berlin"}
        self._json(*((400, said) if told is None else (200, told)))

    def _instead(self, path: str) -> bool:
        found = self.provider.instead(path)
        if found is not None:
            self._send(found[0], found[1], "application/json")
        return found is not None

    def _json(self, status: int, content: object) -> None:
        self._send(status, json.dumps(content).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True  # whoever asked has had enough

    def log_message(self, format: str, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Run a provider by a thread of this process."""
    provider = Provider()
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    provider.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def with_provider(provider: Provider, ours: str) -> dict[str, Any]:
    """Return the settings of a server at `ours` whose both doors have the provider."""
    client = {"issuer": provider.address, "client_secret": SECRET, "title": "the company's account"}
    doors = {"openid": {"client_id": "centre"}, "staff_openid": {"client_id": "console"}}
    return {
        "public_url": ours,
        **{f"{door}_{name}": value for door, own in doors.items() for name, value in (client | own).items()},
    }
