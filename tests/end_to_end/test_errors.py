"""Errors: a message with its code, a remedy, an exit code by kind; never a stack trace or somebody's data."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pellucid import errors
from pellucid.cli import main as entry
from pellucid.cli.main import EXIT_CODES, exit_code
from pellucid.errors import PellucidError
from tests.end_to_end.conftest import Run
from tests.shop import EXAMPLE, Shop

ASK = ("query", "SELECT COUNT(*) FROM purchases", "-p", "range-planning")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("quer",), 2, "No such command 'quer'"),
        (("query",), 2, "Missing argument 'sql'"),
        (("query", "SELECT 1"), 2, "Missing option '--purpose'"),
        ((*ASK, "--epsilon", "much"), 2, "Invalid value for '--epsilon'"),
        (
            (*ASK, "--as", "mallory"),
            2,
            "error [name-unknown]: There is no person 'mallory'. Known: ana, dan, omar, pia.",
        ),
        ((*ASK, "--as", "ana", "--epsilon", "9"), 2, "error [epsilon-out-of-range]"),
        ((*ASK, "--as", "ana", "--param", "week"), 2, "error [parameter-invalid]"),
        (("query", "@/nowhere", "-p", "range-planning", "--as", "ana"), 2, "error [file-unreadable]"),
        (("query", "SELECT customer FROM purchases", "-p", "range-planning", "--as", "ana"), 3, "error [use-refused]"),
        ((*ASK, "--as", "dan"), 3, "error [use-refused]"),
        (("audit", "log", "--as", "ana"), 3, "error [not-permitted]"),
        (("data", "add", "purchases", "/nowhere.csv", "--as", "dan"), 2, "error ["),
        (("-w", "/nowhere", "data", "list"), 8, "error [workspace-missing]: There is no workspace in /nowhere."),
        (("consent", "why", "c001", "-p", "newsletter", "--at", "noon", "--as", "pia"), 2, "error [instant-invalid]"),
    ],
)
def test_an_error_has_its_code_and_says_what_is_wrong(run: Run, words: tuple[str, ...], code: int, said: str) -> None:
    found = run(*words)

    assert (found.code, found.out) == (code, "")
    assert [line for line in found.err.splitlines() if said in line] != []
    assert "Traceback" not in found.err


def test_the_budget_runs_out_with_its_own_exit_code(run: Run) -> None:
    codes = [run(*ASK, "--as", "ana", "--epsilon", "2").code for _ in range(9)]

    assert sorted(set(codes)) == [0, 4]


def test_every_kind_of_error_has_an_exit_code() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PellucidError)]

    mapped = (PellucidError, *(kind for kind, _ in EXIT_CODES))
    assert [kind for kind in kinds if kind is not PellucidError and not issubclass(kind, mapped[1:])] == []
    assert exit_code(PellucidError("?")) == 1


def test_reasons_are_bullets_that_hang_in_a_narrow_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")

    lines = run("query", "SELECT customer FROM purchases", "-p", "newsletter", "--as", "ana").err.splitlines()

    assert max(map(len, lines)) <= 60
    assert lines[1].startswith("- [")
    assert lines[2].startswith("  ")


def test_a_defect_is_told_without_its_words(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "app", _raising(RuntimeError("zoe.hidden@example.org bought it")))

    said = run("query")

    assert said.code == 1
    assert said.err.startswith("error [defect]: pellucid failed in a way it should not (RuntimeError).")
    assert "zoe" not in said.err


def test_ctrl_c_says_so_and_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "app", _raising(KeyboardInterrupt()))

    said = run("query")

    assert (said.code, said.err) == (130, "Stopped.\n")


def _raising(error: BaseException) -> Callable[[], None]:
    def raising() -> None:
        raise error

    return raising


def test_a_reader_who_left_hears_nothing(shop: Shop) -> None:
    environment = os.environ | {"PELLUCID_WORKSPACE": str(shop.folder)}
    words = [sys.executable, "-m", "pellucid", "audit", "log", "--json", "--as", "pia"]
    reader, writer = os.pipe()
    os.close(reader)  # before it begins, or what it writes fits into the pipe before the reader has left
    with subprocess.Popen(words, stdout=writer, stderr=subprocess.PIPE, env=environment) as process:
        os.close(writer)
        assert process.stderr is not None
        said = process.stderr.read()

    assert (process.returncode, said) == (1, b"")


def test_a_terminated_command_keeps_nothing_half_done(shop: Shop) -> None:
    environment = os.environ | {"PELLUCID_WORKSPACE": str(shop.folder)}
    words = [sys.executable, "-m", "pellucid", "data", "add", "purchases", str(EXAMPLE / "purchases.csv"), "--replace"]
    with subprocess.Popen([*words, "--as", "dan"], stderr=subprocess.PIPE, env=environment) as process:
        time.sleep(0.4)
        process.send_signal(signal.SIGINT)
        process.wait(600)

    listed = shop.run("data", "list", "--as", "dan")
    assert re.findall(r"purchases +[12] +2,400", listed.out) != []


def test_a_workspace_cannot_be_made_twice(run: Run, shop: Shop, tmp_path: Path) -> None:
    said = run("init", str(shop.folder))

    told = f"error [workspace-exists]: There is a workspace in {shop.folder} already."
    assert (said.code, said.err.splitlines()[0]) == (2, told)
