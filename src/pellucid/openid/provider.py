"""A provider as we know it: where it is asked, what it signs with, where browsers are sent; kept for a while.

What it says of itself (OpenID Connect Discovery 1.0) has to name the very issuer that is set, and only addresses that
may be asked. A provider that is slow, down or talks without end holds up a few requests at most; after a failure it is
left alone for some seconds. A key that is not known yet is looked for once more: providers change theirs.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import Key

from pellucid.openid.ask import Asker, NotShown, ProviderDown
from pellucid.openid.attempt import Attempt
from pellucid.openid.client import Client
from pellucid.openid.id_token import Expected, claims_of, key_for, keys_of

WELL_KNOWN = "/.well-known/openid-configuration"
KEPT_SECONDS = 600.0
"""For how long what it says of itself, and its keys, are taken as they are."""
REST_SECONDS = 5.0
"""For how long nobody asks again after it failed, or had no key that was looked for."""
AT_ONCE = 8
"""Requests that may wait for it; more are told at once that it is not there."""
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
LEAVE = "end_session_endpoint"


class Provider:
    """A provider, for one of our doors; shared by all threads."""

    def __init__(self, client: Client, asker: Asker, clock: Callable[[], float] = time.monotonic) -> None:
        self.client = client
        self._asker = asker
        self._clock = clock
        self._few = threading.BoundedSemaphore(AT_ONCE)
        self._about: tuple[dict[str, Any], float] | None = None
        self._keys: tuple[tuple[Key, ...], float] | None = None
        self._looked_at = float("-inf")
        self._failed_at = float("-inf")

    def address(self, attempt: Attempt) -> str:
        """Return where a browser is sent to sign in; raises ProviderDown."""
        made: str = prepare_grant_uri(
            self._described()["authorization_endpoint"],
            self.client.id,
            "code",
            redirect_uri=self.client.back,
            scope=self.client.scope,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
            acr_values=" ".join(self.client.acr_values) or None,
        )
        return made

    def leave_address(self, back: str) -> str | None:
        """Return where a browser is sent to sign out there too (RP-Initiated Logout 1.0); None where it cannot be."""
        try:
            found = self._described().get(LEAVE)
        except ProviderDown:
            return None
        if not self._asker.may_ask(found):
            return None
        params = [("client_id", self.client.id), ("post_logout_redirect_uri", back)]
        made: str = add_params_to_uri(found, params)
        return made

    def demand_ours(self, answer: Mapping[str, str]) -> str:
        """Return the code that a browser brings back; raises NotShown if another provider sent it (RFC 9207)."""
        told = answer.get("iss")
        needed = self._described().get("authorization_response_iss_parameter_supported") is True
        if (told is None and needed) or (told is not None and told != self.client.issuer):
            raise NotShown("mix-up")
        if "error" in answer or not answer.get("code"):
            raise NotShown("declined")
        return answer["code"]

    def claims(self, code: str, attempt: Attempt, now: int) -> dict[str, Any]:
        """Return what the provider says of who signed in, for a code and our proof that we asked (UTC seconds).

        Raises NotShown and ProviderDown.
        """
        token, access = self._exchanged(code, attempt)
        key = self._key(token)
        if key is None:
            raise NotShown("key")
        return claims_of(token, key, Expected(self.client.issuer, self.client.id, attempt.nonce, access, now))

    def _exchanged(self, code: str, attempt: Attempt) -> tuple[str, str]:
        about, client = self._described(), self.client
        form, headers = {"code": code, "code_verifier": attempt.verifier}, {}
        methods = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if not client.secret:
            form["client_id"] = client.id
        elif "client_secret_basic" in methods:
            said = f"{quote_plus(client.id)}:{quote_plus(client.secret)}"  # RFC 6749 §2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(said.encode()).decode()}"
        else:
            form |= {"client_id": client.id, "client_secret": client.secret}
        body = prepare_token_request("authorization_code", redirect_uri=client.back, **form)
        told = self._asked(lambda: self._asker.post(about["token_endpoint"], headers, body))
        token, access = told.get("id_token"), told.get("access_token", "")
        if not isinstance(token, str) or not isinstance(access, str):
            raise NotShown("token")
        return token, access

    def _key(self, token: str) -> Key | None:
        """Return the key of a token; one that is not known is looked for anew, not more often than it may be."""
        kept, now = self._keys, self._clock()
        found = key_for(token, kept[0]) if kept is not None and now < kept[1] else None
        if found is None and (kept is None or now >= kept[1] or now - self._looked_at >= REST_SECONDS):
            self._looked_at = now
            where = self._described()["jwks_uri"]
            keys = keys_of(self._asked(lambda: self._asker.get(where)))
            self._keys = keys, now + KEPT_SECONDS
            found = key_for(token, keys)
        return found

    def _described(self) -> dict[str, Any]:
        """Return what the provider says of itself; raises ProviderDown."""
        kept, now = self._about, self._clock()
        if kept is not None and now < kept[1]:
            return kept[0]
        if now - self._failed_at < REST_SECONDS:
            raise ProviderDown("resting")
        try:
            found = self._asked(lambda: self._asker.get(self.client.issuer.rstrip("/") + WELL_KNOWN))
            self._demand_fit(found)
        except ProviderDown:
            self._failed_at = now
            raise
        self._about = found, now + KEPT_SECONDS
        return found

    def _demand_fit(self, about: Mapping[str, Any]) -> None:
        if about.get("issuer") != self.client.issuer:
            raise ProviderDown("issuer")
        if not all(self._asker.may_ask(about.get(name)) for name in NEEDED):
            raise ProviderDown("address")

    def _asked(self, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if not self._few.acquire(blocking=False):
            raise ProviderDown("busy")
        try:
            return ask()
        finally:
            self._few.release()
