"""Rows about two people, of whom one is erased and the other's are held: they stay until the hold ends."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pellucid.workspace import Workspace
from tests.rights.erasure.test_erase import ALICE, BOB
from tests.shop import EXAMPLE

CLEO = "c002"
GIFTS = """
  gifts:
    title: Gift cards, who gave them to whom
    subjects: [{namespace: customer, column: giver}, {namespace: customer, column: taker}]
    columns:
      giver: {type: text, category: user.unique_id}
      taker: {type: text, category: user.unique_id}
"""


@pytest.fixture
def gifts(shop: Workspace, tmp_path: Path) -> Workspace:
    policy = (EXAMPLE / "policy" / "policy.yaml").read_text()
    (shop.policy.folder / "policy.yaml").write_text(policy + GIFTS.removeprefix("\n"))
    shop.policy.activate(actor=shop.actor("pia"))
    file = tmp_path / "gifts.csv"
    file.write_text(f"giver,taker\n{ALICE},{BOB}\n{CLEO},{ALICE}\n{BOB},{CLEO}\n{ALICE},{ALICE}\n")
    shop.data.add("gifts", file, actor=shop.actor("dan"))
    return shop


def rows(shop: Workspace) -> list[tuple[str, str]]:
    (file,) = (shop.folder / "data").glob("gifts.*.duckdb")
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute("SELECT giver, taker FROM rows ORDER BY ALL").fetchall()


@pytest.mark.promise("whole", "a row that is held for somebody is about somebody else who is erased")
def test_a_row_that_is_held_for_one_stays_when_the_other_is_erased(gifts: Workspace) -> None:
    pia = gifts.actor("pia")
    hold = gifts.erasures.hold(person=("", BOB), dataset="gifts", reason="Claim 5", actor=pia)
    done = gifts.erasures.run([("", ALICE)], actor=pia)
    held = [each.part for each in gifts.erasures.show(done.id, actor=pia)[1] if each.part.kind == "held"]
    assert (done.state, rows(gifts)) == ("done", [(ALICE, BOB), (BOB, CLEO)])
    assert [(each.target, each.decision, each.told) for each in held] == [("gifts:shared", "keep", {"rows": 1})]
    gifts.erasures.release(hold.id, actor=pia)
    gifts.erasures.carry_on(actor=pia)
    assert rows(gifts) == [(BOB, CLEO)]
