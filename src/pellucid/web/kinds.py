"""Which kind of route a path leads to, and so which bodies it takes and which headers every answer carries.

Pages are for browsers, which send cookies and run what a page holds; the API is for programs; static files are the same
for everybody. A path that is none of these is treated as the API: it may show and run nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

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

_BY_FIRST_PART = {"v1": SIGNED, "privacy": PAGE, "staff": PAGE, "verify": PAGE, "static": STATIC}


def kind_of(path: str) -> Kind:
    """Return the kind of the route that a path leads to."""
    return _BY_FIRST_PART.get(path.split("/", 2)[1] if path.startswith("/") else "", API)
