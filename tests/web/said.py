"""Every message of the pages, for the catalogues: found by walking templates, words and what may be refused.

`python -m tests.web.said` lists, as entries of a catalogue, what misses in each language.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2 import Environment

import pellucid
import pellucid.web
from pellucid import errors
from pellucid.audit.verify import TITLES
from pellucid.governance import invitations, passwords
from pellucid.policy import reasons
from pellucid.policy.categories import CATEGORIES
from pellucid.policy.model import LANGUAGES
from pellucid.rights import account, correcting, inside, sections, showing
from pellucid.rights.traces import BY_ID, WORDS
from pellucid.transparency import phrases, use_words
from pellucid.web.console import request_acts
from pellucid.web.language import CATALOGUES
from pellucid.web.pages import GDPR, TEMPLATES, TOLD

SOURCE = Path(pellucid.__file__).parent
TRANSLATED = tuple(each for each in LANGUAGES if each != "en")
Message = str | tuple[str, str]
"""A message, or one with its plural."""

ELSEWHERE: tuple[object, ...] = (
    TOLD,
    account.BASES,
    account.SILENCE,
    account.SHARED,
    account.ESTIMATE,
    account.FACTS,
    phrases.REVEALED,
    request_acts.ACTS,
    GDPR,
    TITLES,
    [value for name, value in vars(use_words).items() if name.isupper() and name not in ("REFUSALS", "ABOUT")],
    {start: sentence for start, sentence in (*use_words.REFUSALS, *use_words.ABOUT)},
    "from data held",
    showing.ANSWERS,
    correcting.WRITTEN,
    correcting.WITHOUT_DECIMALS,
    inside.SHOW_MORE,
    invitations.OVER,
    invitations.TAKEN,
    passwords.STRONGER,
    passwords.WEAK,
    sections.LEFT_OUT_SENSITIVE,
    sections.NEVER_HANDED_OUT,
    "We did what you asked.",
    "You took your request back.",
    "We work on what you asked.",
    [each.customer for each in reasons.SUBJECT.values()],
    {key: each.title for key, each in CATEGORIES.items()},
    "This is not what we sent, or it holds no longer.",
    "Have a new code sent; each holds once, for ten minutes, and for its own request.",
)
"""What pages say that stands in no template and no module of words of the web."""
FOR_PROGRAMS = ("addresses", "app", "counterparts", "drp", "health", "person", "production", "protocol", "security")
FOR_PROGRAMS += ("server", "workers")
DESKS: tuple[str, ...] = (
    "arrivals",
    "audit",
    "centre",
    "doors",
    "inside",
    "messages",
    "openid",
    "own_erasures",
    "own_objections",
    "own_packages",
    "own_requests",
)
DESKS += ("pauses", "people", "proofs", "staff", "visitors")
"""Desks that people themselves, or staff who sign in, deal with on pages."""
REFUSING = (
    *sorted(each for each in (SOURCE / "web").glob("*.py") if each.stem not in FOR_PROGRAMS),
    *sorted((SOURCE / "web" / "centre").glob("*.py")),
    *sorted((SOURCE / "web" / "console").glob("*.py")),
    *(SOURCE / "workspace" / f"{name}.py" for name in DESKS),
    *(SOURCE / "rights" / f"{name}.py" for name in ("correcting", "inside", "raising", "repeated", "sign_in")),
    SOURCE / "transparency" / "message_links.py",
)
"""Modules whose refusals people are told on pages, as far as these are fixed sentences."""
NAME = re.compile(r"[a-z_/{][^ ]*")
"""What is for machines: a key, a path."""
KINDS = ("purpose", "request", "right", "choice", "namespace", "subject", "kind", "dataset", "row", "delegation")
"""Of what a page may say that there is none."""


@cache
def said() -> frozenset[Message]:
    """Return every message that pages may show."""
    found: set[Message] = set(of_templates())
    for name in words_modules():
        module = importlib.import_module(name)
        found.update(of_value([value for key, value in vars(module).items() if key.isupper()]))
    found.update(of_value(list(ELSEWHERE)))
    for path in REFUSING:
        found.update(of_refusals(path))
    found.update(f"There is no such {kind}." for kind in KINDS)
    found.update(of_plan(SOURCE / "rights" / "plan.py"))
    found.update(f"{each.why[:1].upper()}{each.why[1:]}." for each in (*BY_ID, *WORDS))
    return frozenset(found)


def of_templates() -> Iterator[Message]:
    """Return the messages of templates."""
    made = Environment(extensions=["jinja2.ext.i18n"])  # as the pages' own says sentences while it reads a template
    for path in sorted(TEMPLATES.rglob("*.html")):
        for _, function, message in made.extract_translations(path.read_text()):  # type: ignore[attr-defined]
            texts = [message] if isinstance(message, str) else [each for each in message or () if each]
            if texts:  # else it is a word of a module, which is found there
                yield (texts[0], texts[1]) if function == "ngettext" else texts[0]


def words_modules() -> list[str]:
    """Return the modules of words of the web, but for those of the API, which are for programs."""
    found = pkgutil.walk_packages(pellucid.web.__path__, "pellucid.web.")
    return sorted(each.name for each in found if each.name.endswith("words") and ".api." not in each.name)


def of_value(value: object, *, in_mapping: bool = False) -> Iterator[Message]:
    """Return the words in a value: of a mapping all its values are, elsewhere a lower-case word alone is a name.

    A pair that counts is one message, with its plural.
    """
    if isinstance(value, str):
        if value and not isinstance(value, Enum) and (in_mapping or not NAME.fullmatch(value)):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from of_value(each, in_mapping=True)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _of_all(getattr(value, each.name) for each in fields(value))
    elif isinstance(value, tuple) and len(value) == 2 and all("%(num)" in str(each) for each in value):
        yield value[0], value[1]
    elif isinstance(value, list | tuple | set | frozenset):
        yield from _of_all(value)


def of_refusals(path: Path) -> Iterator[str]:
    """Return the fixed sentences of the errors that a module raises, and those that stand in its constants."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in _kinds():
            yield from _sentences([*node.args, *(each.value for each in node.keywords)])
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            yield from _sentences(ast.walk(statement.value))


def of_plan(path: Path) -> Iterator[str]:
    """Return the reasons that the plan of an erasure gives."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and _name(node.targets[0]) == "why":
            yield from _sentences(ast.walk(node.value))
        elif isinstance(node, ast.Call) and _name(node.func) == "Part":
            yield from _sentences(node.args)


def missing(language: str) -> list[Message]:
    """Return the messages that are not translated into a language."""
    return sorted(said() - translated(language), key=str)


def translated(language: str, *, also_theirs: bool = True) -> set[Message]:
    """Return the messages of the pages' catalogue; those of notices, which pages say too, are in theirs."""
    folders = [CATALOGUES, *([SOURCE / "transparency" / "catalogues"] if also_theirs else [])]
    found: set[Message] = set()
    for folder in folders:
        with (folder / f"{language}.po").open("rb") as file:
            catalogue = read_po(file, locale=language)
        for each in catalogue:
            forms = (each.string,) if isinstance(each.string, str) else each.string or ("",)
            if each.id and all(forms) and not each.fuzzy:
                found.add(each.id if isinstance(each.id, str) else (each.id[0], each.id[1]))
    return found


def _of_all(values: Iterable[object]) -> Iterator[Message]:
    for each in values:
        yield from of_value(each)


def _sentences(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_sentence(node.value):
            yield node.value


def _is_sentence(text: str) -> bool:
    return text[:1].isupper() and text[-1:] in ".?!" and " " in text


def _kinds() -> frozenset[str]:
    """Return the names of what is raised, and of what makes it."""
    ours = {name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, Exception)}
    return frozenset(ours | {"Problem", "too_many"})


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _entry(message: Message) -> str:
    if isinstance(message, str):
        return f'msgid {_quoted(message)}\nmsgstr ""\n'
    one, many = map(_quoted, message)
    return f'msgid {one}\nmsgid_plural {many}\nmsgstr[0] ""\nmsgstr[1] ""\n'


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


if __name__ == "__main__":
    for language in TRANSLATED:
        found = missing(language)
        print(f"# {language}: {len(found)} of {len(said())} miss")
        print("\n".join(_entry(each) for each in found))
