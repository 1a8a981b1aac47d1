"""After a restore no member of the staff is let in by what holds no longer, and after a loss none at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from pellucid.errors import NotPermitted
from pellucid.workspace import Workspace
from tests.backups.conftest import LATER, Saved, rows
from tests.insights.conftest import Desk
from tests.web.enrolling import PASSWORD, code_of, enrolled_by

AFTER = LATER + 90_000_000
"""When codes are of later steps than any that may have been used before the restore."""
ACCOUNTS = "SELECT name, recovery FROM staff_accounts ORDER BY name"
TAKEN = "SELECT id, person, made_by, used_at FROM staff_invitations WHERE used_at IS NOT NULL ORDER BY id"


def back_up(desk: Desk, folder: Path) -> Saved:
    saved = Saved(desk, folder)
    desk.workspace.backup(saved.backup, actor=desk.pia, keys=saved.keys, journal=saved.journal)
    return saved


def is_let_in(workspace: Workspace, name: str, code: str) -> bool:
    """Return whether somebody is let in by their password and a code."""
    try:
        workspace.staff.sign_in(name, PASSWORD, code, address=code)
    except NotPermitted as error:
        assert error.code == "sign-in-wrong"
        return False
    return True


@pytest.mark.slow
def test_what_was_renewed_removed_or_used_since_lets_nobody_in(desk: Desk, tmp_path: Path) -> None:
    workspace = desk.workspace
    for name in ("ana", "omar"):
        enrolled_by(workspace, name)
    pia = enrolled_by(workspace, "pia")
    saved = back_up(desk, tmp_path)
    enrolled_by(workspace, "ana", anew=True)
    workspace.staff.remove("omar", actor=desk.pia)
    assert is_let_in(workspace, "pia", pia.recovery[0]) is True
    done = saved.restore(saved.journal)

    assert (done.invite_again, rows(saved.new, ACCOUNTS)) == (("ana", "omar"), [("pia", "[]")])
    assert rows(saved.new, TAKEN) == rows(workspace.room.folder, TAKEN)
    with Workspace(saved.new, clock=lambda: LATER) as there:
        assert is_let_in(there, "pia", code_of(pia.authenticator, there)) is False  # it may have been used before
    with Workspace(saved.new, clock=lambda: AFTER) as there:
        assert is_let_in(there, "pia", pia.recovery[0]) is False
        assert is_let_in(there, "pia", code_of(pia.authenticator, there)) is True


def test_after_an_accepted_loss_no_account_is_left(desk: Desk, tmp_path: Path) -> None:
    enrolled_by(desk.workspace, "ana")
    saved = back_up(desk, tmp_path)
    done = saved.restore(loss="The house burnt down.")

    assert (done.invite_again, rows(saved.new, ACCOUNTS)) == (("ana",), [])
