"""The two benchmarks staged once: their tables in the real engine, and in plain DuckDB beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tpc.data import tables_of
from tests.tpc.stage import Stage

TPCH_SUBJECTS = {
    "customer": ("t.c_custkey",),
    "orders": ("t.o_custkey",),
    "lineitem": ("(SELECT o.o_custkey FROM orders AS o WHERE o.o_orderkey = t.l_orderkey)", "t.l_suppkey"),
    "supplier": ("t.s_suppkey",),
    "partsupp": ("t.ps_suppkey",),
}
TPCDS_SUBJECTS = {
    "customer": ("t.c_customer_sk",),
    "store_sales": ("t.ss_customer_sk",),
    "store_returns": ("t.sr_customer_sk",),
    "catalog_sales": ("t.cs_bill_customer_sk", "t.cs_ship_customer_sk"),
    "catalog_returns": ("t.cr_refunded_customer_sk", "t.cr_returning_customer_sk"),
    "web_sales": ("t.ws_bill_customer_sk", "t.ws_ship_customer_sk"),
    "web_returns": ("t.wr_refunded_customer_sk", "t.wr_returning_customer_sk"),
}


@pytest.fixture(scope="session")
def tpch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tables_of("tpch"), TPCH_SUBJECTS, tmp_path_factory.mktemp("tpch"))
    yield stage
    stage.close()


@pytest.fixture(scope="session")
def tpcds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tables_of("tpcds"), TPCDS_SUBJECTS, tmp_path_factory.mktemp("tpcds"))
    yield stage
    stage.close()
