"""Benchmarks are run by hand, so that what they import is still there is shown here."""

from __future__ import annotations

import ast
import importlib
import warnings
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))


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
