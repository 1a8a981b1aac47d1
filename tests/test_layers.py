"""The layer contracts hold, and each can fail: a violation planted in a copy breaks exactly the contract it should."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEADING = re.compile(r"^(.*\S)\s+(KEPT|BROKEN)$")
VIOLATIONS = {
    "policy/planted.py": ("import pellucid.consent", "Layers"),
    "newcomer.py": ("PLACE = None", "Layers"),
    "cli/planted.py": ("import pellucid.engines.base", "Entry points"),
    "consent/planted.py": ("import pellucid.engines.exact", "Exact answers"),
    "workspace/planted.py": ("import pellucid.engines.person", "Rows about a person"),
    "collect/planted.py": ("import sqlglot", "sqlglot only"),
    "release/planted.py": ("import opendp", "opendp only"),
    "holdings/planted.py": ("import duckdb", "duckdb only"),
    "workspace/planted_web.py": ("import fastapi", "What speaks HTTP"),
    "rewrite/planted.py": ("import sqlalchemy", "Deciding"),
}


def broken_contracts(folder: Path) -> list[str]:
    """Return the first words of every broken contract of the project in `folder`."""
    lint = Path(sys.executable).with_name("lint-imports")
    environment = os.environ | {"PYTHONPATH": str(folder / "src"), "COLUMNS": "300", "NO_COLOR": "1"}
    result = subprocess.run(
        [lint, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    verdicts = [match.groups() for match in map(HEADING.match, result.stdout.splitlines()) if match]
    assert verdicts, result.stdout + result.stderr
    broken = [name for name, verdict in verdicts if verdict == "BROKEN"]
    assert result.returncode == (1 if broken else 0)
    return broken


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_holds(project: Path) -> None:
    assert broken_contracts(project) == []


@pytest.mark.slow
@pytest.mark.parametrize(("planted", "violation"), VIOLATIONS.items())
def test_a_planted_violation_breaks_its_contract(project: Path, planted: str, violation: tuple[str, str]) -> None:
    line, contract = violation
    (project / "src/pellucid" / planted).write_text(f"{line}\n")

    assert [name[: len(contract)] for name in broken_contracts(project)] == [contract]
