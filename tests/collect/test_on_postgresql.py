"""The same import with the control database on a real PostgreSQL: subjects, facts, generations, leases, keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.holdings.leases import lease, release, unlink_unleased
from pellucid.holdings.publish import published
from pellucid.records.database import Database
from pellucid.subjects import ids
from pellucid.subjects.keys import SubjectKeys
from tests.collect.conftest import NOW, Shop
from tests.records.postgresql import new_database, running_server


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with running_server() as server:
        database = Database(new_database(server))
        database.create()
        yield Shop(tmp_path, database)
        database.close()


def test_an_import_a_lease_and_a_pseudonym_work_on_postgresql(shop: Shop) -> None:
    shop.add("people", shop.csv("customer,country,born", "bob,FR,1990", "alice,DE,1980"))
    with shop.database.write() as connection:
        leases = lease(connection, published(connection, shop.folder).values(), until=NOW + 1)
        pseudonyms = SubjectKeys(bytes(32)).pseudonyms(connection, "customer", [1, 0, 1])
    shop.add("people", shop.csv("customer,country,born", "bob,US,1990", "zoe,,"), replace=True)
    assert pseudonyms[0] == pseudonyms[2] != pseudonyms[1]
    assert shop.files() == ["people.1.duckdb", "people.2.duckdb"]
    with shop.database.write() as connection:
        release(connection, leases)
    assert unlink_unleased(shop.database, shop.folder, now=NOW) == ("people.1.duckdb",)
    with shop.database.read() as connection:
        assert ids.facts(connection, "customer").to_pylist() == [
            {"id": 0, "jurisdiction": "DE", "birth_year": 1980},
            {"id": 1, "jurisdiction": "US", "birth_year": 1990},
            {"id": 2, "jurisdiction": None, "birth_year": None},
        ]
    assert shop.added == [("customer", 0, 2, []), ("customer", 2, 1, [1])]
    assert [action for action, _body in shop.log()] == ["data.published", "data.published"]
