"""Spill folders belong to one living engine each."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

from pellucid.engines.spill import SpillFolder


def test_a_folder_left_by_a_dead_process_is_emptied_at_the_next_start(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from pellucid.engines.spill import SpillFolder\n"
        "folder = SpillFolder(Path(sys.argv[1])); (folder.path / 'rows').write_text('alice'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert [path.read_text() for path in tmp_path.glob("*/rows")] == ["alice"]
    folder = SpillFolder(tmp_path)
    assert list(tmp_path.glob("*/rows")) == []
    folder.remove()


def test_a_living_engines_folder_is_left_alone(tmp_path: Path) -> None:
    first = SpillFolder(tmp_path)
    (first.path / "rows").write_text("alice")
    second = SpillFolder(tmp_path)
    assert (first.path / "rows").read_text() == "alice"
    first.remove()
    assert second.path.is_dir()
    second.remove()


def test_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = SpillFolder(tmp_path / "spill")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spill", folder.path)]
    assert modes == [0o700, 0o700]
    folder.remove()
    folder.remove()
