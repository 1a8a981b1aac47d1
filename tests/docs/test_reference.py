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
def test_the_pages_that_were_edited_by_hand_are_named_and_no_others(copy: Path) -> None:
    for some in (PAGES[::2], PAGES[1::2]):
        made = {page: (copy.parent / "reference" / page).read_text("utf-8") for page in some}
        for page in some:
            (copy.parent / "reference" / page).write_text("not what the code says", "utf-8")
        result = run(copy, "--check")
        for page, text in made.items():
            (copy.parent / "reference" / page).write_text(text, "utf-8")

        assert result.returncode == 1
        named = result.stdout.removeprefix("Not what the code says: ").partition(" in docs/reference.")[0]
        assert sorted(named.split(", ")) == some
