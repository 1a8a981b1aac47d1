"""What of the log ends an account in a restored workspace, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from pellucid.governance.restored import bring_up
from pellucid.governance.staff_accounts import accounts, add_account, new_secrets
from pellucid.governance.totp import STEP
from pellucid.records.database import Database
from pellucid.records.web_tables import staff_accounts, staff_invitations

NOW = 1_800_000_000_000_000
ANA = {"person": "ana"}


def entry(action: str, actor: str = "pia", **body: object) -> dict[str, Any]:
    return {"action": action, "actor": {"name": actor}, "at": NOW - 1, "body": body}


MADE = entry("staff.account-made", "ana", **ANA, invitation="0123", invited_by="pia")
SIGNED_IN = entry("sign-in.done", "ana", door="console", how="account")


@pytest.fixture
def made(control: Database) -> Database:
    """A control database with accounts of two, each with eight recovery codes."""
    with control.write() as connection:
        for name in ("ana", "pia"):
            secrets = new_secrets(name, "shop")
            add_account(connection, b"k", lambda _context, data: data, secrets, "x", 7, "pia", NOW - STEP)
    return control


@pytest.mark.parametrize(
    ("told", "ended"),
    [
        ([], ()),
        ([entry("staff.account-removed", **ANA)], ("ana",)),
        ([entry("staff.invited", **ANA, anew=True)], ("ana",)),
        ([entry("staff.invited", person="omar", anew=False)], ()),
        ([MADE], ("ana",)),
        ([SIGNED_IN, entry("consent.object")], ()),
    ],
    ids=["nothing", "removed", "renewed", "somebody else invited", "made anew", "signed in"],
)
def test_an_account_ends_if_the_log_says_that_it_is_not_the_one_of_the_backup(
    made: Database, told: list[dict[str, Any]], ended: tuple[str, ...]
) -> None:
    with made.write() as connection:
        assert bring_up(connection, told, NOW, lost=False) == ended
        assert {each.name for each in accounts(connection)} == {"ana", "pia"} - set(ended)


def test_after_a_loss_every_account_ends(made: Database) -> None:
    with made.write() as connection:
        assert bring_up(connection, [], NOW, lost=True) == ("ana", "pia")
        assert accounts(connection) == ()


def test_who_signed_in_has_no_recovery_codes_left_and_nobody_a_code_of_now(made: Database) -> None:
    with made.write() as connection:
        bring_up(connection, [SIGNED_IN, entry("sign-in.done", "pia", door="console", how="openid")], NOW, lost=False)
        assert [(each.name, each.recovery_left) for each in accounts(connection)] == [("ana", 0), ("pia", 8)]
        assert set(connection.scalars(select(staff_accounts.c.totp_step))) == {NOW // STEP + 1}


def test_who_let_in_whom_is_known_again_and_by_that_link_nobody_comes_in(made: Database) -> None:
    columns = staff_invitations.c
    with made.write() as connection:
        bring_up(connection, [MADE], NOW, lost=False)
        bring_up(connection, [MADE], NOW, lost=False)
        found = connection.execute(select(columns.person, columns.made_by, columns.used_at, columns.secrets)).all()
    assert [tuple(row) for row in found] == [("ana", "pia", NOW - 1, None)]
