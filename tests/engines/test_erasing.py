"""A generation written anew without people lies as if it had been written so, and holds exactly the others' rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pellucid.engines.duckdb_absence import identifying, left_of
from pellucid.engines.duckdb_erasing import Counted, Cut, Erase
from pellucid.engines.duckdb_layout import write_placed
from pellucid.engines.duckdb_private import EngineLimits
from pellucid.engines.needles import Needles
from pellucid.errors import DataRefused
from pellucid.policy.model import Column, ColumnType, Dataset, SubjectPath

SECOND = 1_000_000
COLUMNS = {
    "note": Column("note", ColumnType.TEXT, "user.contact"),
    "seen": Column("seen", ColumnType.TIMESTAMP, "user.behavior"),
}
ONE = Dataset("notes", "Notes", COLUMNS, subjects=(SubjectPath("customer", "note"),), time="seen")
TWO = Dataset("pairs", "Pairs", COLUMNS, subjects=(SubjectPath("customer", "note"),) * 2, time="seen")


def write(path: Path, dataset: Dataset, people: Sequence[tuple[int, ...]]) -> None:
    """Write a generation with one row for each tuple of subjects, a second apart, sorted by subject."""
    path.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS target")
        rows = sorted(people)
        subjects = [f"_subject{number}" for number in range(len(dataset.subjects))]
        told = ", ".join(f"CAST(who[{number + 1}] AS INTEGER) AS {name}" for number, name in enumerate(subjects))
        connection.execute(
            "CREATE TABLE given AS SELECT unnest($1) AS who, unnest($2) AS n", [rows, list(range(len(rows)))]
        )
        at = f"make_timestamp(CAST(n AS BIGINT) * {SECOND}) AS seen"
        query = f"SELECT 'person ' || who[1] AS note, {at}, {told} FROM given ORDER BY n"
        names = ["note", "seen"]
        write_placed(connection.execute, "target.main", query, names, ["customer"] * len(subjects), len(rows))


def read(path: Path, what: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(what).fetchall()


def erase(path: Path, dataset: Dataset, cut: Cut) -> tuple[Path, Counted, bool]:
    target = path.with_suffix(".new")
    target.unlink(missing_ok=True)
    with Erase(dataset, path, EngineLimits(path.parent, "256MB", 2), cut) as engine:
        counted = engine.count()
        engine.write(target)
        same = engine.only_those()
        engine.finish(target)
    return target, counted, same


def gone(*ids: int) -> dict[str, NDArray[np.int64]]:
    return {"customer": np.array(sorted(ids), np.int64)}


@pytest.mark.slow
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(
    counts=st.lists(st.integers(1, 1_200), min_size=1, max_size=8),
    chosen=st.sets(st.integers(0, 7), min_size=1, max_size=6),
)
def test_a_file_without_people_is_the_file_that_was_never_written_with_them(
    counts: list[int], chosen: set[int], tmp_path: Path
) -> None:
    people = [(number,) for number, count in enumerate(counts) for _ in range(count)]
    write(tmp_path / "a.duckdb", ONE, people)
    made, counted, same = erase(tmp_path / "a.duckdb", ONE, Cut(gone(*chosen)))
    kept = "SELECT note, seen, _subject0 FROM rows WHERE _subject0 NOT IN (SELECT unnest($1))".replace(
        "$1", str(sorted(chosen))
    )
    assert read(made, "SELECT note, seen, _subject0 FROM rows") == read(tmp_path / "a.duckdb", kept)
    write(tmp_path / "b.duckdb", ONE, [each for each in people if each[0] not in chosen])
    assert read(made, "SELECT _block FROM rows") == read(tmp_path / "b.duckdb", "SELECT _block FROM rows")
    placed = read(made, "SELECT DISTINCT _block, _word, _bit, _subject0 FROM rows ORDER BY _word, _bit")
    assert read(made, "SELECT _block, _word, _bit, _subject0 FROM members") == placed
    assert (same, counted.erased) == (True, sum(each[0] in chosen for each in people))


def test_a_row_about_two_people_goes_with_either(tmp_path: Path) -> None:
    write(tmp_path / "a.duckdb", TWO, [(0, 0), (0, 1), (1, 2), (2, 2), (3, 0)])
    made, counted, same = erase(tmp_path / "a.duckdb", TWO, Cut(gone(0)))
    assert read(made, "SELECT _subject0, _subject1 FROM rows ORDER BY ALL") == [(1, 2), (2, 2)]
    assert (counted.erased, counted.shared, same) == (3, 2, True)


def test_a_row_about_two_people_stays_while_it_is_held_for_one_of_them(tmp_path: Path) -> None:
    write(tmp_path / "a.duckdb", TWO, [(0, 0), (0, 1), (1, 2), (2, 2), (3, 0)])
    made, counted, same = erase(tmp_path / "a.duckdb", TWO, Cut(gone(0), held=gone(1, 2)))
    assert read(made, "SELECT _subject0, _subject1 FROM rows ORDER BY ALL") == [(0, 1), (1, 2), (2, 2)]
    assert read(made, "SELECT _subject0, _subject1 FROM members ORDER BY ALL") == [(0, 1), (1, 2), (2, 2)]
    assert (counted.erased, counted.shared, counted.held, same) == (2, 1, 1, True)


def test_rows_whose_place_is_said_to_be_somebody_elses_are_not_written(tmp_path: Path) -> None:
    write(tmp_path / "a.duckdb", ONE, [(0,), (1,), (2,), (2,)])
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute("UPDATE members SET _subject0 = 3 - _subject0 WHERE _subject0 IN (1, 2)")
    with pytest.raises(DataRefused, match="stored in a place that is not theirs") as refused:
        erase(tmp_path / "a.duckdb", ONE, Cut(gone(0)))
    assert refused.value.code == "layout-wrong"


def test_rows_that_a_law_has_kept_stay_and_old_ones_go(tmp_path: Path) -> None:
    write(tmp_path / "a.duckdb", ONE, [(0,)] * 4 + [(1,)] * 4)
    cut = Cut(gone(0), kept_from=2 * SECOND, kept_since=5 * SECOND, exempt=gone(0))
    made, counted, same = erase(tmp_path / "a.duckdb", ONE, cut)
    assert read(made, "SELECT _subject0, epoch(seen) FROM rows ORDER BY 2") == [
        (0, 2.0), (0, 3.0), (1, 5.0), (1, 6.0), (1, 7.0)
    ]  # fmt: skip
    assert (counted.erased, counted.kept, counted.outdated, same) == (2, 2, 1, True)


def test_values_are_emptied_but_those_of_exempt_people(tmp_path: Path) -> None:
    write(tmp_path / "a.duckdb", ONE, [(0,), (0,), (1,)])
    cut = Cut(emptied={"note": 10 * SECOND}, exempt=gone(1))
    made, counted, same = erase(tmp_path / "a.duckdb", ONE, cut)
    assert read(made, "SELECT note FROM rows ORDER BY seen") == [(None,), (None,), ("person 1",)]
    assert (counted.emptied, same) == (2, True)


def test_what_is_left_of_people_is_found(tmp_path: Path) -> None:
    limits = EngineLimits(tmp_path, "256MB", 2)
    write(tmp_path / "a.duckdb", ONE, [(1_000_000 + number,) for number in range(50)])
    needles = Needles(["person 1000007"])
    left = left_of(tmp_path / "a.duckdb", ONE, gone(1_000_007), needles, limits)
    assert (left.rows, left.texts) == (1, frozenset({"person 1000007"}))
    made, _, _ = erase(tmp_path / "a.duckdb", ONE, Cut(gone(1_000_007)))
    left = left_of(made, ONE, gone(1_000_007), needles, limits)
    assert (left.rows, left.texts, left.in_bytes) == (0, frozenset(), frozenset())


def test_only_texts_that_nobody_else_has_identify_somebody(tmp_path: Path) -> None:
    write(tmp_path / "a.duckdb", TWO, [(1, 2), (1, 3), (4, 2)])
    limits = EngineLimits(tmp_path, "256MB", 2)
    assert identifying(tmp_path / "a.duckdb", TWO, gone(3), ("note",), limits) == set()
    assert identifying(tmp_path / "a.duckdb", TWO, gone(1), ("note",), limits) == {"person 1"}


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.duckdb").write_text("no generation")
    with pytest.raises(DataRefused, match="could not be counted"):
        erase(tmp_path / "a.duckdb", ONE, Cut(gone(0)))
