"""Runs commands in this process, as the console script would, on a small synthetic grocer's workspace."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas  # noqa: F401  -- before `main` keeps it out of the process, which the tests share
import pytest

from pellucid.cli.main import main
from pellucid.cli.options import Chosen
from tests.cli.grocer import write_grocer

TABLES = ("products", "households", "transactions", "demographics")


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        return " ".join(self.err.split())


Command = Callable[..., Said]


def call(capture: pytest.CaptureFixture[str], *words: str) -> Said:
    """Run `pellucid WORDS` in this process, and leave the process as it was."""
    before = sys.argv, list(sys.meta_path)
    sys.argv = ["pellucid", *words]
    capture.readouterr()
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv, sys.meta_path[:] = before
        Chosen.workspace = Chosen.actor = None
    out, err = capture.readouterr()
    return Said(code if isinstance(code, int) else 0, out, err)


@pytest.fixture
def pellucid(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("PELLUCID_WORKSPACE", raising=False)
    return lambda *words: call(capsys, *words)


@pytest.fixture(scope="session")
def grocer_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `files` and an empty place for the workspace: filled by the first test that needs it."""
    folder = tmp_path_factory.mktemp("grocer")
    write_grocer(folder / "files")
    return folder


@pytest.fixture
def grocer(pellucid: Command, grocer_made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of the test's own with the small grocer's data, as the current workspace; the files beside it."""
    made = grocer_made / "workspace"
    if not made.exists():
        commands = [("init", str(made), "--example"), ("-w", str(made), "policy", "activate", "--as", "pia")]
        for table in TABLES:
            file = str(grocer_made / "files" / f"{table}.csv")
            commands.append(("-w", str(made), "data", "add", table, file, "--as", "dan"))
        for words in commands:
            said = pellucid(*words)
            assert said.code == 0, said.err
    shutil.copytree(made, tmp_path / "workspace")
    shutil.copytree(grocer_made / "files", tmp_path / "files")
    monkeypatch.setenv("PELLUCID_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "workspace"
