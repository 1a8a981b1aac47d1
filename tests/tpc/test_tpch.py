"""Every TPC-H query over governed rows equals the same query over tables filtered and masked by hand."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pellucid.errors import UseRefused
from tests.tpc.compare import difference, says_something, without_limit
from tests.tpc.data import queries_of
from tests.tpc.policies import PURPOSES, SUPPLIER, Choice, Column, Mask, load
from tests.tpc.policies import tpch as chosen
from tests.tpc.stage import Consents, Said, Stage

CUSTOMERS, SUPPLIERS = 1_500, 100
NOW = dt.datetime(1998, 12, 1)
MASKS: dict[Column, list[Mask]] = {
    ("customer", "c_phone"): [{"kind": "prefix", "size": 2}, {"kind": "prefix", "size": 1}],
    ("customer", "c_acctbal"): [{"kind": "band", "size": 100}],
    ("customer", "c_mktsegment"): [{"kind": "null", "unmasked_for": ["care"]}, {"kind": "prefix", "size": 4}],
    ("customer", "c_nationkey"): [{"kind": "band", "size": 3}],
    ("orders", "o_totalprice"): [{"kind": "band", "size": 1000}],
    ("orders", "o_orderdate"): [{"kind": "month"}, {"kind": "year"}],
    ("orders", "o_comment"): [{"kind": "null"}],
    ("lineitem", "l_quantity"): [{"kind": "band", "size": 5}],
    ("lineitem", "l_shipdate"): [{"kind": "month"}, {"kind": "year", "unmasked_for": ["planning"]}],
    ("lineitem", "l_shipmode"): [{"kind": "prefix", "size": 3}],
    ("lineitem", "l_extendedprice"): [{"kind": "band", "size": 10}],
    ("supplier", "s_name"): [{"kind": "prefix", "size": 9}],
    ("partsupp", "ps_supplycost"): [{"kind": "band", "size": 7}],
}
FORBIDDABLE: list[Column] = [
    ("customer", "c_address"),
    ("customer", "c_phone"),
    ("orders", "o_orderpriority"),
    ("lineitem", "l_tax"),
    ("lineitem", "l_commitdate"),
    ("supplier", "s_comment"),
    ("partsupp", "ps_availqty"),
]
TIED: frozenset[int] = frozenset({3, 10, 18})
"""Queries with a LIMIT that may cut through rows of one place in the order."""


def consents(seed: int, share: float, late: float = 0.15) -> Consents:
    """Draw what each customer and supplier said; some of them only for what happens from an instant on."""
    pick = random.Random(seed)

    def said() -> Said:
        instant = dt.datetime(1993, 1, 1) + dt.timedelta(days=pick.randrange(1_800))
        if pick.random() < late:  # bits are off where an instant is set
            return Said(since=instant, sensitive_since=instant + dt.timedelta(days=pick.randrange(300)))
        return Said(plain=pick.random() < share, sensitive=pick.random() < share / 2)

    return {
        "customer": {key: said() for key in range(1, CUSTOMERS + 1)},
        SUPPLIER: {key: said() for key in range(1, SUPPLIERS + 1)},
    }


MILD = chosen(masks={("customer", "c_acctbal"): {"kind": "band", "size": 100}}, retention_days=2_400)
STRICT = chosen(
    suppliers="everywhere",
    masks={column: masks[0] for column, masks in MASKS.items()},
    retention_days=2_400,
    sensitive=True,
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("choice", "empty", "unchanged"),
    [(MILD, {17}, {2, 8, 11, 16, 17, 18, 19, 20}), (STRICT, {12, 15, 17, 18, 20, 21}, {8, 17})],
)
def test_each_tpch_query_equals_filtering_first(
    tpch: Stage, tmp_path: Path, choice: Choice, empty: set[int], unchanged: set[int]
) -> None:
    said = consents(1, 0.8)
    tpch.permit(choice, said)
    policy = load(choice, tpch.types, tmp_path)
    by_hand = tpch.filtered(choice, said, "care", NOW)
    silent, same, tied = set(), set(), set()
    for number, sql in queries_of("tpch").items():
        question = without_limit(sql)
        expected = by_hand.execute(question).fetchall()
        assert difference(tpch.governed(question, choice, policy, "care", NOW), expected) is None, number
        first, cut = tpch.governed(sql, choice, policy, "care", NOW), by_hand.execute(sql).fetchall()
        assert len(first) == len(cut)
        if difference(first, cut) is not None:
            tied.add(number)
        if not says_something(expected):
            silent.add(number)
        if difference(tpch.raw.execute(question).fetchall(), expected) is None:
            same.add(number)
    assert sorted(silent) == sorted(empty)
    assert sorted(same) == sorted(unchanged)
    assert tied <= TIED


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    """Draw a policy over TPC-H."""
    kept = draw(st.frozensets(st.sampled_from(sorted(MASKS)), max_size=6))
    return chosen(
        suppliers=draw(st.sampled_from(["public", "apart", "everywhere"])),
        masks={column: draw(st.sampled_from(MASKS[column])) for column in sorted(kept)},
        forbidden=draw(st.frozensets(st.sampled_from(FORBIDDABLE), max_size=1)),
        retention_days=draw(st.sampled_from([None, 1_200, 2_400])),
        sensitive=draw(st.booleans()),
        timed=draw(st.booleans()),
    )


@pytest.mark.slow
@pytest.mark.promise("rows", "TPC-H under random policies and consents, compared with filtering by hand")
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    choice=choices(),
    seed=st.integers(0, 2**32),
    share=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
    late=st.sampled_from([0.0, 0.3]),
    purpose=st.sampled_from(sorted(PURPOSES)),
)
def test_each_tpch_query_equals_filtering_first_whatever_is_declared_and_said(
    tpch: Stage,
    tmp_path_factory: pytest.TempPathFactory,
    choice: Choice,
    seed: int,
    share: float,
    late: float,
    purpose: str,
) -> None:
    said = consents(seed, share, late)
    tpch.permit(choice, said)
    policy = load(choice, tpch.types, tmp_path_factory.mktemp("policy"))
    by_hand = tpch.filtered(choice, said, purpose, NOW)
    for number, sql in queries_of("tpch").items():
        question = without_limit(sql)
        try:
            expected = by_hand.execute(question).fetchall()
        except duckdb.BinderException:  # it names a column that is not there: one that no purpose may read
            with pytest.raises(UseRefused, match="refused") as caught:
                tpch.governed(question, choice, policy, purpose, NOW)
            assert {reason.code for reason in caught.value.reasons} == {"column-not-permitted"}
            continue
        assert difference(tpch.governed(question, choice, policy, purpose, NOW), expected) is None, number
