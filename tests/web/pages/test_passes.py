"""Links by which whoever runs a workspace lets somebody in on this machine: once, at one door, within the hour."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pellucid.errors import NameUnknown, NotPermitted
from pellucid.settings import Settings
from pellucid.workspace import Workspace
from tests.web.visitors import Grocer

MINUTE = 60_000_000


def customers(grocer: Grocer, key: str = "h0001") -> str:
    return grocer.workspace.passes.for_customer(key, actor=grocer.workspace.actor("pia"))


def staffs(grocer: Grocer, name: str = "pia") -> str:
    return grocer.workspace.passes.for_staff(name, actor=grocer.workspace.actor("pia"))


def used(grocer: Grocer, path: str) -> tuple[int, str]:
    done = grocer.browser().submit(path, path)
    return done.status, done.place


def test_a_customer_comes_in_by_the_button_and_not_by_opening_the_link(grocer: Grocer) -> None:
    path, browser = f"/privacy/pass/{customers(grocer)}", grocer.browser()
    for _ in range(3):
        assert browser.get(path).status == 200

    done = browser.submit(path, path)

    assert (done.status, done.place) == (303, "/privacy")
    assert "h0001" in browser.get("/privacy").words
    assert used(grocer, path) == (403, "")


def test_somebody_of_the_staff_comes_in_once(grocer: Grocer) -> None:
    path, browser = f"/staff/pass/{staffs(grocer)}", grocer.browser()

    done = browser.submit(path, path)

    assert (done.status, done.place) == (303, "/staff")
    assert browser.get("/staff").status == 200
    assert used(grocer, path) == (403, "")


def test_a_pass_is_for_one_door(grocer: Grocer) -> None:
    assert used(grocer, f"/staff/pass/{customers(grocer)}") == (403, "")
    assert used(grocer, f"/privacy/pass/{staffs(grocer)}") == (403, "")


def test_an_altered_pass_lets_nobody_in(grocer: Grocer) -> None:
    token = customers(grocer)
    for altered in (
        token[:-1],
        ("B" if token[0] == "A" else "A") + token[1:],
        token[:40] + ("B" if token[40] != "B" else "C") + token[41:],
        "x" * 99,
    ):
        assert used(grocer, f"/privacy/pass/{altered}") == (403, "")


def test_a_pass_tells_nobody_whom_it_is_for(grocer: Grocer) -> None:
    first, second = customers(grocer), customers(grocer)

    assert first != second
    assert [each for each in (b"h0001", b"household") if each in urlsafe_b64decode(f"{first}==")] == []


def test_the_log_tells_who_made_a_pass_for_whom_and_that_it_was_used(grocer: Grocer) -> None:
    path = f"/staff/pass/{staffs(grocer, 'mallory')}"
    grocer.browser().submit(path, path)

    made, begun = grocer.entries()[-2:]
    assert (made["action"], made["actor"]["name"], made["body"]) == (
        "sign-in.pass-made",
        "pia",
        {"door": "console", "person": "mallory"},
    )
    assert (begun["action"], begun["actor"]["name"], begun["body"]["how"]) == ("sign-in.done", "mallory", "pass")


@pytest.mark.parametrize("door", ["privacy", "staff"])
def test_a_pass_that_was_taken_already_is_refused_and_the_log_says_so(grocer: Grocer, door: str) -> None:
    path = f"/{door}/pass/{customers(grocer) if door == 'privacy' else staffs(grocer)}"
    assert used(grocer, path)[0] == 303
    assert grocer.actions()[-1] == "sign-in.done"

    assert used(grocer, path) == (403, "")
    assert grocer.actions()[-1] == "sign-in.refused"


def test_a_pass_is_for_people_who_are_there(grocer: Grocer) -> None:
    with pytest.raises(NameUnknown, match="person"):
        staffs(grocer, "nobody")
    with pytest.raises(NameUnknown, match="subject"):
        customers(grocer, "h9999")


def test_who_may_not_manage_accounts_or_hand_out_copies_makes_no_pass(grocer: Grocer) -> None:
    mallory = grocer.workspace.actor("mallory")
    with pytest.raises(NotPermitted):
        grocer.workspace.passes.for_staff("pia", actor=mallory)
    with pytest.raises(NotPermitted):
        grocer.workspace.passes.for_customer("h0001", actor=mallory)


def test_a_pass_ends_after_an_hour(grocer: Grocer) -> None:
    token, now = customers(grocer), grocer.now()
    with (
        as_set(grocer.workspace.folder, Settings(), now + 61 * MINUTE) as later,
        pytest.raises(NotPermitted, match="lets nobody in"),
    ):
        later.passes.enter_centre(token, address="127.0.0.1")
    with as_set(grocer.workspace.folder, Settings(), now + 59 * MINUTE) as sooner:
        assert sooner.passes.enter_centre(token, address="127.0.0.1").session.how == "pass"


@pytest.mark.parametrize("set_so", [{"public_url": "https://privacy.example"}, {"production": True}])
def test_where_people_come_from_elsewhere_no_pass_is_made_or_taken(grocer: Grocer, set_so: dict[str, object]) -> None:
    token = customers(grocer)
    with as_set(grocer.workspace.folder, Settings(**set_so), grocer.now()) as elsewhere:
        pia = elsewhere.actor("pia")
        for act in (
            lambda: elsewhere.passes.for_staff("pia", actor=pia),
            lambda: elsewhere.passes.for_customer("h0001", actor=pia),
            lambda: elsewhere.passes.enter_centre(token, address="127.0.0.1"),
        ):
            with pytest.raises(NotPermitted, match="on this machine only"):
                act()


@contextmanager
def as_set(folder: Path, settings: Settings, now: int) -> Iterator[Workspace]:
    with Workspace(folder, settings, clock=lambda: now) as workspace:
        yield workspace
