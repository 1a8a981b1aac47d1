"""Posting a short text to an address that somebody else named: over TLS, to the public internet, and nowhere else.

Whose address it may be is decided elsewhere. The name is looked up once, and what was looked up is what is connected
to, so a name that changes meanwhile reaches nothing. No redirect and no proxy is followed, and what is answered is not
looked at beyond its status.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from pellucid.delivery.bounded import Bounded, left
from pellucid.errors import DeliveryFailed

SECONDS = 10.0
"""How long connecting, asking and being answered may take together."""
MOST_ANSWERED = 65_536
"""Bytes that are read of an answer."""
USER_AGENT = "pellucid"
AGAIN = "It is tried again. Ask the agent's technical contact."
_UNICAST = IPv6Network("2000::/3")
_HOLDING_V4 = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))  # Teredo, 6to4: they hold an address of IPv4


def look_up(host: str, port: int) -> list[str]:
    """Return the IP addresses of a name; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public internet: no private, loopback, link-local, reserved one."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if found.is_multicast or found.is_reserved or not found.is_global:
        return False
    return isinstance(found, IPv4Address) or (found in _UNICAST and not any(found in each for each in _HOLDING_V4))


@dataclass(frozen=True, slots=True)
class Poster:
    """Posts to https addresses. Only tests give it other certificates, addresses or names than the world's."""

    context: ssl.SSLContext | None = None
    may_reach: Callable[[str], bool] = is_public
    look_up: Callable[[str, int], Sequence[str]] = look_up
    seconds: float = SECONDS

    def post(self, url: str, content_type: str, body: bytes) -> None:
        """Post to an https URL; when it returns, the other side said that it has it (2xx).

        Raises DeliveryFailed with a code, and without what the other side or the network said.
        """
        parts = urlsplit(url)
        if parts.scheme.lower() != "https" or not parts.hostname:
            raise DeliveryFailed(
                "A callback does not go to https, so nothing was sent.", remedy=AGAIN, code="callback-address"
            )
        host, port = parts.hostname, parts.port or 443
        addresses = self._addresses(host, port)
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        status = self._answered(host, port, addresses, target, {"Content-Type": content_type}, body)
        if 300 <= status < 400:
            raise DeliveryFailed(
                "The other side of a callback sent us elsewhere, where we do not go.",
                remedy=AGAIN,
                code="callback-redirect",
            )
        if not 200 <= status < 300:
            raise DeliveryFailed(
                f"The other side of a callback did not take it: HTTP status {status}.",
                remedy=AGAIN,
                code="callback-refused",
            )

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, of which none may be out of bounds: one that is says that all may be."""
        try:
            found = self.look_up(host, port)
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise DeliveryFailed("The host of a callback has no address.", remedy=AGAIN, code="callback-unreachable")
        if not all(self.may_reach(each) for each in found):
            raise DeliveryFailed(
                "The host of a callback is not in the public internet.", remedy=AGAIN, code="callback-address"
            )
        return found

    def _answered(
        self, host: str, port: int, addresses: Sequence[str], target: str, headers: dict[str, str], body: bytes
    ) -> int:
        until = time.monotonic() + self.seconds
        try:
            with self._connected(host, port, addresses, until) as stream:
                named = host if port == 443 else f"{host}:{port}"
                said = {"Host": named, "User-Agent": USER_AGENT, "Connection": "close"} | headers
                return _asked(Bounded(stream, until, MOST_ANSWERED), target, said, body)
        except ssl.SSLError:
            raise DeliveryFailed(
                "No trusted TLS connection to the host of a callback came about.", remedy=AGAIN, code="callback-tls"
            ) from None
        except (OSError, HTTPException, ValueError):
            raise DeliveryFailed(
                "The host of a callback cannot be reached, or did not answer.",
                remedy=AGAIN,
                code="callback-unreachable",
            ) from None

    def _connected(self, host: str, port: int, addresses: Sequence[str], until: float) -> ssl.SSLSocket:
        """Return a connection to one of the addresses whose certificate is the host's; raises OSError."""
        context = self.context or ssl.create_default_context()
        refused: OSError = TimeoutError()
        for address in addresses:
            try:
                plain = socket.create_connection((address, port), timeout=left(until))
            except OSError as error:
                refused = error
                continue
            try:
                plain.settimeout(left(until))
                return context.wrap_socket(plain, server_hostname=host)
            except BaseException:
                plain.close()
                raise
        raise refused


def _asked(stream: Bounded, target: str, headers: dict[str, str], body: bytes) -> int:
    """Return the status that a POST is answered with; raises HTTPException, OSError or ValueError for none."""
    connection = HTTPConnection("")
    connection.sock = stream
    connection.putrequest("POST", target, skip_host=True, skip_accept_encoding=True)
    for name, value in (headers | {"Content-Length": str(len(body))}).items():
        connection.putheader(name, value)
    connection.endheaders(body)
    with connection.getresponse() as response:
        return response.status
