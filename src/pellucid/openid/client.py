"""As whom a provider knows us."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Client:
    """As whom a provider knows us: its issuer, our id and secret, and the one address where browsers come back to."""

    issuer: str
    id: str
    secret: str = field(repr=False)
    back: str
    scope: str = "openid"
    acr_values: tuple[str, ...] = ()
