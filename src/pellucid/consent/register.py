"""The append-only register: recording what people say and keeping the permitted sets true to it, in one transaction.

Every function takes the connection of a write transaction (`Database.write()`) and the policy in force, and raises
RecordingFailed if another came into force meanwhile. The version rises by one a call that changes anything; comparing
versions is how a change reaches the next answer. It never judges: see `consent.permitted`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, func, insert, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append_all
from pellucid.consent.admit import admit
from pellucid.consent.decider import Decider
from pellucid.consent.facts import as_row, chunks, facts_of, records_of, subject_count
from pellucid.consent.permitted import Effect
from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.record import ConsentRecord
from pellucid.consent.sets import put_effects
from pellucid.consent.whole import extend_all, rebuild_all
from pellucid.errors import InputInvalid, NameUnknown, RecordingFailed
from pellucid.failpoints import reach
from pellucid.policy.model import Actor, Policy
from pellucid.records.kept import keep, kept
from pellucid.records.tables import consent_records, due_ages, due_changes, policy_activations, register, subjects
from pellucid.subjects.keys import SubjectKeys

REGISTER_ID = 1

CLOCK_SLACK = 300_000_000
"""Microseconds: how far the clock may lie behind the instant that the sets were made for before they are made anew."""

_MADE_FOR = "register.made-for"

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
    """Record what people said, all of it or nothing: one new register version, one audit entry a record.

    Make it the transaction's last call: it ends by appending to the log. Acknowledge the receipts only through
    `consent.leases.acknowledge`. Raises NameUnknown and InputInvalid as `consent.admit` does.
    """
    if not records:
        raise InputInvalid("There is nothing to record.", remedy="Hand in at least one record.")
    version = _version(connection, policy) + 1
    admitted = _admitted(connection, policy, records, now)
    connection.execute(insert(consent_records), [as_row(item, version) for item in admitted])
    reach("consent.said")
    for namespace, wanted in _concerned(policy, admitted).items():
        _recompute(connection, policy, version, namespace, wanted, now)
    reach("consent.sets-changed")
    _commit_version(connection, version, now)
    return _logged(connection, keys, admitted, actor, version, now)


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
    _recompute(connection, policy, version, namespace, wanted, now)
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
        known = {subject: purposes & policy.purposes.keys() for subject, purposes in wanted.items()}
        changed += _recompute(connection, policy, version + 1, namespace, known, now)
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
    activations = policy_activations.c
    in_force = connection.scalar(select(activations.version).order_by(activations.sequence.desc()).limit(1))
    if in_force not in (None, policy.version):
        raise RecordingFailed(
            "Another policy came into force meanwhile, so this was not recorded.",
            remedy="Do it again: it will then be judged by the policy in force.",
            code="policy-overtaken",
        )
    version = connection.scalar(select(register.c.version).where(register.c.id == REGISTER_ID))
    if version is None:
        connection.execute(insert(register).values(id=REGISTER_ID, version=0, next_due=None))
        return 0
    return int(version)


def _commit_version(connection: Connection, version: int, now: int) -> None:
    """Store version and next due instant, and about the latest instant that a set was made for."""
    made_for = kept(connection, _MADE_FOR)
    if made_for is None or int(made_for) + CLOCK_SLACK // 10 < now:  # not at every withdrawal
        keep(connection, _MADE_FOR, str(now))
    dues = [connection.scalar(select(func.min(table.c.due))) for table in (due_changes, due_ages)]
    next_due = min((due for due in dues if due is not None), default=None)
    values = {"version": version, "next_due": next_due}
    connection.execute(update(register).where(register.c.id == REGISTER_ID).values(values))


def _admitted(
    connection: Connection, policy: Policy, records: Sequence[ConsentRecord], now: int
) -> list[ConsentRecord]:
    """Pass each record through the door, in order: what stands earlier in the batch counts as said before."""
    admitted: list[ConsentRecord | None] = [None] * len(records)
    for namespace, places in _by_namespace(policy, records).items():
        ids = {records[place].subject for place in places}
        facts = facts_of(connection, namespace, ids)
        said = records_of(connection, namespace, ids)
        for place in places:
            item = records[place]
            earlier = said.setdefault(item.subject, [])
            kept = admit(policy, item, facts.get(item.subject), earlier, now)
            earlier.append(kept)
            admitted[place] = kept
    return [item for item in admitted if item is not None]


def _by_namespace(policy: Policy, records: Sequence[ConsentRecord]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, item in enumerate(records):
        if item.namespace not in policy.namespaces:
            raise NameUnknown("subject namespace", item.namespace, tuple(policy.namespaces))
        places.setdefault(item.namespace, []).append(place)
    return places


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
    now: int,
) -> int:
    """Decide anew about single subjects, store what differs and when time changes it next; return how many differ."""
    if not wanted:
        return 0
    facts = facts_of(connection, namespace, wanted)
    said = records_of(connection, namespace, wanted)
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
    size = subject_count(connection, namespace)
    return sum(put_effects(connection, version, name, namespace, found, size) for name, found in effects.items())


def _put_dues(
    connection: Connection, namespace: str, decided: Mapping[str, Collection[int]], dues: Sequence[Mapping[str, object]]
) -> None:
    columns = due_changes.c
    for purpose, ids in decided.items():
        for part in chunks(ids):
            where = (columns.namespace == namespace, columns.purpose == purpose, columns.subject.in_(part))
            connection.execute(delete(due_changes).where(*where))
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


def _logged(
    connection: Connection,
    keys: SubjectKeys,
    records: Sequence[ConsentRecord],
    actor: Actor,
    version: int,
    now: int,
) -> tuple[ConsentReceipt, ...]:
    names: dict[tuple[str, int], str] = {}
    for namespace in {item.namespace for item in records}:
        ids = sorted({item.subject for item in records if item.namespace == namespace})
        for subject, name in zip(ids, keys.pseudonyms(connection, namespace, ids), strict=True):
            names[namespace, subject] = name
    named = [(item, names[item.namespace, item.subject]) for item in records]
    logged = append_all(connection, [_entry(item, name, actor, version, now) for item, name in named])
    return tuple(
        ConsentReceipt(item, version, name, place, now) for (item, name), place in zip(named, logged, strict=True)
    )


def _entry(item: ConsentRecord, pseudonym: str, actor: Actor, version: int, now: int) -> AuditEntry:
    body = {
        "notice_version": item.notice_version,
        "channel": item.channel,
        "covers": item.covers.value,
        "explicit": item.explicit,
        "said_at": item.at,
        "register_version": version,
    }
    return AuditEntry(f"consent.{item.verb.value}", actor, now, item.purpose, pseudonym, body=body)
