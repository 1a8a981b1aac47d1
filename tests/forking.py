"""Commands in processes of their own, forked from one that has imported the product: a new interpreter takes a second
of the processor to do so. What a command does, and how it dies, is its process's alone, as ever.

Not for a test of how a command starts, nor for what starts threads while it is imported.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from pellucid import failpoints

ROOT = Path(__file__).parents[1]
LONGEST = 300
"""Seconds after which a command is ended: it hangs."""
USED = ("pellucid.cli.main", "pellucid.cli.query", "pellucid.workspace", "pellucid.engines.duckdb", "opendp.prelude")
"""What most commands import."""

_turn = Lock()


def run(words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, bytes, bytes]:
    """Run `pellucid WORDS` and return how it ended (negative for a signal), and what it wrote to both outputs."""
    with TemporaryDirectory() as folder, _turn:
        ready, asked = _ready(), {"words": list(words), "environment": dict(environment), "folder": folder}
        assert ready.stdin is not None
        assert ready.stdout is not None
        ready.stdin.write(json.dumps(asked).encode() + b"\n")
        ready.stdin.flush()
        code = int(ready.stdout.readline())
        out, err = (Path(folder, name).read_bytes() for name in ("out", "err"))
    return code, out, err


@cache
def _ready() -> subprocess.Popen[bytes]:
    """Return the process that forks, one a process of tests."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    command = [sys.executable, "-m", "tests.forking"]
    ready = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(ready.communicate)  # closes its input, with which it ends
    return ready


def _fork_on_demand() -> None:
    """Run each command that is asked for; in a child, return once it has ended."""
    for name in USED:
        importlib.import_module(name)
    while line := sys.stdin.buffer.readline():
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(**asked)
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(words: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
    """Be the process of a command, as if it had been started with this environment."""
    signal.alarm(LONGEST)
    for descriptor, path in enumerate((os.devnull, f"{folder}/out", f"{folder}/err")):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    importlib.reload(failpoints)  # arms the point that the environment names
    sys.argv = ["pellucid", *words]
    runpy.run_module("pellucid", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _fork_on_demand()
