"""Accounts by which members of the staff sign in without a provider: a password, a code by time, and recovery codes.

An account lets in a person whom the policy declares; which roles they have is the policy's to say, and nothing here.
It is made by whom it lets in, by an invitation (`governance.invitations`).
The secret of the codes is sealed under a key of the workspace, recovery codes are kept as keyed hashes.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from pellucid.governance import totp
from pellucid.governance.passwords import is_right
from pellucid.governance.sessions import CONSOLE, digest, end_all
from pellucid.records.web_tables import staff_accounts

RECOVERY_CODES = 8
RECOVERY_BYTES = 10
SEAL = b"pellucid staff code v1\0"

Seal = Callable[[bytes, bytes], bytes]
"""Seals, or opens, data bound to a context."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the person is told once: what their authenticator takes in, and codes for when it is lost."""

    name: str
    authenticator: str = field(repr=False)
    recovery: tuple[str, ...] = field(repr=False)

    @property
    def secret(self) -> bytes:
        """What codes are made from."""
        return totp.secret_of(self.authenticator)

    @property
    def typed(self) -> str:
        """The same as somebody types it in who has nothing that opens the address."""
        written = base64.b32encode(self.secret).decode()
        return " ".join(written[at : at + 4] for at in range(0, len(written), 4))


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is listed."""

    name: str
    made_by: str
    made_at: int
    recovery_left: int


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether password and code were right, and what changes if so; nothing has been written yet.

    `guessed`: the password was right, and the code was not.
    """

    right: bool
    name: str = ""
    values: tuple[tuple[str, object], ...] = ()
    read: tuple[object, ...] = ()
    guessed: bool = False


def new_secrets(name: str, issuer: str) -> Enrolled:
    """Return what an account will have beside its password; nothing is kept of it yet."""
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    codes = tuple(secrets.token_hex(RECOVERY_BYTES) for _ in range(RECOVERY_CODES))
    return Enrolled(name, totp.address_of(secret, name, issuer), codes)


def add_account(
    connection: Connection, key: bytes, seal: Seal, enrolled: Enrolled, password: str, step: int, by: str, now: int
) -> None:
    """Make the account of who showed the code of a `step`; `password` is its hash, `by` who invited them."""
    name = enrolled.name
    values = {
        "password": password,
        "totp": seal(SEAL + name.encode(), enrolled.secret),
        "totp_step": step,
        "recovery": json.dumps([_recovery(key, name, each) for each in enrolled.recovery]),
        "made_by": by,
        "made_at": now,
    }
    connection.execute(insert(staff_accounts).values(name=name, **values))


def delete_account(connection: Connection, name: str, now: int) -> bool:
    """Delete an account and end its sessions; return whether there was one. The caller logs it."""
    there = connection.execute(delete(staff_accounts).where(staff_accounts.c.name == name)).rowcount == 1
    end_all(connection, CONSOLE, {"person": name}, now)
    return there


def accounts(connection: Connection) -> tuple[Account, ...]:
    """Return the accounts there are, by name."""
    rows = connection.execute(select(staff_accounts).order_by(staff_accounts.c.name))
    return tuple(Account(row.name, row.made_by, row.made_at, len(json.loads(row.recovery))) for row in rows)


def check(row: Row[Any] | None, key: bytes, opened: Seal, name: str, password: str, code: str, now: int) -> Checked:
    """Return whether what was typed is right, for the account that was read, or none: all is worked out either way."""
    given = "".join(code.split())[:40]
    if row is None:
        is_right(None, password)
        totp.step_of(bytes(totp.SECRET_BYTES), given, 0, now)
        _recovery(key, name, given.casefold())
        return Checked(False)
    right = is_right(row.password, password)
    secret = opened(SEAL + name.encode(), bytes(row.totp))
    step = totp.step_of(secret, given, row.totp_step, now)
    left, spent = json.loads(row.recovery), _recovery(key, name, given.casefold())
    if not right or (step is None and spent not in left):
        return Checked(False, guessed=right)
    values: dict[str, object] = (
        {"totp_step": step} if step is not None else {"recovery": json.dumps([each for each in left if each != spent])}
    )
    return Checked(True, name, tuple(values.items()), (row.password, row.totp_step, row.recovery))


def read_account(connection: Connection, name: str) -> Row[Any] | None:
    """Return the row of an account, for `check`."""
    return _row(connection, name)


def take(connection: Connection, checked: Checked) -> bool:
    """Use up the code that was right; False if the account changed, or the code was used, since it was read."""
    row = _row(connection, checked.name) if checked.right else None
    if row is None or (row.password, row.totp_step, row.recovery) != checked.read:
        return False
    changed = update(staff_accounts).where(staff_accounts.c.name == checked.name)
    connection.execute(changed.values(dict(checked.values)))
    return True


def _row(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(staff_accounts).where(staff_accounts.c.name == name)).one_or_none()


def _recovery(key: bytes, name: str, code: str) -> str:
    return digest(key, "recovery", name, code).hex()
