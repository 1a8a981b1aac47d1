"""Coming in by a provider, for the guard of the log: a provider on this machine, and whoever it names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pellucid.settings import Settings
from pellucid.workspace import Workspace
from pellucid.workspace.openid import Door, OpenIdDesk
from tests.audit.door_cases import COOKIE, REFUSED, SIGNED_IN, Case
from tests.web.provider import approve, running_provider, with_provider


def _with(w: Workspace, person: dict[str, Any], act: Callable[[OpenIdDesk], object]) -> object:
    """Do something while there is a provider, which names a person."""
    with running_provider() as provider:
        provider.person = person
        before = w.room.settings.model_copy()
        _set(w.room.settings, Settings.model_validate(with_provider(provider, "http://127.0.0.1:1")))
        try:
            return act(OpenIdDesk(w.room, lambda: w.doors.key, lambda: w.doors.refusals))
        finally:
            _set(w.room.settings, before)


def _set(settings: Settings, wanted: Settings) -> None:
    for name in (each for each in Settings.model_fields if "openid" in each or each == "public_url"):
        setattr(settings, name, getattr(wanted, name))


def _entered(w: Workspace, door: Door, person: dict[str, Any]) -> object:
    def act(desk: OpenIdDesk) -> object:
        back = approve(desk.begin(door, cookie=COOKIE))
        enter = {"centre": desk.enter_centre, "console": desk.enter_console}[door]
        return enter(dict(parse_qsl(urlsplit(back).query)), cookie=COOKIE, address="here")

    return _with(w, person, act)


def _strange(w: Workspace, door: Door) -> object:
    def act(desk: OpenIdDesk) -> object:
        enter = {"centre": desk.enter_centre, "console": desk.enter_console}[door]
        return enter({"state": "x", "code": "y"}, cookie=COOKIE, address="here")

    return _with(w, {}, act)


OPENID_CASES: list[Case] = [
    ("openid.title", lambda w: w.openid.title("centre"), (), False),
    ("openid.leave_address", lambda w: w.openid.leave_address("console"), (), False),
    ("openid.begin", lambda w: w.openid.begin("centre", cookie=COOKIE), (), True),
    ("openid.begin", lambda w: _with(w, {}, lambda desk: desk.begin("console", cookie=COOKIE)), (), False),
    ("openid.is_begun", lambda w: _with(w, {}, lambda desk: desk.is_begun("centre", {}, cookie=COOKIE)), (), False),
    ("openid.enter_centre", lambda w: _entered(w, "centre", {"sub": "h5"}), SIGNED_IN, False),
    ("openid.enter_centre", lambda w: _entered(w, "centre", {"sub": "nobody"}), REFUSED, True),
    ("openid.enter_centre", lambda w: _strange(w, "centre"), REFUSED, True),
    ("openid.enter_console", lambda w: _entered(w, "console", {"sub": "pia", "amr": ["mfa"]}), SIGNED_IN, False),
    ("openid.enter_console", lambda w: _entered(w, "console", {"sub": "pia"}), REFUSED, True),
    ("openid.enter_console", lambda w: _strange(w, "console"), REFUSED, True),
]
