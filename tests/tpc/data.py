"""TPC-H and TPC-DS tables and query texts, made once and kept as Parquet in `build/tpc`.

DuckDB 2.0 refuses the extensions that make them, so an older DuckDB does it in an environment of its own, as a process.
Nothing is downloaded but three wheels, by pip.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

MAKER = Path(__file__).with_name("make_data.py")
FOLDER = Path(__file__).parents[2] / "build" / "tpc"
WHEELS = ("duckdb==1.5.5", "duckdb-extension-tpch==1.5.5", "duckdb-extension-tpcds==1.5.5")
SCALES = {"tpch": "0.01", "tpcds": "0.1"}
"""Small, so that the tests are quick: 60,000 lines of 15,000 orders; 500,000 sales in three channels."""


@cache
def tables_of(name: str) -> Path:
    """Return the folder with a Parquet file for each table of `tpch` or `tpcds`."""
    return _made(name, SCALES[name])


def tables_at(name: str, scale: str) -> Path:
    """Return the folder with a Parquet file for each table of `tpch` or `tpcds` at another scale factor."""
    return _made(name, scale)


@cache
def empty_tables_of(name: str) -> Path:
    """Return a folder with the same tables without rows: enough to know their columns, and made at once."""
    return _made(name, "0")


@cache
def queries_of(name: str) -> dict[int, str]:
    """Return the texts of a benchmark's queries by number, with the parameters that DuckDB's extension chose."""
    found = json.loads((empty_tables_of(name) / "queries.json").read_text())
    return {int(number): text for number, text in found.items()}


def _made(name: str, scale: str) -> Path:
    """Return the folder of a benchmark at a scale; whoever comes first makes it, parallel workers wait."""
    wanted = hashlib.sha256((MAKER.read_text() + repr(WHEELS)).encode()).hexdigest()[:12]
    folder = FOLDER / f"{name}-{scale}-{wanted}"
    if folder.exists():
        return folder
    with _alone():
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            _run(str(_older_duckdb()), str(MAKER), name, scale, str(unfinished))
            unfinished.rename(folder)
    return folder


@contextmanager
def _alone() -> Iterator[None]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _older_duckdb() -> Path:
    """Return the interpreter of the environment with the older DuckDB, made if it is not there yet."""
    environment = FOLDER / "venv"
    python, ready = environment / "bin" / "python", environment / "ready"
    if not ready.exists() or ready.read_text() != repr(WHEELS):
        shutil.rmtree(environment, ignore_errors=True)
        _run(sys.executable, "-m", "venv", "--without-pip", str(environment))
        _run(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", *WHEELS)
        ready.write_text(repr(WHEELS))
    return python


def _run(*words: str) -> None:
    """Run a command as in an environment of its own: what pytest or a virtual environment set must not reach it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
