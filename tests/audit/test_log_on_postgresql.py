from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import get_context

import pytest

from pellucid.audit import log, merkle
from pellucid.audit.checkpoint import sign_checkpoint
from pellucid.audit.keys import SigningKey
from pellucid.audit.treehead import open_checkpoint
from pellucid.records.database import Database
from tests.audit.conftest import NOON, entry
from tests.records.postgresql import new_database, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_server() as url:
        yield url


def append_some(url: str, times: int) -> None:
    database = Database(url)
    for number in range(times):
        with database.write() as connection:
            log.append_all(connection, [entry(number)] * (1 + number % 3))
    database.close()


def test_several_processes_append_to_postgresql_without_gap_or_loss(server: str, key: SigningKey) -> None:
    url = new_database(server)
    database = Database(url)
    database.create()
    context = get_context("spawn")
    workers = [context.Process(target=append_some, args=(url, 30)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    with database.write() as connection:
        stored = list(log.entries(connection))
        assert [found.leaf for found in stored] == list(range(3 * 60))
        root = merkle.root_from_leaves([merkle.leaf_hash(found.body) for found in stored])
        assert log.head(connection) == (180, root)
        assert len(list(log.details(connection))) == 3 * 30
        checkpoint, _ = open_checkpoint(sign_checkpoint(connection, key, NOON), key.verifier)
        assert (checkpoint.size, checkpoint.root) == (180, root)
    database.close()
