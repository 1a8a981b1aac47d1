from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest

from pellucid.errors import InputInvalid
from pellucid.policy.stamp import Stamp
from pellucid.release.clipping import Clipping
from pellucid.release.preview import ExpectedAccuracy, Preview
from pellucid.release.result import Accuracy, Loss, Receipt, Release
from tests.release.conftest import make_block

RENEWS = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def release() -> Release:
    values = pa.table(
        {
            "department": ["wine", None],
            "day": [date(2026, 11, 23), None],
            "spend": pa.array([Decimal("12.30"), Decimal("-0.05")], pa.decimal128(38, 2)),
        }
    )
    return Release(
        values=values,
        accuracy=(Accuracy("spend", 4.5), Accuracy("department", reason="a public group key")),
        clipping=(Clipping.not_measured(make_block()),),
        loss=Loss(0.5, 5e-7, 0.01, 1.5, 8.0, RENEWS),
        stamp=Stamp(7, "p" * 64, "r" * 64, {"transactions": 1}, 1_000_000),
        coverage={"transactions": "5-10 %"},
        receipt=Receipt(12, "ab" * 32, "c0ffee"),
        purpose="range-planning",
        sql="SELECT department, sum(sales_value) FROM transactions GROUP BY department",
        notes=("Delete after 30 days.",),
    )


def test_a_release_reads_as_json_with_exact_money(release: Release) -> None:
    shown = json.loads(json.dumps(release.to_json()))
    assert list(shown) == [
        "purpose", "rule", "sql", "columns", "rows", "accuracy", "clipping", "loss", "coverage",
        "stamp", "receipt", "notes",
    ]  # fmt: skip
    assert shown["rows"] == [["wine", "2026-11-23", "12.30"], [None, None, "-0.05"]]
    assert shown["columns"][2] == {"name": "spend", "type": "decimal128(38, 2)"}
    assert shown["accuracy"][0] == {"column": "spend", "half_width": 4.5, "error_column": None, "reason": ""}
    assert shown["loss"] == {
        "epsilon": 0.5,
        "delta": 5e-7,
        "rho": 0.01,
        "period_epsilon": 1.5,
        "period_cap": 8.0,
        "renews": "2027-01-01T00:00:00+00:00",
    }
    assert shown["receipt"] == {"leaf": 12, "leaf_hash": "ab" * 32, "charge": "c0ffee"}
    assert shown["clipping"][0]["fraction"] is None


def test_a_release_reads_as_a_short_line(release: Release) -> None:
    assert repr(release) == "Release(2 rows x 3 columns for 'range-planning', ε 0.5, log leaf 12)"


def test_a_release_becomes_arrow_and_pandas(release: Release) -> None:
    assert release.to_arrow() is release.values
    assert list(release.to_pandas()["department"])[:1] == ["wine"]


def test_without_pandas_the_remedy_is_told(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputInvalid, match=r"to_pandas\(\) needs pandas") as caught:
        release.to_pandas()
    assert caught.value.remedy == "pip install 'pellucid[pandas]', or use to_arrow()."


def test_a_preview_reads_as_json() -> None:
    preview = Preview(
        purpose="range-planning",
        sql="SELECT count(*) FROM transactions",
        expected=(ExpectedAccuracy("rows", 12.0),),
        epsilon=0.5,
        delta=5e-7,
        rho=0.01,
        left_epsilon=3.0,
        renews=RENEWS,
    )
    shown = json.loads(json.dumps(preview.to_json()))
    assert shown["expected"] == [{"measure": "rows", "half_width": 12.0, "reason": ""}]
    assert shown["renews"] == "2027-01-01T00:00:00+00:00"
    assert shown["fewest_people"] is None


def test_an_instant_beyond_the_calendar_and_a_time_of_day_are_shown_as_texts(release: Release) -> None:
    """Keys such as 'infinity' ended in Python's own words."""
    values = pa.table(
        {"at": pa.array([2**63 - 1, 0], pa.timestamp("us")), "day": pa.array([2**31 - 1, 0], pa.date32()), "n": [1, 2]}
    )
    release = replace(release, values=values.append_column("noon", pa.array([time(12)] * 2)))
    rows = json.loads(json.dumps(release.to_json()["rows"]))
    assert [row[2:] for row in rows] == [[1, "12:00:00"], [2, "12:00:00"]]
    assert rows[1][:2] == ["1970-01-01 00:00:00.000000", "1970-01-01"]
    assert release.records()[1] == {"at": rows[1][0], "day": rows[1][1], "n": 2, "noon": time(12)}
    assert rows[0][0].startswith("<value out of range")
