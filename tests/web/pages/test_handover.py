"""The company's own site hands over who is signed in there: by a signed, short-lived token that is taken once."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pellucid.errors import WorkspaceUnusable
from pellucid.rights import handover
from pellucid.settings import Settings
from pellucid.web import cookies
from tests.web.visitors import Browser, Grocer, Page

SITE = {"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}
ED25519, RSA = Ed25519PrivateKey.generate(), generate_private_key(65537, 2048)


def pem(key: Ed25519PrivateKey | RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def settings() -> Settings:
    return Settings(handover_key=pem(ED25519), handover_origin="https://shop.example")


def written(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def signed(head: Mapping[str, Any], claims: object, key: Ed25519PrivateKey | RSAPrivateKey = ED25519) -> str:
    text = f"{written(head)}.{written(claims)}"
    made = (
        key.sign(text.encode()) if isinstance(key, Ed25519PrivateKey) else key.sign(text.encode(), PKCS1v15(), SHA256())
    )
    return f"{text}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"


def claims(grocer: Grocer, **changed: object) -> dict[str, object]:
    now = grocer.now() // 1_000_000
    return {"sub": "h0001", "aud": "pellucid", "iat": now, "exp": now + 60, "jti": "first"} | changed


def sent(grocer: Grocer, token: str) -> Page:
    return grocer.browser().post("/privacy/hand-over", {"token": token}, SITE)


def test_who_is_signed_in_there_is_let_in_here_once(grocer: Grocer) -> None:
    browser, token = grocer.browser(), signed({"alg": "EdDSA"}, claims(grocer))
    first = browser.post("/privacy/hand-over", {"token": token}, SITE)
    again = sent(grocer, token)

    assert (first.status, first.place, again.status) == (303, "/privacy", 403)
    assert browser.get("/privacy").words.startswith("What we hold about you Household: h0001")
    done = [each for each in grocer.entries() if each["action"] == "sign-in.done"]
    assert [each["body"]["how"] for each in done] == ["handover"]


@pytest.mark.parametrize(
    "change",
    [
        {"sub": "nobody"},
        {"sub": 1},
        {"sub": ""},
        {"aud": "another"},
        {"aud": None},
        {"jti": ""},
        {"jti": None},
        {"exp": lambda now: now + 61},
        {"exp": lambda now: now},
        {"exp": lambda now: now + 59, "iat": lambda now: now - 10},
        {"iat": lambda now: now + 300, "exp": lambda now: now + 330},
        {"exp": None},
        {"exp": True},
        {"exp": "9999999999"},
        {"iat": None},
        {"namespace": 1},
    ],
    ids=lambda change: " ".join(change),
)
def test_what_does_not_hold_lets_nobody_in(grocer: Grocer, change: dict[str, Any]) -> None:
    now = grocer.now() // 1_000_000
    changed = {name: value(now) if callable(value) else value for name, value in change.items()}
    page = sent(grocer, signed({"alg": "EdDSA"}, claims(grocer, **changed)))

    assert (page.status, page.text.count("handover-refused")) == (403, 1)


FORGED: dict[str, Callable[[dict[str, object]], str]] = {
    "no signature": lambda told: f"{written({'alg': 'none'})}.{written(told)}.",
    "another key": lambda told: signed({"alg": "EdDSA"}, told, Ed25519PrivateKey.generate()),
    "another algorithm": lambda told: signed({"alg": "HS256"}, told),
    "an algorithm of another key": lambda told: signed({"alg": "RS256"}, told, RSA),
    "something critical": lambda told: signed({"alg": "EdDSA", "crit": ["x"]}, told),
    "a list": lambda told: signed({"alg": "EdDSA"}, [told]),
    "two parts": lambda told: ".".join(signed({"alg": "EdDSA"}, told).split(".")[:2]),
    "padding": lambda told: signed({"alg": "EdDSA"}, told) + "=",
    "nothing": lambda told: "",
    "too long": lambda told: signed({"alg": "EdDSA"}, told | {"x": "x" * 5000}),
    "nested": lambda told: f"{base64.urlsafe_b64encode(b'[' * 2000).decode()}.e30.e30",
}


@pytest.mark.parametrize("forged", FORGED)
def test_what_is_forged_lets_nobody_in(grocer: Grocer, forged: str) -> None:
    assert sent(grocer, FORGED[forged](claims(grocer))).status == 403


def test_being_handed_over_ends_the_session_before_and_makes_another(grocer: Grocer) -> None:
    browser = grocer.known("h0002")
    before = Browser(grocer.address, dict(browser.cookies))
    browser.post("/privacy/hand-over", {"token": signed({"alg": "EdDSA"}, claims(grocer))}, SITE)

    assert browser.cookies[cookies.CENTRE] != before.cookies[cookies.CENTRE]
    assert before.get("/privacy").place == "/privacy/sign-in"
    assert browser.get("/privacy").words.startswith("What we hold about you Household: h0001")


@pytest.mark.parametrize("origin", ["https://mallory.example", "null", ""])
def test_no_other_site_hands_anybody_over(grocer: Grocer, origin: str) -> None:
    """Else mallory's page could sign people in as mallory, who would then see what they choose."""
    token = signed({"alg": "EdDSA"}, claims(grocer))
    headers = {"Origin": origin} if origin else {}

    assert grocer.browser().post("/privacy/hand-over", {"token": token}, headers).status == 403
    assert sent(grocer, token).status == 303


def test_forms_of_other_sites_use_up_nobodys_attempts(grocer: Grocer) -> None:
    for _ in range(grocer.workspace.room.settings.serve_attempts_per_minute.__ceil__() + 1):
        grocer.browser().post("/privacy/hand-over", {"token": "x"}, {"Origin": "https://mallory.example"})

    assert sent(grocer, signed({"alg": "EdDSA"}, claims(grocer))).status == 303


def test_without_a_key_nobody_is_handed_over(grocer: Grocer) -> None:
    grocer.workspace.doors.room.settings.handover_key = ""

    assert sent(grocer, signed({"alg": "EdDSA"}, claims(grocer))).status == 403


def test_a_token_signed_by_rsa_is_taken_too() -> None:
    told = {"sub": "h0001", "aud": ["x", "pellucid"], "iat": 1000, "exp": 1060, "jti": "a"}
    read = handover.read(signed({"alg": "RS256"}, told, RSA), handover.load_key(pem(RSA)), "pellucid", 1_000_000_000)

    assert read == handover.HandedOver("h0001", None, "a", 1_060_000_000)


@pytest.mark.parametrize("key", ["", "x", pem(generate_private_key(65537, 1024))], ids=["none", "no key", "weak"])
def test_a_key_that_is_none_or_weak_is_refused(key: str) -> None:
    with pytest.raises(WorkspaceUnusable, match="no public key that can be used"):
        handover.load_key(key)
