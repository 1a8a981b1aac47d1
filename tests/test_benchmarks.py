"""Benchmarks are run by hand, so that what they import is still there, and that the newest run, is shown here."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
FILES = sorted(FOLDER.glob("*.py"))


def is_there(module: str, name: str) -> bool:
    """Return whether a module has a member, or a module, of that name."""
    if hasattr(importlib.import_module(module), name):
        return True
    try:
        importlib.import_module(f"{module}.{name}")
    except ImportError:
        return False
    return True


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_a_benchmark_imports_is_there(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), "a benchmark says which question it answers"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what other people's modules say when they are imported
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                missing = [alias.name for alias in node.names if not is_there(node.module, alias.name)]
                assert not missing
            elif isinstance(node, ast.Import):
                assert all(importlib.import_module(alias.name) for alias in node.names)


def printed(*words: str) -> str:
    """Return what a benchmark prints."""
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_private_answers_are_compared_with_raw_and_floor_without_any_peer(tmp_path: Path) -> None:
    script = str(FOLDER / "private_peers.py")
    told = printed(
        script, "--rows", "20000", "--rounds", "1", "--no-peers", "--cache", str(tmp_path), "--questions", "Q1"
    )
    assert "cannot" not in told
    same, best = re.split(r"^The best .*$", told, flags=re.MULTILINE)
    for part, ours in ((same, "pellucid"), (best, "best Q1")):
        lines = re.findall(r"^   (.*?) +1 +[0-9.]+ +[0-9.]+ ", part, re.MULTILINE)
        assert lines[:4] == ["raw", "floor", ours, f"{ours}: block alone"]


def test_a_peer_that_cannot_be_had_is_told_of() -> None:
    peers = importlib.import_module("benchmarks.private_peers")
    missing = peers.Contender("qrlew", None, {}, cannot="could not be installed: no network")
    found = peers.compare("Q1", [missing], {}, 1)
    told = [found["qrlew"].cannot, *map(str, found["qrlew"].processors)]
    assert told == ["could not be installed: no network"]


def test_an_error_is_the_median_over_groups_and_a_missing_group_is_off_by_all() -> None:
    peers = importlib.import_module("benchmarks.private_peers")
    exact = {"a": [10.0], "b": [10.0], "c": [10.0]}
    assert peers.error_of({"a": [11.0], "b": [10.0]}, exact) == [pytest.approx(0.1)]


@pytest.mark.slow
def test_tpch_is_asked_privately_and_plainly() -> None:
    told = printed(str(FOLDER / "tpch_private.py"), "--scale", "0.01", "--rounds", "1")
    assert "13 of 22 queries leave with noise" in told
    assert re.findall(r"^x cpu +median +[0-9.]+", told, re.MULTILINE)
