"""Retention: rows and values go when their time is over, and never what is held or restricted."""

from __future__ import annotations

import duckdb
import pytest

from pellucid.audit import log
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.workspace import Workspace
from tests.rights.erasure.test_erase import ALICE, BOB, DAY, rows_of
from tests.shop import EXAMPLE


def activate(shop: Workspace, *, rows: int | None = None, price: int | None = None) -> None:
    """Put the shop's policy into force with other times for rows and for prices (days)."""
    text = (EXAMPLE / "policy" / "policy.yaml").read_text()
    if rows is not None:
        text = text.replace("retention_days: 3650", f"retention_days: {rows}", 1)
    if price is not None:
        text = text.replace(
            "scale: 2, category: user.financial}", f"scale: 2, category: user.financial, retention_days: {price}}}", 1
        )
    (shop.policy.folder / "policy.yaml").write_text(text)
    shop.policy.activate(actor=shop.actor("pia"))


def total(shop: Workspace) -> tuple[int, int]:
    """Count rows and prices that are there."""
    (file,) = (shop.folder / "data").glob("purchases.*.duckdb")
    with duckdb.connect(str(file), read_only=True) as connection:
        ((rows, prices),) = connection.execute("SELECT count(*), count(price) FROM rows").fetchall()
    return int(rows), int(prices)


def test_a_preview_tells_what_would_go_and_changes_nothing(shop: Workspace) -> None:
    before = total(shop)
    later = shop.room.clock() + 60 * DAY
    activate(shop, rows=60)
    with Workspace(shop.folder, clock=lambda: later) as then:
        pia = then.actor("pia")
        (found,) = then.retention.preview(actor=pia).due
        assert (found.dataset, found.rows, found.values) == ("purchases", before[0], 0)
        assert total(then) == before
        assert [each.rows for each in then.retention.run(actor=pia)] == [before[0]]
        assert total(then) == (0, 0)
        assert then.retention.preview(actor=pia).due == []
        with then.room.database.read() as connection:
            assert log.actions(connection)[-2:] == ("data.retired", "retention.run")


def test_values_of_a_column_are_emptied_before_their_rows_go(shop: Workspace) -> None:
    rows, prices = total(shop)
    later = shop.room.clock() + 60 * DAY
    activate(shop, price=60)
    with Workspace(shop.folder, clock=lambda: later) as then:
        (done,) = then.retention.run(actor=then.actor("pia"))
        assert (done.rows, done.values, total(then)) == (0, prices, (rows, 0))
        assert then.retention.run(actor=then.actor("pia")) == []


def test_rows_of_people_whose_data_are_restricted_or_held_stay(shop: Workspace) -> None:
    alice, bob = rows_of(shop, ALICE), rows_of(shop, BOB)
    pia = shop.actor("pia")
    shop.consent.record("restrict", ALICE, purpose=None, actor=pia)
    hold = shop.erasures.hold(person=("", BOB), dataset=None, reason="Claim 9", actor=pia)
    later = shop.room.clock() + 60 * DAY
    activate(shop, rows=60)
    with Workspace(shop.folder, clock=lambda: later) as then:
        then.retention.run(actor=pia)
        assert (rows_of(then, ALICE), rows_of(then, BOB), total(then)[0]) == (alice, bob, alice + bob)
        then.erasures.release(hold.id, actor=pia)
        then.consent.record("lift", ALICE, purpose=None, actor=pia)
        then.retention.run(actor=pia)
        assert total(then) == (0, 0)


def test_a_dataset_that_is_held_keeps_all_its_rows(shop: Workspace) -> None:
    before = total(shop)
    shop.erasures.hold(person=None, dataset="purchases", reason="Audit", actor=shop.actor("pia"))
    later = shop.room.clock() + 60 * DAY
    activate(shop, rows=60)
    with Workspace(shop.folder, clock=lambda: later) as then:
        assert (then.retention.run(actor=then.actor("pia")), total(then)) == ([], before)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"person": None, "dataset": None}, "input-invalid"),
        ({"reason": " "}, "no-reason"),
        ({"basis": "consent"}, "hold-basis"),
        ({"until": 1}, "hold-over"),
    ],
)
def test_a_hold_that_says_too_little_is_refused(given: dict[str, object], code: str, shop: Workspace) -> None:
    asked = {"person": ("", ALICE), "dataset": None, "reason": "Claim", "actor": shop.actor("pia")} | given
    with pytest.raises(InputInvalid) as refused:
        shop.erasures.hold(**asked)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert shop.erasures.holds(actor=shop.actor("pia")) == []


def test_a_hold_that_is_not_there_cannot_be_released(shop: Workspace) -> None:
    with pytest.raises(NameUnknown, match="hold"):
        shop.erasures.release("none", actor=shop.actor("pia"))
