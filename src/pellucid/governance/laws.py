"""Which laws decide: packs that the controller signed off, and figures it answers for itself. Each change is one
transaction that makes every permitted set anew, and stands in the log.

A pack decides as it was when it was signed off, whatever a later pellucid ships. What laws say: `pellucid.regulations`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection, insert, select

from pellucid.audit.entry import AuditEntry, LogReceipt
from pellucid.audit.log import append
from pellucid.consent.register import LAWS_VERSION, rebuild
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.failpoints import reach
from pellucid.policy.model import Actor, Policy
from pellucid.records.database import Database
from pellucid.records.kept import keep
from pellucid.records.tables import law_marks, law_packs
from pellucid.regulations.model import Law, Laws, Override

SIGNED_OFF, WITHDRAWN, OVERRIDDEN, RESTORED = "signed-off", "withdrawn", "overridden", "restored"

Values = Mapping[str, object]
"""Columns of `law_marks`."""

_CACHE: dict[str, Laws] = {}
_CACHE_KEPT = 8


@dataclass(frozen=True, slots=True)
class LawsChanged:
    """What came into force: the version of all laws that decide, the register version it made, and its log entry."""

    version: str
    register_version: int
    log: LogReceipt


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands for a law (`field` empty) or for one of its fields: decided by whom, when and why."""

    law: str
    state: str
    reason: str
    made_by: str
    at: int
    version: str = ""
    field: str = ""
    override: Override | None = None


def laws_in_force(connection: Connection, version: str) -> Laws:
    """Return the laws that decide; `version` is what the control database says is in force, "" for none.

    Raises InputInvalid if what is stored is not of that version.
    """
    if not version:
        return Laws()
    if version not in _CACHE:
        laws = _read(connection)
        if laws.version != version:
            raise InputInvalid(
                "The stored laws are not those that were signed off.",
                remedy="Restore the control database from a backup, or sign the laws off again.",
                code="laws-damaged",
            )
        if len(_CACHE) >= _CACHE_KEPT:
            _CACHE.clear()
        _CACHE[version] = laws
    return _CACHE[version]


def marks(connection: Connection) -> tuple[Mark, ...]:
    """Return what stands for each law and field, in the order in which it was decided."""
    standing: dict[tuple[str, str], Mark] = {}
    for row in connection.execute(select(law_marks).order_by(law_marks.c.sequence)):
        override = None
        if row.state == OVERRIDDEN:
            value = json.loads(row.value)
            said = tuple(value) if isinstance(value, list) else value
            dates = (_day(row.since), _day(row.until))
            override = Override(row.law, row.field, said, row.cite, *dates, row.reason, row.made_by)
        key = (row.law, row.field or "")
        standing.pop(key, None)
        standing[key] = Mark(
            row.law, row.state, row.reason, row.made_by, row.at, row.version or "", row.field or "", override
        )
    return tuple(standing.values())


def sign_off(database: Database, law: Law, policy: Policy, actor: Actor, reason: str, now: int) -> LawsChanged:
    """Let a pack decide from now on, in place of any earlier version of the same law.

    Who may is the caller's to check. Raises InputInvalid without a reason, or if that very version is signed off.
    """
    from pellucid.regulations.load import to_canonical  # noqa: PLC0415  -- YAML: questions need it not

    def values(connection: Connection) -> Values:
        if any((mark.version, mark.state) == (law.version, SIGNED_OFF) for mark in marks(connection)):
            raise InputInvalid(
                f"This version of {law.id!r} is signed off already.",
                code="law-signed-off",
                remedy="See `pellucid regulations list`.",
            )
        if connection.scalar(select(law_packs.c.version).where(law_packs.c.version == law.version)) is None:
            connection.execute(insert(law_packs).values(version=law.version, law=law.id, content=to_canonical(law)))
        return {"law": law.id, "state": SIGNED_OFF, "version": law.version}

    return _decide(database, values, policy, actor, reason, now)


def withdraw(database: Database, name: str, policy: Policy, actor: Actor, reason: str, now: int) -> LawsChanged:
    """Let a law decide no more; raises NameUnknown if it does not decide."""

    def values(connection: Connection) -> Values:
        _demand_deciding(connection, name)
        return {"law": name, "state": WITHDRAWN}

    return _decide(database, values, policy, actor, reason, now)


def override(database: Database, said: Override, policy: Policy, actor: Actor, now: int) -> LawsChanged:
    """Let a figure of the controller's stand in place of a law's; raises NameUnknown if the law does not decide."""

    def values(connection: Connection) -> Values:
        _demand_deciding(connection, said.law)
        return {
            "law": said.law,
            "state": OVERRIDDEN,
            "field": said.field,
            "value": json.dumps(said.value),
            "cite": said.cite,
            "since": None if said.since is None else said.since.isoformat(),
            "until": None if said.until is None else said.until.isoformat(),
        }

    return _decide(database, values, policy, actor, said.reason, now)


def restore(
    database: Database, name: str, field: str, policy: Policy, actor: Actor, reason: str, now: int
) -> LawsChanged:
    """Let a law's own figure stand again; raises NameUnknown if it was not overridden."""

    def values(connection: Connection) -> Values:
        standing = [mark.field for mark in marks(connection) if mark.law == name and mark.state == OVERRIDDEN]
        if field not in standing:
            raise NameUnknown("overridden field", field, standing, remedy="See `pellucid regulations list`.")
        return {"law": name, "state": RESTORED, "field": field}

    return _decide(database, values, policy, actor, reason, now)


def _decide(
    database: Database, values: Callable[[Connection], Values], policy: Policy, actor: Actor, reason: str, now: int
) -> LawsChanged:
    """Note what `values` says of a decision, after its own checks, with all that follows: one transaction."""
    if not reason.strip():
        raise InputInvalid("A decision about a law needs its reason.", code="law-reason", remedy="Give --reason.")
    with database.write() as connection:
        changed = _decided(connection, policy, actor, values(connection), reason, now)
    reach("laws.after-commit")
    return changed


def _decided(
    connection: Connection, policy: Policy, actor: Actor, values: Values, reason: str, now: int
) -> LawsChanged:
    """Note the decision, make every set anew under the laws that come of it, and log it."""
    connection.execute(insert(law_marks).values(**values, reason=reason, made_by=actor.name, at=now))
    laws = _read(connection)
    keep(connection, LAWS_VERSION, laws.version)
    reach("laws.marked")
    register_version = rebuild(connection, replace(policy, laws=laws), now)
    body = {name: value for name, value in values.items() if value is not None and name != "state"}
    body |= {"laws": laws.version, "register_version": register_version, "reason": reason}
    entry = AuditEntry(f"law.{values['state']}", actor, now, body=body)
    receipt = append(connection, entry)
    reach("laws.before-commit")
    return LawsChanged(laws.version, register_version, receipt)


def _read(connection: Connection) -> Laws:
    from pellucid.regulations.load import from_canonical  # noqa: PLC0415  -- only where laws decide

    standing = marks(connection)
    signed = [mark.version for mark in standing if mark.state == SIGNED_OFF]
    where = law_packs.c.version.in_(signed)
    stored = connection.execute(select(law_packs.c.version, law_packs.c.content).where(where).order_by(law_packs.c.law))
    packs = tuple(from_canonical(bytes(row.content)) for row in stored)
    if sorted(pack.version for pack in packs) != sorted(signed):
        raise InputInvalid(
            "A law that was signed off is not stored as it was.",
            remedy="Restore the control database from a backup, or sign the law off again.",
            code="laws-damaged",
        )
    deciding = {pack.id for pack in packs}
    overrides = tuple(mark.override for mark in standing if mark.override is not None and mark.law in deciding)
    return Laws(packs, overrides)


def _demand_deciding(connection: Connection, name: str) -> None:
    deciding = [mark.law for mark in marks(connection) if mark.state == SIGNED_OFF]
    if name not in deciding:
        raise NameUnknown("law that decides", name, deciding, remedy="Sign it off: `pellucid regulations sign-off`.")


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
