from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, inspect, update

from pellucid.errors import WorkspaceUnusable
from pellucid.records import schema
from pellucid.records.database import Database
from pellucid.records.schema import REVISIONS, VERSION_TABLE, schema_version
from pellucid.records.tables import metadata
from pellucid.records.upgrade import SCRIPTS, run_steps, upgrade
from tests.conftest import MakeControl


@contextmanager
def opened(database: Database) -> Iterator[Connection]:
    """Give a transaction on a database that has no tables yet, which `write` would need."""
    with database._current_engine(writes=True).connect() as connection, connection.begin():
        yield connection
    database.close()


def test_the_steps_lead_to_the_tables_that_are_declared(url: str) -> None:
    with opened(Database(url)) as connection:
        run_steps(connection)
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        # Differences mean: draft a step with `python -m tests.records.draft_migration`.
        assert compare_metadata(context, metadata) == []
        assert schema.current_revision(connection) == REVISIONS[-1]


def test_both_ways_make_the_same_tables(url: str, make_control: MakeControl) -> None:
    made, migrated = make_control(), Database(url)
    with opened(migrated) as connection:
        run_steps(connection)
    with made.read() as left, migrated.read() as right:
        left_tables, right_tables = inspect(left), inspect(right)
        assert sorted(left_tables.get_table_names()) == sorted(right_tables.get_table_names())
        for table in left_tables.get_table_names():
            assert str(left_tables.get_columns(table)) == str(right_tables.get_columns(table))
            assert left_tables.get_pk_constraint(table) == right_tables.get_pk_constraint(table)
            assert left_tables.get_indexes(table) == right_tables.get_indexes(table)


def test_the_known_schemas_are_those_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(script.revision for script in scripts)[::-1] == REVISIONS


def test_a_new_database_is_current_and_needs_no_step(database: Database) -> None:
    database.demand_current()
    assert upgrade(database) == ()


@pytest.mark.parametrize(
    ("revision", "known", "code", "match"),
    [
        ("9999", ("0001",), "schema-unknown", "has schema '9999'; this version knows 0001"),
        ("0001", ("0001", "0002"), "schema-old", "has schema 0001; this version needs 0002"),
    ],
)
def test_another_schema_is_refused_with_a_remedy(
    database: Database, monkeypatch: pytest.MonkeyPatch, revision: str, known: tuple[str, ...], code: str, match: str
) -> None:
    with database.write() as connection:
        connection.execute(update(schema_version).values(version_num=revision))
    monkeypatch.setattr(schema, "REVISIONS", known)
    with pytest.raises(WorkspaceUnusable, match=match) as caught:
        database.demand_current()
    assert caught.value.code == code


def test_a_database_without_a_stamp_is_no_control_database(url: str) -> None:
    database = Database(url)
    with pytest.raises(WorkspaceUnusable, match="not a control database of pellucid"):
        database.demand_current()
    with pytest.raises(WorkspaceUnusable, match="not a control database of pellucid"):
        upgrade(database)
    database.create()
    with database.write() as connection:
        connection.execute(delete(schema_version))
    with pytest.raises(WorkspaceUnusable, match="not a control database of pellucid"):
        database.demand_current()


def test_alembic_is_not_loaded_to_open_a_database() -> None:
    program = "import sys, pellucid.records.database, pellucid.records.upgrade; print('alembic' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
