"""Freeze a release's control database, with a row in every table, for the tests of later migrations.

    python -m tests.records.freeze_release tests/records/release_0_1_0

Run once for each release, by that release's code, and never again: what is frozen is what people have on their disks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Index, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from pellucid.records.database import Database
from pellucid.records.schema import schema_version
from pellucid.records.tables import metadata
from pellucid.workspace import create
from pellucid.workspace.audit import create_witness
from tests.shop import EXAMPLE

SAID = 12
"""How many of the shop's consents are kept: enough to read, few enough to commit."""


def tables() -> list[Table]:
    return [*metadata.sorted_tables, schema_version]


def tell_a_story(folder: Path) -> None:
    """Make a workspace in which most tables have rows."""
    said = folder.parent / "said.csv"
    said.write_text("".join((EXAMPLE / "said.csv").read_text().splitlines(keepends=True)[: SAID + 1]))
    with create(folder / "w", name="frozen/log") as made:
        made.policy.activate(actor=made.actor(), folder=EXAMPLE / "policy")
        dan, pia = made.actor("dan"), made.actor("pia")
        made.data.add("products", EXAMPLE / "products.csv", actor=dan)
        made.data.add("purchases", EXAMPLE / "purchases.csv", actor=dan)
        made.consent.import_records(said, actor=pia)
        made.query("SELECT COUNT(*) AS n FROM purchases", purpose="range-planning", actor="ana")
        made.audit.checkpoint(actor=pia)
        create_witness(folder / "witness", "frozen/witness", log_key=str(made.audit.verifier))
        made.audit.witness(folder / "witness", actor=pia)
        (folder / "log.key.pub").write_text(f"{made.audit.verifier}\n")


def fill_empty_tables(connection: Connection) -> None:
    samples: dict[type, object] = {str: "sample", int: 7, bytes: b"\x00\xff", bool: True}
    for table in metadata.sorted_tables:
        if connection.execute(select(table)).first() is None:
            row = {column.name: samples[column.type.python_type] for column in table.columns}
            connection.execute(insert(table).values(row))


def index_name(index: Index) -> str:
    return str(index.name)


def plain(value: object) -> object:
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def freeze(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name, dialect in (("sqlite", sqlite.dialect()), ("postgresql", postgresql.dialect())):
        statements = [
            str(made.compile(dialect=dialect)).strip()
            for table in tables()
            for made in (
                CreateTable(table),
                *map(CreateIndex, sorted(table.indexes, key=lambda index: str(index.name))),
            )
        ]
        (target / f"schema.{name}.sql").write_text(";\n\n".join(statements) + ";\n")
    with TemporaryDirectory() as name:
        folder = Path(name) / "story"
        folder.mkdir()
        tell_a_story(folder)
        database = Database.at(folder / "w" / "control.sqlite")
        with database.write() as connection:
            fill_empty_tables(connection)
        with database.read() as connection:
            rows = {
                table.name: [
                    {column: plain(value) for column, value in row._mapping.items()}
                    for row in connection.execute(select(table).order_by(*table.primary_key.columns))
                ]
                for table in tables()
            }
        database.close()
        (target / "log.key.pub").write_text((folder / "log.key.pub").read_text())
    lines = ",\n".join(
        f'"{name}": [\n' + ",\n".join(json.dumps(row, sort_keys=True) for row in found) + "\n]"
        for name, found in rows.items()
    )
    (target / "rows.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    freeze(Path(sys.argv[1]))
