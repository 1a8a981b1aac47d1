"""A file of consents that leaves data mostly mixed has them sorted, and what anybody may know of it is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from pellucid.collect.mixed_blocks import FEWEST_BLOCKS
from pellucid.workspace import Workspace, create
from pellucid.workspace.data import place_of
from tests.end_to_end.conftest import Run
from tests.shop import EXAMPLE, Shop

PEOPLE = 600
ROWS = FEWEST_BLOCKS * 2048
COLUMNS = "subject,purpose,verb,covers,explicit,notice_version,channel,at\n"


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corner shop with enough rows for an order to matter; max may both add data and record what people say."""
    folder = tmp_path_factory.mktemp("crowded") / "shop"
    with create(folder, name="test/crowded") as made:
        (file,) = (EXAMPLE / "policy").iterdir()
        text = file.read_text().replace("\npeople:\n", "\npeople:\n  max: {title: Max, roles: [engineer, officer]}\n")
        (folder / "policy" / "policy.yaml").write_text(text)
        made.policy.activate(actor=made.actor())
        dan = made.actor("dan")
        made.data.add("products", EXAMPLE / "products.csv", actor=dan)
        rows = [f"c{n % PEOPLE:03},bread,2.50,2026-09-17T01:45:00+00:00\n" for n in range(ROWS)]
        (folder / "purchases.csv").write_text("customer,product,price,bought\n" + "".join(rows))
        made.data.add("purchases", folder / "purchases.csv", actor=dan)
    return folder


@pytest.fixture
def made(crowded: Path) -> Path:
    """The workspace of which `shop` is a copy."""
    return crowded


def said(shop: Shop, verb: str, every: int) -> str:
    lines = [f"c{n:03},newsletter,{verb},held_data,false,1,till,\n" for n in range(0, PEOPLE, every)]
    path = shop.folder / "said.csv"
    path.write_text(COLUMNS + "".join(lines))
    return str(path)


def mixed(run: Run) -> tuple[str, str]:
    """Return the generation of the purchases and how mixed they are."""
    row = run("data", "list", "--as", "max").out.splitlines()[-1]
    return row.split()[1], row[-10:].strip()


def test_choices_that_leave_data_mostly_mixed_have_them_sorted_and_once(run: Run, shop: Shop) -> None:
    assert mixed(run) == ("1", "under 10 %")
    recorded = run("consent", "import", said(shop, "give", 2), "--as", "max")
    assert recorded.out == "Recorded 300 choices.\nSorted anew, since they were mostly mixed: purchases.\n"
    assert mixed(run) == ("2", "under 10 %")
    again = run("consent", "import", said(shop, "give", 2), "--as", "max")
    assert again.out == "Recorded 0 choices.\nKnown already: 300.\n"
    with Workspace(shop.folder) as workspace:
        actions = [entry.fields()["action"] for entry in workspace.audit.entries(actor=workspace.actor("max"))]
    assert actions.count("data.sorted") == 1


def test_with_no_sort_data_stay_in_their_order_until_somebody_sorts_them(run: Run, shop: Shop) -> None:
    recorded = run("consent", "import", said(shop, "give", 2), "--no-sort", "--as", "max")
    assert (recorded.out, mixed(run)) == ("Recorded 300 choices.\n", ("1", "over 50 %"))
    assert run("data", "sort", "--as", "dan").out == f"purchases: {ROWS:,} rows sorted anew, generation 2.\n"
    assert mixed(run) == ("2", "under 10 %")


def test_whoever_may_not_add_data_sorts_none_and_hears_nothing_of_it(run: Run, shop: Shop) -> None:
    recorded = run("consent", "import", said(shop, "give", 2), "--as", "pia")
    assert (recorded.code, recorded.out, recorded.err) == (0, "Recorded 300 choices.\n", "")
    assert mixed(run) == ("1", "over 50 %")


def test_choices_are_recorded_even_if_the_data_cannot_be_sorted(run: Run, shop: Shop) -> None:
    with Workspace(shop.folder) as workspace, place_of(workspace.room).locked():
        recorded = run("consent", "import", said(shop, "give", 2), "--as", "max")
    assert (recorded.code, recorded.out) == (0, "Recorded 300 choices.\n")
    assert recorded.err == (
        "The choices are recorded, but the data were not sorted by them: Another import or sort is running in this "
        "workspace. Later: `pellucid data sort`.\n"
    )
    assert mixed(run) == ("1", "over 50 %")


def test_one_persons_choice_sorts_nothing(run: Run, shop: Shop) -> None:
    run("consent", "import", said(shop, "give", 2), "--no-sort", "--as", "max")
    run("consent", "withdraw", "c000", "--purpose", "newsletter", "--as", "max")
    assert mixed(run) == ("1", "over 50 %")
