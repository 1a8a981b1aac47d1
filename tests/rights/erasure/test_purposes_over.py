"""Retention by purpose: a purpose reads no older rows than it needs, and what no purpose needs any more goes."""

from __future__ import annotations

from dataclasses import replace

from pellucid.policy.model import PurposeRetention
from pellucid.rewrite.permit_rows import governed_sql
from pellucid.workspace import Workspace
from tests.rights.erasure.test_erase import ALICE, rows_of
from tests.rights.erasure.test_retention import total
from tests.shop import EXAMPLE, Shop


def activate(shop: Workspace, **days: int) -> None:
    """Put the shop's policy into force, with purposes that need purchases for so many days."""
    text = (EXAMPLE / "policy" / "policy.yaml").read_text()
    for name, number in days.items():
        key = f"  {name.replace('_', '-')}:\n"
        assert text.count(key) == 1
        text = text.replace(key, f"{key}    retention_days: {{purchases: {number}}}\n")
    (shop.policy.folder / "policy.yaml").write_text(text)
    shop.policy.activate(actor=shop.actor("pia"))


def test_values_that_no_purpose_needs_any_more_are_emptied_and_their_rows_stay(shop: Workspace) -> None:
    """Prices are read by range planning alone; the newsletter goes on with what was bought."""
    rows, prices = total(shop)
    activate(shop, range_planning=1)
    (found,) = shop.retention.preview(actor=shop.actor("pia")).due
    assert [(each.rule.column, each.rule.days, each.rule.purposes, each.count) for each in found.due] == [
        ("price", 1, ("range-planning",), prices)
    ]
    (done,) = shop.retention.run(actor=shop.actor("pia"))
    assert (done.rows, done.values, total(shop)) == (0, prices, (rows, 0))


def test_rows_go_when_the_last_purpose_that_may_read_them_has_done_with_them(shop: Workspace) -> None:
    before = total(shop)
    activate(shop, newsletter=1)
    assert (list(shop.retention.run(actor=shop.actor("pia"))), total(shop)) == ([], before)
    activate(shop, newsletter=1, range_planning=3000)
    assert (list(shop.retention.run(actor=shop.actor("pia"))), total(shop)) == ([], before)
    activate(shop, newsletter=1, range_planning=2)
    shop.consent.record("restrict", ALICE, purpose=None, actor=shop.actor("pia"))
    alice = rows_of(shop, ALICE)
    shop.retention.run(actor=shop.actor("pia"))
    assert (total(shop)[0], rows_of(shop, ALICE)) == (alice, alice)


def test_the_preview_tells_which_purposes_a_rule_follows_from(shop: Workspace) -> None:
    prices = total(shop)[1]
    activate(shop, range_planning=1)
    shown = Shop(shop.folder).run("retention", "preview", "--as", "pia").out.splitlines()
    assert shown[:1] == [
        f"purchases: {prices:,} values of price would be emptied, older than the 1 days for which any purpose that may "
        "read them needs them (range-planning)."
    ]


def test_a_purpose_reads_no_rows_that_are_over_for_it(shop: Workspace) -> None:
    policy = shop.room.policy()
    purchases, planning = policy.datasets["purchases"], policy.purposes["range-planning"]
    short = replace(planning, retention=(PurposeRetention("purchases", 30),))
    kept_short = governed_sql(replace(purchases, retention_days=30), planning, ["price"])
    assert governed_sql(purchases, short, ["price"]) == kept_short
    assert kept_short != governed_sql(purchases, planning, ["price"])
