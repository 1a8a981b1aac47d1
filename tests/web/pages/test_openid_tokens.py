"""What a provider says of who somebody is has to fit in every part; what is forged, stale or for others is nothing."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.web.pages.by_provider import (
    REFUSED,
    begun,
    came_back,
    changed,
    outcome,
    reasons,
)
from tests.web.provider import SECRET, Provider, rsa
from tests.web.visitors import Grocer


@pytest.fixture
def grocer(company: Grocer) -> Grocer:
    return company


NOW = time.time
WRONG: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "another issuer": (lambda: {"iss": "https://mallory.example"}, "iss"),
    "an issuer with a slash": (lambda: {"iss": "/"}, "iss"),
    "no issuer": (lambda: {"iss": None}, "iss"),
    "another audience": (lambda: {"aud": "console"}, "aud"),
    "no audience": (lambda: {"aud": []}, "aud"),
    "several audiences, none of them azp": (lambda: {"aud": ["centre", "other"]}, "azp"),
    "another azp": (lambda: {"azp": "other"}, "azp"),
    "expired": (lambda: {"exp": int(NOW()) - 60}, "exp"),
    "expiring never": (lambda: {"exp": None}, "exp"),
    "expiring at a text": (lambda: {"exp": "9999999999"}, "exp"),
    "made later": (lambda: {"iat": int(NOW()) + 3_600}, "iat"),
    "made long ago": (lambda: {"iat": int(NOW()) - 700}, "iat"),
    "made never": (lambda: {"iat": None}, "iat"),
    "not yet": (lambda: {"nbf": int(NOW()) + 3_600}, "nbf"),
    "another nonce": (lambda: {"nonce": "n"}, "nonce"),
    "no nonce": (lambda: {"nonce": None}, "nonce"),
    "a nonce of half a character": (lambda: {"nonce": "\ud800"}, "nonce"),
    "a nonce in a list": (lambda: {"nonce": ["x"]}, "nonce"),
    "nobody": (lambda: {"sub": None}, "sub"),
    "somebody without a name": (lambda: {"sub": ""}, "sub"),
    "another access token": (lambda: {"at_hash": "x"}, "at_hash"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_a_token_says_has_to_fit_in_every_part(grocer: Grocer, provider: Provider, wrong: str) -> None:
    change, why = WRONG[wrong]
    provider.sign = _by_hand(provider)
    provider.person = {"sub": "h0001"} | change()
    page = came_back(grocer)

    assert outcome(page) == (403, REFUSED)
    assert reasons(grocer) == [f"openid-{why}"]


def test_several_audiences_are_fine_if_the_token_was_made_for_us(grocer: Grocer, provider: Provider) -> None:
    provider.person = {"sub": "h0001", "aud": ["other", "centre"], "azp": "centre"}

    assert came_back(grocer).status == 303


def _part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _by_public_key(provider: Provider) -> Callable[[dict[str, Any]], str]:
    """Sign with the public key as if it were a shared secret, which no library does for us."""

    def sign(claims: dict[str, Any]) -> str:
        text = f"{_part({'alg': 'HS256', 'kid': 'first'})}.{_part(claims)}"
        made = hmac.digest(provider.key.as_pem(private=False), text.encode(), "sha256")
        return f"{text}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"

    return sign


def _by_hand(provider: Provider, **header: Any) -> Callable[[dict[str, Any]], str]:
    """Sign rightly what libraries do not sign."""

    def sign(claims: dict[str, Any]) -> str:
        text = f"{_part({'alg': 'RS256', 'kid': 'first'} | header)}.{_part(claims)}"
        key = provider.key.raw_value
        assert isinstance(key, RSAPrivateKey)
        made = key.sign(text.encode(), PKCS1v15(), SHA256())
        return f"{text}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"

    return sign


FORGED: dict[str, Callable[[Provider], Callable[[dict[str, Any]], str]]] = {
    "alg none": lambda p: lambda claims: f"{_part({'alg': 'none'})}.{_part(claims)}.",
    "alg none with a key": lambda p: lambda claims: f"{_part({'alg': 'none', 'kid': 'first'})}.{_part(claims)}.",
    "HS256 with the public key": _by_public_key,
    "HS256 with our secret": lambda p: (
        lambda claims: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"])
    ),
    "another key of that name": lambda p: lambda claims: p.signed(claims, key=rsa("first")),
    "a key that is not published": lambda p: lambda claims: p.signed(claims, key=rsa("other")),
    "a key in the token": lambda p: (
        lambda claims: jwt.encode(
            {"alg": "RS256", "jwk": p.key.as_dict(private=False)}, claims, rsa("own"), algorithms=["RS256"]
        )
    ),
    "something critical": lambda p: _by_hand(p, crit=["x"], x=True),
    "a changed claim": lambda p: (
        lambda claims: ".".join(
            part if n != 1 else _part(claims | {"sub": "h0002"}) for n, part in enumerate(p.signed(claims).split("."))
        )
    ),
    "no token": lambda p: lambda claims: "",
    "two parts": lambda p: lambda claims: ".".join(p.signed(claims).split(".")[:2]),
    "too long": lambda p: lambda claims: p.signed(claims | {"x": "x" * 20_000}),
    "letters of no alphabet": lambda p: lambda claims: "ä.ö.ü",
    "a list": lambda p: lambda claims: f"{_part([])}.{_part([])}.x",
}


@pytest.mark.parametrize("forged", FORGED)
def test_what_is_forged_lets_nobody_in(grocer: Grocer, provider: Provider, forged: str) -> None:
    provider.sign = FORGED[forged](provider)

    assert outcome(came_back(grocer)) == (403, REFUSED)


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_a_weak_key_and_one_for_secrets_are_not_believed(grocer: Grocer, provider: Provider) -> None:
    weak, encrypting = rsa("weak", 1024), rsa("enc")
    provider.published = [weak.as_dict(private=False), encrypting.as_dict(private=False) | {"use": "enc"}, {"kty": "?"}]
    told = []
    for key in (weak, encrypting):
        provider.sign = lambda claims, key=key: provider.signed(claims, key=key)
        told.append(outcome(came_back(grocer)))

    assert told == [(403, REFUSED)] * 2


def test_a_new_key_is_looked_for_once_and_the_old_one_is_believed_no_more(
    grocer: Grocer, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = provider.key
    first, provider.key = came_back(grocer), rsa("second")
    too_soon = came_back(grocer)
    monkeypatch.setattr("pellucid.openid.provider.REST_SECONDS", 0.0)
    second = came_back(grocer)
    provider.sign = lambda claims: provider.signed(claims, key=old)
    third = came_back(grocer)

    assert [page.status for page in (first, too_soon, second, third)] == [303, 403, 303, 403]
    assert provider.asked.count("/keys") == 3


def test_what_another_provider_sent_is_not_taken_to_this_one(grocer: Grocer, provider: Provider) -> None:
    """Mix-up (RFC 9207): the browser brings back who sent it, where the provider says that it always does."""
    browser = grocer.browser()
    for iss in ("https://mallory.example", None, ""):
        assert outcome(browser.get(changed(begun(browser), iss=iss))) == (403, REFUSED)
    assert provider.asked.count("/token") == 0
    assert reasons(grocer) == ["openid-mix-up"] * 2


def test_a_provider_that_does_not_tell_its_name_is_taken_and_a_wrong_name_is_not(
    grocer: Grocer, provider: Provider
) -> None:
    provider.tells_issuer = False
    browser = grocer.browser()

    assert outcome(browser.get(changed(begun(browser), iss="https://mallory.example"))) == (403, REFUSED)
    assert came_back(grocer).status == 303


def test_what_the_provider_says_of_an_error_is_shown_to_nobody(grocer: Grocer, provider: Provider) -> None:
    browser = grocer.browser()
    provider.answer = {
        "error": "access_denied",
        "error_description": "<b>Call 0190 666</b>",
        "error_uri": "https://m.example",
    }
    declined = browser.get(begun(browser))
    provider.answer = {"code": "made up"}
    wrong = browser.get(begun(browser))

    assert (outcome(declined), outcome(wrong)) == ((403, REFUSED), (403, REFUSED))
    assert [declined.text.count(each) for each in ("0190 666", "access_denied", "m.example")] == [0, 0, 0]
    assert (wrong.text.count("Berlin"), str(grocer.entries()).count("Berlin")) == (0, 0)
    assert reasons(grocer) == ["openid-declined", "openid-code"]
