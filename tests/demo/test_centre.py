"""The server of the worked example: what is told when it does not come up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pellucid.demo.centre import wait_until_ready
from pellucid.demo.reading import DemoFailed

NOWHERE = "http://127.0.0.1:9"
"""Where nobody answers."""


def wait_for(program: str, said: Path, most: float) -> None:
    """Wait for a program that is no server, whose folder is gone meanwhile."""
    with said.open("w+b") as log:
        kept = subprocess.Popen([sys.executable, "-c", program], stdout=log, stderr=log)
        said.unlink()
        try:
            wait_until_ready(NOWHERE, kept, log, most)
        finally:
            kept.wait()


def test_a_server_that_ends_is_told_with_what_it_said_last(tmp_path: Path) -> None:
    told = r"^The server ended at once \(exit code 8\)\. It said last: two; three; four$"
    with pytest.raises(DemoFailed, match=told):
        wait_for("print('one\\ntwo\\nthree\\nfour'); raise SystemExit(8)", tmp_path / "said", 600)


def test_a_server_that_takes_too_long_is_ended_and_told(tmp_path: Path) -> None:
    with pytest.raises(DemoFailed, match=r"^The server was not ready within 0\.1 s\. It said last: nothing$"):
        wait_for("import time; time.sleep(3600)", tmp_path / "said", 0.1)
