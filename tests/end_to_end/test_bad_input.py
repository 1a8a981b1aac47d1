"""Hostile questions, as processes: refused with a code, no crash, one log entry more; what was begun stays charged."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.shop import Shop

START = "SELECT COUNT(*) FROM purchases WHERE "
DEEP = 10_000
HOSTILE = {
    "NOT": START + "NOT " * DEEP + "price > 1",
    "minus": START + "price > " + "- " * DEEP + "1",
    "casts": START + "price" + "::text" * DEEP + " = 'a'",
    "CASE": START + "CASE " * DEEP,
    "subqueries": "SELECT * FROM (" * 3_000 + "SELECT COUNT(*) FROM purchases" + ")" * 3_000,
    "concatenation": START + "'a' || " * 9_000 + "'b' = 'c'",
    "recursion": "WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a) SELECT COUNT(*) FROM a",
    "ten megabytes": START + "price IN (" + "1, " * 3_500_000 + "1)",
    "two statements": "SELECT COUNT(*) FROM purchases; DROP TABLE purchases",
    "a file": "SELECT COUNT(*) FROM read_csv('/etc/passwd')",
    "binary": "\x01\x02\ufffd",
}


def control(shop: Shop) -> dict[str, int]:
    """Return how many rows each table of the control database has."""
    with sqlite3.connect(shop.folder / "control.sqlite") as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in sorted(names)}


@pytest.mark.slow
@pytest.mark.parametrize("sql", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_question_is_refused_and_only_logged(shop: Shop, sql: str) -> None:
    before = control(shop)

    said = shop.run("query", "-", "--purpose", "range-planning", "--as", "ana", typed=sql.encode())

    after = control(shop)
    assert (said.code, said.out, said.err.splitlines()[0]) == (3, "", "error [use-refused]: This question is refused.")
    assert after["log_entries"] == before["log_entries"] + 1
    assert {name for name in after if after[name] != before[name] and not name.startswith("log_")} == set()


def test_a_question_that_runs_too_long_ends_with_5_and_stays_charged(shop: Shop) -> None:
    impatient = Shop(shop.folder, {"PELLUCID_QUERY_SECONDS": "1"})
    crossed = ", ".join(f"products p{number}" for number in range(12))

    said = impatient.run(
        "query",
        f"SELECT COUNT(*) FROM purchases JOIN products USING (product), {crossed}",
        "-p",
        "newsletter",
        "--as",
        "ana",
    )

    assert (said.code, said.err.split(":")[0]) == (5, "error [query-timeout]")
    with sqlite3.connect(shop.folder / "control.sqlite") as connection:
        assert [state for (state,) in connection.execute("SELECT state FROM charges")] == ["charged"]


def test_a_folder_is_no_data_file(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    said = shop.run("data", "add", "purchases", str(tmp_path / "empty"), "--as", "dan")

    assert said.code in (2, 6)
    assert said.err.startswith("error [")
