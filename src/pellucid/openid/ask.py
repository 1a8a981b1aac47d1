"""Asking a provider over HTTP: by https, or on this machine where that is allowed, within one time and one length.

No redirect and no proxy is followed. Of what goes wrong only a word is told, for our log: never what was answered.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pellucid.delivery.bounded import Bounded, left

SECONDS = 5.0
"""How long connecting, asking and being answered may take together."""
MOST_ANSWERED = 262_144
"""Bytes of an answer, head and all."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PORTS = {"https": 443, "http": 80}


class ProviderDown(Exception):
    """The provider cannot be asked, or what it answered is no answer; `why` is a word for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotShown(Exception):
    """What came back does not show who somebody is; `why` is a word for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks addresses of a provider. `openly` says whether those on this machine may be asked by plain HTTP."""

    openly: bool = False
    context: ssl.SSLContext | None = None
    seconds: float = SECONDS

    def may_ask(self, url: object) -> bool:
        """Return whether an address is one that may be asked, or a browser be sent to."""
        parts = _parts(url)
        if parts is None or not parts.hostname or parts.fragment or "@" in parts.netloc:
            return False
        return parts.scheme == "https" or (self.openly and parts.scheme == "http" and parts.hostname in LOOPBACK)

    def get(self, url: str) -> dict[str, Any]:
        """Return the JSON object that stands at an address; raises ProviderDown."""
        status, told = self._answered("GET", url, {}, b"")
        if status != 200 or told is None:
            raise ProviderDown("status" if status != 200 else "answer")
        return told

    def post(self, url: str, headers: Mapping[str, str], form: str) -> dict[str, Any]:
        """Return the JSON object that a form is answered with; raises NotShown if it is refused, and ProviderDown."""
        said = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        status, told = self._answered("POST", url, said, form.encode())
        if 400 <= status < 500 and status not in (408, 429):
            raise NotShown("code")
        if status != 200 or told is None:
            raise ProviderDown("status" if status != 200 else "answer")
        return told

    def _answered(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, Any] | None]:
        parts = _parts(url)
        if parts is None or not self.may_ask(url):
            raise ProviderDown("address")
        until = time.monotonic() + self.seconds
        try:
            with self._connected(parts, until) as stream:
                status, text = _asked(Bounded(stream, until, MOST_ANSWERED), method, parts, headers, body)
        except ssl.SSLError:
            raise ProviderDown("tls") from None
        except (OSError, HTTPException, ValueError):
            raise ProviderDown("unreachable") from None
        return status, _object(text)

    def _connected(self, parts: SplitResult, until: float) -> socket.socket:
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        plain = socket.create_connection((host, port), timeout=left(until))
        if parts.scheme == "http":
            return plain
        try:
            plain.settimeout(left(until))
            return (self.context or ssl.create_default_context()).wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise


def _parts(url: object) -> SplitResult | None:
    """Return the parts of an address; None for what is none, or holds what no address holds."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def _asked(
    stream: Bounded, method: str, parts: SplitResult, headers: Mapping[str, str], body: bytes
) -> tuple[int, bytes]:
    connection = HTTPConnection("")
    connection.sock = stream
    target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    said = {"Host": parts.netloc, "User-Agent": "pellucid", "Accept": "application/json", "Connection": "close"}
    for name, value in (said | dict(headers) | ({"Content-Length": str(len(body))} if body else {})).items():
        connection.putheader(name, value)
    connection.endheaders(body or None)
    with connection.getresponse() as response:
        return response.status, response.read()


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
