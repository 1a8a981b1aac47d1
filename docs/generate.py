"""Make the reference pages from the code, so that they cannot lie: without arguments it writes, `--check` compares.

One function a page; PAGES lists them. Not for explanations: those are written by people.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from functools import cache
from inspect import getdoc
from io import StringIO
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from typer.main import get_command

import pellucid
from pellucid import errors
from pellucid.cli.compare import FOUND
from pellucid.cli.main import EXIT_CODES, app
from pellucid.errors import PellucidError
from pellucid.policy import reasons
from pellucid.policy.categories import CATEGORIES, REVEALED, SPECIAL, is_within
from pellucid.policy.compare import CHANGES
from pellucid.policy.decide import ACTIONS
from pellucid.policy.load import json_schema
from pellucid.settings import Settings
from pellucid.web import kinds
from pellucid.web.counterparts import COUNTERPARTS, REASONS

KINDS = {
    "page": (
        "Pages",
        "At `/`, under `/privacy`, `/staff` and `/verify`, and where nothing is, for who asks for a page. Bodies are "
        "forms.",
    ),
    "api": ("The API", "Under `/api`, and whatever is not one of the others. Bodies are JSON."),
    "signed": ("The Data Rights Protocol", "Under `/v1`. Bodies are signed texts."),
    "static": (
        "Static files",
        "Under `/privacy/static`, kept for good, since a name is of its content; and `/favicon.ico`, kept for a day.",
    ),
}
REFERENCE = Path(__file__).with_name("reference")
SOURCE = Path(pellucid.__file__).parent
FAMILIES = {
    "USE": "May this use run at all?",
    "SUBJECT": "May this subject's rows be read?",
    "GATE": "Can this question be governed?",
}
NOTE = "<!-- Made by docs/generate.py from the code: change the code, then run `make fix`. -->\n"


def settings_page() -> str:
    rows = [
        [
            f"`PELLUCID_{name.upper()}`",
            _settings_type(field.annotation),
            _settings_default(field.default),
            field.description or "",
        ]
        for name, field in Settings.model_fields.items()
    ]
    return _page(
        "Settings",
        "Everything about a workspace that is not policy is set by environment variables.",
        _table(["Variable", "Type", "Default", "Meaning"], rows),
    )


def headers_page() -> str:
    by_kind = {kind.name: dict(kind.headers) for kind in kinds.ALL}
    parts = []
    for name, (title, where) in KINDS.items():
        rows = [[f"`{header.decode()}`", f"`{value.decode()}`"] for header, value in sorted(by_kind[name].items())]
        parts.append(f"## {title}\n\n{where}\n\n" + _table(["Header", "Value"], rows))
    secure = [[f"`{name.decode()}`", f"`{value.decode()}`"] for name, value in kinds.HSTS]
    parts.append("## Where people come by https\n\nOn every answer, too.\n\n" + _table(["Header", "Value"], secure))
    return _page(
        "Headers",
        "What every answer of `pellucid serve` carries, by the kind of its route. A proxy in front passes them on as "
        "they are. Problems carry those of the route that they are about; `Retry-After` says how long to wait.",
        *parts,
    )


def counterparts_page() -> str:
    parts = {
        "/privacy": ("The privacy centre", "What a customer's app does."),
        "/verify": ("Links of requests", "What a program does that filed the request."),
        "/staff": ("The console", "What programs of the staff do, by a token."),
    }
    tables = (
        f"## {title}\n\n{opening}\n\n" + _table(["Page", "API"], _counterparts(start))
        for start, (title, opening) in parts.items()
    )
    return _page(
        "Pages and the API",
        "What each page does, a program can do at `/api/v1`, but for what is a person's alone. `/api/v1/openapi.json` "
        "says how, with examples.",
        *tables,
    )


def _counterparts(start: str) -> list[list[str]]:
    found = ((page, there) for page, there in COUNTERPARTS.items() if page.split(" ")[1].startswith(start))
    return [[f"`{page}`", there if there in REASONS else f"`{there}`"] for page, there in found]


def errors_page() -> str:
    tree = re.search(r"(    PellucidError\n(?:    .*\n)+)", errors.__doc__ or "")
    used = _codes_in_use()
    rows = [
        [
            f"`{kind.__name__}`",
            ", ".join(f"`{code}`" for code in sorted({kind.code, *used.get(kind.__name__, ())})),
            _doc(kind),
        ]
        for kind in _error_kinds(PellucidError)
    ]
    return _page(
        "Errors",
        "Every error that pellucid raises on purpose has a stable code, says what was got and what is allowed, and has "
        "a remedy. None holds an engine's words or personal data.",
        "```text\n" + (tree.group(1) if tree else "") + "```",
        _table(["Error", "Codes", "Meaning"], rows),
    )


def reasons_page() -> str:
    families = {name: value for name, value in vars(reasons).items() if isinstance(value, dict) and name in FAMILIES}
    sections = [f"## {FAMILIES[name]}\n\n{_reason_rows(family)}" for name, family in families.items() if family]
    return _page(
        "Reasons",
        "Every reason that a decision can give. Words in braces are filled in. Customers read the last column, which "
        "is the same for many reasons on purpose: *why* somebody else decided about them is itself personal data.",
        *sections,
    )


def policy_page() -> str:
    schema = json_schema()
    sections = [f"## {_title(name)}\n\n{_fields(part)}" for name, part in schema["$defs"].items()]
    return _page(
        "Policy files",
        "A policy is a folder of YAML files, each with some of the sections below; a section may be spread over files. "
        "Editors can check them with [the JSON Schema](policy.schema.json).",
        "## Sections of a file\n\n" + _fields(schema),
        *sections,
        "## What a role may be given\n\n"
        + _table(["Action", "Meaning"], [[f"`{key}`", text] for key, text in ACTIONS.items()]),
    )


def schema_file() -> str:
    return json.dumps(json_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def categories_page() -> str:
    rows = [
        [f"`{key}`", found.title, "fideslang" if found.fideslang else "ours", found.dpv or "", _special(key)]
        for key, found in CATEGORIES.items()
    ]
    return _page(
        "Categories of data",
        "What a column may hold and what a purpose may read: a purpose that may read a category may read all below it. "
        f"`sensitive_when` may say that a value reveals: {', '.join(f'`{name}`' for name in REVEALED)}.",
        _table(["Category", "Meaning", "Key from", "DPV concept", "Special (GDPR Art. 9, 10)"], rows),
    )


def cli_page() -> str:
    sections = [f"## {name}\n\n```text\n{_help(words)}\n```" for name, words in _commands()]
    found = [[f"`{FOUND}`", "none: a comparison found what `--fail-on` names"], ["`1`", "a defect in pellucid"]]
    codes = [[f"`{code}`", ", ".join(f"`{kind.__name__}`" for kind in kinds)] for code, kinds in _exit_codes().items()]
    return _page(
        "Command line",
        "What each command says of itself with `--help`. `--workspace` and `--as` may stand before the command too.",
        "## Exit codes\n\nErrors go to the error output as `error [code]: message`, with a remedy.",
        _table(["Code", "Error"], [["`0`", "done"], *codes, *found, ["`130`", "stopped"]]),
        *sections,
    )


def changes_page() -> str:
    rows = [
        [f"`{code}`", said.kind.value, said.sentence, said.look, f"`{said.mirror}`"]
        for code, said in sorted(CHANGES.items())
    ]
    return _page(
        "Changes of a policy",
        "Every change that `pellucid policy compare` can tell. Words in braces are filled in. A *widening* lets more "
        "data, people or uses in, or lets one person count for more; what is neither more nor less than before is told "
        "as a narrowing (the old) and a widening (the new); *neutral* are words, and what depends on what people do.",
        _table(["Code", "Kind", "Sentence", "Who should look", "The way back"], rows),
    )


PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "settings.md": settings_page,
    "headers.md": headers_page,
    "pages-and-api.md": counterparts_page,
    "errors.md": errors_page,
    "reasons.md": reasons_page,
    "policy.md": policy_page,
    "policy.schema.json": schema_file,
    "categories.md": categories_page,
    "changes.md": changes_page,
}


def _page(title: str, opening: str, *parts: str) -> str:
    return "\n\n".join([NOTE.strip(), f"# {title}", opening, *(part.strip() for part in parts)]) + "\n"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows)])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _settings_type(annotation: object) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _settings_default(default: object) -> str:
    return f"`{default}`" if str(default) else "none"


def _doc(kind: type) -> str:
    return (getdoc(kind) or "").split("\n\n")[0]


def _error_kinds(kind: type[PellucidError]) -> Iterator[type[PellucidError]]:
    """The tree of errors.py, parents first; kinds that other modules add come by their own pages."""
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from _error_kinds(below)


def _codes_in_use() -> dict[str, set[str]]:
    """Find every `SomeError(..., code="...")` in the source."""
    found: dict[str, set[str]] = {}
    calls = (node for path in sorted(SOURCE.rglob("*.py")) for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    for node in calls:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            codes = [
                word.value.value
                for word in node.keywords
                if word.arg == "code" and isinstance(word.value, ast.Constant)
            ]
            found.setdefault(node.func.id, set()).update(str(code) for code in codes if code)
    return found


def _commands() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the program itself and every command below it, however deep, each with the words that call it."""
    yield from ((" ".join(["pellucid", *words]), words) for words in ((), *_below(_program(), ())))


@cache
def _program() -> Any:
    """Return the program with all its commands; putting them together takes long."""
    return get_command(app)


def _below(group: Any, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        words = (*above, name)
        nested = hasattr(command, "commands")
        if not nested or command.invoke_without_command:  # a group that does something by itself is a command too
            yield words
        if nested:
            yield from _below(command, words)


def _help(words: tuple[str, ...]) -> str:
    """Return what `pellucid WORDS --help` prints in a terminal of 80 columns."""
    said = StringIO()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "80"
    try:
        with redirect_stdout(said):
            _program()([*words, "--help"], prog_name="pellucid", standalone_mode=False)
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return "\n".join(line.rstrip() for line in said.getvalue().strip().splitlines())


def _exit_codes() -> dict[int, list[type[PellucidError]]]:
    found: dict[int, list[type[PellucidError]]] = {}
    for kind, code in EXIT_CODES:
        found.setdefault(code, []).append(kind)
    return dict(sorted(found.items()))


def _reason_rows(family: Mapping[str, reasons.Sentences]) -> str:
    rows = [[f"`{code}`", said.staff, said.remedy, said.customer] for code, said in family.items()]
    return _table(["Code", "For staff", "Remedy", "For the customer"], rows)


def _title(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Document")).capitalize()


def _fields(part: Mapping[str, object]) -> str:
    description = str(part.get("description", ""))
    if "enum" in part:
        values = part["enum"]
        assert isinstance(values, list)
        return f"{description}\n\nOne of: {', '.join(f'`{value}`' for value in values)}."
    properties = part.get("properties", {})
    needed = part.get("required", [])
    assert isinstance(properties, dict)
    assert isinstance(needed, list)
    rows = [
        [f"`{name}`", _kind(field), "yes" if name in needed else "", str(field.get("description", ""))]
        for name, field in properties.items()
    ]
    return f"{description}\n\n" + _table(["Key", "Value", "Required", "Meaning"], rows)


def _kind(field: Mapping[str, object]) -> str:
    """Say in words what a schema allows."""
    if "$ref" in field:
        name = str(field["$ref"]).rsplit("/", 1)[-1]
        anchor = _title(name).lower().replace(" ", "-")
        return f"[{_title(name).lower()}](#{anchor})"
    if "anyOf" in field:
        options = field["anyOf"]
        assert isinstance(options, list)
        return " or ".join(_kind(option) for option in options if option.get("type") != "null")
    inner = field.get("items") or field.get("additionalProperties")
    if field.get("type") == "array" and isinstance(inner, dict):
        return f"list of {_kind(inner)}"
    if field.get("type") == "object" and isinstance(inner, dict):
        return f"{_kind(inner)} by name"
    return str(field.get("type", field.get("const", "anything")))


def _special(key: str) -> str:
    return "yes" if any(is_within(key, special) for special in SPECIAL) else ""


def stale_pages() -> list[str]:
    """Return the names of the committed pages that differ from what the code says."""
    return [name for name, make in PAGES.items() if _committed(REFERENCE / name) != make()]


def _committed(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        stale = stale_pages()
        if stale:
            print(f"Not what the code says: {', '.join(stale)} in docs/reference. Run `make fix` and commit them.")
        return 1 if stale else 0
    REFERENCE.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
