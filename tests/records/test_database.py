from __future__ import annotations

import fcntl
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from time import perf_counter, sleep

import pytest
from sqlalchemy import Connection, insert, select, update

from pellucid.errors import RecordingFailed, WorkspaceUnusable
from pellucid.records import turn
from pellucid.records.database import AT_MOST, Database
from pellucid.records.tables import log_head, settings_kept
from tests.records.postgresql import TEMPLATE, drop_database, new_database
from tests.records.sqlite import new_control


def put(connection: Connection, name: str, value: str) -> None:
    connection.execute(insert(settings_kept).values(name=name, value=value))


def names(connection: Connection) -> list[str]:
    return list(connection.scalars(select(settings_kept.c.name).order_by(settings_kept.c.name)))


def count_up(url: str, times: int) -> None:
    database = Database(url, busy_seconds=300)  # whoever has the turn may stand still
    for _ in range(times):
        with database.write() as connection:
            seen = int(connection.scalars(select(settings_kept.c.value)).one())
            connection.execute(update(settings_kept).values(value=str(seen + 1)))
    database.close()


def test_a_write_is_kept_and_an_error_undoes_all_of_it(database: Database) -> None:
    with database.write() as connection:
        put(connection, "kept", "1")
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        put(connection, "undone", "1")
        raise ZeroDivisionError
    with database.read() as connection:
        assert names(connection) == ["kept"]


def test_what_the_database_refuses_is_a_failed_recording_without_its_words(database: Database) -> None:
    with database.write() as connection:
        put(connection, "kept", "1")
    with (
        pytest.raises(RecordingFailed, match="did not accept the change, so it was not made") as caught,
        database.write() as connection,
    ):
        put(connection, "other", "1")
        put(connection, "kept", "2")
    assert "UNIQUE" not in caught.value.diagnostics()
    with database.read() as connection:
        assert names(connection) == ["kept"]


def test_a_read_is_a_snapshot(database: Database, url: str) -> None:
    other = Database(url)
    with database.read() as connection:
        assert names(connection) == []
        with other.write() as writer:
            put(writer, "later", "1")
        assert names(connection) == []
    with database.read() as connection:
        assert names(connection) == ["later"]
    other.close()


def test_a_read_cannot_write_and_the_next_transaction_can(database: Database) -> None:
    with pytest.raises(WorkspaceUnusable, match="cannot be read"), database.read() as connection:
        put(connection, "lost", "1")
    with database.write() as connection:
        put(connection, "kept", "1")
    with database.read() as connection:
        assert names(connection) == ["kept"]


def test_transactions_are_not_nested_in_one_thread(database: Database) -> None:
    for outer in (database.read, database.write):
        for inner in (database.read, database.write):
            with outer(), pytest.raises(RecordingFailed, match="opened inside another one") as caught, inner():
                pass
            assert caught.value.code == "nested-transaction"
    with database.write() as connection:
        put(connection, "after", "1")


def test_threads_have_transactions_of_their_own(database: Database) -> None:
    barrier = threading.Barrier(4)

    def read(number: int) -> list[str]:
        with database.read() as connection:
            barrier.wait(300)
            return names(connection)

    with database.write() as connection:
        put(connection, "kept", "1")
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(read, range(4))) == [["kept"]] * 4


def test_a_writer_sees_what_the_last_one_committed_even_if_it_waited(database: Database, url: str) -> None:
    with database.write() as connection:
        put(connection, "count", "0")
    context = get_context("spawn")
    workers = [context.Process(target=count_up, args=(url, 40)) for _ in range(3)]
    for worker in workers:
        worker.start()
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(count_up, [url, url], [40, 40]))
    for worker in workers:
        worker.join(300)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    with database.read() as connection:
        assert connection.scalars(select(settings_kept.c.value)).all() == ["200"]


def write_for(url: str, seconds: float, pipe: Pipe) -> None:
    """Write again and again, and tell the longest wait (seconds) for the turn."""
    database, longest = Database(url), 0.0
    pipe.send("ready")
    pipe.recv()
    until = perf_counter() + seconds
    while (asked := perf_counter()) < until:
        with database.write():
            longest = max(longest, perf_counter() - asked)
            sleep(0.005)
    pipe.send(longest)


@pytest.mark.alone
@pytest.mark.slow
def test_no_writer_is_overtaken_for_long(database: Database, url: str) -> None:
    """With SQLite's own waiting the longest of three writers' waits is a second and more.

    One of three tries is enough: now and then a machine stands still for longer than that.
    """
    assert any(longest_wait(url) < 1.0 for _ in range(3))


def longest_wait(url: str) -> float:
    """Return the longest wait (seconds) of three processes that write for two seconds."""
    context = get_context("spawn")
    pipes = [context.Pipe() for _ in range(3)]
    workers = [context.Process(target=write_for, args=(url, 2.0, there)) for _, there in pipes]
    for worker in workers:
        worker.start()
    assert [here.recv() for here, _ in pipes] == ["ready"] * 3
    for here, _ in pipes:
        here.send("go")
    longest = [here.recv() for here, _ in pipes]
    for worker in workers:
        worker.join(300)
    return max(longest)


def test_who_hangs_at_the_door_is_walked_past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "COURTESY_SECONDS", 0.05)
    database = Database.at(tmp_path / "control.sqlite")
    database.create()
    hanging = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(hanging, fcntl.LOCK_EX)
    with database.write() as connection:
        put(connection, "kept", "1")
    with database.read() as connection:
        assert names(connection) == ["kept"]
    os.close(hanging)


def test_a_writer_that_waits_too_long_is_told_so(database: Database, url: str) -> None:
    impatient = Database(url, busy_seconds=0.2)
    started = perf_counter()
    with database.write():
        with pytest.raises(RecordingFailed, match="another writer kept it too long") as caught, impatient.write():
            pass
        with impatient.read() as connection:  # readers never wait
            assert names(connection) == []
    assert caught.value.code == "database-busy"
    assert 0.15 < perf_counter() - started < 60
    impatient.close()


def test_who_gets_no_connection_to_the_server_is_told_to_try_again(postgresql: str) -> None:
    url = new_database(postgresql, TEMPLATE)
    database = Database(url, busy_seconds=0.05)
    with ExitStack() as held:
        for _ in range(AT_MOST):
            held.enter_context(database._engine.connect())
        with pytest.raises(WorkspaceUnusable, match="is in use") as reading, database.read():
            pass
        with (
            pytest.raises(RecordingFailed, match=r"is in use\. The change was not made\.") as writing,
            database.write(),
        ):
            pass
    with database.write() as connection:
        put(connection, "kept", "1")
    with database.read() as connection:
        assert names(connection) == ["kept"]
    assert (reading.value.code, writing.value.code) == ("database-full", "database-full")
    database.close()
    drop_database(postgresql, url)


def test_making_it_twice_changes_nothing(database: Database, url: str) -> None:
    with database.write() as connection:
        connection.execute(update(log_head).values(size=1))
    Database(url).create()
    with database.read() as connection:
        assert [tuple(row) for row in connection.execute(select(log_head.c.id, log_head.c.size))] == [(1, 1)]
    database.demand_current()


def test_what_reads_on_sqlite_is_never_switched_to_writing_and_back(tmp_path: Path) -> None:
    """Each switch has SQLite parse all statements anew that it knew."""
    database = Database.at(tmp_path / "control.sqlite")
    database.create()
    seen = []
    for begin in (database.read, database.write, database.read, database.write):
        with begin() as connection:
            driver = connection.connection.driver_connection
            seen.append((id(driver), connection.exec_driver_sql("PRAGMA query_only").scalar_one()))
    (reader, _), (writer, _) = seen[:2]
    assert seen == [(reader, 1), (writer, 0)] * 2
    assert reader != writer
    database.close()


def test_a_statement_is_compiled_once_for_all_databases_on_sqlite(tmp_path: Path) -> None:
    one, other = new_control(tmp_path / "one.sqlite"), new_control(tmp_path / "other.sqlite")
    with one.read() as reading, other.write() as writing:
        assert reading.dialect is writing.dialect
        compiled = reading.get_execution_options()["compiled_cache"]
        assert compiled is writing.get_execution_options()["compiled_cache"]
        put(writing, "one", "1")
        before = len(compiled)
        put(writing, "two", "2")
        assert names(reading) == []
        assert names(writing) == ["one", "two"]
        assert len(compiled) - before <= 1
    for database in (one, other):
        database.close()


def test_a_forked_child_gets_a_connection_of_its_own(tmp_path: Path) -> None:
    database = Database.at(tmp_path / "control.sqlite")
    database.create()
    with database.read() as connection:
        assert names(connection) == []
        child = os.fork()
        if child == 0:
            # The parent's transaction is not the child's: neither nested nor shared.
            code = 1
            try:
                with database.write() as own:
                    put(own, "child", "1")
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert names(connection) == []
    with database.write() as connection:
        put(connection, "parent", "1")
        assert names(connection) == ["child", "parent"]


def test_the_file_and_its_companions_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "control.sqlite"
    previous = os.umask(0)
    try:
        database = Database.at(path)
        database.create()
        with database.write() as connection:
            put(connection, "kept", "1")
        assert {found.name: oct(found.stat().st_mode & 0o777) for found in tmp_path.iterdir()} == {
            name: "0o600" for name in ("control.sqlite", "control.sqlite-shm", "control.sqlite-wal")
        }
    finally:
        os.umask(previous)
    database.close()
    path.chmod(0o644)
    Database.at(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_missing_file_is_no_empty_database(tmp_path: Path) -> None:
    database = Database.at(tmp_path / "none.sqlite")
    with pytest.raises(WorkspaceUnusable, match="cannot be read"), database.read():
        pass
    with pytest.raises(RecordingFailed, match="did not accept the change"), database.write():
        pass
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(WorkspaceUnusable, match="cannot be made in that folder"):
        Database.at(tmp_path / "nowhere" / "control.sqlite").create()


def test_a_file_that_is_no_database_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "control.sqlite"
    path.write_bytes(b"This is no database, however one reads it. " * 100)
    with pytest.raises(WorkspaceUnusable, match="cannot be read"):
        Database.at(path).demand_current()


def test_sqlite_is_set_up_to_lose_nothing_and_to_wipe_what_is_deleted(tmp_path: Path) -> None:
    database = Database.at(tmp_path / "odd name?%20#.sqlite")
    database.create()
    with database.read() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
            for pragma in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        ]
    assert found == ["wal", 2, 1, 1]


def test_only_who_writes_holds_much_of_the_database_in_memory(tmp_path: Path) -> None:
    database = Database.at(tmp_path / "control.sqlite")
    database.create()
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA cache_size").scalar() == -turn.WRITER_CACHE
        raise ZeroDivisionError
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA cache_size").scalar() == -turn.CACHE
