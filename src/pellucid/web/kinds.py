"""Which kind of route a path leads to, and so which bodies it takes and which headers every answer carries.

Pages are for browsers, which send cookies and run what a page holds; the API is for programs; static files are the same
for everybody. A path that is none of these is treated as the API: it may show and run nothing. Nothing is there, and
who asks for a page is told so by one.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import Scope

Headers = tuple[tuple[bytes, bytes], ...]

_ALWAYS: Headers = (
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), interest-cohort=(), microphone=(), payment=(), usb=()"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_NOTHING = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_OWN = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HSTS: Headers = ((b"strict-transport-security", b"max-age=31536000"),)
"""Where people reach this by https; what else there is under the company's domain is the company's to decide."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of route: the media type that bodies have, and the headers of every answer."""

    name: str
    media_type: str
    headers: Headers

    @property
    def is_page(self) -> bool:
        """Whether people look at it, so that problems are told as pages."""
        return self is PAGE

    @property
    def takes_cookies(self) -> bool:
        """Whether it goes by what a browser shows, so that it is served under our own hosts only."""
        return self in (PAGE, SCRIPT)


API = Kind(
    "api",
    "application/json",
    (
        *_ALWAYS,
        (b"cache-control", b"no-store"),
        (b"content-security-policy", _NOTHING),
        (b"referrer-policy", b"no-referrer"),
    ),
)
SIGNED = Kind("signed", "text/plain", API.headers)
"""Where bodies are signed texts (Data Rights Protocol 1.0 §3.07.1), of DELETE too."""
PAGE = Kind(
    "page",
    "application/x-www-form-urlencoded",
    (
        *_ALWAYS,
        (b"cache-control", b"no-store"),
        (b"content-security-policy", _OWN),
        (b"cross-origin-embedder-policy", b"require-corp"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"vary", b"accept-language, cookie"),  # of which the language of a page depends
        (b"referrer-policy", b"same-origin"),  # with `no-referrer` browsers send no Origin with a form
    ),
)
STATIC = Kind(
    "static",
    "application/octet-stream",
    (
        *_ALWAYS,
        (b"content-security-policy", _NOTHING),
        (b"referrer-policy", b"no-referrer"),
    ),
)

SCRIPT = Kind("script", "application/json", API.headers)
"""What scripts of pages ask for, on the same host as these: the consent widget."""
ALL = (API, SIGNED, PAGE, STATIC, SCRIPT)

_OF_PRIVACY = {"static": STATIC, "api": SCRIPT}
_FOR_VISITORS = ("/privacy/visitor", "/privacy/api", "/privacy/static")
_BY_FIRST_PART = {"v1": SIGNED, "privacy": PAGE, "staff": PAGE, "verify": PAGE, "static": STATIC, "favicon.ico": STATIC}
_OF_PROGRAMS = ("api", "healthz", "readyz", "metrics")
"""First parts of paths at which programs alone ask, whatever they accept."""


def kind_of(path: str) -> Kind:
    """Return the kind of the route that a path leads to."""
    if path == "/":
        return PAGE
    first, second = [*path.split("/")[1:3], "", ""][:2]
    if first == "privacy" and second in _OF_PRIVACY:
        return _OF_PRIVACY[second]
    return _BY_FIRST_PART.get(first if path.startswith("/") else "", API)


def kind_asked(scope: Scope) -> Kind:
    """Return the kind under which a request is answered: who asks for a page where nothing is, gets one."""
    path = scope["path"]
    first = path.split("/")[1] if path.startswith("/") else "api"
    elsewhere = first not in _OF_PROGRAMS and first not in _BY_FIRST_PART
    return PAGE if elsewhere and _takes_pages(scope) else kind_of(path)


def _takes_pages(scope: Scope) -> bool:
    """Return whether it accepts pages by name, as browsers do and programs do not."""
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def is_for_visitors(path: str) -> bool:
    """Return whether a path is served under the hosts of the company's own pages: nobody signs in there."""
    return any(path == each or path.startswith(f"{each}/") for each in _FOR_VISITORS)
