"""What must hold of a workspace at any moment, whatever crashed: judged on a copy, so that judging alters nothing."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, func, select

from pellucid.audit import log
from pellucid.audit.read import verify_database
from pellucid.audit.treehead import TrustKeys
from pellucid.consent.register import rebuild
from pellucid.consent.replica import current
from pellucid.governance.activate import active_policy
from pellucid.records.tables import (
    charges,
    consent_records,
    generations,
    law_marks,
    log_checkpoints,
    permitted_changes,
    policy_activations,
)
from pellucid.records.transparency_tables import notice_publications
from pellucid.transparency.published import notice
from pellucid.workspace import Workspace


@dataclass(frozen=True, slots=True)
class State:
    """Numbers by which a test tells what was done."""

    entries: int
    records: int
    released: int
    failed: int
    reserved: int
    spent: int
    generation: int
    checkpoints: int
    cosigned: int
    activations: int
    laws: int
    notices: int
    handed_over: int
    packages: int
    register: int
    fulfilled: int


def state_of(folder: Path) -> State:
    """Count what is recorded, in a database that nobody writes to."""
    with Workspace(folder) as workspace, workspace.room.database.read() as connection:
        bodies = [entry.fields() for entry in log.entries(connection)]
        actions = Counter(str(body["action"]) for body in bodies)
        notes = [bytes(note) for note in connection.scalars(select(log_checkpoints.c.note))]
        states: Counter[str] = Counter(connection.scalars(select(charges.c.state)))
        return State(
            entries=len(bodies),
            records=_count(connection, consent_records),
            released=actions["query.released"] + actions["insight.released"],
            failed=actions["query.failed"],
            reserved=states["reserved"],
            spent=int(
                connection.scalar(
                    select(func.coalesce(func.sum(charges.c.rho), 0)).where(charges.c.state != "cancelled")
                )
                or 0
            ),
            generation=int(
                connection.scalar(
                    select(generations.c.generation).where(
                        generations.c.dataset == "purchases", generations.c.retired_at.is_(None)
                    )
                )
                or 0
            ),
            checkpoints=len(notes),
            cosigned=sum("test/witness" in note.decode() for note in notes),
            activations=_count(connection, policy_activations),
            laws=_count(connection, law_marks),
            notices=_count(connection, notice_publications),
            handed_over=actions["delivery.sent"] + actions["identity.challenge"],
            packages=actions["access.package-made"],
            register=current(connection)[0],
            fulfilled=actions["request.fulfilled"],
        )


def demand_sound(folder: Path, *, now: int, swept: bool = False) -> None:
    """Raise AssertionError unless log, register, ledger and holdings agree; `swept`: no file is left that nobody owns.

    `now` is the instant by which the permitted sets were made; a set made anew must then be the one that is stored.
    """
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "workspace"
        shutil.copytree(folder, copy)
        with Workspace(copy) as workspace:
            _demand_verified_log(workspace)
            with workspace.room.database.read() as connection:
                bodies = [entry.fields() for entry in log.entries(connection)]
                _demand_register(connection, bodies)
                _demand_ledger(connection, bodies)
                _demand_policies(connection, bodies)
                _demand_notices(connection, bodies)
                known = _demand_generations(connection, bodies, copy)
            _demand_sets_as_made_anew(workspace, now)
        found = {file.name for file in (copy / "data").glob("*.duckdb*")}
        assert known <= found
        assert not swept or found == known


def _demand_verified_log(workspace: Workspace) -> None:
    workspace.audit.checkpoint(actor=workspace.actor("pia"))
    report = verify_database(workspace.folder / "control.sqlite", TrustKeys(workspace.audit.verifier), slack=200 * DAY)
    assert report.holds, [str(step) for step in report.steps]


LAW_ACTIONS = frozenset({"law.signed-off", "law.withdrawn", "law.overridden", "law.restored"})
PUBLISHING = frozenset({"data.published", "data.sorted", "data.corrected"})
"""Actions of entries that tell of a generation."""

CHARGING = ("query.released", "query.failed", "query.caps-drawn")
"""Actions of entries that tell of a charge."""

DAY = 86_400_000_000
"""Scripts of crash tests run their clock up to three months ahead."""


def _demand_register(connection: Connection, bodies: list[dict[str, Any]]) -> None:
    """Each record has its entry under the version it made, and no version is newer than the register's."""
    verbs = {"give", "refuse", "withdraw", "object", "opt_out", "limit", "restrict", "lift"}
    entries = Counter(
        (body["body"]["register_version"], body["action"])
        for body in bodies
        if body["action"] in {f"consent.{verb}" for verb in verbs}
    )
    rows = connection.execute(select(consent_records.c.version, consent_records.c.verb))
    assert entries == Counter((row.version, f"consent.{row.verb}") for row in rows)
    version = current(connection)[0]
    assert all(body["body"].get("register_version", 0) <= version for body in bodies)
    assert (connection.scalar(select(func.max(permitted_changes.c.version))) or 0) <= version


def _demand_ledger(connection: Connection, bodies: list[dict[str, Any]]) -> None:
    """What was charged was logged once and the other way round; what is still reserved counts, and left nothing."""
    logged = [body["body"].get("charge") for body in bodies if body["action"] in CHARGING]
    logged = [charge for charge in logged if charge]
    assert len(logged) == len(set(logged))
    rows = connection.execute(select(charges.c.id, charges.c.state)).all()
    assert {row.id for row in rows if row.state == "charged"} == set(logged)


def _demand_policies(connection: Connection, bodies: list[dict[str, Any]]) -> None:
    versions = list(connection.scalars(select(policy_activations.c.version).order_by(policy_activations.c.sequence)))
    assert versions == [body["body"]["policy"] for body in bodies if body["action"] == "policy.activated"]
    policy = active_policy(connection)
    assert policy is not None
    assert policy.version == versions[-1]
    decided = [body["body"]["laws"] for body in bodies if body["action"] in LAW_ACTIONS]
    assert len(decided) == _count(connection, law_marks)
    assert policy.laws.version == ["", *decided][-1]


def _demand_notices(connection: Connection, bodies: list[dict[str, Any]]) -> None:
    """Each publication has its entry, and what it shows is stored, whole."""
    shown = list(connection.scalars(select(notice_publications.c.notice).order_by(notice_publications.c.sequence)))
    assert shown == [body["body"]["notice"] for body in bodies if body["action"] == "notice.published"]
    assert {version: notice(connection, version)[1].version for version in shown} == {each: each for each in shown}


def _demand_generations(connection: Connection, bodies: list[dict[str, Any]], folder: Path) -> set[str]:
    """Each generation has its entry; the published ones are there, read-only and whole. Return the files owned."""
    rows = connection.execute(select(generations)).all()
    published = [
        body["body"] for body in bodies if body["action"] in ("data.published", "data.sorted", "data.corrected")
    ]
    assert sorted((row.dataset, row.generation) for row in rows) == sorted(
        (body["dataset"], body["generation"]) for body in published
    )
    live = [row for row in rows if row.retired_at is None]
    assert len({row.dataset for row in live}) == len(live)
    for row in live:
        path = folder / row.path
        assert stat.S_IMODE(path.stat().st_mode) == 0o444
        with duckdb.connect(str(path), read_only=True) as opened:
            assert opened.execute("SELECT count(*) FROM rows").fetchall() == [(row.rows,)]
    return {Path(row.path).name for row in rows if row.path}


def _demand_sets_as_made_anew(workspace: Workspace, now: int) -> None:
    policy = workspace.policy.active()
    with workspace.room.database.write() as connection:
        before = _count(connection, permitted_changes)
        rebuild(connection, policy, now)
        assert _count(connection, permitted_changes) == before


def _count(connection: Connection, table: Any) -> int:
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)
