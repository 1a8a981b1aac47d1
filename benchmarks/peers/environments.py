"""The peers' own environments, each made when first needed: their pins contradict one another and ours.

Nothing but pip is asked, and what it could not do is told, never passed over.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PINS = {
    "smartnoise": ("smartnoise-sql==1.0.10", "pyarrow==18.1.0"),
    "pipelinedp": ("pipeline-dp==0.3.1", "pyarrow==18.1.0"),
    "opendp": ("opendp[polars]==0.16.0",),
    "qrlew": ("pyqrlew==0.9.27", "duckdb==2.0.0", "sqlglot==30.30.0"),
}


class NotInstalled(Exception):
    """A peer's environment could not be made; the message says why."""


def python_of(peer: str, folder: Path) -> Path:
    """Return the interpreter of a peer's environment; raises NotInstalled."""
    environment, wanted = folder / "venvs" / peer, json.dumps(PINS[peer])
    python, ready = environment / "bin" / "python", environment / "ready"
    if ready.exists() and ready.read_text() == wanted:
        return python
    shutil.rmtree(environment, ignore_errors=True)
    _run(sys.executable, "-m", "venv", "--without-pip", str(environment))
    _run(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *PINS[peer])
    ready.write_text(wanted)
    return python


def outside() -> dict[str, str]:
    """Return the variables of a process that shall not see our environment."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def _run(*words: str) -> None:
    done = subprocess.run(words, env=outside(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        told = (done.stderr or done.stdout).strip().splitlines()
        raise NotInstalled(told[-1] if told else f"{words[0]} ended with {done.returncode}")
