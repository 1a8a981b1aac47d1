"""A disk that is full: what cannot be recorded is refused in our own words, and nothing of it has happened."""

from __future__ import annotations

import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pellucid.errors import DataRefused, PellucidError, RecordingFailed, WorkspaceUnusable
from pellucid.workspace import Workspace, wall_clock
from tests.races.kiosk import PURCHASES, ROOT, TOTAL, command, make_kiosk, run
from tests.races.soundness import demand_sound, state_of

WITHDRAW = command("consent", "withdraw", "c000", "--purpose", "newsletter", "--as", "pia")
ASK = command("query", TOTAL, "--purpose", "range-planning", "--epsilon", "0.2", "--as", "ana")
CHECKPOINT = command("audit", "checkpoint", "--as", "pia")
IMPORT = command("data", "add", "purchases", str(PURCHASES), "--replace", "--as", "dan")
ACTIVATE = command("policy", "activate", "--as", "pia")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full") / "kiosk"
    make_kiosk(folder)
    return folder


@pytest.fixture
def kiosk(made: Path, tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(made, tmp_path / "kiosk")
    yield tmp_path / "kiosk"


def run_limited(words: tuple[str, ...], folder: Path, most: int) -> tuple[int, str]:
    """Run a command that can make no file longer than so many bytes; return its code and what it said."""
    launch = (
        "import resource, signal, runpy, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}));"
        "sys.argv = ['pellucid', *sys.argv[1:]]; runpy.run_module('pellucid', run_name='__main__')"
    )
    ended = run(("-B", "-c", launch, *words[2:]), folder)
    return ended.code, ended.err


LIMITS = [0, 4_096, 40_000, 200_000]
"""Nothing at all, a page, the write-ahead log's first commits, some of a generation."""


@pytest.mark.parametrize("most", LIMITS)
@pytest.mark.parametrize(
    "words",
    [WITHDRAW, ASK, CHECKPOINT, IMPORT, ACTIVATE],
    ids=["withdraw", "ask", "checkpoint", "import", "activate"],
)
def test_with_no_room_for_files_a_command_is_refused_or_done_and_nothing_in_between(
    words: tuple[str, ...], most: int, kiosk: Path
) -> None:
    before = state_of(kiosk)
    code, said = run_limited(words, kiosk, most)
    print(most, words[2:4], code, said)
    assert "Traceback" not in said
    assert "[defect]" not in said
    after = state_of(kiosk)
    assert after.activations - before.activations in (0, 1)
