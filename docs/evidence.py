"""Make `explanation/evidence.md`: promise, attack, tries, result, from the records of a test run and of the benchmarks.

    python docs/evidence.py build/evidence/*.xml build/evidence/*.txt

`make evidence` runs both first. Not for what was not run: a test that failed or was skipped stops it.
"""

from __future__ import annotations

import json
import platform
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.promises import PROMISES

PAGE = Path(__file__).parent / "explanation" / "evidence.md"
READS_THE_PAGE = "tests/docs/test_evidence.py"
"""Judges the page that is made here, so its outcome is about the last one."""

OPENING = """<!-- Made by `make evidence` from a run of the tests and benchmarks: do not edit it. -->

# What was tried, and what came of it

Each line is a test that tries to break [a promise](promise.md): how, how often, and the result. A test that passed
without saying more counts as one try that the promise withstood. Made on {date} with Python {python} on two shared
cores, by `make evidence`, which anybody can run again.
"""


@dataclass
class Row:
    """One way of attacking one promise: all tests of it together."""

    tests: dict[str, set[str]] = field(default_factory=dict)
    tries: int = 0
    results: dict[str, None] = field(default_factory=dict)

    @property
    def result(self) -> str:
        return "; ".join(self.results) or "held"


def read_tests(paths: Sequence[Path]) -> dict[tuple[str, str], Row]:
    """Return rows by (promise, attack); of a test that ran twice the last record counts.

    Raises SystemExit for a test that did not pass.
    """
    rows: dict[tuple[str, str], Row] = {}
    cases = [case for path in paths for case in ElementTree.parse(path).iter("testcase")]
    for case in {(case.get("classname"), case.get("name")): case for case in cases}.values():
        name = f"{case.get('classname')}::{case.get('name')}"
        if _file(case) == READS_THE_PAGE:
            continue
        if any(case.find(kind) is not None for kind in ("failure", "error", "skipped")):
            raise SystemExit(f"{name} did not pass, so there is nothing to tell.")
        said = [(each.get("name"), json.loads(each.get("value", "null"))) for each in case.iter("property")]
        tried = [value for kind, value in said if kind == "tried"]
        for promise, attack in (value for kind, value in said if kind == "promise"):
            row = rows.setdefault((promise, attack), Row())
            row.tests.setdefault(_file(case), set()).add(str(case.get("name")).split("[")[0])
            row.tries += sum(tries for tries, _ in tried) if tried else 1
            row.results.update(dict.fromkeys(result for _, result in tried))
    return rows


def _file(case: ElementTree.Element) -> str:
    return f"{str(case.get('classname')).replace('.', '/')}.py"


def _where(tests: dict[str, set[str]]) -> str:
    """Return the test's name where it is one, else how many there are in each file."""
    told = [
        f"`{file}`: " + (names.copy().pop() if len(names) == 1 else f"{len(names)} tests")
        for file, names in tests.items()
    ]
    return "<br>".join(sorted(told))


def page(rows: dict[tuple[str, str], Row], benchmarks: dict[str, str]) -> str:
    """Return the page's text."""
    parts = [OPENING.format(date=datetime.now(UTC).date(), python=platform.python_version())]
    for promise, title in PROMISES.items():
        parts.append(f"## {title}\n")
        lines = ["| Attack | Tries | Result | Test |", "| --- | ---: | --- | --- |"]
        for (name, attack), row in sorted(rows.items()):
            if name == promise:
                lines.append(f"| {attack} | {row.tries:,} | {row.result} | {_where(row.tests)} |")
        parts.append("\n".join(lines) + "\n")
    if benchmarks:
        parts.append("## Measured\n\nWhat `make bench` printed; trust the ratios more than the times.\n")
    parts += [f"### {name}\n\n```text\n{text.strip()}\n```\n" for name, text in benchmarks.items()]
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page from JUnit records and the texts of benchmarks."""
    records = [Path(each) for each in arguments if each.endswith(".xml")]
    texts = sorted(Path(each) for each in arguments if each.endswith(".txt"))
    if not records:
        print(__doc__)
        return 2
    benchmarks = {path.stem: path.read_text("utf-8") for path in texts}
    PAGE.write_text(page(read_tests(records), benchmarks), encoding="utf-8")
    print(f"Wrote {PAGE}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
