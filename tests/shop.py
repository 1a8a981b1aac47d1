"""The corner shop of `examples/`, as tests use it: a workspace made once, and the command line as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from pellucid.workspace import create

EXAMPLE = Path(__file__).parents[1] / "examples" / "corner-shop"


def make_shop(folder: Path) -> None:
    """Make a workspace with the example's policy, data and consents."""
    with create(folder, name="test/shop") as made:
        made.policy.activate(actor=made.actor(), folder=EXAMPLE / "policy")
        dan, pia = made.actor("dan"), made.actor("pia")
        made.data.add("products", EXAMPLE / "products.csv", actor=dan)
        made.data.add("purchases", EXAMPLE / "purchases.csv", actor=dan)
        made.consent.import_records(EXAMPLE / "said.csv", actor=pia)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Shop:
    """A workspace of one's own, and commands run in it as processes."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str, typed: bytes = b"", timeout: float = 300) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "pellucid", *words],
            input=typed,
            capture_output=True,
            check=False,
            timeout=timeout,
            env=os.environ | {"PELLUCID_WORKSPACE": str(self.folder)} | self.environment,
        )
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())
