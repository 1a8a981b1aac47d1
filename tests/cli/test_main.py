"""Help is quick, a table fits a narrow terminal, and what could not be recorded has its own exit code."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from pellucid.errors import RecordingFailed
from pellucid.workspace import Workspace
from tests.cli.conftest import Command

COUNT = "SELECT department, count(*) AS bought FROM transactions JOIN products USING (product_id) GROUP BY department"
PURPOSE = ("--purpose", "range-planning", "--as", "ana")


def test_what_could_not_be_recorded_ends_with_8(
    pellucid: Command, grocer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecordingFailed("The log is full.", remedy="Make room.")

    monkeypatch.setattr(Workspace, "query", fail)
    said = pellucid("query", COUNT, *PURPOSE)
    assert (said.code, said.err) == (8, "error [recording-failed]: The log is full.\nMake room.\n")


@pytest.mark.parametrize("columns", [40, 80, 132])
def test_an_answer_fits_the_terminal(
    pellucid: Command, grocer: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    said = pellucid("query", COUNT, *PURPOSE)
    assert said.code == 0, said.err
    rows = said.out.split("\n\n")[0].splitlines()
    assert len(rows) == 4
    assert [row for row in rows[1:] if " ± " not in row] == []
    assert [line for line in said.out.splitlines() if len(line) > columns] == []


def test_help_imports_none_of_the_heavy_packages() -> None:
    heavy = ("duckdb", "pyarrow", "sqlalchemy", "sqlglot", "opendp", "pydantic", "rich", "yaml", "pandas")
    script = (
        "import sys; from pellucid.cli.main import app; app(['--help'], standalone_mode=False); "
        f"print('loaded', [name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded []"


def test_help_takes_few_times_what_the_library_of_commands_takes_to_be_imported() -> None:
    """The goal is 0.3 s of the processor where the library takes 0.1 s: machines differ, that ratio hardly."""

    def took(script: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    shown = min(took("from pellucid.cli.main import app; app(['--help'])") for _ in range(5))
    assert shown < 8 * min(took("import typer") for _ in range(5))
