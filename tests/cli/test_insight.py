"""An approval at the command line is of what was looked at, and of nothing that stands under its name by then."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Said

SQL = "SELECT COUNT(*) AS n FROM transactions"


class Terminal(io.StringIO):
    """Somebody who types at a terminal."""

    def isatty(self) -> bool:
        return True


def propose(pellucid: Command, sql: str = SQL) -> str:
    said = pellucid("insight", "propose", "all", "-p", "range-planning", "--sql", sql, "--as", "ana")
    assert said.code == 0, said.err
    return fingerprint_in(said)


def fingerprint_in(said: Said) -> str:
    (found,) = re.findall(r"(?m)^Fingerprint: ([0-9a-f]{64})$", said.out)
    return str(found)


def approve(pellucid: Command, *words: str) -> tuple[int, str]:
    said = pellucid("insight", "approve", "all", *words, "--as", "pia")
    return said.code, said.err.split(":")[0]


def test_what_is_approved_is_what_was_looked_at(
    pellucid: Command, grocer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = propose(pellucid)
    blind = pellucid("insight", "approve", "all", "--as", "pia")
    second = propose(pellucid, f"{SQL} WHERE week > 1")
    late = approve(pellucid, "--fingerprint", first)
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    unsure = approve(pellucid)
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    sure = pellucid("insight", "approve", "all", "--as", "pia")

    assert (blind.code, fingerprint_in(blind), blind.words.count(f"--fingerprint {first}")) == (2, first, 1)
    assert (blind.err.split(":")[0], late) == ("error [fingerprint-missing]", (2, "error [insight-other]"))
    assert (unsure[0], sure.code) == (1, 0)
    assert re.findall(r"Fingerprint: (\S+)", sure.out) == [second, second]  # what it asked about, and what it did
    assert approve(pellucid, "--fingerprint", second) == (2, "error [insight-decided]")


def test_an_approval_by_fingerprint_asks_nobody(pellucid: Command, grocer: Path) -> None:
    shown = propose(pellucid)
    said = pellucid("insight", "approve", "all", "--fingerprint", shown, "--as", "pia")

    assert (said.code, fingerprint_in(said)) == (0, shown)


def test_who_approves_at_a_terminal_reads_what_is_there(pellucid: Command, grocer: Path) -> None:
    """A sign of the terminal takes a line back, and one that is not seen has two questions look like one."""
    said = pellucid(
        "insight",
        "propose",
        "all",
        "-p",
        "range-planning",
        "--sql",
        f"{SQL} /*\x1b[2K\x1b[1A\u202e\u3164*/",
        "--as",
        "ana",
    )

    assert said.code == 0
    assert said.out.count(f"\n{SQL} /*\\x1b[2K\\x1b[1A\\u202e\\u3164*/\n") == 1
