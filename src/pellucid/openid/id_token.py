"""Reading an ID token (OpenID Connect Core 1.0 §3.1.3.7): who signed it, for whom, when, and for which attempt.

Only by the algorithms that belong to the kind of a key that the provider publishes, never by one that the token asks
for: a token without a signature, or signed with a public key as if it were a shared secret, is none.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey
from joserfc.jws import extract_compact

from pellucid.openid.ask import NotShown

ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA", "Ed25519"),
}
"""By kind of key. No shared secrets: whoever can check such a token could make one."""
SMALLEST_RSA = 2_048
SKEW = 10
"""Seconds by which clocks may differ."""
OLDEST = 600
"""Seconds since a token was made for an attempt."""
LONGEST_TOKEN = 16_384
MOST_KEYS = 50


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to be for: whose it is, for whom, and for which attempt. `now` in UTC seconds."""

    issuer: str
    client: str
    nonce: str = field(repr=False)
    access_token: str = field(repr=False)
    now: int


def keys_of(published: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return the public keys that a provider signs with, of what it publishes (RFC 7517); others are left out."""
    listed = published.get("keys")
    found = [_key(each) for each in (listed if isinstance(listed, list) else [])[:MOST_KEYS]]
    return tuple(each for each in found if each is not None)


def key_for(token: str, keys: tuple[Key, ...]) -> Key | None:
    """Return the one key that a token says it is signed with; None if there is none such. Raises NotShown."""
    header = _header(token)
    kid = header.get("kid")
    fit = [each for each in keys if kid is None or each.get("kid") == kid]
    fit = [each for each in fit if header.get("alg") in ALGORITHMS[each.key_type]]
    return fit[0] if len(fit) == 1 else None


def claims_of(token: str, key: Key, expected: Expected) -> dict[str, Any]:
    """Return what a token says, if the key signed it for this very attempt and it holds now; raises NotShown."""
    try:
        read = jwt.decode(token, key, algorithms=list(ALGORITHMS[key.key_type]))
        options = {
            "iss": {"essential": True, "value": expected.issuer},
            "aud": {"essential": True, "value": expected.client},
            "sub": {"essential": True},
        }
        known = {"client_id": expected.client, "access_token": expected.access_token}
        told = CodeIDToken(read.claims, read.header, options, known)
        told.validate(now=expected.now, leeway=SKEW)
    except JoseError as error:
        raise NotShown(str(getattr(error, "claim", None) or error.error or "token")) from None
    except (ValueError, TypeError, RecursionError):
        raise NotShown("token") from None
    claims = dict(read.claims)
    nonce = claims.get("nonce")
    given = nonce.encode("utf-8", "surrogatepass") if isinstance(nonce, str) else b""
    if not hmac.compare_digest(given, expected.nonce.encode()):
        raise NotShown("nonce")
    if expected.now - claims["iat"] > OLDEST:
        raise NotShown("iat")
    return claims


def _key(listed: object) -> Key | None:
    if not isinstance(listed, dict) or listed.get("kty") not in ALGORITHMS or listed.get("use", "sig") != "sig":
        return None
    if listed["kty"] == "RSA" and len(str(listed.get("n"))) * 6 < SMALLEST_RSA:  # the library only warns of those
        return None
    public = {name: value for name, value in listed.items() if name not in ("d", "p", "q", "dp", "dq", "qi", "oth")}
    try:
        found = JWKRegistry.import_key(public)
        weak = isinstance(found, RSAKey) and found.raw_value.key_size < SMALLEST_RSA
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if isinstance(found, RSAKey | ECKey | OKPKey) and not weak else None


def _header(token: str) -> Mapping[str, Any]:
    if len(token) > LONGEST_TOKEN:
        raise NotShown("token")
    try:
        return extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise NotShown("token") from None
