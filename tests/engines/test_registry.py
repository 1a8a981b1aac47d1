"""Engines are opened by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pellucid.engines.duckdb import DuckDBEngine, DuckDBReleasedCells
from pellucid.engines.registry import open_engine, open_released_cells
from pellucid.errors import NameUnknown


def test_duckdb_is_opened_by_its_name(tmp_path: Path) -> None:
    engine = open_engine("duckdb", [], temp_directory=tmp_path, memory_limit="200MB", spill_limit="0B", threads=1)
    assert isinstance(engine, DuckDBEngine)
    engine.close()
    assert isinstance(open_released_cells("duckdb"), DuckDBReleasedCells)


def test_an_unknown_engine_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(NameUnknown, match=r"There is no engine 'oracle'\. Known: duckdb\."):
        open_engine("oracle", [], temp_directory=tmp_path, memory_limit="1GB", spill_limit="0B", threads=1)
    with pytest.raises(NameUnknown, match="There is no engine 'oracle'"):
        open_released_cells("oracle")


def test_the_registry_loads_no_driver() -> None:
    program = "import sys, pellucid.engines.registry; print('duckdb' in sys.modules, 'pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
