"""The schedule of retention: whether the worker lets go of what is over by itself, and by which rules.

Off until somebody who may turns it on, who names the rules that a preview showed them. It goes by these rules and no
others: a policy with other rules stops it, until somebody has looked at what they would do.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import InputInvalid
from pellucid.policy.model import Actor, Policy
from pellucid.policy.retention import rules_version
from pellucid.records.kept import keep, kept
from pellucid.records.tables import settings_kept

JOB = "retention-run"
_KEPT = "retention-schedule"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who turned it on, when (UTC µs), and the version of the rules by which it goes."""

    rules: str
    made_by: str
    at: int

    def demand_same(self, policy: Policy) -> None:
        """Raise InputInvalid if the policy has other rules than those that were looked at."""
        if self.rules != rules_version(policy):
            raise InputInvalid(
                f"The rules of retention have changed since {self.made_by} turned the schedule on, so nothing goes by "
                "itself.",
                remedy="See what the new ones would do with `pellucid retention preview`, and turn it on again.",
                code="retention-rules-changed",
            )


def scheduled(connection: Connection) -> Schedule | None:
    """Return the schedule, or None: nothing goes by itself."""
    found = kept(connection, _KEPT)
    return None if found is None else Schedule(**json.loads(found))


def turn_on(connection: Connection, policy: Policy, rules: str, actor: Actor, now: int) -> Schedule:
    """Let what is over by these rules go by itself; raises InputInvalid unless they are those of the policy."""
    made = Schedule(rules, actor.name, now)
    if rules != rules_version(policy):
        raise InputInvalid(
            f"These are not the rules of retention that are in force: got {rules!r}.",
            remedy="Look at `pellucid retention preview`, and name the rules that it shows.",
            code="retention-rules-changed",
        )
    keep(connection, _KEPT, json.dumps(asdict(made)))
    append(connection, AuditEntry("retention.scheduled", actor, now, body={"rules": rules}))
    return made


def turn_off(connection: Connection, actor: Actor, now: int) -> bool:
    """Let nothing go by itself any more; return whether anything did."""
    was = forget(connection)
    append(connection, AuditEntry("retention.unscheduled", actor, now, body={"was_on": was}))
    return was


def forget(connection: Connection) -> bool:
    """Turn it off unlogged, as a restore does, which is logged itself; return whether it was on."""
    return bool(connection.execute(delete(settings_kept).where(settings_kept.c.name == _KEPT)).rowcount)
