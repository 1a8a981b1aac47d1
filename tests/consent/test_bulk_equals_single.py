"""A file of what people said comes to exactly what its rows come to one by one."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from pellucid.audit.log import entries
from pellucid.consent import register
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.replica import snapshot
from pellucid.records.columns import from_instant, to_instant
from pellucid.records.database import Database
from pellucid.records.tables import consent_records, due_changes, permitted_changes
from pellucid.workspace.consent_files import ConsentFiles
from tests.records.sqlite import new_control

from .conftest import CUSTOMER, DAY, NOW, PIA, make_policy
from .test_bulk_import import KEYS, Cells, people, room_of, row, took

POLICY = make_policy()
SAID = st.tuples(
    st.integers(0, 5),
    st.sampled_from([*POLICY.purposes, ""]),
    st.sampled_from(["give", "give", *(verb.value for verb in ConsentVerb)]),
    st.sampled_from(["true", ""]),
    st.sampled_from(["held_data", "from_now", ""]),
    st.sampled_from([0, 1, 1, 2, 400]),
    st.sampled_from(["", "", "", "anna"]),
)


def everything(database: Database) -> dict[str, object]:
    with database.read() as connection:
        ordered = {
            consent_records: [consent_records.c.sequence],
            due_changes: [due_changes.c.subject, due_changes.c.purpose],
            permitted_changes: [permitted_changes.c.purpose, permitted_changes.c.subject, permitted_changes.c.version],
        }
        tables = {
            table.name: [
                {name: value for name, value in each._asdict().items() if name != "sequence"}
                for each in connection.execute(select(table).order_by(*columns))
            ]
            for table, columns in ordered.items()
        }
        log = [entry.fields() | {"subject": None, "commitment": None} for entry in entries(connection)]
        return tables | {"snapshot": snapshot(connection), "log": log}


@pytest.mark.slow
@given(st.lists(SAID, min_size=1, max_size=14), st.lists(SAID, max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_file_comes_to_what_its_rows_one_by_one_come_to(
    said: Sequence[tuple[object, ...]], before: Sequence[tuple[object, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        bulk, single = (_made(Path(name) / each) for each in ("bulk.sqlite", "single.sqlite"))
        for batch in (before, said):
            rows = [
                row(f"key-{who}", verb, purpose, at_day(days), explicit=explicit, covers=covers, member=member)
                for who, purpose, verb, explicit, covers, days, member in batch
            ]  # fmt: skip
            files = ConsentFiles(room_of(Path(name), bulk, POLICY))
            done = took(files, *rows, rejected=Path(name) / "rejected.csv")
            with (Path(name) / "rejected.csv").open(newline="") as file:
                bad = {int(each["line"]) - 2: each["code"] for each in csv.DictReader(file)}
            recorded = _one_by_one(single, rows, bad)
            assert recorded == done.recorded
        found, expected = everything(bulk), everything(single)
        # That rows were rejected, single records do not tell.
        found["log"] = [each for each in found["log"] if each["action"] != "consent.import-rejected"]  # type: ignore[attr-defined]
        assert json.dumps(found, default=repr) == json.dumps(expected, default=repr)
        for database in (bulk, single):
            database.close()


def at_day(days: int) -> str:
    return from_instant(NOW - days * DAY).isoformat()


def _made(path: Path) -> Database:
    database = new_control(path)
    people(database, POLICY, 2)
    return database


def _one_by_one(database: Database, rows: Sequence[Cells], bad: dict[int, str]) -> int:
    """Record in one call what is neither rejected nor the same as before."""
    seen: list[ConsentRecord] = []
    with database.read() as connection:
        kept = [each._asdict() for each in connection.execute(select(consent_records))]
    for place, cells in enumerate(rows):
        record = ConsentRecord(
            CUSTOMER,
            int(cells["subject"].removeprefix("key-")),
            cells["purpose"] or None,
            ConsentVerb(cells["verb"]),
            cells["explicit"] == "true",
            Covers(cells["covers"] or "from_now"),
            "",
            "web",
            NOW - round((NOW - _instant(cells["at"])) / DAY) * DAY,
            member=cells["member"],
        )
        if place in bad or record in seen or _is_kept(record, kept):
            continue
        same = replace(record, explicit=False) if record.verb.narrows else record
        same = replace(same, purpose=None) if record.verb is ConsentVerb.RESTRICT else same
        if same in [_plain(each) for each in seen]:
            continue
        seen.append(record)
    if seen:
        with database.write() as connection:
            register.record(connection, KEYS, POLICY, seen, PIA, NOW)
    return len(seen)


def _plain(record: ConsentRecord) -> ConsentRecord:
    record = replace(record, explicit=False) if record.verb is not ConsentVerb.GIVE else record
    return replace(record, purpose=None) if record.verb is ConsentVerb.RESTRICT else record


def _is_kept(record: ConsentRecord, kept: list[dict[str, object]]) -> bool:
    plain = _plain(record)
    names = ("subject", "purpose", "verb", "explicit", "covers", "at")
    return any(
        all(getattr(plain, name) == each[name] for name in names) and plain.member == (each["member"] or "")
        for each in kept
    )


def _instant(text: str) -> int:
    return to_instant(datetime.fromisoformat(text))
