"""DuckDB passes what every engine must pass."""

from pellucid.conformance.engine import EngineConformance
from pellucid.conformance.released import ReleasedCellsConformance


class TestDuckDB(EngineConformance):
    pass


class TestDuckDBReleasedCells(ReleasedCellsConformance):
    pass
