"""The append-only register: recording what people say and keeping the permitted sets true to it, in one transaction.

Every function takes the connection of a write transaction (`Database.write()`) and the policy in force, and raises
RecordingFailed if another came into force meanwhile. The version rises by one a call that changes anything; comparing
versions is how a change reaches the next answer. It never judges: see `consent.permitted`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append_all
from pellucid.consent.decider import Decider
from pellucid.consent.entries import Said, log_records
from pellucid.consent.facts import as_row, chunks
from pellucid.consent.permitted import Effect
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentRecord
from pellucid.consent.sets import put_effects
from pellucid.consent.submission import Known, Submission, admit_each, known_of, look_up, policy_overtaken
from pellucid.consent.whole import extend_all, rebuild_all
from pellucid.errors import PellucidError
from pellucid.failpoints import reach
from pellucid.policy.model import Actor, Policy
from pellucid.records.kept import keep, kept
from pellucid.records.tables import consent_records, due_ages, due_changes, policy_activations, register, subjects
from pellucid.subjects.keys import SubjectKeys

REGISTER_ID = 1

CLOCK_SLACK = 300_000_000
"""Microseconds: how far the clock may lie behind the instant that the sets were made for before they are made anew."""

_MADE_FOR = "register.made-for"

_STANDING = select(
    select(policy_activations.c.version)
    .order_by(policy_activations.c.sequence.desc())
    .limit(1)
    .scalar_subquery()
    .label("policy"),
    select(register.c.version).where(register.c.id == REGISTER_ID).scalar_subquery().label("register"),
)
_DUES = select(*(select(func.min(table.c.due)).scalar_subquery() for table in (due_changes, due_ages)))
_RAISE = (
    update(register)
    .where(register.c.id == REGISTER_ID)
    .values(version=bindparam("new_version"), next_due=bindparam("new_due"))
)
_FORGET_DUES = delete(due_changes).where(
    due_changes.c.namespace == bindparam("namespace"),
    due_changes.c.purpose == bindparam("purpose"),
    due_changes.c.subject.in_(bindparam("subjects", expanding=True)),
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

    Returns for each its receipts, or why it is refused. Make it the transaction's last call: it ends by appending to
    the log. Acknowledge the receipts only through `consent.leases.acknowledge`.
    """
    in_force, version = _standing(connection)
    policy = next((each.policy for each in submissions if in_force in (None, each.policy.version)), None)
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
    connection.execute(insert(consent_records), [as_row(item, version) for _, item in said])
    reach("consent.said")
    for namespace, wanted in _concerned(policy, (item for _, item in said)).items():
        _recompute(connection, policy, version, namespace, wanted, known, now)
    reach("consent.sets-changed")
    _commit_version(connection, version, now)
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
    version = _version(connection, policy)
    if count == 0 and not changed_fact_ids:
        return version
    version += 1
    if count:
        extend_all(connection, policy, version, namespace, first_new_id, count, now)
    wanted = {subject: policy.purposes.keys() for subject in changed_fact_ids}
    _recompute(connection, policy, version, namespace, wanted, known_of(connection, namespace, wanted), now)
    _commit_version(connection, version, now)
    return version


def rebuild(connection: Connection, policy: Policy, now: int) -> int:
    """Make every set anew, as a policy's activation needs; return the new register version."""
    version = _version(connection, policy) + 1
    rebuild_all(connection, policy, version, now)
    keep(connection, _MADE_FOR, str(now))
    _commit_version(connection, version, now)
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
    if _was_set_back(connection, now):
        version = rebuild(connection, policy, now)
        return _advanced(connection, version, now, set_back=True)
    version = _version(connection, policy)
    changed = 0
    for namespace, wanted in _due(connection, now).items():
        declared = {subject: purposes & policy.purposes.keys() for subject, purposes in wanted.items()}
        known = known_of(connection, namespace, declared)
        changed += _recompute(connection, policy, version + 1, namespace, declared, known, now)
    version += 1 if changed else 0
    _commit_version(connection, version, now)
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


def _version(connection: Connection, policy: Policy) -> int:
    """Return the register's version, which `Database.write()` keeps from other writers; begin it at 0.

    Raises RecordingFailed unless `policy` is the one in force now: sets made for another would hold wrong bits.
    """
    in_force, version = _standing(connection)
    if in_force not in (None, policy.version):
        raise policy_overtaken()
    return version


def _standing(connection: Connection) -> tuple[str | None, int]:
    """Return the version of the policy in force, None before the first, and the register's, begun at 0."""
    row = connection.execute(_STANDING).one()
    if row.register is None:
        connection.execute(insert(register).values(id=REGISTER_ID, version=0, next_due=None))
    return row.policy, int(row.register or 0)


def _commit_version(connection: Connection, version: int, now: int) -> None:
    """Store version and next due instant, and about the latest instant that a set was made for."""
    made_for = kept(connection, _MADE_FOR)
    if made_for is None or int(made_for) + CLOCK_SLACK // 10 < now:  # not at every withdrawal
        keep(connection, _MADE_FOR, str(now))
    next_due = min((due for due in connection.execute(_DUES).one() if due is not None), default=None)
    connection.execute(_RAISE, {"new_version": version, "new_due": next_due})


def _concerned(policy: Policy, records: Iterable[ConsentRecord]) -> dict[str, dict[int, set[str]]]:
    wanted: dict[str, dict[int, set[str]]] = {}
    for item in records:
        purposes = policy.purposes.keys() if item.purpose is None else {item.purpose}
        wanted.setdefault(item.namespace, {}).setdefault(item.subject, set()).update(purposes)
    return wanted


def _recompute(
    connection: Connection,
    policy: Policy,
    version: int,
    namespace: str,
    wanted: Mapping[int, Collection[str]],
    known: Known,
    now: int,
) -> int:
    """Decide anew about single subjects, store what differs and when time changes it next; return how many differ."""
    facts, said = known.facts[namespace], known.said[namespace]
    decider = Decider(policy, now)
    effects: dict[str, dict[int, Effect]] = {}
    dues: list[dict[str, object]] = []
    for subject in wanted.keys() & facts.keys():
        for purpose in wanted[subject]:
            outcome = decider.outcome(purpose, facts[subject], said.get(subject, ()))
            effects.setdefault(purpose, {})[subject] = outcome.effect
            if outcome.due is not None:
                dues.append({"namespace": namespace, "subject": subject, "purpose": purpose, "due": outcome.due})
    _put_dues(connection, namespace, {purpose: found.keys() for purpose, found in effects.items()}, dues)
    return sum(put_effects(connection, version, name, namespace, found) for name, found in effects.items())


def _put_dues(
    connection: Connection, namespace: str, decided: Mapping[str, Collection[int]], dues: Sequence[Mapping[str, object]]
) -> None:
    for purpose, ids in decided.items():
        for part in chunks(ids):
            connection.execute(_FORGET_DUES, {"namespace": namespace, "purpose": purpose, "subjects": part})
    if dues:
        connection.execute(insert(due_changes), list(dues))


def _due(connection: Connection, now: int) -> dict[str, dict[int, set[str]]]:
    """Take out what is due: single subjects, and everybody born in a year that comes of age."""
    wanted: dict[str, dict[int, set[str]]] = {}
    single = select(due_changes.c.namespace, due_changes.c.subject, due_changes.c.purpose)
    for row in connection.execute(single.where(due_changes.c.due <= now)):
        wanted.setdefault(row.namespace, {}).setdefault(row.subject, set()).add(row.purpose)
    years = select(due_ages.c.namespace, due_ages.c.birth_year, due_ages.c.purpose)
    for row in connection.execute(years.where(due_ages.c.due <= now)).all():
        born = (subjects.c.namespace == row.namespace, subjects.c.birth_year == row.birth_year)
        for subject in connection.scalars(select(subjects.c.id).where(*born)):
            wanted.setdefault(row.namespace, {}).setdefault(subject, set()).add(row.purpose)
    for table in (due_changes, due_ages):
        connection.execute(delete(table).where(table.c.due <= now))
    return wanted
