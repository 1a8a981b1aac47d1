"""One person's rows of a generation are those that a filter by hand gives, without what is somebody else's."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.engines.base import Holding
from pellucid.engines.duckdb_person import DuckDBPerson
from pellucid.engines.person import WITHHELD, Needs, PersonRows, PersonWanted
from pellucid.errors import QueryFailed, WorkspaceUnusable

COLUMNS = ("a", "b", "c")
IDS = st.integers(0, 3)
ROW = st.tuples(
    st.text(max_size=3).filter(lambda text: "\0" not in text), st.none() | st.integers(-9, 9), st.booleans()
)
PATHS = 2
NEEDS: dict[str, Needs] = {"a": ((0,),), "b": ((0,), (1,)), "c": ((0, 1),)}


def write(path: Path, rows: Sequence[Sequence[Any]], paths: int = PATHS) -> Holding:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        subjects = "".join(f", _subject{path} INTEGER" for path in range(paths))
        connection.execute(f"CREATE TABLE rows (a VARCHAR, b BIGINT, c BOOLEAN{subjects})")
        for row in rows:
            connection.execute(f"INSERT INTO rows VALUES ({', '.join('?' for _ in row)})", list(row))
    return Holding("things", 1, str(path))


def read(holding: Holding, folder: Path, **wanted: Any) -> list[dict[str, Any]]:
    with DuckDBPerson([holding], temp_directory=folder / "spill") as engine:
        return [row for batch in engine.rows(PersonWanted(holding, COLUMNS, **wanted)) for row in batch.to_pylist()]


def by_hand(rows: Sequence[Any], own: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    """Filter and mask row by row, as the rule is said in words."""
    found = []
    for row in rows:
        mine = [row[3 + path] in own[path] for path in range(PATHS)]
        if not any(mine):
            continue
        hidden = [name for name in COLUMNS if not all(any(mine[path] for path in group) for group in NEEDS[name])]
        told = {name: None if name in hidden else value for name, value in zip(COLUMNS, row[:3], strict=True)}
        found.append({**told, WITHHELD: " ".join(hidden)})
    return found


@pytest.mark.slow
@settings(max_examples=50)  # each makes a file and opens an engine
@given(
    rows=st.lists(st.builds(lambda row, one, other: (*row, one, other), ROW, IDS, IDS), max_size=12),
    own=st.tuples(*[st.lists(IDS, max_size=2, unique=True).map(tuple)] * PATHS),
)
def test_rows_and_masks_are_those_of_a_filter_by_hand(
    rows: list[Any], own: tuple[tuple[int, ...], ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("person")
    holding = write(folder / "things.1.duckdb", rows)
    assert read(holding, folder, own=own, needs=NEEDS) == by_hand(rows, own)


def test_a_dataset_about_one_person_a_row_has_no_column_of_what_is_withheld(tmp_path: Path) -> None:
    holding = write(tmp_path / "g.duckdb", [("x", 1, True, 0), ("y", 2, False, 1)], paths=1)
    assert read(holding, tmp_path, own=((1,),)) == [{"a": "y", "b": 2, "c": False}]


def test_of_nobody_there_are_no_rows(tmp_path: Path) -> None:
    holding = write(tmp_path / "g.duckdb", [("x", 1, True, 0), ("y", 2, False, None)], paths=1)
    assert read(holding, tmp_path, own=((),)) == []


def test_rows_are_neither_printed_nor_pickled() -> None:
    rows = PersonRows(["secret"], iter([]))
    assert (repr(rows), str(rows), f"{rows}") == ("PersonRows(1 columns, values withheld)",) * 3
    with pytest.raises(TypeError, match=r"^PersonRows cannot be serialised"):
        pickle.dumps(rows)


def test_a_file_that_cannot_be_opened_is_named_without_the_words_of_the_engine(tmp_path: Path) -> None:
    (tmp_path / "g.duckdb").write_text("no database")
    with pytest.raises(WorkspaceUnusable, match=r"^Generation 4 of 'things' cannot be opened\.$") as caught:
        DuckDBPerson([Holding("things", 4, str(tmp_path / "g.duckdb"))], temp_directory=tmp_path / "spill")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert [each.name for each in (tmp_path / "spill").iterdir()] == ["lock"]


def test_what_an_engine_says_in_the_middle_stays_there(tmp_path: Path) -> None:
    holding = write(tmp_path / "g.duckdb", [("x", 1, True, 0)], paths=1)
    with DuckDBPerson([holding], temp_directory=tmp_path / "spill") as engine:
        rows = engine.rows(PersonWanted(holding, ("no such column",), own=((0,),)))
        failed: Callable[[], object] = lambda: list(rows)  # noqa: E731
        with pytest.raises(
            QueryFailed, match=r"^The engine could not answer the question \(error [0-9a-f]{8}\)\.$"
        ) as e:
            failed()
    assert (e.value.__cause__, e.value.__context__) == (None, None)


def test_the_instance_writes_nothing_and_reads_no_other_file(tmp_path: Path) -> None:
    holding = write(tmp_path / "g.duckdb", [("x", 1, True, 0)], paths=1)
    with DuckDBPerson([holding], temp_directory=tmp_path / "spill") as engine:
        for sql in ("SELECT * FROM read_text('/etc/hostname')", "COPY (SELECT 1) TO '/tmp/out.csv'"):
            with pytest.raises(duckdb.PermissionException):
                engine._connection.execute(sql)
