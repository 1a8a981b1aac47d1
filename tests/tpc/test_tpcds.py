"""Every TPC-DS query over governed rows equals the same query over tables filtered and masked by hand."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest

from tests.tpc.compare import difference, says_something, without_limit
from tests.tpc.data import queries_of
from tests.tpc.policies import load
from tests.tpc.policies import tpcds as chosen
from tests.tpc.stage import Said, Stage
from tests.tpc.substitutions import substituted

CUSTOMERS = 10_000
NOW = dt.datetime(2003, 1, 1)
PUBLIC = {21, 22, 37, 39, 41}
"""Queries over public tables alone, which no consent changes."""


@pytest.mark.slow
@pytest.mark.promise("rows", "TPC-DS under one set of consents, compared with filtering by hand")
def test_each_tpcds_query_equals_filtering_first(tpcds: Stage, tmp_path: Path) -> None:
    pick = random.Random(5)
    said = {"customer": {key: Said(pick.random() < 0.85, pick.random() < 0.85) for key in range(1, CUSTOMERS + 1)}}
    choice = chosen()
    tpcds.permit(choice, said)
    policy = load(choice, tpcds.types, tmp_path)
    by_hand = tpcds.filtered(choice, said, "care", NOW)
    changed = set()
    queries = substituted(queries_of("tpcds"))
    assert sorted(queries) == list(range(1, 100))
    for number, sql in queries.items():
        question = without_limit(sql)
        expected = by_hand.execute(question).fetchall()
        assert difference(tpcds.governed(question, choice, policy, "care", NOW), expected) is None, number
        assert len(tpcds.governed(sql, choice, policy, "care", NOW)) == len(by_hand.execute(sql).fetchall()), number
        ungoverned = tpcds.raw.execute(question).fetchall()
        if says_something(expected) and difference(ungoverned, expected) is not None:
            changed.add(number)
    assert not changed & PUBLIC
    assert len(changed) >= 80, sorted(changed)
