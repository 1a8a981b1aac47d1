"""Two processes carry on with one erasure at once: what one of them did, the other neither does nor claims again."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import select

from pellucid.audit import log
from pellucid.records.rights_tables import erasure_people
from pellucid.rights.erase import begin, carry_on
from pellucid.rights.means import Means
from pellucid.workspace import Workspace


def means_of(shop: Workspace) -> Means:
    return shop.erasures.means(shop.room.policy())


@pytest.mark.promise("whole", "another process finishes an erasure while this one is at it")
@pytest.mark.parametrize(("step", "asked"), [(2, 1), (6, 2)], ids=["before they left", "before it ends"])
def test_what_another_process_finished_meanwhile_is_neither_done_nor_claimed_again(
    step: int, asked: int, shop: Workspace
) -> None:
    pia, calls, receipts = shop.actor("pia"), Counter[int](), list[bytes]()
    erasure = begin(means_of(shop), [(("customer", 0), None)], pia)

    def clock() -> int:
        with closing(sqlite3.connect(shop.folder / "control.sqlite")) as control:
            ((reached,),) = control.execute("SELECT step FROM erasures")
        calls[reached] += 1
        if reached == step and calls[step] == asked:
            with Workspace(shop.folder) as other:
                carry_on(means_of(other), erasure, pia)
                receipts.append(other.erasures.receipt(erasure, actor=pia))
        return shop.room.clock()

    done = carry_on(replace(means_of(shop), clock=clock), erasure, pia)
    with shop.room.database.read() as connection:
        actions = Counter(each for each in log.actions(connection) if each.startswith("erasure."))
        texts = connection.scalars(select(erasure_people.c.natural_key)).all()
    assert (done.state, texts, receipts) == ("done", [None], [shop.erasures.receipt(erasure, actor=pia)])
    assert dict(actions) == {"erasure.begun": 1, "erasure.left": 1, "erasure.finished": 1}
    told = shop.erasures.show(erasure, actor=pia)[1]
    assert [each.part.kind for each in told] == [each["kind"] for each in json.loads(receipts[0])["parts"]]
