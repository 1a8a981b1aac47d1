"""Putting a policy into force, all or nothing: checked, stored by its content, logged, every permitted set made anew.

What is in force is the stored snapshot, never the folder. That a withdrawal outlives a change of legal basis is decided
in `consent.permitted`, where every set comes from; here nothing can switch it off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select, update

from pellucid.audit.entry import AuditEntry, LogReceipt
from pellucid.audit.log import append
from pellucid.consent.register import LAWS_VERSION, rebuild
from pellucid.errors import Finding, InputInvalid, NameUnknown, NotPermitted, PolicyInvalid, Reason
from pellucid.failpoints import reach
from pellucid.governance.laws import laws_in_force
from pellucid.holdings.publish import Generation, generations_published
from pellucid.policy.canonical import from_canonical, to_canonical, version_of
from pellucid.policy.decide import may
from pellucid.policy.model import Actor, Dataset, Policy
from pellucid.records.asked import Asked
from pellucid.records.database import Database
from pellucid.records.kept import kept
from pellucid.records.tables import generations, policy_activations, policy_snapshots, settings_kept
from pellucid.regulations.model import Laws

if TYPE_CHECKING:
    from pellucid.policy.compare import Comparison

SchemaHash = Callable[[Dataset], str]
"""Fingerprint of how a dataset's rows are stored, as imports write it beside each generation."""

_IN_FORCE = Asked(
    select(
        select(policy_activations.c.version)
        .order_by(policy_activations.c.sequence.desc())
        .limit(1)
        .scalar_subquery()
        .label("policy"),
        select(settings_kept.c.value).where(settings_kept.c.name == LAWS_VERSION).scalar_subquery().label("laws"),
    )
)

_CACHE: dict[tuple[str, str], Policy] = {}
_CACHE_KEPT = 8


@dataclass(frozen=True, slots=True)
class Activation:
    """A policy that came into force: its version, the one before (None for the first), the register it made, its entry.

    `retired` names the datasets whose rows were taken out of use because the policy declares them otherwise.
    `comparison` tells what differs from the one before.
    """

    version: str
    previous: str | None
    register_version: int
    log: LogReceipt
    retired: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()
    comparison: Comparison | None = None


def activate(
    database: Database,
    source: Path | Policy,
    actor: Actor,
    now: int,
    *,
    schema_hash: SchemaHash,
    replacing: Collection[str] = (),
) -> Activation:
    """Put the policy of a folder, or a loaded one, into force.

    Datasets whose stored rows no longer fit their declaration must be named in `replacing`: their rows leave use until
    they are imported anew. Raises PolicyInvalid, NotPermitted, NameUnknown and InputInvalid; nothing has then changed.
    """
    policy, warnings = _checked(source)
    content = to_canonical(policy)
    with database.write() as connection:
        before = active_policy(connection)
        policy = replace(policy, laws=laws_now(connection))
        _demand_permission(before, actor)
        retired = _retire_unfit(connection, policy, schema_hash, replacing, now)
        _store(connection, policy.version, content, now)
        reach("activate.stored")
        register_version = rebuild(connection, policy, now)
        reach("activate.rebuilt")
        previous = before.version if before else None
        comparison = _compared(before, policy)
        log = append(connection, _entry(policy, previous, register_version, retired, comparison, actor, now))
        reach("activate.before-commit")
    reach("activate.after-commit")
    return Activation(policy.version, previous, register_version, log, retired, warnings, comparison)


def active_policy(connection: Connection) -> Policy | None:
    """Return the policy in force, or None before the first activation; a snapshot is parsed once a process.

    Raises InputInvalid if the stored snapshot is not what its version says.
    """
    found = in_force(connection)
    return None if found is None else _snapshot(connection, found)


def snapshot(connection: Connection, version: str) -> Policy:
    """Return the policy that was activated under a whole version, with the laws that decide now.

    Raises InputInvalid if it is not stored as it was.
    """
    return _snapshot(connection, (version, laws_now(connection).version))


def policy_at(connection: Connection, at: int) -> Policy | None:
    """Return the policy that was in force at an instant (UTC µs), with the laws that decide now; None before the first.

    Raises InputInvalid if it is not stored as it was.
    """
    columns = policy_activations.c
    statement = select(columns.version).where(columns.at <= at).order_by(columns.sequence.desc()).limit(1)
    version = connection.scalar(statement)
    return None if version is None else snapshot(connection, version)


def laws_now(connection: Connection) -> Laws:
    """Return the laws that decide now."""
    return laws_in_force(connection, kept(connection, LAWS_VERSION) or "")


def _snapshot(connection: Connection, versions: tuple[str, str]) -> Policy:
    version, laws = versions
    if versions not in _CACHE:
        content = connection.scalar(select(policy_snapshots.c.content).where(policy_snapshots.c.version == version))
        policy = from_canonical(bytes(content)) if content is not None else None
        if policy is None or policy.version != version:
            raise InputInvalid(
                "The stored policy is not the one that was activated.",
                remedy="Restore the control database from a backup, or activate the policy again from its folder.",
                code="policy-snapshot-damaged",
            )
        if len(_CACHE) >= _CACHE_KEPT:
            _CACHE.clear()
        _CACHE[versions] = replace(policy, laws=laws_in_force(connection, laws))
    return _CACHE[versions]


def versions_like(connection: Connection, start: str) -> list[str]:
    """Return the versions of activated policies that begin so (hex), in order."""
    columns = policy_snapshots.c
    statement = select(columns.version).where(columns.version.startswith(start, autoescape=True))
    return [str(version) for version in connection.scalars(statement.order_by(columns.version))]


def in_force(connection: Connection) -> tuple[str, str] | None:
    """Return the versions of policy and laws in force, or None before the first activation."""
    (row,) = _IN_FORCE(connection)
    return None if row.policy is None else (str(row.policy), str(row.laws or ""))


def _checked(source: Path | Policy) -> tuple[Policy, tuple[Finding, ...]]:
    if isinstance(source, Policy):
        if source.version != version_of(source):
            raise InputInvalid(
                "The policy's version is not the hash of its content.",
                remedy="Load it from its folder, or give it its version with `policy.canonical.with_version`.",
            )
        return source, ()
    from pellucid.policy.load import load_folder  # noqa: PLC0415  -- YAML and pydantic: questions need neither

    loaded = load_folder(source)
    if loaded.policy is None:
        raise PolicyInvalid(loaded.findings)
    return loaded.policy, loaded.findings


def _demand_permission(before: Policy | None, actor: Actor) -> None:
    """Ask the policy in force, not the new one, which could name anybody; before the first there is nobody to ask."""
    refused: Reason | None = may(before, actor, "policy-activate") if before is not None else None
    if refused is not None:
        raise NotPermitted(refused.message, remedy=refused.remedy)


def _compared(before: Policy | None, policy: Policy) -> Comparison | None:
    from pellucid.policy.compare import compare  # noqa: PLC0415  -- questions need it not

    return None if before is None else compare(before, policy)


def _retire_unfit(
    connection: Connection, policy: Policy, schema_hash: SchemaHash, replacing: Collection[str], now: int
) -> tuple[str, ...]:
    """Retire the generations that no longer fit and are to be replaced; raise InputInvalid if there are others.

    Rows of a dataset that is declared no more stay as they are: no question can name it, and it may come back.
    """
    unknown = sorted(set(replacing) - policy.datasets.keys())
    if unknown:
        raise NameUnknown("dataset", unknown[0], tuple(policy.datasets))
    unfit = {found.dataset for found in generations_published(connection) if not _fits(policy, found, schema_hash)}
    kept = sorted(unfit - set(replacing))
    if kept:
        raise InputInvalid(
            f"The stored rows of {', '.join(kept)} were imported under other columns or subject paths.",
            remedy=f"Activate with --replacing {','.join(kept)} to take these rows out of use, then import them anew "
            "with --replace; or leave the datasets as they were declared.",
            code="schema-changed",
        )
    retired = tuple(sorted(unfit))
    columns = generations.c
    where = (columns.dataset.in_(retired), columns.retired_at.is_(None))
    connection.execute(update(generations).where(*where).values(retired_at=now))
    return retired


def _fits(policy: Policy, found: Generation, schema_hash: SchemaHash) -> bool:
    declared = policy.datasets.get(found.dataset)
    return declared is None or schema_hash(declared) == found.schema_hash


def _store(connection: Connection, version: str, content: bytes, now: int) -> None:
    known = connection.scalar(select(policy_snapshots.c.version).where(policy_snapshots.c.version == version))
    if known is None:
        connection.execute(insert(policy_snapshots).values(version=version, content=content))
    connection.execute(insert(policy_activations).values(version=version, at=now))


def _entry(
    policy: Policy,
    previous: str | None,
    register_version: int,
    retired: tuple[str, ...],
    comparison: Comparison | None,
    actor: Actor,
    now: int,
) -> AuditEntry:
    body = {
        "policy": policy.version,
        "previous": previous,
        "register_version": register_version,
        "retired": list(retired),
        "changes": None if comparison is None else comparison.counts(),
        # Before the first policy nobody could be asked: whoever reaches the files may begin.
        "permitted_by": "role" if previous else "access-to-files",
    }
    return AuditEntry("policy.activated", actor, now, body=body)
