"""A sample shows nothing of anybody: not one byte depends on the rows about people, and none of them can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import func, select

from pellucid.engines.base import Engine, Holding, Statement
from pellucid.errors import InputInvalid, NameUnknown, NotPermitted, UseRefused
from pellucid.holdings.publish import published
from pellucid.insights.sample import PUBLIC, SYNTHETIC, Sample
from pellucid.records.tables import generation_leases
from pellucid.workspace import Workspace, create
from tests.insights.conftest import HOUSEHOLDS, NOW, POLICY, Desk

OTHERS = [
    (f"leak-{n}", f"leak-p{n}", 1 + n % 2, f"77{n}.77", f"leak-c{n}", "2026-05-21T11:11:11Z") for n in range(HOUSEHOLDS)
]
EVERY = [(dataset, purpose) for dataset in ("purchases", "products") for purpose in (None, "planning", "offers")]


def written(found: Sample) -> bytes:
    """Return all that leaves in a sample: as JSON, and as an Arrow stream with its metadata."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, found.to_arrow().schema) as stream:
        stream.write_table(found.to_arrow())
    return json.dumps(found.to_json()).encode() + sink.getvalue().to_pybytes()


def everything(workspace: Workspace) -> bytes:
    made = [workspace.sample(dataset, purpose=purpose, rows=50, actor="ana") for dataset, purpose in EVERY]
    return b"".join(map(written, made))


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with the same policy and public table, and no row about anybody."""
    folder = tmp_path / "empty"
    create(folder, name="test/log", actor_name="pia").close()
    (folder / "policy" / "policy.yaml").write_text(POLICY)
    with Workspace(folder, clock=lambda: NOW + 1) as workspace:
        workspace.policy.activate(actor=workspace.actor("pia"))
        path = folder / "products.csv"
        path.write_text("product_id,department\n" + "".join(f"p{n},D{n % 2}\n" for n in range(4)))
        workspace.data.add("products", path, actor=workspace.actor("pia"))
        yield workspace


def test_not_one_byte_depends_on_the_rows_about_people(desk: Desk, empty: Workspace) -> None:
    first = everything(desk.workspace)
    desk.add_purchases(OTHERS, replace=True)

    assert everything(desk.workspace) == first
    assert everything(empty) == first


def test_no_value_of_a_person_is_in_it_though_an_engine_over_all_data_would_give_them(desk: Desk) -> None:
    desk.add_purchases(OTHERS, replace=True)
    with desk.workspace.room.database.read() as connection:
        holdings = published(connection, desk.workspace.folder)
    engine = desk.workspace._open_engine(list(holdings.values()))
    told = engine.run([Statement("all", "SELECT * FROM held.purchases")], purpose="", seconds=600).table("all")
    engine.close()
    columns = [told.column(name).to_pylist() for name in ("household_id", "card_number", "sales_value")]
    values = {str(value) for column in columns for value in column}
    assert len(values) == 3 * HOUSEHOLDS  # there is something that could leak

    found = everything(desk.workspace)

    assert [value for value in values if value.encode() in found] == []


def test_the_engine_that_is_opened_has_nothing_about_people_attached(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[list[str]] = []
    opening = desk.workspace._open_engine

    def watched(holdings: list[Holding]) -> Engine:
        opened.append([holding.dataset for holding in holdings])
        return opening(holdings)

    monkeypatch.setattr(desk.workspace, "_open_engine", watched)
    everything(desk.workspace)

    assert opened == [["products"]] * len(EVERY)


def cells(found: Sample) -> Sequence[Sequence[object]]:
    rows = found.to_json()["rows"]
    assert isinstance(rows, list)
    return rows


def test_a_public_table_shows_its_own_rows_and_samples_refer_to_them(desk: Desk) -> None:
    products = desk.workspace.sample("products", rows=3, actor="ana")
    purchases = desk.workspace.sample("purchases", rows=3, actor="ana")

    assert (products.synthetic, products.label) == (False, PUBLIC)
    assert (purchases.synthetic, purchases.label) == (True, SYNTHETIC)
    assert {tuple(row) for row in cells(products)} < {(f"p{n}", f"D{n % 2}") for n in range(4)}
    named = {row[1] for row in cells(purchases)} - {None}
    assert named <= {row[0] for row in cells(products)}
    assert purchases.notes == ("`product_id` holds keys of the public `products`, as it is held.",)
    assert purchases.to_arrow().schema.metadata == {
        b"pellucid.synthetic": b"true",
        b"pellucid.label": SYNTHETIC.encode(),
    }


def test_a_public_table_that_is_not_imported_is_made_up_and_says_so(tmp_path: Path) -> None:
    with create(tmp_path / "w", name="test/log", actor_name="pia") as workspace:
        (tmp_path / "w" / "policy" / "policy.yaml").write_text(POLICY)
        workspace.policy.activate(actor=workspace.actor("pia"))

        products = workspace.sample("products", rows=8, actor="ana")
        purchases = workspace.sample("purchases", rows=8, actor="ana")

    assert (products.synthetic, products.label) == (True, SYNTHETIC)
    assert {row[1] for row in cells(purchases)} - {None} <= {row[0] for row in cells(products)}
    assert purchases.notes == ("`product_id` holds keys of the public `products`, made up until it is imported.",)


def test_a_purpose_is_shown_what_it_may_read_and_the_keys_that_it_may_join_on(desk: Desk) -> None:
    found = desk.workspace.sample("purchases", purpose="planning", actor="ana")

    told = found.to_json()["columns"]
    assert isinstance(told, list)
    assert [(each["name"], each["use"]) for each in told] == [
        ("household_id", "join"),
        ("product_id", "read"),
        ("week", "read"),
        ("sales_value", "read"),
        ("bought", "read"),
    ]
    assert found.notes[-1] == "May be joined on and counted, never read: `household_id`."


def test_whoever_may_preview_nothing_is_shown_nothing_and_that_is_logged(desk: Desk) -> None:
    with pytest.raises(NotPermitted, match="`mallory` may not do `preview`"):
        desk.workspace.sample("purchases", actor="mallory")

    assert desk.log()[-1]["action"] == "access.refused"


def test_what_does_not_exist_is_named(desk: Desk) -> None:
    before = desk.log()
    with pytest.raises(NameUnknown, match=r"There is no dataset 'purchase'. Known: products, purchases."):
        desk.workspace.sample("purchase", actor="ana")
    with pytest.raises(NameUnknown, match=r"There is no purpose 'plan'. Known: offers, planning."):
        desk.workspace.sample("purchases", purpose="plan", actor="ana")
    for rows in (0, 10_001):
        with pytest.raises(InputInvalid, match=f"A sample has 1 to 10,000 rows, got {rows:,}."):
            desk.workspace.sample("purchases", rows=rows, actor="ana")
    assert desk.log() == before


def test_a_dataset_of_which_the_purpose_reads_nothing_is_refused_and_logged(tmp_path: Path) -> None:
    narrow = POLICY.replace("[user.behavior.purchase_history, user.financial]", "[user.behavior.opinion]")
    with create(tmp_path / "w", name="test/log", actor_name="pia") as workspace:
        (tmp_path / "w" / "policy" / "policy.yaml").write_text(narrow)
        workspace.policy.activate(actor=workspace.actor("pia"))

        with pytest.raises(UseRefused, match=r"This sample is refused.") as refused:
            workspace.sample("purchases", purpose="planning", actor="ana")
        entry = workspace.audit.entries(actor=workspace.actor("pia"), last=1)[0].fields()

    assert [reason.code for reason in refused.value.reasons] == ["dataset-not-permitted"]
    assert (entry["action"], entry["purpose"]) == ("sample.refused", "planning")
    assert entry["body"] == {"dataset": "purchases", "outcome": "refused", "reasons": ["dataset-not-permitted"]}


def test_leases_on_public_tables_are_given_back(desk: Desk) -> None:
    def held() -> int | None:
        with desk.workspace.room.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(generation_leases))

    before = held()
    everything(desk.workspace)

    assert held() == before
