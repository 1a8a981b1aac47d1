"""Where this server is reached: which host names it answers to, which origin a form may come from, who asks from where.

Pages are served under the public URL that is set, by https, or without one on this machine only. Nothing that is sent
back is made of the Host header.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from pellucid.settings import LOOPBACK, Settings

_IPV6_KEPT = 64
"""Bits of an address of version 6 that tell one household from another."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where people reach this server: `origin` is empty where that is this machine only; `proxies` are believed."""

    origin: str
    host: str
    proxies: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> Place:
        """Return where people reach the server by its settings."""
        parts = urlsplit(settings.public_url)
        if not parts.hostname or parts.hostname in LOOPBACK:
            return cls("", "", frozenset(settings.serve_proxies))
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        return cls(origin, parts.netloc.lower(), frozenset(settings.serve_proxies))

    @property
    def is_https(self) -> bool:
        """Whether people reach it encrypted."""
        return self.origin.startswith("https://")

    def answers_to(self, host: str) -> bool:
        """Return whether pages are served under a host name, as a Host header writes it."""
        if self.origin:
            return self.is_https and host.lower() == self.host
        return _name_of(host) in LOOPBACK

    def may_post(self, connection: HTTPConnection) -> bool:
        """Return whether a form comes from a page of ours: what the browser says of it is there, and says so.

        A browser sends one or both of the two headers; none at all is no browser that could be believed.
        """
        site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
        if site is None and origin is None:
            return False
        own = self.origin or f"http://{connection.headers.get('host', '')}".lower()
        return site in (None, "same-origin") and (origin is None or origin.lower() == own)

    def address_of(self, connection: HTTPConnection) -> str:
        """Return from where somebody asks: the last address that no proxy of ours has; one of version 6 by its net."""
        found = connection.client.host if connection.client else ""
        if found in self.proxies:
            told = connection.headers.getlist("x-forwarded-for")
            found = _last_foreign([each.strip() for line in told for each in line.split(",")], self.proxies) or found
        return _net_of(found)

    def is_from_here(self, connection: HTTPConnection) -> bool:
        """Return whether somebody on this machine asks, and no proxy for somebody else."""
        forwarded = {"forwarded", "x-forwarded-for", "x-real-ip", "via"} & set(connection.headers.keys())
        host = connection.client.host if connection.client else ""
        return not forwarded and host in LOOPBACK and _name_of(connection.headers.get("host", "")) in LOOPBACK


def _name_of(host: str) -> str:
    """Return the name in a Host header, without the port."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if "@" not in host and "/" not in host else ""
    except ValueError:
        return ""


def _last_foreign(told: list[str], proxies: Collection[str]) -> str:
    return next((each for each in reversed(told) if each not in proxies), "")


def _net_of(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if found.version == 6:
        return str(ipaddress.ip_network((found, _IPV6_KEPT), strict=False))
    return str(found)
