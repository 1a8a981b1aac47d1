"""Tokens: who makes them, what is kept of them, and what the log is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from pellucid.errors import InputInvalid, NameUnknown, NotJournaled, NotPermitted, PellucidError, RecordingFailed
from pellucid.governance.refusals import APART, Refusals
from pellucid.governance.tokens import DAY
from pellucid.policy.decide import ACTIONS, may
from pellucid.policy.model import Actor
from pellucid.policy.scopes import SCOPES
from pellucid.records.tables import api_tokens
from pellucid.workspace import Workspace
from tests.web.conftest import Shop
from tests.web.test_server import command

Step = Callable[[Shop], Any]


def create(shop: Shop, name: str = "till", *scopes: str, days: int = 30, actor: str = "pia") -> str:
    made = shop.workspace.tokens.create(
        name, scopes or ("consent:write",), actor=shop.workspace.actor(actor), days=days
    )
    return made.secret


CASES: list[tuple[str, Step, tuple[str, ...]]] = [
    ("make", lambda s: create(s), ("token.created",)),
    ("make, by an analyst", lambda s: create(s, actor="ana"), ("access.refused",)),
    ("make another of that name", lambda s: create(s), ()),
    ("make one with an unknown scope", lambda s: create(s, "b", "consent:erase"), ()),
    ("list", lambda s: s.workspace.tokens.list(actor=s.workspace.actor("pia")), ()),
    ("list, by an analyst", lambda s: s.workspace.tokens.list(actor=s.workspace.actor("ana")), ("access.refused",)),
    ("let in", lambda s: s.workspace.tokens.let_in(create(s, "c")), ("token.created",)),
    ("let in nobody", lambda s: s.workspace.tokens.let_in("x"), ("token.refused",)),
    ("let in nobody again, within the minute", lambda s: s.workspace.tokens.let_in("x"), ()),
    ("revoke", lambda s: s.workspace.tokens.revoke(_id(s), actor=s.workspace.actor("pia")), ("token.revoked",)),
    ("revoke again", lambda s: s.workspace.tokens.revoke(_id(s), actor=s.workspace.actor("pia")), ()),
    (
        "revoke, by an analyst",
        lambda s: s.workspace.tokens.revoke("x", actor=s.workspace.actor("ana")),
        ("access.refused",),
    ),
    ("show", lambda s: s.workspace.programs.show("h0001", actor=_program("consent:show")), ("consent.shown",)),
    ("show, without the scope", lambda s: s.workspace.programs.show("h0001", actor=_program()), ("access.refused",)),
    ("changes", lambda s: s.workspace.consent.changes(0, 9, actor=_program("consent:changes")), ()),
    (
        "changes, by an analyst",
        lambda s: s.workspace.consent.changes(0, 9, actor=_ana(s)),
        ("access.refused",),
    ),
]


def _ana(shop: Shop) -> Actor:
    return shop.workspace.actor("ana")


def _id(shop: Shop) -> str:
    return shop.workspace.tokens.list(actor=shop.workspace.actor("pia"))[0].id


def _program(*scopes: str) -> Actor:
    return Actor("program", "till", scopes, "token:x")


def test_every_use_case_appends_exactly_its_entries(shop: Shop) -> None:
    for name, step, appends in CASES:
        before = len(shop.actions())
        try:
            step(shop)
        except PellucidError:
            assert appends in ((), ("access.refused",), ("token.refused",)), name
        assert (name, tuple(shop.actions()[before:])) == (name, appends)


def test_what_is_kept_of_a_token_lets_nobody_in(shop: Shop) -> None:
    secret = create(shop)
    with shop.workspace.room.database.read() as connection:
        row = connection.execute(select(api_tokens)).one()
    kept = b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in row)

    assert secret.split("_", 2)[2].encode() not in kept
    assert (shop.folder / "keys" / "tokens.key").stat().st_mode & 0o777 == 0o600
    assert all(secret not in str(entry) for entry in shop.entries())


def test_a_token_is_recognised_by_every_process_and_in_no_other_workspace(shop: Shop) -> None:
    secret = create(shop)
    with Workspace(shop.folder) as other:
        assert other.tokens.let_in(secret).name == "till"
    (shop.folder / "keys" / "tokens.key").unlink()
    with (
        Workspace(shop.folder) as other,
        pytest.raises(NotPermitted, match=r"^This token is none of this workspace\.$"),
    ):
        other.tokens.let_in(secret)


@pytest.mark.parametrize("place", [0, 10, 30, -1])
def test_a_token_with_one_letter_changed_is_none(shop: Shop, place: int) -> None:
    secret = create(shop)
    wrong = list(secret)
    wrong[place] = "a" if wrong[place] != "a" else "b"
    with pytest.raises(NotPermitted, match=r"^This token is none of this workspace\.$"):
        shop.workspace.tokens.let_in("".join(wrong))


def test_a_token_ends(shop: Shop) -> None:
    secret = create(shop, days=1)
    now = shop.workspace.room.clock()
    with Workspace(shop.folder, clock=lambda: now + DAY) as later, pytest.raises(NotPermitted) as refused:
        later.tokens.let_in(secret)
    assert refused.value.code == "token-expired"


@pytest.mark.parametrize("name", ["", "Till", "a b", "till@example.com", "x" * 41])
def test_a_name_that_is_none_is_refused(shop: Shop, name: str) -> None:
    with pytest.raises(InputInvalid, match=r"^A token cannot be called"):
        create(shop, name)


@pytest.mark.parametrize("days", [0, 3651])
def test_a_token_lasts_for_a_while(shop: Shop, days: int) -> None:
    with pytest.raises(InputInvalid, match=r"^A token needs at least one scope and 1 to 3650 days: got 1 and"):
        create(shop, days=days)


def test_an_unknown_scope_is_refused(shop: Shop) -> None:
    with pytest.raises(NameUnknown, match=r"^There is no scope 'consent:erase'"):
        create(shop, "till", "consent:write", "consent:erase")


def test_a_scope_permits_its_actions_and_no_other(shop: Shop) -> None:
    policy = shop.workspace.policy.active()
    for name, scope in SCOPES.items():
        permitted = {action for action in ACTIONS if may(policy, _program(name), action) is None}
        assert permitted == (frozenset() if scope.as_person else scope.actions)


def test_roles_are_no_scopes_and_scopes_no_roles(shop: Shop) -> None:
    policy = shop.workspace.policy.active()
    assert may(policy, _program("officer"), "consent-record") is not None
    assert may(policy, Actor("staff", "mallory", ("consent:write",), "x"), "consent-record") is not None


def test_refusals_are_counted_and_logged_once_a_minute(shop: Shop) -> None:
    time = [0]
    refusals = Refusals(shop.workspace.room.database, lambda: time[0])
    for _ in range(5):
        refusals.count("token-unknown")
    refusals.count("token-missing")
    time[0] = APART
    refusals.flush()
    time[0] = 3 * APART
    refusals.flush_all()
    refusals.count("token-unknown")

    told = [(each["body"]["reasons"], each["body"]["number"]) for each in shop.entries()[-4:]]
    assert told == [(["token-unknown"], 1), (["token-missing"], 1), (["token-unknown"], 4), (["token-unknown"], 1)]


def test_refusals_that_could_not_be_logged_are_counted_on_and_logged_once(shop: Shop) -> None:
    time, database = [0], shop.workspace.room.database
    refusals = Refusals(database, lambda: time[0])
    refusals.count("token-unknown")
    refusals.count("token-unknown")

    def away() -> None:
        raise RecordingFailed("away", code="journal-unreachable")

    there, database.before_write = database.before_write, away
    for _ in range(2):
        time[0] += APART
        with pytest.raises(RecordingFailed, match="away"):
            refusals.flush()
        refusals.count("token-unknown")  # within the minute: nobody waits for what is away
    with pytest.raises(RecordingFailed, match="away"):
        refusals.count("token-missing")
    with pytest.raises(RecordingFailed, match="away"):
        refusals.flush_all()
    database.before_write = there
    refusals.flush_all()
    refusals.flush_all()

    told = [(each["body"]["reasons"], each["body"]["number"]) for each in shop.entries()[-3:]]
    assert told == [(["token-unknown"], 1), (["token-unknown"], 3), (["token-missing"], 1)]


def test_refusals_that_are_logged_and_in_no_journal_are_not_logged_twice(shop: Shop) -> None:
    database = shop.workspace.room.database
    refusals = Refusals(database, lambda: 0)

    def behind() -> None:
        raise NotJournaled("behind")

    carry, database.after_commit = database.after_commit, behind
    with pytest.raises(NotJournaled, match="behind"):
        refusals.count("token-unknown")
    database.after_commit = carry
    refusals.flush_all()

    assert shop.actions().count("token.refused") == 1


def test_a_clock_set_back_does_not_silence_refusals(shop: Shop) -> None:
    time = [10 * APART]
    refusals = Refusals(shop.workspace.room.database, lambda: time[0])
    refusals.count("token-unknown")
    time[0] = 0
    refusals.count("token-unknown")

    assert shop.actions()[-2:] == ["token.refused", "token.refused"]


@pytest.mark.slow
def test_the_command_line_makes_lists_and_revokes(shop: Shop) -> None:
    made = command(shop, "serve", "token", "create", "till", "--scope", "consent:write", "--scope", "consent:show")
    secret = made.stdout.strip()
    assert (made.returncode, shop.workspace.tokens.let_in(secret).scopes) == (0, ("consent:write", "consent:show"))
    listed = command(shop, "serve", "token", "list")
    assert ("till" in listed.stdout, "valid" in listed.stdout, secret in listed.stdout) == (True, True, False)
    assert command(shop, "serve", "token", "revoke", secret.split("_")[1]).stdout.startswith("Revoked the token")
    assert "revoked" in command(shop, "serve", "token", "list").stdout
