"""A sort keeps every row and alters nothing but their order; whatever is in its way, the data stay as they were."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from pellucid.collect.sorting import SortReport, sort_data, worth_sorting
from pellucid.engines.duckdb_private import EngineLimits, PrivateEngine
from pellucid.engines.duckdb_sorting import fingerprint
from pellucid.errors import DataRefused, InputInvalid, NameUnknown, PellucidError
from pellucid.holdings.place import rejected_file
from pellucid.holdings.publish import Generation, file_name, publish, published, subjects_of
from pellucid.holdings.schema_hash import schema_hash
from pellucid.policy.model import Column, ColumnType
from pellucid.records.tables import generation_subjects, generations
from tests.collect.conftest import NOW, PIA, SALES, Shop
from tests.collect.test_layout import laid, permit

Sales = Callable[..., Path]
DAY = "2026-05-01"
PEOPLE = ["alice", "bob", "carol", "dora"]
LATER = NOW + 1


def sort(shop: Shop, dataset: str = "sales", **options: Any) -> SortReport:
    return sort_data(shop.place, shop.policy, dataset, actor=PIA, now=LATER, **options)


def worth(shop: Shop, namespace: str | None = None) -> list[str]:
    return worth_sorting(shop.place, shop.policy, namespace, actor=PIA, now=LATER)


@pytest.fixture
def four(shop: Shop, sales: Sales) -> Shop:
    """Four people's sales, sorted when nothing was known; since then bob and dora said no."""
    shop.add("sales", sales(*((number, PEOPLE[number % 4], "1.50", DAY) for number in range(8))))
    permit(shop, "planning", [1, 0, 1, 0], [0, 0, 0, 0])
    return shop


def test_the_same_rows_become_the_next_generation_in_the_order_of_what_people_say_now(four: Shop) -> None:
    before = four.rows("sales")
    assert sort(four) == SortReport("sales", 2, 8)
    assert sorted(four.rows("sales")) == sorted(before)
    assert [row[1] for row in four.rows("sales")] == ["bob", "bob", "dora", "dora", "alice", "alice", "carol", "carol"]
    assert four.files() == ["sales.2.duckdb"]
    assert (four.folder / "data/sales.2.duckdb").stat().st_mode & 0o777 == 0o444
    assert not (four.folder / "data/.spill").exists()


def test_a_sort_is_logged_with_its_own_kind_and_nothing_about_people(four: Shop) -> None:
    sort(four)
    assert four.log()[1:] == [
        (
            "data.sorted",
            {
                "dataset": "sales",
                "generation": 2,
                "rows": 8,
                "sorted_from": 1,
                "schema": schema_hash(SALES),
                "policy": "v1",
            },
        )
    ]


def test_people_keep_their_ids_and_the_records_say_who_has_rows(four: Shop) -> None:
    known = four.known()
    with four.database.read() as connection:
        held = subjects_of(connection, "sales", 1)
    sort(four)
    with four.database.read() as connection:
        assert subjects_of(connection, "sales", 2) == held
        assert subjects_of(connection, "sales", 1) == {}
    assert (four.known(), len(four.added)) == (known, 1)


def test_the_list_of_rejected_rows_stays_with_the_import_that_made_it(shop: Shop, sales: Sales) -> None:
    shop.add("sales", sales((1, "bob", "1", DAY), (2, "bob", "x", DAY)), max_rejected_share=0.5)
    sort(shop)
    assert rejected_file(shop.place, "sales", 1).read_text().splitlines()[1:] == ['3,"wrong-type","amount"']
    assert shop.files() == ["rejected/sales.1.csv", "sales.2.duckdb"]


def test_rows_past_retention_are_neither_dropped_nor_judged_again(shop: Shop, sales: Sales) -> None:
    shop.add("sales", sales((1, "bob", "1", DAY)))
    report = sort_data(shop.place, shop.policy, "sales", actor=PIA, now=NOW + 3000 * 86_400_000_000)
    assert report.rows == 1


def test_an_import_after_a_sort_adds_to_the_sorted_rows_and_knows_their_keys(four: Shop, sales: Sales) -> None:
    sort(four)
    report = four.add("sales", sales((3, "bob", "1", DAY), (9, "zoe", "1", DAY)), max_rejected_share=0.5)
    assert (report.generation, report.rows_total, dict(report.rejected)) == (3, 9, {"already-held": 1})


def test_rows_about_two_people_are_sorted_with_both_of_them(shop: Shop) -> None:
    shop.add("accounts", shop.csv("account,customer", "10,alice", "20,bob", "30,carol"))
    shop.add("transfers", shop.csv("payer,payee,amount", "10,20,1", "10,10,2", "20,30,3", "30,10,4", "30,10,4"))
    before = shop.rows("transfers")
    permit(shop, "planning", [1, 0, 1], [0, 0, 0])
    assert sort(shop, "transfers").rows == 5
    assert sorted(shop.rows("transfers")) == sorted(before)
    assert [row[0] for row in shop.rows("transfers")] == [20, 10, 10, 30, 30]
    assert laid(shop, "transfers", "position, namespace", "subject_paths") == [(0, "customer"), (1, "customer")]


def test_progress_is_told_in_order(four: Shop) -> None:
    steps: list[tuple[str, float]] = []
    sort(four, progress=lambda step, share: steps.append((step, share)))
    assert [step for step, _ in steps] == ["sorting", "comparing", "publishing", "done"]
    assert [share for _, share in steps] == sorted(share for _, share in steps)


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "kind", "told", "code"),
    [
        ("products", InputInvalid, "The rows of 'products' are about nobody", "dataset-public"),
        ("people", DataRefused, "There are no rows of 'people' to sort", "nothing-held"),
        ("diary", NameUnknown, "There is no dataset 'diary'", "name-unknown"),
    ],
)
def test_what_cannot_be_sorted_is_refused_and_logged(
    four: Shop, dataset: str, kind: type[PellucidError], told: str, code: str
) -> None:
    with pytest.raises(kind, match=told):
        sort(four, dataset)
    named = None if dataset == "diary" else dataset
    assert four.log()[1:] == [("data.refused", {"dataset": named, "code": code})]
    assert four.files() == ["sales.1.duckdb"]


def test_rows_that_are_declared_otherwise_now_are_not_sorted(four: Shop) -> None:
    coarser = dict(SALES.columns) | {"amount": Column("amount", ColumnType.MONEY, "user.behavior", scale=1)}
    four.policy = replace(four.policy, datasets={"sales": replace(SALES, columns=coarser)})
    with pytest.raises(DataRefused, match="declares 'sales' otherwise than when its 8 rows"):
        sort(four)


def test_a_sort_beside_an_import_is_refused(four: Shop) -> None:
    for attempt in (sort, worth):
        with four.place.locked(), pytest.raises(DataRefused, match="Another import or sort is running") as refused:
            attempt(four)
        assert refused.value.code == "import-running"
    assert [body for _, body in four.log()[1:]] == [
        {"dataset": "sales", "code": "import-running"},
        {"dataset": None, "code": "import-running"},
    ]


@pytest.mark.parametrize("step", ["sorting", "comparing", "publishing"])
def test_rows_published_while_a_sort_runs_are_not_lost(four: Shop, step: str) -> None:
    def rival(now: str, _share: float) -> None:
        if now == step:
            (four.folder / file_name("sales", 2)).write_bytes(b"theirs")
            with four.database.write() as connection:
                publish(connection, Generation("sales", 2, file_name("sales", 2), 9, "theirs", NOW), {}, replaces=1)

    with pytest.raises(DataRefused, match="Other data of 'sales' were published or retired meanwhile") as refused:
        sort(four, progress=rival)
    assert refused.value.code == "import-overtaken"
    with four.database.read() as connection:
        assert published(connection, four.folder)["sales"].generation == 2


def test_rows_retired_while_a_sort_runs_do_not_come_back(four: Shop) -> None:
    def retire(now: str, _share: float) -> None:
        if now == "publishing":
            with four.database.write() as connection:
                connection.execute(update(generations).values(retired_at=NOW))

    with pytest.raises(DataRefused, match="published or retired meanwhile"):
        sort(four, progress=retire)
    with four.database.read() as connection:
        assert published(connection, four.folder) == {}


def test_a_file_with_other_rows_than_the_records_say_is_not_sorted(four: Shop) -> None:
    with four.database.write() as connection:
        connection.execute(update(generations).values(rows=9))
    with pytest.raises(DataRefused, match="holds 8 rows where 9 were expected") as refused:
        sort(four)
    assert (refused.value.code, four.files()) == ("rows-lost", ["sales.1.duckdb"])


def test_a_file_about_other_people_than_the_records_say_is_not_sorted(four: Shop) -> None:
    with four.database.write() as connection:
        connection.execute(update(generation_subjects).values(bits=b"\x07"))
    with pytest.raises(DataRefused, match="does not hold the people of the one it was made from") as refused:
        sort(four)
    assert (refused.value.code, four.files()) == ("rows-altered", ["sales.1.duckdb"])
    with four.database.write() as connection:
        connection.execute(delete(generation_subjects))
    with pytest.raises(DataRefused, match="does not hold the people of the one it was made from"):
        sort(four)


def test_a_damaged_file_is_told_as_such_and_in_our_words(four: Shop) -> None:
    file = four.folder / "data/sales.1.duckdb"
    file.chmod(0o600)
    file.write_bytes(b"bob's rows" * 1000)
    with pytest.raises(DataRefused, match="The sorted generation could not be written") as refused:
        sort(four)
    assert "bob" not in str(refused.value)


def test_a_comparison_finds_a_row_lost_doubled_or_altered_and_no_other_order(tmp_path: Path) -> None:
    engine = PrivateEngine(EngineLimits(tmp_path))
    with closing(engine):
        rows = [(1, "alice", None), (1, "alice", None), (2, "bob", 7), (3, None, 7)]
        alterations = {
            "same": rows[::-1],
            "one lost, one doubled": [rows[0], rows[2], rows[2], rows[3]],
            "lost": rows[1:],
            "swapped": [rows[0], rows[1], (3, "bob", 7), (2, None, 7)],
            "missing for another": [rows[0], rows[1], (2, "bob", None), (3, None, 7)],
            "columns exchanged": [(row[0], row[1], row[2]) if row[1] else (7, None, 3) for row in rows],
        }
        engine.run("CREATE TABLE held (a INTEGER, b VARCHAR, c INTEGER)")
        found = {}
        for place, (name, altered) in enumerate({"held": rows, **alterations}.items()):
            engine.run(f"CREATE TABLE t{place} (a INTEGER, b VARCHAR, c INTEGER)")
            for row in altered:
                engine.run(f"INSERT INTO t{place} VALUES ($a, $b, $c)", dict(zip("abc", row, strict=True)))
            found[name] = fingerprint(engine, f"t{place}", ["a", "b", "c"])
        assert [name for name in alterations if found[name] == found["held"]] == ["same"]
        assert fingerprint(engine, "held", ["a", "b", "c"]) == (0, 0, 0)
