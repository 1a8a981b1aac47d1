"""A thousand unique strings planted for one person wherever data go: what is found after the erasure, it names."""

from __future__ import annotations

import base64
import gzip
import secrets
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert

from pellucid.errors import PellucidError
from pellucid.records.tables import api_replies, caps_kept, releases_kept
from pellucid.workspace import Workspace
from tests.conftest import Tried
from tests.rights.erasure.scan import Scan
from tests.shop import EXAMPLE

PREFIX = "kanari-"
ROWS, LITERALS, ANSWERS, DETAILS = 800, 60, 100, 40
NOTES = """
  notes:
    title: What was noted at the till
    subjects: [{namespace: customer, column: customer}]
    time: noted
    columns:
      customer: {type: text, category: user.unique_id}
      noted: {type: timestamp, category: user.behavior.purchase_history}
      note: {type: text, category: user.behavior.purchase_history}
"""


def canaries(count: int) -> list[str]:
    return [f"{PREFIX}{secrets.token_hex(8)}" for _ in range(count)]


FORMS: dict[str, Callable[[Path, str], object]] = {
    "raw": lambda file, text: file.write_bytes(b"\0" + text.encode() + b"\xff"),
    "hex": lambda file, text: file.write_text(text.encode().hex()),
    "HEX": lambda file, text: file.write_text(text.encode().hex().upper()),
    "base64": lambda file, text: file.write_bytes(base64.b64encode(text.encode())),
    "base64, one off": lambda file, text: file.write_bytes(base64.b64encode(b"x" + text.encode() + b"y")),
    "base64, two off": lambda file, text: file.write_bytes(base64.b64encode(b"xy" + text.encode() + b"z")),
    "UTF-16": lambda file, text: file.write_bytes(text.encode("utf-16")),
    "UTF-16, other order": lambda file, text: file.write_bytes(text.encode("utf-16-be")),
    "gzip": lambda file, text: file.write_bytes(gzip.compress(text.encode())),
    "zlib": lambda file, text: file.write_bytes(zlib.compress(text.encode())),
    "zstd": lambda file, text: file.write_bytes(pa.Codec("zstd").compress(text.encode()).to_pybytes()),
    "parquet": lambda file, text: pq.write_table(pa.table({"a": [text]}), file, compression="zstd"),
    "duckdb": lambda file, text: _in_duckdb(file, text),
    "sqlite": lambda file, text: _in_sqlite(file, text.encode()),
    "sqlite, compressed": lambda file, text: _in_sqlite(file, zlib.compress(text.encode())),
}


def _in_duckdb(file: Path, text: str) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE t AS SELECT $1 || repeat('', 1) AS a FROM range(5000)", [text])


def _in_sqlite(file: Path, value: bytes) -> None:
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE t (a BLOB)")
    connection.execute("INSERT INTO t VALUES (?)", [value])
    connection.commit()
    connection.close()


@pytest.mark.parametrize("form", FORMS)
def test_the_scan_finds_what_is_planted_in_every_form(form: str, tmp_path: Path) -> None:
    planted = canaries(12)
    for number, text in enumerate(planted):
        FORMS[form](tmp_path / f"file{number}", text)
    found = Scan([*planted, *canaries(5)], PREFIX).found(tmp_path)
    assert {name: sorted(texts) for name, texts in found.items()} == {
        f"file{number}": [text] for number, text in enumerate(planted)
    }


def plant(shop: Workspace, key: str, texts: list[str], tmp_path: Path) -> None:
    """Plant one string after the other: in rows, literals, kept answers, details of the log and free pages."""
    pia, dan, ana = shop.actor("pia"), shop.actor("dan"), shop.actor("ana")
    policy = (EXAMPLE / "policy" / "policy.yaml").read_text()
    (shop.policy.folder / "policy.yaml").write_text(policy + NOTES.removeprefix("\n"))
    shop.policy.activate(actor=pia)
    left = iter(texts)
    notes = tmp_path / "notes.csv"
    others = [f"c{number:03},2026-10-01T10:00:00,nothing of note {number}" for number in range(60)]
    mine = [f"{key},2026-10-02T10:00:00,{next(left)}" for _ in range(ROWS)]
    notes.write_text("\n".join(["customer,noted,note", *others, *mine]) + "\n")
    shop.data.add("notes", notes, actor=dan)
    notes.unlink()
    for _ in range(LITERALS):
        sql = f"SELECT COUNT(*) AS n FROM purchases WHERE product = '{next(left)} of {key}'"
        try:
            shop.query(sql, purpose="range-planning", actor=ana, epsilon=0.01)
        except PellucidError as error:
            assert error.code != "defect"
    with shop.room.database.write() as connection:
        for number in range(ANSWERS):
            text = f"{next(left)} of {key}"
            if number % 3 == 0:
                row = {"question": f"q{number}", "as_of": 0, "until": 2**60, "leaf": 0, "told": "{}"}
                connection.execute(insert(releases_kept).values(row | {"rows": text.encode()}))
            elif number % 3 == 1:
                row = {"question": f"q{number}", "until": 2**60, "leaf": 0, "caps": text}
                connection.execute(insert(caps_kept).values(row))
            else:
                row = {"token": "t", "key": str(number), "request": b"", "status": 200, "at": 0}
                connection.execute(insert(api_replies).values(row | {"body": text.encode()}))
    for number in range(DETAILS):
        channel = next(left)
        shop.consent.record(
            "object", key, purpose="range-planning", actor=pia, channel="till", by="agent", proof=channel
        )
        del number
    assert next(left, None) is None


@pytest.mark.slow
@pytest.mark.promise("erased", "a thousand strings of one person are planted, and searched for after the erasure")
def test_after_an_erasure_no_canary_is_found_but_what_the_receipt_names(
    shop: Workspace, tmp_path: Path, tried: Tried
) -> None:
    key, texts = f"{PREFIX}{secrets.token_hex(8)}", canaries(ROWS + LITERALS + ANSWERS + DETAILS)
    plant(shop, key, texts, tmp_path)
    spilt = [shop.folder / "data" / ".spill" / "left.tmp", shop.folder / "data" / ".engine" / "dead" / "left.tmp"]
    for file in spilt:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(texts[0])
    export = shop.folder / "data" / "export-of-somebody.csv"
    export.write_text(f"{key},{texts[1]}\n")

    scan = Scan([key, *texts], PREFIX)
    before = scan.found(_settled(shop, tmp_path / "before"))
    assert {text for found in before.values() for text in found} == {key, *texts}
    assert {str(file.relative_to(shop.folder)) for file in (*spilt, export)} <= before.keys()

    pia = shop.actor("pia")
    done = shop.erasures.run([("", key)], actor=pia)
    parts = shop.erasures.show(done.id, actor=pia)[1]
    named = [each.part.target for each in parts if each.part.kind == "file"]
    assert (done.state, named) == ("done", ["data/export-of-somebody.csv"])
    assert scan.found(_settled(shop, tmp_path / "after")) == {named[0]: {key, texts[1]}}
    tried(len(texts) + 1, "none found but those in a file that the receipt names")


def _settled(shop: Workspace, folder: Path) -> Path:
    """Copy the workspace as its files lie, write-ahead log included."""
    shutil.copytree(shop.folder, folder)
    return folder
