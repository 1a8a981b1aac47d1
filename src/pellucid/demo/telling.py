"""How a story is told: a step's title, each command as it is typed, what it says, and the exit code it has to have."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from pellucid.demo.reading import DemoFailed

WIDTH = 80


class Teller:
    """Runs `pellucid ...` as its own process in a folder, prints it, and demands that it ends as it should."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "grocer"
        self.number = 0

    def here(self, path: Path) -> str:
        """Return a path as it is typed in the story's folder."""
        return str(path.relative_to(self.folder))

    def step(self, title: str) -> None:
        """Begin a step."""
        self.number += 1
        print(f"\n{'═' * WIDTH}\n{textwrap.fill(f'{self.number}. {title}.', WIDTH)}\n{'═' * WIDTH}", flush=True)

    def ask(self, sql: str, purpose: str, actor: str, *more: str) -> str:
        """Ask a question and return the answer's text."""
        return self.run("query", sql, "-p", purpose, "--as", actor, *more)

    def run(self, *arguments: str, code: int = 0, lines: int | None = None, shown: bool = True) -> str:
        """Print a command, run it, print what it says (its first `lines`), and demand its exit code."""
        if shown:
            print(f"\n$ pellucid {' '.join(quoted(each) for each in arguments)}", flush=True)
        done = self.command(*arguments)
        text = done.stdout + done.stderr
        if shown:
            told = text.rstrip().splitlines()
            print("\n".join(told[:lines] if lines is not None else told), flush=True)
        if done.returncode != code:
            raise DemoFailed(f"pellucid {arguments[0]} ended with {done.returncode}, not {code}: {text}")
        return text

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the workspace."""
        return subprocess.run(  # noqa: S603  -- our own program, arguments as a list
            [*program(), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=os.environ | {"COLUMNS": str(WIDTH), "PELLUCID_WORKSPACE": self.here(self.workspace)},
        )


def program() -> list[str]:
    """Return how to start `pellucid` with this very Python."""
    beside = Path(sys.executable).with_name("pellucid")
    return [str(beside)] if beside.exists() else [sys.executable, "-c", "from pellucid.cli.main import main; main()"]


def quoted(argument: str) -> str:
    """Return an argument as it would be typed."""
    plain = argument.replace("-", "").replace("/", "").replace("_", "").replace(".", "").isalnum()
    return argument if plain else f'"{argument}"'


def say(text: str) -> None:
    """Print a sentence of the story."""
    print(f"\n{textwrap.fill(text, WIDTH)}", flush=True)
