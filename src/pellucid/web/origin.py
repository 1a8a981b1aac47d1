"""Where this server is reached: which host names it answers to, which origin a form may come from, who asks from where.

Pages are served under the public URL that is set, by https, or without one on this machine only; what visitors need is
served under the origins of the company's own pages too. Nothing that is sent back is made of the Host header.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from pellucid.settings import LOOPBACK, Settings
from pellucid.web.addresses import Net, asked_from, nets_of


@dataclass(frozen=True, slots=True)
class Place:
    """Where people reach this server: `origin` is empty where that is this machine only; `proxies` are believed.

    `shops` are the origins under which visitors are served, by host.
    """

    origin: str
    host: str
    proxies: tuple[Net, ...]
    shops: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Place:
        """Return where people reach the server by its settings; raises WorkspaceUnusable (`proxies-unfit`)."""
        parts = urlsplit(settings.public_url)
        proxies, shops = nets_of(settings.serve_proxies), _by_host(settings.shop_origins)
        if not parts.hostname or parts.hostname in LOOPBACK:
            return cls("", "", proxies, shops)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        return cls(origin, parts.netloc.lower(), proxies, shops)

    @property
    def is_https(self) -> bool:
        """Whether people reach it encrypted."""
        return self.origin.startswith("https://")

    def answers_to(self, host: str) -> bool:
        """Return whether pages are served under a host name, as a Host header writes it."""
        if self.origin:
            return self.is_https and host.lower() == self.host
        return _name_of(host) in LOOPBACK

    def is_shop(self, host: str) -> bool:
        """Return whether a Host header names one of the company's own pages, under which only visitors are served."""
        return host.lower() in self.shops and not self.answers_to(host)

    def may_post(self, connection: HTTPConnection) -> bool:
        """Return whether something comes from a page of ours: what the browser says of it is there, and says so.

        A browser sends one or both of the two headers; none at all is no browser that could be believed.
        """
        site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
        if site is None and origin is None:
            return False
        host = connection.headers.get("host", "").lower()
        own = self.shops[host] if self.is_shop(host) else self.origin or f"http://{host}"
        return site in (None, "same-origin") and (origin is None or origin.lower() == own)

    def address_of(self, connection: HTTPConnection) -> str:
        """Return from where somebody asks, as limits count it (`asked_from`)."""
        client = connection.client.host if connection.client else ""
        return asked_from(client, connection.headers.getlist("x-forwarded-for"), self.proxies)

    def is_from_here(self, connection: HTTPConnection) -> bool:
        """Return whether somebody on this machine asks, and no proxy for somebody else."""
        names = connection.headers.keys()
        forwarded = any(name in ("forwarded", "x-real-ip", "via") or name.startswith("x-forwarded-") for name in names)
        host = connection.client.host if connection.client else ""
        return not forwarded and host in LOOPBACK and _name_of(connection.headers.get("host", "")) in LOOPBACK


def _by_host(origins: Collection[str]) -> dict[str, str]:
    """Return origins by their hosts: those by https only, whatever else is set."""
    found = (urlsplit(each.lower()) for each in origins)
    return {each.netloc: f"https://{each.netloc}" for each in found if each.scheme == "https" and each.netloc}


def _name_of(host: str) -> str:
    """Return the name in a Host header, without the port."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if "@" not in host and "/" not in host else ""
    except ValueError:
        return ""
