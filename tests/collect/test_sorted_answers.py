"""No answer changes by a sort: what may be read is what might be read before."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.consent.effect import Effect
from pellucid.consent.replica import snapshot
from pellucid.consent.sets import StoredSet, put_set
from pellucid.engines.base import Holding, Statement
from pellucid.engines.duckdb import DuckDBEngine
from pellucid.holdings.publish import published
from pellucid.records.database import Database
from pellucid.rewrite.permit_rows import governed_sql
from tests.collect.conftest import NOW, SALES, Shop
from tests.collect.test_sorting import sort
from tests.engines.conftest import purpose_of
from tests.records.sqlite import new_control

CROWDED = 40
EFFECT = st.one_of(
    st.builds(Effect, st.booleans(), st.booleans()),
    st.builds(Effect, st.just(False), st.just(False), st.integers(NOW - 90 * 86_400_000_000, NOW)),
)
SAID = st.lists(EFFECT, min_size=CROWDED, max_size=CROWDED)


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stocked")
    database = new_control(folder / "control.sqlite")
    shop = Shop(folder, database)
    count = 9000  # five blocks
    people = [f"c{number * number // 7 % CROWDED:02}" for number in range(count)]
    days = [f"2026-0{3 + number % 3}-{1 + number % 28:02}" for number in range(count)]
    amounts = [f"{number % 97}.{number % 100:02}" for number in range(count)]
    shop.add("sales", shop.parquet(sale=list(range(count)), customer=people, amount=amounts, at=days))
    known = list(shop.known())
    shop.add("people", shop.csv("customer,country,born", *(f"{who},DE,1980" for who in known)))
    database.close()
    return folder


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(first=SAID, second=SAID)
@pytest.mark.promise("rows", "random consents: governed answers before and after a sort, compared for equality")
def test_governed_answers_are_the_same_before_and_after_a_sort(
    stocked: Path, first: list[Effect], second: list[Effect]
) -> None:
    with TemporaryDirectory() as place:
        folder = Path(shutil.copytree(stocked, Path(place) / "shop"))
        database = Database.at(folder / "control.sqlite")
        shop = Shop(folder, database)
        try:
            for version, said in enumerate((first, second), start=1):
                let(shop, said, version)
                before = answers(shop)
                sort(shop)
                assert answers(shop) == before
                if any(effect.plain for effect in said[: len(shop.known())]):
                    assert before != [[], []]
        finally:
            database.close()


def let(shop: Shop, said: list[Effect], version: int) -> None:
    people = len(shop.known())
    made = StoredSet.nobody(people)
    for subject, effect in enumerate(said[:people]):
        made.put(subject, effect)
    with shop.database.write() as connection:
        put_set(connection, version, "planning", "customer", made)


def answers(shop: Shop) -> list[list[tuple[object, ...]]]:
    """Return what the engine answers inside the gate: totals, and every row that may be read."""
    with shop.database.read() as connection:
        holding = published(connection, shop.folder)["sales"]
        version, _, sets = snapshot(connection)
    engine = DuckDBEngine(
        [Holding("sales", holding.generation, holding.path)],
        temp_directory=shop.folder / "engine",
        memory_limit="500MB",
        spill_limit="0B",
        threads=2,
    )
    with closing(engine):
        engine.load_permitted(sets, version=version)
        rows = governed_sql(SALES, purpose_of("planning"), list(SALES.columns))
        asked = {
            "totals": f"SELECT customer, count(*), sum(amount), max(sale) FROM ({rows}) AS _g GROUP BY 1 ORDER BY 1",
            "rows": f"SELECT * FROM ({rows}) AS _g ORDER BY sale",
        }
        moment = {"_now": datetime(2026, 6, 1, 12)}
        found = engine.run([Statement(*each, moment) for each in asked.items()], purpose="planning", seconds=60)
        return [[tuple(row.values()) for row in found.table(name).to_pylist()] for name in asked]
