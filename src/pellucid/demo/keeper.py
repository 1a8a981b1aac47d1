"""Keeps the worked example served for a while after the story, its worker and its post office beside it; then stops
all of them, and removes what was only lent.

A process of its own (`python -m pellucid.demo.keeper FOLDER PORT SECONDS keep|remove`), so that the story can end. The
seconds count from when the story says that it is over (`TOLD`).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from pellucid.demo.postbox import HOST, open_postbox
from pellucid.demo.telling import program

STOPPING = 90
"""Seconds that a server or a worker which was told to end may take."""
TOLD = signal.SIGUSR1
"""Says that the story is over."""
STORY = 3600.0
"""Seconds that the rest of the story may take: whoever tells it may be killed, and nobody says that it is over."""
LOOKING = 0.2
MAIL = "mail"
"""Where mail is put, in the story's folder."""
SENDER = "privacy@kornblume.example"


class _Clock:
    """Says when the time is over, which begins with the end of the story."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._until = seconds, time.monotonic() + STORY + seconds

    def begin(self, _number: int, _frame: FrameType | None) -> None:
        """Note that the story is over."""
        self._until = time.monotonic() + self._seconds

    def is_over(self) -> bool:
        """Return whether the time is over."""
        return time.monotonic() >= self._until


def keep(folder: Path, port: int, seconds: float, *, remove: bool) -> None:
    """Serve the workspace in a folder until the time is over or this process is told to end."""
    clock = _Clock(seconds)
    signal.signal(TOLD, clock.begin)
    with open_postbox(folder / MAIL) as mail_port:
        kept = _begun(folder, port, os.environ | settings(port, mail_port))

        def end(_number: int, _frame: FrameType | None) -> None:
            for each in kept:
                each.terminate()

        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(each, end)
        _wait(kept, clock)
    if remove:
        shutil.rmtree(folder, ignore_errors=True)


def settings(port: int, mail_port: int) -> dict[str, str]:
    """Return what the server and the worker are told: where mail goes, and where its links lead."""
    return {
        "PELLUCID_SMTP_HOST": HOST,
        "PELLUCID_SMTP_PORT": str(mail_port),
        "PELLUCID_SMTP_TLS": "none",
        "PELLUCID_SMTP_FROM": SENDER,
        "PELLUCID_PUBLIC_URL": f"http://{HOST}:{port}",
        "PELLUCID_CHECKPOINT_MINUTES": "1",
    }


def _begun(folder: Path, port: int, environment: dict[str, str]) -> Sequence[subprocess.Popen[bytes]]:
    workspace = ("--workspace", str(folder / "grocer"))
    commands = ([*program(), *workspace, "serve", "--port", str(port)], [*program(), *workspace, "work"])
    return [subprocess.Popen(each, cwd=folder, env=environment) for each in commands]  # noqa: S603  -- our own program


def _wait(kept: Sequence[subprocess.Popen[bytes]], clock: _Clock) -> None:
    """Return once the server, the first, has ended or the time is over, and all are gone."""
    while kept[0].poll() is None and not clock.is_over():
        time.sleep(LOOKING)
    for each in kept:
        each.terminate()
    for each in kept:
        try:
            each.wait(STOPPING)
        except subprocess.TimeoutExpired:
            each.kill()


if __name__ == "__main__":
    keep(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), remove=sys.argv[4] == "remove")
