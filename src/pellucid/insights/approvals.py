"""Insights whose exact figures may leave: proposed by one person, approved by another, void when anything changed.

An approval is bound to the hash of SQL, purpose and policy version. Nothing is run here, and no figure is stored.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from pellucid.audit.entry import AuditEntry, LogReceipt
from pellucid.audit.four_eyes import why_not_another
from pellucid.audit.log import append, entry_at
from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.policy.model import Actor
from pellucid.records.tables import insight_proposals as table

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class State(StrEnum):
    """What became of a proposal. VOID is never stored: an approval that another policy was in force for."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    REPLACED = "replaced"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Proposal:
    """An insight as it was proposed. `plan` says in plain words what it reads and releases, `attempts` what was tried.

    `fingerprint` is the hash of SQL, purpose and policy version that an approval is bound to.
    """

    sequence: int
    name: str
    title: str
    purpose: str
    sql: str
    fingerprint: str
    policy: str
    plan: tuple[str, ...]
    attempts: tuple[Mapping[str, object], ...]
    proposed_by: str
    proposed_at: int
    state: State
    decided_by: str | None = None
    decided_at: int | None = None
    reason: str = ""

    def to_json(self) -> dict[str, object]:
        """Return a JSON-ready dict of the same shape as the fields."""
        held = {name: getattr(self, name) for name in self.__slots__}
        return held | {"plan": list(self.plan), "attempts": [dict(each) for each in self.attempts]}


@dataclass(frozen=True, slots=True)
class Approved:
    """What a run is bound to: an approved proposal, and the secret under which its releases are compared."""

    sequence: int
    fingerprint: str
    identity: str
    secret: str = field(repr=False)


def fingerprint_of(sql: str, purpose: str, policy: str) -> str:
    """Return the hash that an approval is bound to."""
    return hashlib.sha256(json.dumps([sql, purpose, policy]).encode()).hexdigest()


def identity_of(sql: str, purpose: str) -> str:
    """Return the hash by which releases are compared: the same SQL for the same purpose, under any name and policy."""
    return hashlib.sha256(json.dumps([sql, purpose]).encode()).hexdigest()


def demand_name(name: str) -> None:
    """Raise InputInvalid unless it can be the name of an insight."""
    if _NAME.fullmatch(name) is None:
        raise InputInvalid(
            f"An insight cannot be called {name[:80]!r}.",
            code="insight-name",
            remedy="Use up to 63 small letters, digits and hyphens.",
        )


def store(connection: Connection, proposal: Proposal, actor: Actor, shape: Mapping[str, object]) -> Proposal:
    """Write and log a proposal; an earlier one of the same name is replaced, and its approval void."""
    body = {"fingerprint": proposal.fingerprint, "policy": proposal.policy, **shape}
    details = {"name": proposal.name, "title": proposal.title, "sql": proposal.sql}
    entry = AuditEntry("insight.proposed", actor, proposal.proposed_at, proposal.purpose, body=body, details=details)
    receipt = append(connection, entry)
    replaced = (table.c.name == proposal.name, table.c.state != State.REPLACED)
    connection.execute(update(table).where(*replaced).values(state=State.REPLACED, leaf=receipt.leaf))
    values = proposal.to_json() | {
        "plan": json.dumps(proposal.plan),
        "attempts": json.dumps([dict(each) for each in proposal.attempts]),
        "leaf": receipt.leaf,
    }
    del values["sequence"]
    connection.execute(insert(table).values(values))
    return current(connection, proposal.name, proposal.policy)


def current(connection: Connection, name: str, policy: str) -> Proposal:
    """Return the newest proposal of a name, as it stands under a policy; raises NameUnknown."""
    found = [proposal for proposal in proposals(connection, policy) if proposal.name == name]
    if not found:
        raise NameUnknown("insight", name, [proposal.name for proposal in proposals(connection, policy)])
    return found[0]


def proposals(connection: Connection, policy: str) -> list[Proposal]:
    """Return the newest proposal of each name, as they stand under a policy."""
    rows = connection.execute(select(table).where(table.c.state != State.REPLACED).order_by(table.c.name))
    return [_proposal(row._mapping, policy) for row in rows]


def former(connection: Connection, proposal: Proposal, policy: str) -> Proposal | None:
    """Return what was approved under the same name before a proposal replaced it, if anything was."""
    rows = connection.execute(
        select(table)
        .where(table.c.name == proposal.name, table.c.sequence < proposal.sequence)
        .where(table.c.decided_by.is_not(None), table.c.reason == "")
        .order_by(table.c.sequence.desc())
        .limit(1)
    )
    return next((_proposal(row._mapping, policy) for row in rows), None)


def approve(connection: Connection, name: str, actor: Actor, policy: str, now: int, seen: str) -> LogReceipt:
    """Approve what was proposed, as another person. Raises NotPermitted for the proposer, InputInvalid for a proposal
    that is decided, was made under another policy, or is not the one whose fingerprint was `seen`.
    """
    proposal = _open(connection, name, actor, policy, now)
    if seen != proposal.fingerprint:
        raise InputInvalid(
            f"The insight {name!r} is not what you looked at: its fingerprint is another.",
            code="insight-other",
            remedy="Read what it asks now, and decide about that.",
        )
    return _decide(connection, proposal, State.APPROVED, actor, now, "")


def reject(connection: Connection, name: str, actor: Actor, policy: str, now: int, reason: str) -> LogReceipt:
    """Reject what was proposed, or end an approval; raises NameUnknown, and InputInvalid without a reason."""
    proposal = current(connection, name, policy)
    if proposal.state is State.REJECTED:
        raise _decided(proposal)
    if not reason.strip():
        raise InputInvalid("A rejection needs a reason.", code="reason-missing", remedy="Say why with --reason.")
    return _decide(connection, proposal, State.REJECTED, actor, now, reason)


def approved(connection: Connection, name: str, policy: str) -> Proposal:
    """Return the proposal that may run; raises NotPermitted unless it is approved under this very policy."""
    proposal = current(connection, name, policy)
    _demand_runs(proposal)
    return proposal


def demand_approved(connection: Connection, held: Approved, policy: str) -> None:
    """Raise NotPermitted unless an approval that a run began with still stands."""
    row = connection.execute(select(table).where(table.c.sequence == held.sequence)).one_or_none()
    if row is None:
        raise NotPermitted("The approval is gone.", code="insight-not-approved", remedy="Propose the insight again.")
    proposal = _proposal(row._mapping, policy)
    _demand_runs(proposal)
    if proposal.fingerprint != held.fingerprint:
        raise _stale(proposal.name)


def _demand_runs(proposal: Proposal) -> None:
    if proposal.state is State.VOID:
        raise _stale(proposal.name)
    if proposal.state is not State.APPROVED:
        raise NotPermitted(
            f"The insight {proposal.name!r} is {proposal.state}; only approved ones run.",
            code="insight-not-approved",
            remedy="Somebody else than the proposer approves it with `pellucid insight approve`.",
        )


def _open(connection: Connection, name: str, actor: Actor, policy: str, now: int) -> Proposal:
    proposal = current(connection, name, policy)
    if proposal.state in (State.APPROVED, State.REJECTED):
        raise _decided(proposal)
    if proposal.fingerprint != fingerprint_of(proposal.sql, proposal.purpose, policy):
        raise _stale(name)
    if not all(each["held"] for each in proposal.attempts):
        raise InputInvalid(
            f"An attack on the insight {name!r} succeeded when it was proposed.",
            code="insight-attacked",
            remedy="Reject it, and please report its shape from the log, without data.",
        )
    why = why_not_another(connection, _proposer(connection, proposal), actor, f"proposed the insight {name!r}", now)
    if why:
        raise NotPermitted(
            f"{why}, so somebody else decides.",
            code="insight-own",
            remedy="Ask another person whose role may do `insight-approve`.",
        )
    return proposal


def _proposer(connection: Connection, proposal: Proposal) -> Actor:
    """Return who made a proposal that is open, by which token if by one: as the log, which nobody alters, tells it."""
    leaf = connection.execute(select(table.c.leaf).where(table.c.sequence == proposal.sequence)).scalar_one()
    told: Any = entry_at(connection, leaf).fields()["actor"]
    return Actor(told["kind"], told["name"], (), told["authenticated"])


def _decide(
    connection: Connection, proposal: Proposal, state: State, actor: Actor, now: int, reason: str
) -> LogReceipt:
    body = {"fingerprint": proposal.fingerprint, "policy": proposal.policy, "was": proposal.state.value}
    details = {"name": proposal.name, "reason": reason}
    receipt = append(
        connection, AuditEntry(f"insight.{state}", actor, now, proposal.purpose, body=body, details=details)
    )
    decided = {"state": state, "decided_by": actor.name, "decided_at": now, "reason": reason, "leaf": receipt.leaf}
    connection.execute(update(table).where(table.c.sequence == proposal.sequence).values(decided))
    return receipt


def _proposal(row: RowMapping, policy: str) -> Proposal:
    """Return a proposal as it stands: whatever does not hash to what was approved is void, whoever changed it."""
    values = {name: row[name] for name in Proposal.__slots__}
    plan: Sequence[str] = json.loads(str(row["plan"]))
    attempts: Sequence[Mapping[str, object]] = json.loads(str(row["attempts"]))
    state = State(str(row["state"]))
    same = row["fingerprint"] == fingerprint_of(str(row["sql"]), str(row["purpose"]), policy)
    if state is State.APPROVED and not same:
        state = State.VOID
    return Proposal(**(values | {"plan": tuple(plan), "attempts": tuple(attempts), "state": state}))


def _decided(proposal: Proposal) -> InputInvalid:
    return InputInvalid(
        f"The insight {proposal.name!r} is {proposal.state} already.",
        code="insight-decided",
        remedy="Propose it again, if something changed.",
    )


def _stale(name: str) -> NotPermitted:
    return NotPermitted(
        f"The insight {name!r} was proposed under another policy, so no approval of it holds.",
        code="insight-void",
        remedy="Propose it again under the policy in force, and have it approved.",
    )
