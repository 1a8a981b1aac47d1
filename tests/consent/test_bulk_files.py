"""Files of what people said: CSV and Parquet, whole and broken, in and out again."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import update

from pellucid.consent.bulk_file import REQUIRED, read_blocks
from pellucid.errors import InputInvalid
from pellucid.policy.model import Policy
from pellucid.records.columns import from_instant
from pellucid.records.database import Database
from pellucid.records.tables import subjects
from pellucid.workspace.consent_files import ConsentFiles

from .conftest import CUSTOMER, DAY, NOW, PIA
from .test_bulk_import import AT, LATER, counts, kept, logged, people, room_of, row, took, why


@pytest.fixture
def files(database: Database, policy: Policy, tmp_path: Path) -> ConsentFiles:
    people(database, policy)
    return ConsentFiles(room_of(tmp_path, database, policy))


def test_a_broken_line_or_one_that_is_no_text_holds_back_no_other(files: ConsentFiles) -> None:
    head = ",".join(REQUIRED)
    good = b'key-1,range-planning,object,,,,"a\nb",' + AT.encode() + b"\n"
    bad = b"key-0,range-planning\n" + b"key-0,range-planning,refuse,,,,\xff," + AT.encode() + b"\n"
    path = files.room.folder / "said.csv"
    path.write_bytes(head.encode() + b"\n" + good + bad + good.replace(b"key-1", b"key-0"))
    done = files.import_records(path, actor=PIA, rejected=files.room.folder / "out.csv")
    assert (counts(done), why(done)) == ((2, 0, 2), [(4, "row-malformed"), (5, "text-invalid")])
    assert [subject for subject, *_ in kept(files)] == [1, 0]


def test_lines_are_counted_past_line_breaks_and_broken_lines(tmp_path: Path) -> None:
    rows = ['a,"x\ny",', "b,z", "c,z,z", "", "d,z,z"] * 3
    path = tmp_path / "said.csv"
    full = [each + "," * (7 - each.count(",")) if each not in ("b,z", "") else each for each in rows]
    path.write_text(",".join(REQUIRED) + "\n" + "\n".join(full) + "\n")
    expected, number = [], 2
    for each in full:
        expected += [number] if each != "b,z" else []
        number += 1 + each.count("\n")
    found = list(read_blocks(path, 4))
    assert [line for block in found for line in block.lines.tolist()] == expected
    assert sorted(line for block in found for line in block.broken) == [4, 10, 16]


def test_a_parquet_file_tells_the_same_as_its_csv(files: ConsentFiles) -> None:
    at = from_instant(NOW - DAY)
    table = pa.table(
        {
            "subject": ["key-0", "key-1"],
            "purpose": ["range-planning", None],
            "verb": ["give", "object"],
            "covers": ["held_data", ""],
            "explicit": [False, None],
            "notice_version": ["1", ""],
            "channel": ["web", "web"],
            "at": pa.array([at, at.astimezone(UTC)], pa.timestamp("us", "UTC")),
        }
    )
    path = files.room.folder / "said.parquet"
    pq.write_table(table, path)
    assert counts(files.import_records(path, actor=PIA)) == (2, 0, 0)
    again = [
        row("key-0", at=at.isoformat(), notice_version="1"),
        row("key-1", "object", "", at.isoformat(), covers=""),
    ]
    assert counts(took(files, *again)) == (0, 2, 0)


def test_instants_of_a_parquet_file_need_their_time_zone(files: ConsentFiles) -> None:
    path = files.room.folder / "said.parquet"
    columns = {name: [""] for name in REQUIRED if name != "at"}
    pq.write_table(pa.table(columns | {"at": pa.array([0], pa.timestamp("us"))}), path)
    with pytest.raises(InputInvalid, match=r"^The column at holds instants without a time zone.$"):
        files.import_records(path, actor=PIA)


def test_a_file_without_a_column_is_refused(files: ConsentFiles) -> None:
    path = files.room.folder / "said.csv"
    path.write_text("subject,purpose\n")
    with pytest.raises(InputInvalid, match=r"^The file of consents lacks the columns verb, covers, explicit, "):
        files.import_records(path, actor=PIA)


def test_an_export_imports_again_as_duplicates_only(files: ConsentFiles) -> None:
    took(
        files,
        row("key-0", channel='a "shop", or\ntwo'),
        row("key-0", "withdraw", at=LATER),
        row("key-1", "restrict", "", at=""),
        row("key-1", purpose="care", explicit="yes", by="guardian", proof="file 7", language="de", method="tap"),
        row("key-2", "object", "", member="anna"),
    )
    for name in ("all.csv", "all.parquet"):
        out = files.room.folder / name
        assert files.export(out, actor=PIA) == 5
        assert out.stat().st_mode & 0o077 == 0
        assert counts(files.import_records(out, actor=PIA)) == (0, 5, 0)
    assert files.export(files.room.folder / "care.csv", actor=PIA, purpose="care") == 3
    told = [each for each in logged(files) if each["action"] == "consent.exported"]
    assert [(each["purpose"], each["body"]) for each in told] == [
        (None, {"namespaces": [CUSTOMER], "number": 5}),
        (None, {"namespaces": [CUSTOMER], "number": 5}),
        ("care", {"namespaces": [CUSTOMER], "number": 3}),
    ]


def test_an_export_leaves_out_the_erased_and_takes_no_others_place(files: ConsentFiles) -> None:
    took(files, row("key-0"), row("key-1", "object"))
    with files.room.database.write() as connection:
        connection.execute(update(subjects).where(subjects.c.id == 0).values(natural_key=None))
    out = files.room.folder / "all.csv"
    assert files.export(out, actor=PIA) == 1
    assert "key-0" not in out.read_text()
    with pytest.raises(InputInvalid, match=r"^There is a file of that name already.$"):
        files.export(out, actor=PIA)
