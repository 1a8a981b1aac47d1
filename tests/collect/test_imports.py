import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from pellucid.collect.imports import ImportReport
from pellucid.collect.listing import DataHeld, list_data
from pellucid.errors import DataRefused, InputInvalid, NameUnknown
from pellucid.holdings.publish import Generation, file_name, publish, subjects_of
from pellucid.holdings.schema_hash import schema_hash
from pellucid.policy.model import Column, ColumnType
from pellucid.subjects import ids
from tests.collect.conftest import NOW, SALES, Shop

Sales = Callable[..., Path]
DAY = "2026-05-01"


def test_an_import_publishes_sorted_rows_with_dense_ids(shop: Shop, sales: Sales) -> None:
    report = shop.add(
        "sales", sales((1, "bob", "3.59", DAY), (2, "alice", "10", "2026-05-02"), (3, "bob", "1.5", "2026-04-01"))
    )
    assert report == ImportReport("sales", 1, 3, 3, 3, 2, 2)
    assert shop.rows("sales") == [
        (2, "alice", Decimal("10.00"), datetime(2026, 5, 2), 0),
        (3, "bob", Decimal("1.50"), datetime(2026, 4, 1), 1),
        (1, "bob", Decimal("3.59"), datetime(2026, 5, 1), 1),
    ]
    assert shop.known() == {"alice": 0, "bob": 1}
    assert shop.added == [("customer", 0, 2, [])]


def test_the_file_is_read_only_and_nothing_else_is_left(shop: Shop, sales: Sales) -> None:
    shop.add("sales", sales((1, "bob", "3.59", DAY)))
    assert shop.files() == ["sales.1.duckdb"]
    assert (shop.folder / "data/sales.1.duckdb").stat().st_mode & 0o777 == 0o444
    assert not (shop.folder / "data/.spill").exists()


def test_an_import_is_logged_with_counts_and_no_values(shop: Shop, sales: Sales) -> None:
    rows = [(number, "bob", "3.59", DAY) for number in range(30)]
    shop.add("sales", sales(*rows, (30, "alice", "secret", DAY)))
    assert shop.log() == [
        (
            "data.published",
            {
                "dataset": "sales",
                "generation": 1,
                "rows": 30,
                "rejected": {"wrong-type": 1},
                "replaces": False,
                "schema": schema_hash(SALES),
                "policy": "v1",
            },
        )
    ]


def test_who_has_rows_is_stored_as_a_bitmap(shop: Shop, sales: Sales) -> None:
    shop.add("people", shop.csv("customer,country,born", "alice,DE,1980", "bob,FR,1990", "mallory,,"))
    shop.add("sales", sales((1, "bob", "1", DAY), (2, "zoe", "1", DAY)))
    with shop.database.read() as connection:
        held = subjects_of(connection, "sales", 1)["customer"]
    assert (held.size, held.ids().tolist()) == (4, [1, 3])


def test_rows_are_added_to_those_held(shop: Shop, sales: Sales) -> None:
    shop.add("sales", sales((1, "bob", "1", DAY)))
    report = shop.add("sales", sales((2, "alice", "2", DAY), (3, "bob", "3", "2026-05-02")))
    assert (report.generation, report.rows_in, report.rows_total, report.subjects, report.new_subjects) == (
        2,
        2,
        3,
        2,
        1,
    )
    assert [(row[0], row[-1]) for row in shop.rows("sales")] == [(1, 0), (3, 0), (2, 1)]
    assert shop.files() == ["sales.2.duckdb"]
    assert shop.added == [("customer", 0, 1, []), ("customer", 1, 1, [])]


def test_with_replace_the_new_rows_stand_alone(shop: Shop, sales: Sales) -> None:
    shop.add("sales", sales((1, "bob", "1", DAY)))
    shop.add("sales", sales((1, "alice", "2", DAY)), replace=True)
    assert [row[:2] for row in shop.rows("sales")] == [(1, "alice")]
    assert shop.known() == {"bob": 0, "alice": 1}


def test_columns_that_are_not_declared_are_reported_and_never_stored(shop: Shop) -> None:
    path = shop.parquet(product=[1], shoe_size=[44], name=["Soap"], password=["hunter2"])
    assert shop.add("products", path).not_taken == ("shoe_size", "password")
    assert b"hunter2" not in (shop.folder / "data/products.1.duckdb").read_bytes()
    assert shop.rows("products") == [(1, "Soap")]


def test_rejected_rows_are_listed_by_line_reason_and_column_without_values(shop: Shop) -> None:
    path = shop.csv(
        "sale,customer,amount,at",
        f"1,bob,1,{DAY}",
        f"x,zoe-secret,1,{DAY}",
        "too,few",
        f'3,"bo\nb",1,{DAY}',
        f"4,,1,{DAY}",
        f"5,bob,1,{DAY},too-many",
        f"6,bob,1.005,{DAY}",
    )
    report = shop.add("sales", path, max_rejected_share=1)
    assert report.rejected_file is not None
    assert report.rejected_file.read_text() == (
        '"row","reason","column"\n'
        '3,"wrong-type","sale"\n4,"too-few-fields",""\n6,"null","customer"\n'
        '7,"too-many-fields",""\n8,"inexact-money","amount"\n'
    )
    assert report.rejected_file.stat().st_mode & 0o777 == 0o600
    assert (report.rows_in, report.rows_kept) == (7, 2)
    assert report.rejected == Counter(
        {"wrong-type": 1, "too-few-fields": 1, "null": 1, "too-many-fields": 1, "inexact-money": 1}
    )


@pytest.mark.parametrize(
    ("row", "reason", "column"),
    [
        ((9, "bob", "1", "1899-12-31"), "out-of-range", "at"),
        ((9, "bob", "1", "2026-06-03"), "future", "at"),
        ((9, "bob", "1", "2024-05-31"), "past-retention", "at"),
        ((9, "bob", "1", "not a day"), "wrong-type", "at"),
        (("", "bob", "1", DAY), "null", "sale"),
        ((9, "", "1", DAY), "null", "customer"),
        ((9, "bob", "1", ""), "null", "at"),
        ((1, "zoe", "1", DAY), "duplicate-key", "sale"),
        ((9, "bob", "99999999999999999999", DAY), "out-of-range", "amount"),
    ],
)
def test_a_row_is_rejected_for(shop: Shop, sales: Sales, row: tuple[object, ...], reason: str, column: str) -> None:
    report = shop.add("sales", sales((1, "bob", "1", DAY), (2, "bob", "1", DAY), row), max_rejected_share=0.9)
    assert set(report.faults) == {(reason, column)}
    assert report.rows_kept == 3 - report.rejected.total()


def test_all_rows_of_a_key_that_comes_twice_are_rejected(shop: Shop, sales: Sales) -> None:
    report = shop.add(
        "sales", sales((1, "bob", "1", DAY), (1, "bob", "1", DAY), (2, "bob", "1", DAY)), max_rejected_share=1
    )
    assert report.rejected == Counter({"duplicate-key": 2})
    assert [row[0] for row in shop.rows("sales")] == [2]


def test_a_key_that_is_held_already_does_not_come_again(shop: Shop, sales: Sales) -> None:
    shop.add("sales", sales((1, "bob", "1", DAY)))
    report = shop.add("sales", sales((1, "mallory", "666", DAY), (2, "bob", "2", DAY)), max_rejected_share=1)
    assert report.rejected == Counter({"already-held": 1})
    assert [row[:2] for row in shop.rows("sales")] == [(1, "bob"), (2, "bob")]
    assert "mallory" not in shop.known()


def test_importing_the_same_file_twice_publishes_nothing_new(shop: Shop, sales: Sales) -> None:
    path = sales((1, "bob", "1", DAY))
    shop.add("sales", path)
    with pytest.raises(DataRefused, match=r"All 1 rows were rejected \(already-held in sale: 1\)"):
        shop.add("sales", path)
    assert shop.files() == ["sales.1.duckdb"]


def test_too_many_rejected_rows_refuse_the_whole_file(shop: Shop, sales: Sales) -> None:
    rows = [(number, "bob", "1", DAY) for number in range(19)]
    accepted = shop.add("sales", sales(*rows, (99, "bob", "one", DAY)))
    assert (accepted.rows_kept, accepted.rows_in) == (19, 20)
    with pytest.raises(DataRefused, match=r"1 of 19 rows were rejected \(wrong-type in amount: 1\)") as refused:
        shop.add("sales", sales(*rows[:18], (99, "bob", "one", DAY)), replace=True)
    assert refused.value.code == "too-many-rejected"
    assert len(shop.rows("sales")) == 19


@pytest.mark.parametrize("year", [1879, 2027])
def test_an_impossible_birth_year_is_rejected(shop: Shop, year: int) -> None:
    path = shop.csv("customer,country,born", "alice,DE,1980", f"bob,DE,{year}")
    assert shop.add("people", path, max_rejected_share=0.5).faults == {("out-of-range", "born"): 1}


def test_a_row_finds_both_its_people_through_another_dataset(shop: Shop) -> None:
    shop.add("accounts", shop.csv("account,customer", "10,alice", "20,bob"))
    shop.add("transfers", shop.csv("payer,payee,amount", "20,10,5", "10,10,7"))
    assert shop.rows("transfers") == [(10, 10, Decimal("7.00"), 0, 0), (20, 10, Decimal("5.00"), 1, 0)]


def test_rows_whose_people_cannot_be_found_are_rejected(shop: Shop) -> None:
    shop.add("accounts", shop.csv("account,customer", "10,alice", "20,bob", "30,alice", "30,bob"))
    path = shop.csv("payer,payee,amount", "10,20,1", "10,99,1", ",10,1", "30,10,1")
    report = shop.add("transfers", path, max_rejected_share=1)
    assert report.faults == {("unresolved-subject", "payer"): 2, ("unresolved-subject", "payee"): 1}
    assert shop.rows("transfers") == [(10, 20, Decimal("1.00"), 0, 1)]


def test_a_dataset_on_the_way_to_people_has_to_come_first(shop: Shop) -> None:
    with pytest.raises(DataRefused, match="find their subjects through accounts"):
        shop.add("transfers", shop.csv("payer,payee,amount", "1,2,3"))
    assert shop.files() == []


def test_data_are_listed(shop: Shop, sales: Sales) -> None:
    shop.add("products", shop.csv("product,name", "1,Soap"))
    shop.add("sales", sales((1, "bob", "1", DAY), (2, "alice", "1", DAY)))
    with shop.database.read() as connection:
        assert list_data(connection, shop.policy) == [
            DataHeld("products", 1, 1, {}, NOW, ("product", "name")),
            DataHeld("sales", 1, 2, {"customer": 2}, NOW, ("sale", "customer", "amount", "at")),
        ]


def test_an_unknown_dataset_is_refused_and_logged_without_its_name(shop: Shop) -> None:
    with pytest.raises(NameUnknown, match="There is no dataset 'diary'"):
        shop.add("diary", shop.csv("a", "1"))
    assert shop.log() == [("data.refused", {"dataset": None, "code": "name-unknown"})]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_beyond_zero_to_one_is_refused(shop: Shop, sales: Sales, share: float) -> None:
    with pytest.raises(InputInvalid, match="a number from 0 to 1"):
        shop.add("sales", sales((1, "bob", "1", DAY)), max_rejected_share=share)


def test_rows_are_not_added_to_rows_of_another_shape(shop: Shop, sales: Sales) -> None:
    shop.add("sales", sales((1, "bob", "1", DAY)))
    coarser = dict(SALES.columns) | {"amount": Column("amount", ColumnType.MONEY, "user.behavior", scale=1)}
    shop.policy = replace(shop.policy, datasets={"sales": replace(SALES, columns=coarser)})
    with pytest.raises(DataRefused, match="declares 'sales' otherwise than when its 1 rows") as refused:
        shop.add("sales", sales((2, "bob", "1", DAY)))
    assert refused.value.code == "schema-changed"
    assert shop.add("sales", sales((2, "bob", "1", DAY)), replace=True).rows_total == 1


def test_progress_is_told_in_order(shop: Shop, sales: Sales) -> None:
    steps: list[tuple[str, float]] = []
    shop.add("sales", sales((1, "bob", "1", DAY)), progress=lambda step, share: steps.append((step, share)))
    assert [step for step, _share in steps] == ["reading", "checking", "writing", "publishing", "done"]
    assert [share for _step, share in steps] == sorted(share for _step, share in steps)


# -- crashes and rivals ------------------------------------------------------------------------------------------------


def test_a_failing_transaction_leaves_no_file_no_subject_and_no_generation(shop: Shop, sales: Sales) -> None:
    def fail(*_given: object) -> None:
        raise DataRefused("The consent register is gone.")

    rows = [(number, "bob", "1", DAY) for number in range(30)]
    with pytest.raises(DataRefused, match="register is gone"):
        shop.add("sales", sales(*rows, (99, "bob", "one", DAY)), subjects_added=fail)
    assert (shop.files(), shop.known()) == ([], {})
    assert shop.log() == [("data.refused", {"dataset": "sales", "code": "data-refused"})]


def test_a_program_error_in_the_transaction_leaves_nothing_either(shop: Shop, sales: Sales) -> None:
    def fail(*_given: object) -> None:
        raise KeyboardInterrupt("stopped")

    with pytest.raises(KeyboardInterrupt, match="stopped"):
        shop.add("sales", sales((1, "bob", "1", DAY)), subjects_added=fail)
    assert (shop.files(), shop.known(), shop.log()) == ([], {}, [])


def test_a_file_left_by_a_crash_before_publishing_is_cleared_by_the_next_import(shop: Shop, sales: Sales) -> None:
    (shop.folder / "data").mkdir()
    for name in ("sales.1.duckdb", "people.7.duckdb.draft"):
        (shop.folder / "data" / name).write_bytes(b"half a file")
    shop.add("sales", sales((1, "bob", "1", DAY)))
    assert shop.files() == ["sales.1.duckdb"]
    assert len(shop.rows("sales")) == 1


def test_a_file_left_by_a_crash_after_publishing_is_cleared_by_the_next_import(shop: Shop, sales: Sales) -> None:
    shop.add("sales", sales((1, "bob", "1", DAY)))
    kept = (shop.folder / "data/sales.1.duckdb").read_bytes()
    shop.add("sales", sales((2, "bob", "1", DAY)))
    (shop.folder / "data/sales.1.duckdb").write_bytes(kept)
    shop.add("products", shop.csv("product,name", "1,Soap"))
    assert shop.files() == ["products.1.duckdb", "sales.2.duckdb"]


CRASH = """
import os, sys
from pathlib import Path
from pellucid.records.database import Database
from tests.collect.conftest import Shop

def stop(step, *_rest):
    if step == sys.argv[2]:
        os._exit(9)

def added(*_given):
    stop("transaction")

shop = Shop(Path(sys.argv[1]), Database(sys.argv[3]))
shop.add("sales", Path(sys.argv[1]) / "sales.csv", subjects_added=added, progress=stop)
"""


@pytest.mark.slow
@pytest.mark.parametrize("step", ["writing", "publishing", "transaction", "done"])
def test_an_import_whose_process_dies_is_published_whole_or_not_at_all(shop: Shop, sales: Sales, step: str) -> None:
    sales((1, "bob", "1", DAY))
    died = subprocess.run(
        [sys.executable, "-c", CRASH, str(shop.folder), step, shop.database.url], check=False, capture_output=True
    )
    assert died.returncode == 9, died.stderr
    published = step == "done"
    assert shop.known() == ({"bob": 0} if published else {})
    assert len(shop.log()) == published
    report = shop.add("sales", sales((2, "alice", "2", DAY)))
    assert (report.generation, report.rows_total) == ((2, 2) if published else (1, 1))
    assert shop.files() == [f"sales.{report.generation}.duckdb"]


def test_a_workspace_that_cannot_be_written_is_a_clear_refusal(shop: Shop, sales: Sales) -> None:
    (shop.folder / "data").write_text("a file in the way")
    with pytest.raises(DataRefused, match="did not let a file be read or written") as refused:
        shop.add("sales", sales((1, "bob", "1", DAY)))
    assert refused.value.code == "import-file-access"


def test_a_second_import_at_the_same_time_is_refused(shop: Shop, sales: Sales) -> None:
    with shop.place.locked(), pytest.raises(DataRefused, match="Another import or sort is running") as refused:
        shop.add("sales", sales((1, "bob", "1", DAY)))
    assert refused.value.code == "import-running"
    assert shop.add("sales", sales((1, "bob", "1", DAY))).generation == 1


def test_a_generation_published_meanwhile_by_somebody_else_wins(shop: Shop, sales: Sales) -> None:
    def rival(step: str, _share: float) -> None:
        if step == "publishing":
            (shop.folder / file_name("sales", 1)).write_bytes(b"theirs")
            with shop.database.write() as connection:
                publish(connection, Generation("sales", 1, file_name("sales", 1), 9, "theirs", NOW), {}, replaces=None)

    with pytest.raises(DataRefused, match="published or retired meanwhile"):
        shop.add("sales", sales((1, "bob", "1", DAY)), progress=rival)
    assert shop.known() == {}


def test_subjects_added_meanwhile_by_somebody_else_are_not_mixed_up(shop: Shop, sales: Sales) -> None:
    def rival(step: str, _share: float) -> None:
        if step == "publishing":
            with shop.database.write() as connection:
                ids.assign(connection, "customer", pa.array(["mallory"]))

    with pytest.raises(DataRefused, match="Subjects were added or erased while"):
        shop.add("sales", sales((1, "bob", "1", DAY)), progress=rival)
    assert (shop.known(), shop.files()) == ({"mallory": 0}, [])
