"""DuckDB's own walls: the lock, the limits, the read-only files, and what happens when someone presses Ctrl-C."""

from __future__ import annotations

import re
import shutil
import signal
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pellucid.conformance.engine import SECRET, counted, permitted
from pellucid.conformance.harness import NAMESPACE, PURPOSE, Visit
from pellucid.engines.base import Holding, PermittedChange, Statement
from pellucid.engines.duckdb import DuckDBEngine, DuckDBReleasedCells
from pellucid.engines.members import Members
from pellucid.engines.timelimit import done_within
from pellucid.errors import InputInvalid, QueryFailed, WorkspaceUnusable
from tests.engines.conftest import DuckDBHarness

LONG = 600.0
OUTSIDE = [
    "SELECT * FROM read_csv('{folder}/outside.csv')",
    "SELECT content FROM read_text('{folder}/outside.csv')",
    "SELECT * FROM '{folder}/outside.csv'",
    "SELECT * FROM glob('{folder}/*')",
    "ATTACH '{folder}/other.duckdb' AS other",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "EXPORT DATABASE '{folder}/exported'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SELECT * FROM table_in_python",
]

SETTINGS = [
    "SET threads = 1",
    "SET memory_limit = '10GB'",
    "SET temp_directory = '{folder}'",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET threads",
    "PRAGMA threads = 1",
    "SET GLOBAL python_enable_replacements = true",
    "SET SESSION TimeZone = 'Asia/Tokyo'",
]

SEALED = {
    "threads": 2,
    "memory_limit": "190.7 MiB",
    "max_temp_directory_size": "0 bytes",
    "enable_external_access": False,
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,
    "allow_extension_repositories": "forbidden",
    "lock_configuration": True,
    "TimeZone": "UTC",
}


@pytest.fixture
def cursor(harness: DuckDBHarness, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    (tmp_path / "outside.csv").write_text("a\n1\n")
    with duckdb.connect(str(tmp_path / "other.duckdb")) as other:
        other.execute("CREATE TABLE t (a INTEGER)")
    return harness.open([Visit(0)])._connection.cursor()


@pytest.mark.parametrize("sql", OUTSIDE)
def test_a_locked_engine_reaches_nothing_outside(cursor: duckdb.DuckDBPyConnection, tmp_path: Path, sql: str) -> None:
    table_in_python = pa.table({"a": [1]})  # readable as a table, were it not for the lock
    assert table_in_python.num_rows == 1
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(duckdb.Error, match=r"Permission Error|does not exist"):
        cursor.execute(sql.format(folder=tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("sql", OUTSIDE[:3])
def test_an_unlocked_engine_would_have_reached_it(tmp_path: Path, sql: str) -> None:
    (tmp_path / "outside.csv").write_text("a\n1\n")
    assert len(duckdb.connect(":memory:").execute(sql.format(folder=tmp_path)).fetchall()) == 1


@pytest.mark.parametrize("sql", SETTINGS)
def test_a_locked_engine_keeps_its_settings(cursor: duckdb.DuckDBPyConnection, tmp_path: Path, sql: str) -> None:
    with pytest.raises(duckdb.Error, match="configuration has been locked"):
        cursor.execute(sql.format(folder=tmp_path))


def test_the_settings_are_those_asked_for(cursor: duckdb.DuckDBPyConnection) -> None:
    def current(name: str) -> object:
        return cursor.execute("SELECT current_setting(?)", [name]).fetchall()[0][0]

    assert {name: current(name) for name in SEALED} == SEALED


def test_released_cells_are_locked_too() -> None:
    cells = DuckDBReleasedCells()
    with pytest.raises(duckdb.Error, match="configuration has been locked"):
        cells._connection.execute("SET threads = 4")
    with pytest.raises(QueryFailed, match="could not answer"):
        cells.run(Statement("post", "SELECT content FROM read_text('/etc/hostname')"), {}, seconds=LONG)
    with pytest.raises(QueryFailed, match="longer than") as raised:
        cells.run(Statement("post", "SELECT count(*) FROM range(10000000000) a, range(9) b"), {}, seconds=0.2)
    assert raised.value.code == "query-timeout"
    cells.close()


def test_generation_files_are_attached_read_only_under_names_nobody_can_guess(harness: DuckDBHarness) -> None:
    engines = [harness.open([Visit(0)]), harness.open([Visit(0)])]
    names = []
    for engine in engines:
        sql = "SELECT database_name, readonly FROM duckdb_databases() WHERE NOT internal AND path IS NOT NULL"
        rows = engine._connection.execute(sql).fetchall()
        assert [readonly for _, readonly in rows] == [True]
        names += [name for name, _ in rows]
    assert all(re.fullmatch("g[0-9a-f]{32}", name) for name in names)
    assert len(set(names)) == 2
    with pytest.raises(duckdb.Error, match="read-only"):
        engines[0]._connection.execute(f"DELETE FROM {names[0]}.main.rows")


def test_a_dataset_and_a_path_with_quotes_are_only_names(tmp_path: Path, harness: DuckDBHarness) -> None:
    harness.open([Visit(0)]).close()
    odd = tmp_path / 'it\'s "odd".duckdb'
    (tmp_path / "visits.1.duckdb").rename(odd)
    dataset = 'vis"its; DROP SCHEMA held'
    engine = DuckDBEngine(
        [Holding(dataset, 1, str(odd))],
        temp_directory=tmp_path / "spill",
        memory_limit="200MB",
        spill_limit="0B",
        threads=1,
    )
    statement = Statement("a", 'SELECT _subject0 FROM held."vis""its; DROP SCHEMA held"')
    rows = engine.run([statement], purpose="p", seconds=LONG)
    assert rows.table("a").num_rows == 1
    engine.close()


@pytest.mark.parametrize("content", [None, b"not a database", b""])
def test_a_bad_generation_file_names_the_dataset_and_not_the_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "visits.3.duckdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WorkspaceUnusable, match="Generation 3 of 'visits' cannot be opened") as raised:
        DuckDBEngine(
            [Holding("visits", 3, str(path))],
            temp_directory=tmp_path / "spill",
            memory_limit="200MB",
            spill_limit="0B",
            threads=1,
        )
    assert raised.value.code == "generation-unusable"
    assert raised.value.__context__ is None
    assert [entry.name for entry in (tmp_path / "spill").iterdir()] == ["lock"]


def test_what_the_engine_said_goes_to_diagnostics_and_nowhere_else(harness: DuckDBHarness) -> None:
    heard: list[tuple[str, str]] = []
    engine = harness.open([Visit(0, secret=SECRET)], diagnostics=lambda *said: heard.append(said))
    engine.load_permitted([permitted([0])], version=1)
    with pytest.raises(QueryFailed, match=r"error [0-9a-f]{8}") as raised:
        engine.run([harness.quoting()], purpose=PURPOSE, seconds=LONG)
    [(error_id, text)] = heard
    assert SECRET in text  # there was something that could leak
    assert f"(error {error_id})" in str(raised.value)


def test_a_change_that_breaks_half_way_lets_nobody_be_read_until_the_next_load(
    harness: DuckDBHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = harness.open([Visit(0), Visit(1)])
    engine.load_permitted([permitted([0, 1])], version=1)
    assert counted(engine, harness.count()) == 2

    def broken(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(Members, "words_of", broken)
        with pytest.raises(MemoryError):
            engine.permit([PermittedChange(PURPOSE, 0, False, False, namespace=NAMESPACE)], version=2)
    assert (engine.replica_version, counted(engine, harness.count())) == (-1, 0)
    engine.load_permitted([permitted([1])], version=2)
    assert counted(engine, harness.count()) == 1


def test_a_partial_subject_that_no_engine_can_hold_changes_nothing(harness: DuckDBHarness) -> None:
    engine = harness.open([Visit(0)])
    engine.load_permitted([permitted([0])], version=1)
    impossible = PermittedChange(PURPOSE, 2**40, False, False, 5)
    with pytest.raises(InputInvalid, match="ids are from 0"):
        engine.load_permitted([permitted([], partial=[impossible])], version=2)
    assert (engine.replica_version, counted(engine, harness.count())) == (1, 1)


@pytest.mark.slow
def test_spilling_stays_in_the_engines_own_folder_and_goes_with_it(harness: DuckDBHarness, tmp_path: Path) -> None:
    engine = harness.open([Visit(0)], spill_limit="2GB")
    sql = "SELECT count(*) AS n FROM (SELECT md5(range::VARCHAR) AS m FROM range(8000000) ORDER BY m OFFSET 3)"
    seen: set[str] = set()
    for _ in range(10):  # whoever watches may stand still for as long as a question takes
        assert ask_watched(engine, sql, seen) == 7_999_997
        if seen:
            break
    assert len(seen) > 0
    assert stat.S_IMODE(engine._spill.path.stat().st_mode) == 0o700
    engine.close()
    assert [entry.name for entry in (tmp_path / "spill").iterdir()] == ["lock"]


def ask_watched(engine: DuckDBEngine, sql: str, seen: set[str]) -> int:
    """Ask, and note which files lie in the engine's folder meanwhile."""
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.update(path.name for path in engine._spill.path.glob("*"))
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    answer = engine.run([Statement("n", sql)], purpose=PURPOSE, seconds=LONG)
    done.set()
    watcher.join()
    return int(answer.table("n").column("n")[0].as_py())


def test_ctrl_c_stops_the_question_and_leaves_the_engine_usable(harness: DuckDBHarness) -> None:
    engine = harness.open([Visit(0, secret=SECRET)])
    engine.load_permitted([permitted([0])], version=1)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    main = threading.main_thread().ident
    assert main is not None

    def press() -> None:
        while not is_watching(main):
            time.sleep(0.001)
        time.sleep(0.3)
        signal.pthread_kill(main, signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    try:
        with pytest.raises(KeyboardInterrupt) as raised:
            engine.run([harness.endless()], purpose=PURPOSE, seconds=LONG)
    finally:
        signal.signal(signal.SIGINT, before)
        pressing.join()
    assert raised.value.__context__ is None
    assert counted(engine, harness.count()) == 1
    engine.permit([PermittedChange(PURPOSE, 0, False, False)], version=2)
    assert counted(engine, harness.count()) == 0


def is_watching(thread: int) -> bool:
    """Return whether a thread has begun a question and waits for its end."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        asked = frame.f_back
        if asked is not None and (asked.f_code.co_name, frame.f_code.co_name) == ("done_within", "wait"):
            return True
        frame = asked
    return False


class Held(list[Statement]):
    """Statements that are not told to the engine, which has begun, before they may be."""

    def __init__(self, *statements: Statement) -> None:
        super().__init__(statements)
        self.begun, self.go = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[Statement]:
        self.begun.set()
        assert self.go.wait(LONG)
        return super().__iter__()


def test_an_engine_closed_during_a_question_lets_it_end(harness: DuckDBHarness) -> None:
    engine = harness.open([Visit(0)])
    engine.load_permitted([permitted([0])], version=1)
    counts: list[int] = []
    held = Held(Statement("n", "SELECT CAST(count(*) AS BIGINT) AS rows FROM range(30000000) WHERE range % 7 = 3"))

    def ask() -> None:
        found = engine.run(held, purpose=PURPOSE, seconds=LONG).table("n")
        counts.extend(found.column("rows").to_pylist())

    thread = threading.Thread(target=ask)
    thread.start()
    assert held.begun.wait(LONG)
    engine.close()
    assert engine._spill.path.exists()
    held.go.set()
    thread.join()
    assert counts == [4_285_714]
    assert not engine._spill.path.exists()


def test_a_limit_counts_however_late_whoever_watches_looks(harness: DuckDBHarness) -> None:
    cursor = harness.open([Visit(0)])._connection.cursor()
    ended = [done_within(cursor, lambda: None, seconds=seconds) for seconds in [1e-9] * 50 + [LONG]]
    assert ended == [False] * 50 + [True]


def test_no_thread_outlives_its_question(harness: DuckDBHarness) -> None:
    engine = harness.open([Visit(0)])
    engine.load_permitted([permitted([0])], version=1)
    before = threading.active_count()
    for _ in range(20):
        engine.run([harness.count()], purpose=PURPOSE, seconds=60)
    assert threading.active_count() == before


def test_a_generation_whose_members_do_not_fit_their_places_is_not_opened(
    tmp_path: Path, harness: DuckDBHarness
) -> None:
    harness.open([Visit(0), Visit(1)]).close()
    path = tmp_path / "visits.1.duckdb"
    path.chmod(0o644)
    for damage in (
        "UPDATE members SET _bit = 0",
        "UPDATE members SET _bit = 64 WHERE _bit = 1",
        "UPDATE members SET _block = 1 WHERE _bit = 0",
        "DELETE FROM subject_paths",
        "DROP TABLE members",
        "ALTER TABLE rows DROP COLUMN _word",
    ):
        broken = tmp_path / "broken.duckdb"
        shutil.copy(path, broken)
        with duckdb.connect(str(broken)) as connection:
            connection.execute(damage)
        with pytest.raises(WorkspaceUnusable, match="Generation 7 of 'visits' cannot be opened"):
            opened(broken, tmp_path)
        broken.unlink()
    opened(path, tmp_path).close()


def opened(path: Path, folder: Path) -> DuckDBEngine:
    holding = Holding("visits", 7, str(path))
    return DuckDBEngine([holding], temp_directory=folder / "spill", memory_limit="200MB", spill_limit="0B", threads=1)
