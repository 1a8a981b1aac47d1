"""The page of evidence tells of every attack that the tests name, under every promise."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

from tests.promises import PROMISES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "evidence.md"


def named_attacks() -> Iterator[tuple[str, str]]:
    """Yield (promise, attack) of every `promise` mark in the tests, read from their source."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "promise":
                promise, attack = (_said(argument, path) for argument in node.args)
                yield promise, attack


def _said(argument: ast.expr, path: Path) -> str:
    """Return the text of an argument, which may be the name of one."""
    if isinstance(argument, ast.Name):
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        return str(getattr(module, argument.id))
    return str(ast.literal_eval(argument))


def test_the_page_tells_of_every_attack_that_the_tests_name() -> None:
    attacks = set(named_attacks())
    sections = PAGE.read_text("utf-8").split("\n## ")
    told = {title: next((s for s in sections if s.startswith(title)), "") for title in PROMISES.values()}
    missing = [
        (promise, attack) for promise, attack in sorted(attacks) if f"| {attack} |" not in told[PROMISES[promise]]
    ]
    assert not missing, "run `make evidence`"
    assert {promise for promise, _ in attacks} == set(PROMISES)


def test_the_page_tells_of_no_attack_that_is_no_more() -> None:
    attacks = {attack for _, attack in named_attacks()}
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in lines]
    assert set(rows) - {"Attack", "---"} <= attacks
