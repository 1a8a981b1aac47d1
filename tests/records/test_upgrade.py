"""What the first release left on people's disks and servers comes up to the present schema whole, or stays as it was.

The tests start from a frozen 0.1.0 and go to whatever the head is; what steps are like that do not exist yet is tried
with drafts.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import randbytes
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, func, insert, inspect, select

from pellucid.audit.keys import load_verifier_key
from pellucid.audit.read import verify_database, verify_server
from pellucid.audit.treehead import TrustKeys
from pellucid.consent.bits import Bitmaps, whole_bitmaps
from pellucid.errors import RecordingFailed, WorkspaceUnusable
from pellucid.policy.model import Allowance, Dataset, Period, PrivacyUnit, SubjectPath
from pellucid.records import schema
from pellucid.records import upgrade as upgrading
from pellucid.records.database import Database
from pellucid.records.schema import REVISIONS, VERSION_TABLE, current_revision
from pellucid.records.tables import metadata, policy_activations
from pellucid.records.upgrade import SCRIPTS, upgrade
from pellucid.release.accountant import budget_state
from tests.release.conftest import make_policy

FROZEN = Path(__file__).parent / "release_0_1_0"
ROWS: dict[str, list[dict[str, Any]]] = {
    table: [
        {name: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value for name, value in row.items()}
        for row in rows
    ]
    for table, rows in json.loads((FROZEN / "rows.json").read_text()).items()
}
AUTOMATIC = {"policy_activations": "sequence", "consent_records": "sequence", "permitted_changes": "sequence"}


@pytest.fixture
def released(url: str) -> Database:
    """A control database as release 0.1.0 left it, on SQLite and PostgreSQL, with rows in every table."""
    database = Database(url)
    dialect = "sqlite" if database.is_sqlite else "postgresql"
    with database._current_engine(writes=True).begin() as connection:
        for statement in (FROZEN / f"schema.{dialect}.sql").read_text().split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        frozen = MetaData()
        for name, rows in ROWS.items():
            connection.execute(insert(Table(name, frozen, autoload_with=connection)), rows)
        if not database.is_sqlite:
            for name, column in AUTOMATIC.items():
                highest = max(row[column] for row in ROWS[name])
                connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'), {highest})")
    return database


def held(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables, as the database tells them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in inspect(connection).get_table_names():
        table = Table(name, MetaData(), autoload_with=connection)
        rows = [
            {column: bytes(value) if isinstance(value, memoryview) else value for column, value in row.items()}
            for row in connection.execute(select(table)).mappings()
        ]
        found[name] = sorted(rows, key=repr)
    return found


def demand_nothing_lost(connection: Connection) -> None:
    found = held(connection)
    if "permitted_chunks" in found:
        found["permitted_sets"] = [
            {"purpose": place[0], "namespace": place[1], "size": bits.size, "plain": bits.plain}
            | {"sensitive": bits.sensitive}
            for place, bits in whole_bitmaps(connection).items()
        ]
    for name, rows in ROWS.items():
        if name == VERSION_TABLE:
            continue
        kept = [{column: row[column] for column in rows[0]} for row in found[name]]
        assert sorted(kept, key=repr) == sorted(rows, key=repr), name


def test_the_frozen_release_has_rows_in_every_table() -> None:
    assert min(len(rows) for rows in ROWS.values()) > 0
    assert len(ROWS) >= 22
    assert ROWS[VERSION_TABLE] == [{"version_num": "0001"}]


@pytest.mark.promise("whole", "upgrading the first release's records")
def test_the_first_release_comes_up_to_the_present_with_nothing_lost(released: Database) -> None:
    assert upgrade(released) == REVISIONS[1:]
    released.demand_current()
    with released.read() as connection:
        demand_nothing_lost(connection)
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    assert upgrade(released) == ()


def test_losses_from_before_datasets_were_recorded_count_against_every_dataset(released: Database) -> None:
    upgrade(released)
    wide = Allowance(90.0, 2e-6, Period.YEAR)
    about = Dataset("anything", "anything", {}, (SubjectPath("customer", "id"),), allowance=wide)
    policy = replace(make_policy(wide), namespaces={"customer": PrivacyUnit("customer", "customers", wide)})
    then = max(row["reserved_at"] for row in ROWS["charges"])
    with released.read() as connection:
        cap, dataset = budget_state(connection, replace(policy, datasets={"anything": about}), then)
    assert (cap.dataset, dataset.dataset) == (None, "anything")
    assert dataset.spent == cap.spent
    assert cap.spent.rho > 0


def test_sets_of_many_people_come_up_bit_for_bit(released: Database) -> None:
    size = 20_011  # two chunks and a part of a third that ends within a byte
    bits = {name: randbytes(size // 8) + b"\x05" for name in ("plain", "sensitive")}
    with released._current_engine(writes=True).begin() as connection:
        sets = Table("permitted_sets", MetaData(), autoload_with=connection)
        rows = [
            {"purpose": "many", "namespace": "customer", "size": size, **bits},
            {"purpose": "nobody", "namespace": "customer", "size": 0, "plain": b"", "sensitive": b""},
        ]
        connection.execute(insert(sets), rows)
    upgrade(released)
    with released.read() as connection:
        found = whole_bitmaps(connection, namespace="customer")
    assert found["many", "customer"] == Bitmaps(size, bits["plain"], bits["sensitive"])
    assert found["nobody", "customer"] == Bitmaps(0, b"", b"")


def test_the_log_of_the_first_release_still_verifies(released: Database) -> None:
    upgrade(released)
    trust = TrustKeys(load_verifier_key((FROZEN / "log.key.pub").read_text()))
    report = (
        verify_database(Path(released.url.removeprefix("sqlite:///")), trust)
        if released.is_sqlite
        else verify_server(released.url, trust)
    )
    outcomes = [step.outcome for step in report.steps]
    assert (outcomes[0], outcomes[2], outcomes[5]) == ("held", "held", "held")
    assert report.holds


def test_numbers_go_on_where_the_first_release_stopped(released: Database) -> None:
    upgrade(released)
    with released.write() as connection:
        highest = connection.scalar(select(func.max(policy_activations.c.sequence)))
        connection.execute(insert(policy_activations).values(version="v", at=1))
        assert connection.scalar(select(func.max(policy_activations.c.sequence))) == highest + 1


def test_there_is_no_way_down() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    for script in ScriptDirectory.from_config(config).walk_revisions():
        assert not hasattr(script.module, "downgrade"), script.revision


@pytest.mark.promise("whole", "a schema from the future")
def test_a_schema_from_the_future_is_refused_and_left_alone(released: Database) -> None:
    with released.write() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(WorkspaceUnusable, match="has schema '9999'; this version knows 0001") as refused:
        upgrade(released)
    assert (refused.value.code, refused.value.remedy) == (
        "schema-unknown",
        "Install the newer version of pellucid that last opened this workspace.",
    )
    with released.read() as connection:
        demand_nothing_lost(connection)


# -- drafts of later steps -----------------------------------------------------------------------------------------

HEADER = """
import sqlalchemy as sa
from alembic import op
revision = "{revision}"
down_revision = "{down}"
branch_labels = None
depends_on = None


def upgrade():
"""
ADDS = """
    op.add_column("subjects", sa.Column("nickname", sa.Text(), server_default="none", nullable=False))
    op.create_table("extras", sa.Column("id", sa.BigInteger(), primary_key=True))
    op.execute("UPDATE subjects SET nickname = 'number ' || id")
"""
FAILS = """
    op.create_table("halves", sa.Column("id", sa.BigInteger(), primary_key=True))
    op.execute("UPDATE subjects SET natural_key = 'lost' || id")
    op.drop_table("coverage_bands")
    {how}
"""


@pytest.fixture
def draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Add drafts of steps after the head, in a copy of the scripts."""

    def add(*bodies: str) -> Path:
        scripts = tmp_path / "migrations"
        shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
        known = [*REVISIONS]
        for number, body in enumerate(bodies, start=9001):
            header = HEADER.format(revision=number, down=known[-1])
            (scripts / "versions" / f"schema_{number}.py").write_text(header + body)
            known.append(str(number))
        monkeypatch.setattr(upgrading, "SCRIPTS", scripts)
        monkeypatch.setattr(upgrading, "REVISIONS", tuple(known))
        monkeypatch.setattr(schema, "REVISIONS", tuple(known))
        return scripts

    return add


def test_a_step_that_adds_and_fills_keeps_all_that_was_there(released: Database, draft: Callable[..., Path]) -> None:
    draft(ADDS)
    with pytest.raises(WorkspaceUnusable, match="this version needs 9001"):
        released.demand_current()
    assert upgrade(released) == (*REVISIONS[1:], "9001")
    released.demand_current()
    with released.read() as connection:
        demand_nothing_lost(connection)
        found = held(connection)
    assert {row["nickname"] for row in found["subjects"]} == {f"number {row['id']}" for row in ROWS["subjects"]}
    assert found["extras"] == []


@pytest.mark.parametrize(
    ("how", "error"),
    [("raise ZeroDivisionError", ZeroDivisionError), ('op.execute("SELECT no_such_thing")', RecordingFailed)],
)
@pytest.mark.promise("whole", "an upgrade that fails or dies half-way")
def test_a_step_that_fails_half_way_leaves_everything_as_it_was(
    released: Database, draft: Callable[..., Path], how: str, error: type[Exception]
) -> None:
    draft(ADDS, FAILS.format(how=how))
    with released.read() as connection:
        before = held(connection)
    with pytest.raises(error):
        upgrade(released)
    with released.read() as connection:
        assert held(connection) == before
        assert current_revision(connection) == "0001"


DIES = """
import sys
from pathlib import Path
from pellucid.records import schema, upgrade
from pellucid.records.database import Database
upgrade.SCRIPTS, known = Path(sys.argv[2]), tuple(sys.argv[3].split(","))
upgrade.REVISIONS = schema.REVISIONS = known
upgrade.upgrade(Database(sys.argv[1]))
"""


@pytest.mark.promise("whole", "an upgrade that fails or dies half-way")
def test_a_process_that_dies_half_way_leaves_everything_as_it_was(
    released: Database, draft: Callable[..., Path]
) -> None:
    scripts = draft(ADDS, FAILS.format(how="import os; os._exit(9)"))
    with released.read() as connection:
        before = held(connection)
    known = ",".join((*REVISIONS, "9001", "9002"))
    died = subprocess.run([sys.executable, "-c", DIES, released.url, str(scripts), known], check=False)
    assert died.returncode == 9
    with released.read() as connection:
        assert held(connection) == before
    (scripts / "versions" / "schema_9002.py").unlink()
    with released.write() as connection:  # nothing is locked either
        assert current_revision(connection) == "0001"
