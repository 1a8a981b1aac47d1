"""Members of the staff who take an invitation up: their password, and the codes of their authenticator."""

from __future__ import annotations

from sqlalchemy import update

from pellucid.governance import totp
from pellucid.governance.sessions import NewSession
from pellucid.governance.staff_accounts import Enrolled
from pellucid.records.web_tables import staff_accounts
from pellucid.workspace import Workspace
from pellucid.workspace.staff import Member, StaffDesk

PASSWORD = "ovens chart quiet river"
COOKIE = "e" * 43
"""What the browser shows that takes an invitation up."""


def enrolled_by(workspace: Workspace, name: str, *, anew: bool = False) -> Enrolled:
    """Let somebody of the staff take an invitation up, as a browser does; their next code is not used yet."""
    staff = workspace.staff
    secret = staff.invite(name, actor=workspace.actor("pia"), anew=anew).secret
    staff.accept(secret, PASSWORD, cookie=COOKIE)
    enrolled = staff.invited(secret, cookie=COOKIE).enrolled
    assert enrolled is not None
    staff.leave(signed_in(staff, staff.confirm(secret, code_of(enrolled.authenticator, workspace), cookie=COOKIE)))
    with workspace.room.database.write() as connection:
        connection.execute(update(staff_accounts).where(staff_accounts.c.name == name).values(totp_step=0))
    return enrolled


def signed_in(staff: StaffDesk, made: NewSession) -> Member:
    """Return who a new session is of."""
    member = staff.member(made.secret)
    assert member is not None
    return member


def code_of(authenticator: str, workspace: Workspace, later: int = 0) -> str:
    """Return the code that an authenticator shows now, or some steps later."""
    return totp.code_at(totp.secret_of(authenticator), workspace.room.clock() // totp.STEP + later)
