"""The reference pages are what the code says, and the check that says so can fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GENERATE = Path(__file__).parents[2] / "docs" / "generate.py"
PAGES = [
    "categories.md",
    "changes.md",
    "cli.md",
    "errors.md",
    "headers.md",
    "pages-and-api.md",
    "policy.md",
    "policy.schema.json",
    "reasons.md",
    "settings.md",
]


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_committed_pages_are_current() -> None:
    result = run(GENERATE, "--check")

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = tmp_path_factory.mktemp("docs") / "generate.py"
    script.write_text(GENERATE.read_text("utf-8"), "utf-8")
    assert run(script).returncode == 0
    return script


@pytest.mark.slow
def test_every_page_is_made(copy: Path) -> None:
    assert sorted(path.name for path in (copy.parent / "reference").iterdir()) == PAGES


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_was_edited_by_hand_is_named(copy: Path, page: str) -> None:
    edited = copy.parent / "reference" / page
    made = edited.read_text("utf-8")
    edited.write_text("not what the code says", "utf-8")
    try:
        result = run(copy, "--check")
    finally:
        edited.write_text(made, "utf-8")

    assert result.returncode == 1
    assert result.stdout.startswith(f"Not what the code says: {page} in docs/reference.")
