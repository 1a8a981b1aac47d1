"""Reads `tests/sql/*.sql`: statements under a title (`--# title`), the question first and what is expected after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "sql"


@dataclass(frozen=True)
class Case:
    """One titled case: its statements in order, and settings such as `--# purpose: care`."""

    title: str
    statements: tuple[str, ...]
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def purpose(self) -> str:
        return dict(self.settings).get("purpose", "planning")

    @property
    def question(self) -> str:
        return self.statements[0]

    @property
    def expected(self) -> str:
        return self.statements[-1]


def read_cases(name: str) -> list[Case]:
    """Return the cases of a file; a statement ends with a semicolon at the end of a line."""
    cases: list[Case] = []
    title, settings, statements, lines = "", [], [], []
    for line in [*(FOLDER / name).read_text().splitlines(), "--# "]:
        if line.startswith("--# ") and ": " in line and not statements and title:
            setting, _, value = line.removeprefix("--# ").partition(": ")
            settings.append((setting, value))
        elif line.startswith("--# "):
            if title:
                cases.append(Case(title, tuple(statements), tuple(settings)))
            title, settings, statements = line.removeprefix("--# ").strip(), [], []
        elif not line.startswith("-- ") and line.strip():
            lines.append(line.strip())
            if line.rstrip().endswith(";"):
                statements.append(" ".join(lines).removesuffix(";"))
                lines = []
    assert len({case.title for case in cases}) == len(cases), "two cases have one title"
    return cases
