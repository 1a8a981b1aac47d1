"""The same holds for data that came in by the product's own import and for what people said in its register."""

from __future__ import annotations

import csv
import datetime as dt
import random
from pathlib import Path

import pytest

from pellucid.rewrite.context import Context
from pellucid.rewrite.govern_rows import govern_rows
from pellucid.workspace import Workspace, create
from tests.tpc import policies
from tests.tpc.compare import difference, without_limit
from tests.tpc.data import queries_of, tables_of
from tests.tpc.stage import Said, Stage, run

NOW = dt.datetime(1998, 12, 1)
MOMENT = int((NOW - dt.datetime(1970, 1, 1)) / dt.timedelta(microseconds=1))
CHOICE = policies.tpch(sensitive=True, masks={("customer", "c_acctbal"): {"kind": "band", "size": 100}})
ORDER = ("nation", "region", "part", "supplier", "partsupp", "customer", "orders", "lineitem")
"""What a path to a subject leads over is imported first."""

HEADS = ("subject", "purpose", "verb", "covers", "explicit", "notice_version", "channel", "at")


def said_by(pick: random.Random, key: int) -> tuple[list[tuple[object, ...]], Said]:
    """Draw what a customer has said, as records of the register, and what follows from it."""
    instant = dt.datetime(1994, 1, 1) + dt.timedelta(days=pick.randrange(900))
    explicit = pick.random() < 0.5
    covers = pick.choice(["held_data", "held_data", "from_now"])
    given = (key, "care", "give", covers, str(explicit).lower(), "1", "web", f"{instant.isoformat()}Z")
    kind = pick.random()
    if kind < 0.1:
        return [], Said()
    if kind < 0.2:
        later = instant + dt.timedelta(days=9)
        return [given, (key, "care", "withdraw", "from_now", "false", "1", "web", f"{later.isoformat()}Z")], Said()
    if covers == "held_data":
        return [given], Said(plain=True, sensitive=explicit)
    return [given], Said(since=instant, sensitive_since=instant if explicit else None)


def imported(folder: Path, stage: Stage, records: list[tuple[object, ...]]) -> Workspace:
    create(folder).close()
    workspace = Workspace(folder, clock=lambda: MOMENT)
    policies.load(CHOICE, stage.types, folder / "policy")
    workspace.policy.activate(actor=workspace.actor("pia"))
    for name in ORDER:
        workspace.data.add(name, tables_of("tpch") / f"{name}.parquet", actor=workspace.actor("dan"))
    with (folder / "said.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADS, *records])
    workspace.consent.import_records(folder / "said.csv", actor=workspace.actor("pia"))
    return workspace


@pytest.mark.slow
@pytest.mark.promise("rows", "TPC-H over imported tables and recorded consents, compared with filtering by hand")
def test_each_tpch_query_over_imported_data_equals_filtering_first(tpch: Stage, tmp_path: Path) -> None:
    pick = random.Random(3)
    drawn = {key: said_by(pick, key) for key in range(1, 1_501)}
    said = {"customer": {key: found for key, (_, found) in drawn.items()}}
    by_hand = tpch.filtered(CHOICE, said, "care", NOW)
    records = [record for found, _ in drawn.values() for record in found]
    with imported(tmp_path / "ws", tpch, records) as workspace:
        engine = workspace._parts.replica.fresh(MOMENT).engine
        context = Context(workspace.policy.active(), policies.ANA, "care")
        changed = 0
        for number, sql in queries_of("tpch").items():
            question = without_limit(sql)
            found = run(engine, govern_rows(question, context), NOW)
            expected = by_hand.execute(question).fetchall()
            assert difference(found, expected) is None, number
            changed += difference(tpch.raw.execute(question).fetchall(), expected) is not None
        assert changed >= 15
