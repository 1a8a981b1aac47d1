"""The table of cases as a page for readers: `python -m tests.consent.cases.page` writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from pellucid.regulations.load import shipped

from .case import Case, Raw, cases, parts, written_purposes

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "law-cases.md"
INTRODUCTION = """\
<!-- Made by `python -m tests.consent.cases.page` from `tests/consent/cases`: do not edit it. -->

# What the law answers, case by case

These are the cases by which pellucid's consent decisions are judged. For each it is written down what the law answers
and why; who wrote it knew the code's words, and took the answers from the law. A test then asks the code, for each
person singly and for all of them at once through the database, and compares. The people and the grocer are made up.
**This is not legal advice**: it is how the team read the facts of 2026-11-23, and where a figure was not verified the
reading is strict on purpose. The cases are kept apart from the packs of laws: they judge what comes of a pack, its
policy and its code together, and decide nothing themselves.
"""
MISTOLD = "told_disputed"
HEADINGS = ("Case", "Purpose", "Asked", "Answer", "Rests on", "Because")


def page() -> str:
    """Return the page."""
    told = [_part(name, list(group)) for name, group in groupby(cases(), key=lambda case: case.part)]
    return "\n".join([INTRODUCTION, _purposes(), *told, _disputes()])


def _part(name: str, among: Sequence[Case]) -> str:
    laws = ", ".join(f"`{law}`" for law in parts()[name]["laws"])
    lines = [f"## {name}\n", f"Signed off, unless a case says otherwise: {laws}.\n", *_head(HEADINGS)]
    return "\n".join([*lines, *map(_row, among), ""])


def _row(case: Case) -> str:
    raw = case.written
    note = "; ".join(_notes(raw))
    told = f"`{case.id}`: {raw['case']}{f' ({note})' if note else ''}{' †' if case.disputed or MISTOLD in raw else ''}"
    purpose = f"`{case.purpose}`"
    return _line([told, purpose, raw["asked"].isoformat(), _answer(raw), _rests(case), raw["because"]])


def _notes(raw: Raw) -> Iterator[str]:
    """Yield what a case has that its sentence may not say: other laws, overrides, another establishment."""
    if "laws" in raw:
        yield f"signed off: {', '.join(f'`{law}`' for law in raw['laws']) or 'none'}"
    for said in raw.get("overrides", ()):
        yield f"overridden: `{said['law']}` {said['field']} = {said['value']}"
    for regime, country in raw.get("served_from", {}).items():
        yield f"`{regime}` served from {country}"


def _answer(raw: Raw) -> str:
    sensitive = f"; sensitive rows: {raw['sensitive']}" if "sensitive" in raw else ""
    return f"**{raw['expect']}**{sensitive}: {', '.join(f'`{code}`' for code in raw['reasons'])}"


def _rests(case: Case) -> str:
    if case.without_law:
        return "no law"
    return "; ".join(f"{law}: {', '.join(cites)}" for law, cites in case.rests_on.items()) or "–"


def _purposes() -> str:
    lines = ["## The purposes\n", *_head(["Purpose", "What it is", "Kinds", "Basis, and what silence means"])]
    for name, raw in written_purposes().items():
        bases = "; ".join(f"{regime}: {how}, {mute}" for regime, (how, mute) in raw["bases"].items())
        lines.append(_line([f"`{name}`", raw["title"], ", ".join(raw.get("kinds", ())) or "–", bases]))
    return "\n".join([*lines, ""])


def _disputes() -> str:
    disputed = [(case.id, case.disputed) for case in cases() if case.disputed]
    disputed += [(case.id, case.written[MISTOLD]) for case in cases() if MISTOLD in case.written]
    drafts = ", ".join(f"`{law.id}`" for law in shipped().values() if law.draft)
    lines = ["## Where the code answers otherwise\n", f"Drafts decide only where a case signs them off: {drafts}.\n"]
    if not disputed:
        return "\n".join([*lines, "Nowhere.", ""])
    lines.append("Marked † above. Each of these fails a test until the code, or the case, gives way.\n")
    return "\n".join([*lines, *(f"- `{name}`: {why}" for name, why in disputed), ""])


def _head(titles: Sequence[str]) -> list[str]:
    return [_line(titles), _line(["---"] * len(titles))]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(str(cell).split()).replace('|', '/') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
