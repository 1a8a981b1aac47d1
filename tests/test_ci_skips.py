"""A skip in CI fails the run: tried on throw-away test files, with and without parallel workers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = "import pytest\n\ndef test_runs():\n    assert True\n\ndef test_skips():\n    pytest.skip('no engine')\n"
SKIPPING_MODULE = "import pytest\npytest.importorskip('no_such_module_here')\n"
PASSING = "def test_runs():\n    assert True\n"


def run_pytest(folder: Path, *, ci: bool, workers: bool) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(Path(__file__).with_name("conftest.py").read_text())
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "PYTEST"))}
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", str(folder), "-p", "no:cacheprovider"]
    command += [*(["-n", "1"] if workers else []), str(folder)]
    return subprocess.run(
        command, env=environment | ({"CI": "true"} if ci else {}), capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("workers", [False, True])
def test_a_skipped_test_fails_the_run_in_ci_and_is_named(tmp_path: Path, workers: bool) -> None:
    (tmp_path / "test_it.py").write_text(SKIPPING)

    result = run_pytest(tmp_path, ci=True, workers=workers)

    assert result.returncode == 1, result.stdout
    assert "test_it.py::test_skips" in result.stdout.split("counts as a failure")[1]


def test_a_skipped_module_fails_the_run_in_ci(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(PASSING)
    (tmp_path / "test_other.py").write_text(SKIPPING_MODULE)

    assert run_pytest(tmp_path, ci=True, workers=False).returncode == 1


def test_a_skipped_test_passes_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SKIPPING)

    assert run_pytest(tmp_path, ci=False, workers=False).returncode == 0


def test_a_run_without_skips_passes_in_ci(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(PASSING)

    assert run_pytest(tmp_path, ci=True, workers=False).returncode == 0
