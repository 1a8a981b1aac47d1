"""Run as a process of its own: a backup or a restore that is killed when it comes to a function.

python -m tests.backups.killed backup|restore FOLDER MODULE FUNCTION
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from pathlib import Path

from pellucid.workspace import Workspace, restore
from tests.insights.conftest import NOW


def main(what: str, folder: Path, module: str, function: str) -> None:
    """Do it, up to that function."""

    def killed(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(importlib.import_module(module), function, killed)
    if what == "backup":
        with Workspace(folder / "workspace", clock=lambda: NOW + 2) as workspace:
            workspace.backup(folder / "killed", actor="pia")
    else:
        restore(
            folder / "backup",
            folder / "new",
            keys=folder / "keys",
            since=[folder / "journal"],
            actor_name="pia",
            clock=lambda: NOW + 2,
        )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4])
