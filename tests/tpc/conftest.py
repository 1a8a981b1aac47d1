"""The two benchmarks staged once: their tables in the real engine, and in plain DuckDB beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tpc.data import tables_of
from tests.tpc.stage import Stage


@pytest.fixture(scope="session")
def tpch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tables_of("tpch"), tmp_path_factory.mktemp("tpch"))
    yield stage
    stage.close()


@pytest.fixture(scope="session")
def tpcds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tables_of("tpcds"), tmp_path_factory.mktemp("tpcds"))
    yield stage
    stage.close()
