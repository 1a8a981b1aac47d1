"""Keeps the worked example served for a while after the story, then stops it, and removes what was only lent.

A process of its own (`python -m pellucid.demo.keeper FOLDER PORT SECONDS keep|remove`), so that the story can end.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from pellucid.demo.telling import program

STOPPING = 90
"""Seconds that a server which was told to end may take."""


def keep(folder: Path, port: int, seconds: float, *, remove: bool) -> None:
    """Serve the workspace in a folder until the time is over or this process is told to end."""
    command = [*program(), "--workspace", str(folder / "grocer"), "serve", "--port", str(port)]
    served = subprocess.Popen(command, cwd=folder)  # noqa: S603  -- our own program, arguments as a list

    def end(_number: int, _frame: FrameType | None) -> None:
        served.terminate()

    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, end)
    try:
        served.wait(seconds)
    except subprocess.TimeoutExpired:
        served.terminate()
    try:
        served.wait(STOPPING)
    except subprocess.TimeoutExpired:
        served.kill()
    if remove:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    keep(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), remove=sys.argv[4] == "remove")
