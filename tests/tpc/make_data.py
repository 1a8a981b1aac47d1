"""Makes TPC data and query texts. Run by an interpreter that has duckdb 1.5.5 and its extension wheels, never by ours.

python make_data.py tpch 0.01 FOLDER      one Parquet file a table, and queries.json: number -> text
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

GENERATORS = {"tpch": "dbgen", "tpcds": "dsdgen"}


def main(name: str, scale: str, folder: Path) -> None:
    """Write the tables of a benchmark at a scale factor; with scale 0 they have columns, but no rows."""
    duckdb = import_module("duckdb")
    package = Path(str(import_module(f"duckdb_extension_{name}").__file__)).parent
    (extension,) = package.rglob(f"{name}.duckdb_extension")
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"LOAD '{extension}'")
        queries = dict(connection.execute(f"SELECT query_nr, query FROM {name}_queries()").fetchall())
        (folder / "queries.json").write_text(json.dumps(queries))
        connection.execute(f"CALL {GENERATORS[name]}(sf={float(scale)})")
        for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            connection.execute(f"COPY {table} TO '{folder / table}.parquet' (FORMAT parquet, COMPRESSION zstd)")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
