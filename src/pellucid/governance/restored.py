"""Accounts of the staff after a restore: what the log tells of them since the backup holds, and nothing older does.

The accounts in a backup are as old as it is. A password that was renewed, an account that was removed and a recovery
code that was used since would let in again. What came in their place is in no journal, since it is secret: so who is
concerned is invited anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, case, delete, func, insert, select, update

from pellucid.governance.sessions import CONSOLE
from pellucid.governance.totp import DRIFT, STEP
from pellucid.records.web_tables import staff_accounts, staff_invitations

Entry = Mapping[str, Any]
ENDING = ("staff.account-removed", "staff.account-made")
"""What is logged of an account that no longer is the one before it; so is an invitation to renew it."""


def bring_up(connection: Connection, entries: Iterable[Entry], now: int, *, lost: bool) -> tuple[str, ...]:
    """End the accounts that may let in no longer, and return whose; `entries` are those since the backup, in order.

    With `lost` nobody knows what happened since, and all of them end. Those that stay take no code that was used.
    """
    columns, ended, signed_in = staff_accounts.c, set[str](), set[str]()
    for entry in entries:
        action, body = entry["action"], entry["body"]
        if action in ENDING or (action == "staff.invited" and body["anew"]):
            ended.add(body["person"])
        if action == "staff.account-made":
            _note_taken(connection, entry)
        if action == "sign-in.done" and (body.get("door"), body.get("how")) == (CONSOLE.name, "account"):
            signed_in.add(entry["actor"]["name"])
    held = tuple(connection.scalars(select(columns.name).order_by(columns.name)))
    gone = held if lost else tuple(name for name in held if name in ended)
    connection.execute(delete(staff_accounts).where(columns.name.in_(gone)))
    # By a recovery code, as far as anybody can tell.
    connection.execute(update(staff_accounts).where(columns.name.in_(sorted(signed_in))).values(recovery="[]"))
    newest = now // STEP + DRIFT
    later = case((columns.totp_step > newest, columns.totp_step), else_=newest)
    connection.execute(update(staff_accounts).values(totp_step=later))
    return gone


def _note_taken(connection: Connection, entry: Entry) -> None:
    """Note who let in whom, which two people are told apart by (`audit.four_eyes`); the link itself holds no more."""
    body, at, columns = entry["body"], entry["at"], staff_invitations.c
    one = columns.id == body["invitation"]
    if connection.scalar(select(func.count()).select_from(staff_invitations).where(one)):
        used = {"used_at": at, "password": None, "secrets": None}
        connection.execute(update(staff_invitations).where(one).values(used))
        return
    of_nobody = {"digest": secrets.token_bytes(32), "made_at": at, "ends_at": at, "used_at": at}
    who = {"id": body["invitation"], "person": body["person"], "made_by": body["invited_by"]}
    connection.execute(insert(staff_invitations).values(of_nobody | who))
