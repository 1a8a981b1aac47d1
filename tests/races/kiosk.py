"""A small workspace for races and crashes: the corner shop's data under a policy whose consents run out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pellucid.workspace import create
from tests import forking
from tests.shop import EXAMPLE

ROOT = Path(__file__).parents[2]
SOURCES = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
"""What a process finds its modules in: those of this checkout."""
CONSENT_DAYS = 90
TOTAL = "SELECT COUNT(*) AS n FROM purchases"
SUM = "SELECT SUM(price) AS paid FROM purchases"
"""A question whose norm is drawn first."""
READERS = [f"c{number:03}" for number in range(0, 60, 2)]
"""Who agreed to the newsletter."""

COMMAND = ("-m", "pellucid")
PURCHASES = EXAMPLE / "purchases.csv"


def policy_text() -> str:
    """Return the corner shop's policy with consents that run out."""
    (file,) = (EXAMPLE / "policy").iterdir()
    text = file.read_text()
    assert text.count("{eu: {basis: consent, default: opt_in}}") == 1
    return (
        text.replace(
            "{eu: {basis: consent, default: opt_in}}",
            f"{{eu: {{basis: consent, default: opt_in}}}}\n    consent_days: {CONSENT_DAYS}",
        )
        .replace("allowance: {epsilon: 6", "allowance: {epsilon: 11")
        .replace("price: {per_group: 12}", "price: {norm: 40, drawn: true}")
    )


def make_kiosk(folder: Path) -> None:
    """Make the workspace: policy in force, data imported, readers' consents recorded."""
    with create(folder, name="test/kiosk") as made:
        (folder / "policy" / "policy.yaml").write_text(policy_text())
        made.policy.activate(actor=made.actor())
        dan, pia = made.actor("dan"), made.actor("pia")
        made.data.add("products", EXAMPLE / "products.csv", actor=dan)
        made.data.add("purchases", PURCHASES, actor=dan)
        rows = [f"{reader},newsletter,give,held_data,false,1,till,\n" for reader in READERS]
        said = folder / "said.csv"
        said.write_text("subject,purpose,verb,covers,explicit,notice_version,channel,at\n" + "".join(rows))
        made.consent.import_records(said, actor=pia)
        said.unlink()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended and what it printed; `code` is negative for a signal."""

    code: int
    out: str
    err: str


def run(words: Sequence[str], folder: Path, extra: Mapping[str, str] | None = None, timeout: float = 120) -> Ended:
    """Run `python WORDS` as a process of its own in a kiosk."""
    environment = {**os.environ, "PELLUCID_WORKSPACE": str(folder), "PYTHONPATH": SOURCES, **(extra or {})}
    if tuple(words[:2]) == COMMAND:
        code, out, err = forking.run(words[2:], environment)
        return Ended(code, out.decode(), err.decode())
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, check=False, timeout=timeout
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def command(*words: str) -> tuple[str, ...]:
    """Return the words that run the command line."""
    return (*COMMAND, *words)


def script(name: str) -> tuple[str, ...]:
    """Return the words that run a script of `tests.races.scripts`."""
    return ("-m", "tests.races.scripts", name)
