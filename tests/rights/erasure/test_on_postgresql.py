"""Somebody is erased from a control database on a real PostgreSQL: the server's own files are searched, too."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert

from pellucid.records.tables import api_replies, caps_kept, releases_kept
from pellucid.workspace import Workspace, create
from tests.records.postgresql import drop_database, new_database, run_on
from tests.shop import EXAMPLE

PREFIX = "kanari-"


@dataclass(frozen=True, slots=True)
class Served:
    """A workspace whose control database is on a server, and where that server keeps its files."""

    shop: Workspace
    url: str
    server: Path

    def holding(self, texts: list[bytes]) -> dict[str, set[bytes]]:
        """Return which texts stand in which relations of the database, or files of the server, once all is written."""
        run_on(self.url, "CHECKPOINT")
        rows = self.read(
            "SELECT pg_relation_filepath(oid), relname FROM pg_class WHERE pg_relation_filepath(oid) IS NOT NULL"
        )
        names = {Path(path).name: name for path, name in rows}
        found: dict[str, set[bytes]] = {}
        for file in sorted(self.server.rglob("*")):
            data = file.read_bytes() if file.is_file() and not file.is_socket() else b""
            held = {text for text in texts if text in data or text.hex().encode() in data}
            if held:
                where = str(file.relative_to(self.server).parts[0])
                name = names.get(file.name.partition(".")[0], file.name) if where == "base" else where
                found.setdefault(name, set()).update(held)
        return found

    def read(self, statement: str) -> list[tuple[Any, ...]]:
        engine = create_engine(self.url)
        with engine.connect() as connection:
            rows = [tuple(row) for row in connection.exec_driver_sql(statement)]
        engine.dispose()
        return rows


@pytest.fixture
def served(postgresql: str, tmp_path: Path) -> Iterator[Served]:
    url = new_database(postgresql)
    with create(tmp_path / "shop", name="test/shop", database_url=url) as shop:
        shop.policy.activate(actor=shop.actor(), folder=EXAMPLE / "policy")
        shop.data.add("products", EXAMPLE / "products.csv", actor=shop.actor("dan"))
        made = Served(shop, url, Path())
        ((folder,),) = made.read("SHOW data_directory")
        yield replace(made, server=Path(folder))
    drop_database(postgresql, url)


def plant(served: Served, key: str, texts: list[str], tmp_path: Path) -> None:
    """Plant one string after another in an import, words of the log, answers and statistics, some rewritten since."""
    shop, left = served.shop, iter(texts)
    rows = (EXAMPLE / "purchases.csv").read_text().splitlines()
    mine = [",".join([key, *rows[1].split(",")[1:]])]
    (tmp_path / "purchases.csv").write_text("\n".join([*rows, *mine]) + "\n")
    shop.data.add("purchases", tmp_path / "purchases.csv", actor=shop.actor("dan"))
    for _ in range(5):
        proof = next(left)
        shop.consent.record(
            "object", key, purpose="range-planning", actor=shop.actor("pia"), channel="till", by="agent", proof=proof
        )
    for number in range(5):
        with shop.room.database.write() as connection:
            text = f"{next(left)} of {key}"
            row: dict[str, object] = {"question": f"q{number}", "as_of": 0, "until": 2**60, "leaf": 0, "told": "{}"}
            connection.execute(insert(releases_kept).values(row | {"rows": text.encode()}))
            row = {"question": f"q{number}", "until": 2**60, "leaf": 0, "caps": f"{next(left)} of {key}"}
            connection.execute(insert(caps_kept).values(row))
            row = {"token": "t", "key": str(number), "request": b"", "status": 200, "at": 0}
            connection.execute(insert(api_replies).values(row | {"body": f"{next(left)} of {key}".encode()}))
    run_on(served.url, "UPDATE caps_kept SET leaf = 1")  # what a row was before stays in the file as a dead one
    run_on(served.url, "ANALYZE")
    assert next(left, None) is None


def test_after_an_erasure_no_file_of_the_database_holds_a_canary(served: Served, tmp_path: Path) -> None:
    key, texts = f"{PREFIX}{secrets.token_hex(8)}", [f"{PREFIX}{secrets.token_hex(8)}" for _ in range(20)]
    plant(served, key, texts, tmp_path)
    ((wrapped,),) = served.read(
        f"SELECT wrapped FROM subject_keys JOIN subjects USING (namespace, id) WHERE natural_key = '{key}'"
    )
    planted = [bytes(wrapped), *(text.encode() for text in (key, *texts))]
    before = served.holding(planted)
    assert {text for found in before.values() for text in found} == set(planted)
    places = {"subjects", "subject_keys", "pg_statistic", "consent_records", "caps_kept", "releases_kept", "pg_wal"}
    assert places <= before.keys()

    pia = served.shop.actor("pia")
    done = served.shop.erasures.run([("", key)], actor=pia)
    parts = [each.part for each in served.shop.erasures.show(done.id, actor=pia)[1]]
    assert done.state == "done"
    assert served.holding(planted).keys() - {"pg_wal"} == set()
    assert [(part.target, part.decision) for part in parts if part.kind == "server"] == [("postgresql", "unreachable")]


def test_tables_that_somebody_still_reads_as_they_were_are_named(served: Served, tmp_path: Path) -> None:
    key = f"{PREFIX}{secrets.token_hex(8)}"
    plant(served, key, [f"{PREFIX}{secrets.token_hex(8)}" for _ in range(20)], tmp_path)
    pia = served.shop.actor("pia")
    engine = create_engine(served.url, isolation_level="REPEATABLE READ")
    with engine.connect() as reader:
        reader.exec_driver_sql("SELECT 1")  # a snapshot from before, that holds no lock on a table
        done = served.shop.erasures.run([("", key)], actor=pia)
    engine.dispose()
    parts = [each.part for each in served.shop.erasures.show(done.id, actor=pia)[1]]
    (old,) = [part for part in parts if part.target == "postgresql tables"]
    tables = old.told["tables"]
    assert isinstance(tables, list)
    assert {"subjects", "consent_records", "log_details", "pg_statistic"} <= set(tables)
    assert "subjects" in served.holding([key.encode()])
