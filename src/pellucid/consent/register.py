"""The append-only register: recording what people say and keeping the permitted sets true to it, in one transaction.

Every function takes the connection of a write transaction (`Database.write()`) and the policy in force, and raises
RecordingFailed if another came into force meanwhile. The version rises by one a call that changes anything; comparing
versions is how a change reaches the next answer. It never judges: see `consent.permitted`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from sqlalchemy import Connection, bindparam, func, insert, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append_all
from pellucid.consent.entries import Said, log_records
from pellucid.consent.facts import as_row, facts_of
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentRecord
from pellucid.consent.redecide import Wanted, due, law_is_due, recompute
from pellucid.consent.submission import Known, Submission, admit_each, look_up, policy_overtaken
from pellucid.consent.whole import extend_all, note_law_dues, rebuild_all
from pellucid.errors import PellucidError
from pellucid.failpoints import reach
from pellucid.policy.model import Actor, Policy
from pellucid.records.kept import keep, kept
from pellucid.records.tables import (
    consent_records,
    due_ages,
    due_changes,
    policy_activations,
    register,
    settings_kept,
)
from pellucid.subjects.keys import SubjectKeys

REGISTER_ID = 1

CLOCK_SLACK = 300_000_000
"""Microseconds: how far the clock may lie behind the instant that the sets were made for before they are made anew."""

LAWS_VERSION = "laws.version"
"""Name of the kept value that tells which laws are signed off: the version of `regulations.model.Laws`."""

_MADE_FOR = "register.made-for"

_STANDING = select(
    select(policy_activations.c.version)
    .order_by(policy_activations.c.sequence.desc())
    .limit(1)
    .scalar_subquery()
    .label("policy"),
    select(register.c.version).where(register.c.id == REGISTER_ID).scalar_subquery().label("register"),
    select(settings_kept.c.value).where(settings_kept.c.name == LAWS_VERSION).scalar_subquery().label("laws"),
)
_PUT = insert(consent_records)
_DUES = select(
    *(select(func.min(table.c.due)).scalar_subquery() for table in (due_changes, due_ages)),
    select(settings_kept.c.value).where(settings_kept.c.name == _MADE_FOR).scalar_subquery(),
)
_RAISE = (
    update(register)
    .where(register.c.id == REGISTER_ID)
    .values(version=bindparam("new_version"), next_due=bindparam("new_due"))
)
CLOCK = Actor("system", "clock", (), "system")
"""Who acts when time alone changes what may be done."""


def record(
    connection: Connection,
    keys: SubjectKeys,
    policy: Policy,
    records: Sequence[ConsentRecord],
    actor: Actor,
    now: int,
) -> tuple[ConsentReceipt, ...]:
    """Record what people said, all of it or nothing: `record_each` with one submission, whose refusal is raised."""
    (outcome,) = record_each(connection, keys, [Submission(policy, tuple(records), actor)], now)
    if isinstance(outcome, PellucidError):
        raise outcome
    return outcome


def record_each(
    connection: Connection, keys: SubjectKeys, submissions: Sequence[Submission], now: int
) -> list[tuple[ConsentReceipt, ...] | PellucidError]:
    """Record submissions, each wholly or not at all: one new register version, one audit entry a record.

    Returns for each its receipts, or why it is refused. Make it the transaction's last call but for what is written
    beside: it ends by appending to the log. Acknowledge the receipts only through `consent.leases.acknowledge`.
    """
    in_force, version = _standing(connection)
    policy = next((each.policy for each in submissions if in_force in (None, each.policy.in_force)), None)
    if policy is None:
        return [policy_overtaken() for _ in submissions]
    known = look_up(connection, policy, (item for each in submissions for item in each.records))
    admitted = admit_each(policy, submissions, known, now)
    said = [
        (submission.actor, item)
        for submission, found in zip(submissions, admitted, strict=True)
        if isinstance(found, tuple)
        for item in found
    ]
    receipts = iter(_put(connection, keys, policy, said, known, version + 1, now) if said else ())
    return [tuple(islice(receipts, len(found))) if isinstance(found, tuple) else found for found in admitted]


def _put(
    connection: Connection,
    keys: SubjectKeys,
    policy: Policy,
    said: Sequence[Said],
    known: Known,
    version: int,
    now: int,
) -> tuple[ConsentReceipt, ...]:
    connection.execute(_PUT, [as_row(item, version, now) for _, item in said])
    reach("consent.said")
    recompute(connection, policy, version, _concerned(policy, (item for _, item in said)), now, known)
    reach("consent.sets-changed")
    commit_version(connection, version, now)
    return log_records(connection, keys, said, version, now)


def subjects_added(
    connection: Connection,
    policy: Policy,
    namespace: str,
    first_new_id: int,
    count: int,
    changed_fact_ids: Collection[int],
    now: int,
) -> int:
    """Take new people (ids from `first_new_id` on) and changed facts into the sets; return the register version.

    Called by imports after they wrote `subjects`, in their transaction.
    """
    version = version_under(connection, policy)
    if count == 0 and not changed_fact_ids:
        return version
    version += 1
    if count:
        extend_all(connection, policy, version, namespace, first_new_id, count, now)
    if changed_fact_ids:
        kinds = set(facts_of(connection, namespace, changed_fact_ids).values())
        note_law_dues(connection, policy, namespace, kinds, now)
    recompute(connection, policy, version, {namespace: {each: set(policy.purposes) for each in changed_fact_ids}}, now)
    commit_version(connection, version, now)
    return version


def rebuild(connection: Connection, policy: Policy, now: int) -> int:
    """Make every set anew, as a policy's activation needs; return the new register version."""
    version = version_under(connection, policy) + 1
    rebuild_all(connection, policy, version, now)
    keep(connection, _MADE_FOR, str(now))
    commit_version(connection, version, now)
    return version


def decide_anew(connection: Connection, policy: Policy, wanted: Wanted, now: int) -> int:
    """Decide anew about people of whom something but their own words changed; return the new register version."""
    version = version_under(connection, policy) + 1
    recompute(connection, policy, version, wanted, now)
    commit_version(connection, version, now)
    return version


def is_due(connection: Connection, now: int) -> bool:
    """Return whether time has altered what the sets stand for: a due instant came, or the clock was set back."""
    row = connection.execute(select(register.c.next_due).where(register.c.id == REGISTER_ID)).one_or_none()
    return row is not None and (_was_set_back(connection, now) or (row.next_due is not None and row.next_due <= now))


def advance(connection: Connection, policy: Policy, now: int) -> int:
    """Apply what time alone changed (expiry, coming of age) until `now`; return the register version.

    The version rises, and the log is told so (not of whom: that an age was reached is personal), only if somebody's
    permission changed. Call it when `is_due`, as the transaction's last call. After the clock was set back all sets are
    made anew: by the wrong time somebody may have come of age.
    """
    set_back = _was_set_back(connection, now)
    if set_back or law_is_due(connection, now):
        return _advanced(connection, rebuild(connection, policy, now), now, set_back=set_back)
    version = version_under(connection, policy)
    changed = 0
    declared = {
        namespace: {subject: purposes & policy.purposes.keys() for subject, purposes in wanted.items()}
        for namespace, wanted in due(connection, now).items()
    }
    changed += recompute(connection, policy, version + 1, declared, now)
    version += 1 if changed else 0
    commit_version(connection, version, now)
    return _advanced(connection, version, now) if changed else version


def _advanced(connection: Connection, version: int, now: int, *, set_back: bool = False) -> int:
    body: dict[str, object] = {"register_version": version}
    if set_back:
        body["clock_set_back"] = True
    append_all(connection, [AuditEntry("register.advanced", CLOCK, now, body=body)])
    reach("register.advanced")
    return version


def _was_set_back(connection: Connection, now: int) -> bool:
    made_for = kept(connection, _MADE_FOR)
    return made_for is not None and now < int(made_for) - CLOCK_SLACK


def version_under(connection: Connection, policy: Policy) -> int:
    """Return the register's version, which `Database.write()` keeps from other writers; begin it at 0.

    Raises RecordingFailed unless `policy` is the one in force now: sets made for another would hold wrong bits.
    """
    in_force, version = _standing(connection)
    if in_force not in (None, policy.in_force):
        raise policy_overtaken()
    return version


def _standing(connection: Connection) -> tuple[tuple[str, str] | None, int]:
    """Return the versions of policy and laws in force, None before the first, and the register's, begun at 0."""
    row = connection.execute(_STANDING).one()
    if row.register is None:
        connection.execute(insert(register).values(id=REGISTER_ID, version=0, next_due=None))
    return (None if row.policy is None else (row.policy, row.laws or "")), int(row.register or 0)


def commit_version(connection: Connection, version: int, now: int) -> None:
    """Store version and next due instant, and about the latest instant that a set was made for."""
    *dues, made_for = connection.execute(_DUES).one()
    if made_for is None or int(made_for) + CLOCK_SLACK // 10 < now:  # not at every withdrawal
        keep(connection, _MADE_FOR, str(now))
    next_due = min((due for due in dues if due is not None), default=None)
    connection.execute(_RAISE, {"new_version": version, "new_due": next_due})


def _concerned(policy: Policy, records: Iterable[ConsentRecord]) -> Wanted:
    wanted: Wanted = {}
    for item in records:
        # A member who was not known before is one more whose word counts for every purpose.
        purposes = policy.purposes.keys() if item.purpose is None or item.member else {item.purpose}
        wanted.setdefault(item.namespace, {}).setdefault(item.subject, set()).update(purposes)
    return wanted
