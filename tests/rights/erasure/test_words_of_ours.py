"""Somebody is called by a word of ours: erasing them takes nothing of anybody else's with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from pellucid.records.rights_tables import rights_events
from pellucid.records.tables import insight_proposals, log_details
from pellucid.workspace import Workspace
from tests.rights.erasure.test_erase import ALICE, BOB
from tests.shop import EXAMPLE

PEOPLE = """
  people:
    title: People
    subjects: [{namespace: customer, column: customer}]
    columns:
      customer: {type: text, category: user.unique_id}
      name: {type: text, category: user.name}
      mail: {type: text, category: user.contact.email}
"""
PROPOSED = {
    "title": "What sells",
    "purpose": "range-planning",
    "sql": "SELECT COUNT(DISTINCT customer) AS n FROM purchases",
    "policy": "p",
    "plan": "{}",
    "attempts": "[]",
    "proposed_by": "ana",
    "proposed_at": 0,
    "state": "approved",
    "reason": "",
    "leaf": 0,
}


def name(shop: Workspace, tmp_path: Path, *rows: str) -> None:
    """Declare the table of people, and bring rows of key, name and address in."""
    policy = (EXAMPLE / "policy" / "policy.yaml").read_text()
    (shop.policy.folder / "policy.yaml").write_text(policy + PEOPLE.removeprefix("\n"))
    shop.policy.activate(actor=shop.actor("pia"))
    file = tmp_path / "people.csv"
    file.write_text("\n".join(["customer,name,mail", *rows]) + "\n")
    shop.data.add("people", file, actor=shop.actor("dan"))
    file.unlink()


def others_kept(shop: Workspace, request: str) -> dict[str, object]:
    """Return what is kept of somebody else: what happened to their request, details of the log, approved figures."""
    events = select(rights_events.c.told).where(rights_events.c.request == request)
    with shop.room.database.read() as connection:
        return {
            "events": connection.scalars(events).all(),
            "details": connection.scalar(select(func.count()).select_from(log_details)),
            "figures": [tuple(row) for row in connection.execute(select(insight_proposals))],
        }


@pytest.mark.slow
@pytest.mark.promise("whole", "people are called by words that questions, the policy and records are made of")
@pytest.mark.parametrize("word", ["purchases", "DISTINCT", "evidence", "calendar", "customer"])
def test_who_is_called_by_a_word_of_ours_takes_nothing_of_others_with_them(
    word: str, shop: Workspace, tmp_path: Path
) -> None:
    pia = shop.actor("pia")
    name(shop, tmp_path, f"{ALICE},{word},alice@wonder.example", f"{BOB},Bob Bobson,bob@b.example")
    request = shop.requests.file("access", BOB, actor=pia).request.id
    shop.requests.verify(request, evidence="file 12", actor=pia)
    with shop.room.database.write() as connection:
        for number in range(2):
            connection.execute(insert(insight_proposals).values(name=f"f{number}", fingerprint=str(number), **PROPOSED))
    before = others_kept(shop, request)
    done = shop.erasures.run([("", ALICE)], actor=pia)
    assert (done.state, others_kept(shop, request)) == ("done", before)
    assert [each.days_left is not None for each in shop.requests.list(actor=pia)] == [True]


def test_the_receipt_says_that_a_word_of_ours_was_not_looked_for(shop: Workspace, tmp_path: Path) -> None:
    pia = shop.actor("pia")
    name(shop, tmp_path, f"{ALICE},purchases,alice@wonder.example")
    done = shop.erasures.run([("", ALICE)], actor=pia)
    told = [each.part for each in shop.erasures.show(done.id, actor=pia)[1] if each.part.kind == "search"]
    assert [(each.target, each.told) for each in told] == [
        ("short identifiers", {"count": 1}),
        ("common identifiers", {"count": 1}),
    ]
