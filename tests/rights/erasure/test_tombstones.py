"""Who was erased does not come in again by an old file, and is not barred from coming back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from pellucid.collect.imports import ImportReport
from pellucid.errors import NameUnknown, WorkspaceUnusable
from pellucid.records.columns import from_instant
from pellucid.records.rights_tables import tombstones
from pellucid.records.tables import subjects
from pellucid.subjects import tombstones as stones
from pellucid.workspace import Workspace
from tests.rights.erasure.test_erase import ALICE, DAY, rows_of
from tests.shop import EXAMPLE

CARDS = """
  cards:
    title: Who has a card
    subjects: [{namespace: customer, column: customer}]
    columns:
      customer: {type: text, category: user.unique_id}
      colour: {type: text, category: user.behavior.purchase_history}
"""


def add(shop: Workspace, path: Path, dataset: str, *rows: str) -> ImportReport:
    header = {"purchases": "customer,product,price,bought", "cards": "customer,colour"}[dataset]
    path.write_text("\n".join([header, *rows]) + "\n")
    return shop.data.add(dataset, path, actor=shop.actor("dan"))


def bought(instant: int, person: str = ALICE) -> str:
    return f"{person},bread,1.00,{from_instant(instant):%Y-%m-%dT%H:%M:%S}"


@pytest.fixture
def without_alice(shop: Workspace) -> Workspace:
    shop.erasures.run([("", ALICE)], actor=shop.actor("pia"))
    return shop


@pytest.mark.promise("erased", "an old export is imported again")
def test_rows_from_before_an_erasure_are_rejected_and_others_come_in(without_alice: Workspace, tmp_path: Path) -> None:
    now = without_alice.room.clock()
    done = add(without_alice, tmp_path / "a.csv", "purchases", bought(now - DAY), bought(now - DAY, "c002"))
    assert (dict(done.rejected), done.rows_kept, done.new_subjects) == ({"erased": 1}, 1, 0)
    assert rows_of(without_alice, ALICE) == 0


def test_rows_from_after_an_erasure_bring_a_new_subject(without_alice: Workspace, tmp_path: Path) -> None:
    later = without_alice.room.clock() + 5_000_000
    with Workspace(without_alice.folder, clock=lambda: later + DAY) as shop:
        done = add(shop, tmp_path / "a.csv", "purchases", bought(later - DAY), bought(later + DAY // 2))
        assert (dict(done.rejected), done.rows_kept, done.new_subjects) == ({"erased": 1}, 1, 1)
        with shop.room.database.read() as connection:
            ids = connection.scalars(select(subjects.c.id).where(subjects.c.natural_key == ALICE)).all()
            gone = connection.scalars(select(subjects.c.id).where(subjects.c.natural_key.is_(None))).all()
            (stone,) = connection.execute(select(tombstones)).all()
        assert (len(ids), ids != gone, stone.returned_at) == (1, True, later + DAY)


def test_undated_rows_wait_until_the_person_came_back(without_alice: Workspace, tmp_path: Path) -> None:
    shop, pia = without_alice, without_alice.actor("pia")
    policy = Path(__file__).parents[3] / "examples" / "corner-shop" / "policy" / "policy.yaml"
    (shop.policy.folder / "policy.yaml").write_text(policy.read_text() + CARDS.removeprefix("\n"))
    shop.policy.activate(actor=pia)
    done = add(shop, tmp_path / "a.csv", "cards", f"{ALICE},red", "c002,blue")
    assert (dict(done.rejected), done.rows_kept) == ({"erased": 1}, 1)
    assert shop.erasures.let_return(("", ALICE), actor=pia) is True
    assert shop.erasures.let_return(("", ALICE), actor=pia) is False
    done = add(shop, tmp_path / "b.csv", "cards", f"{ALICE},red")
    assert (dict(done.rejected), done.new_subjects) == ({}, 1)


def test_a_consent_brings_nobody_back_until_rows_came(without_alice: Workspace, tmp_path: Path) -> None:
    shop, pia = without_alice, without_alice.actor("pia")
    refused = []
    for key in (ALICE, "never-seen"):
        with pytest.raises(NameUnknown, match="There is no subject") as error:
            shop.consent.record("give", key, purpose="newsletter", actor=pia)
        refused.append(str(error.value).replace(key, "KEY"))
    assert refused[0] == refused[1]
    assert _returned(shop) == [None]
    later = shop.room.clock() + DAY
    with Workspace(shop.folder, clock=lambda: later) as after:
        add(after, tmp_path / "a.csv", "purchases", bought(later - DAY // 2))
        after.consent.record("give", ALICE, purpose="newsletter", actor=pia)
        assert _returned(after) == [later]


def _returned(shop: Workspace) -> list[int | None]:
    with shop.room.database.read() as connection:
        return list(connection.scalars(select(tombstones.c.returned_at)))


def test_a_tombstone_ends_on_its_day(without_alice: Workspace) -> None:
    key = (without_alice.folder / "keys" / "tombstones.key").read_bytes()
    with without_alice.room.database.write() as connection:
        until = connection.scalar(select(tombstones.c.until)) or 0
        standing = [list(stones.standing(connection, key, "customer", [ALICE], at)) for at in (until - 1, until)]
        gone = [stones.expire(connection, at) for at in (until - 1, until)]
    assert (standing, gone) == ([[ALICE], []], [0, 1])


def test_the_key_of_tombstones_is_a_file_of_its_own_that_only_its_owner_reads(without_alice: Workspace) -> None:
    key = without_alice.folder / "keys" / "tombstones.key"
    assert (key.stat().st_mode & 0o777, len(key.read_bytes())) == (0o600, 32)
    with without_alice.room.database.read() as connection:
        (stone,) = connection.execute(select(tombstones)).all()
    assert (len(stone.digest), ALICE.encode() in bytes(stone.digest)) == (32, False)


@pytest.mark.promise("erased", "the key of the tombstones is taken away, and an old export imported")
def test_without_their_key_nothing_comes_in_and_nobody_is_erased(without_alice: Workspace) -> None:
    (without_alice.folder / "keys" / "tombstones.key").unlink()
    with pytest.raises(WorkspaceUnusable, match=r"^The key file tombstones\.key is gone"):
        without_alice.data.add("purchases", EXAMPLE / "purchases.csv", actor=without_alice.actor("dan"))
    with pytest.raises(WorkspaceUnusable, match=r"^The key file tombstones\.key is gone"):
        without_alice.erasures.run([("", "c001")], actor=without_alice.actor("pia"))
