"""YAML text of a pack as plain values that remember where they stand. Knows nothing of laws.

Scalars follow YAML 1.2: `NO` is Norway, a date stays a text. Aliases, tags and second keys are findings. Kept apart
from `policy.nodes`, which stands in a higher layer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import yaml

from pellucid.errors import Finding

LONGEST = 1_000_000
DEEPEST = 12

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(slots=True)
class Node:
    """A value and its 1-based place: a scalar, a list of nodes, or nodes by key."""

    value: Any
    line: int
    column: int
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(slots=True)
class Findings:
    """Everything wrong with one text, collected."""

    path: str
    all: list[Finding] = field(default_factory=list)

    def add(self, code: str, at: Node | tuple[int, int], message: str, remedy: str) -> None:
        """Note a finding at a node or a line and column."""
        line, column = (at.line, at.column) if isinstance(at, Node) else at
        self.all.append(Finding(code, self.path, line, column, message, remedy))


def suggestion(got: str, allowed: list[str] | tuple[str, ...]) -> str:
    """Return a remedy that names the likeliest of the allowed words, or all of them."""
    close = get_close_matches(got, list(allowed), n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`?" if close else f"Allowed: {', '.join(allowed)}."


def read_tree(text: str, findings: Findings) -> Node | None:
    """Return the one document in the text; None, with a finding, if there is none."""
    if len(text) > LONGEST:
        findings.add("too-long", (1, 1), f"The pack is longer than {LONGEST:,} characters.", "Shorten it.")
        return None
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        findings.add("not-yaml", at, f"This is not YAML: {error.problem or 'it ends too early'}.", "Mend the line.")
        return None
    except (yaml.YAMLError, RecursionError):
        findings.add("not-yaml", (1, 1), "This is not YAML: a character or its depth is not allowed.", "Mend it.")
        return None
    if root is None:
        findings.add("empty", (1, 1), "The pack is empty.", "Begin with `law:`.")
        return None
    return _Builder(findings).build(root, 0)


class _Builder:
    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.seen: set[int] = set()
        self.kept: list[Any] = []

    def build(self, node: Any, depth: int) -> Node:
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        if id(node) in self.seen:
            self.findings.add("alias", place, "An alias (`*...`) leads here.", "Write the value out.")
            return Node(None, *place)
        self.seen.add(id(node))
        self.kept.append(node)
        if depth > DEEPEST:
            self.findings.add("too-deep", place, f"It is nested deeper than {DEEPEST} levels.", "Make it flatter.")
            return Node(None, *place)
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self.findings.add("tag", place, "A tag (`!...`) stands here.", "Leave it out.")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, depth)
        if isinstance(node, yaml.SequenceNode):
            return Node([self.build(item, depth + 1) for item in node.value], *place)
        return Node(node.value if node.style else scalar(node.value), *place)

    def _mapping(self, node: Any, place: tuple[int, int], depth: int) -> Node:
        made = Node({}, *place)
        for key, value in node.value:
            at = (key.start_mark.line + 1, key.start_mark.column + 1)
            member = self.build(value, depth + 1)
            if not isinstance(key, yaml.ScalarNode):
                self.findings.add("key-not-text", at, "A key must be a word.", "Write `key: value`.")
            elif key.value in made.value:
                remedy = f"It stands in line {made.keys[key.value][0]} already: keep one of the two."
                self.findings.add("duplicate-key", at, f"`{key.value}` is there twice.", remedy)
            else:
                made.value[key.value] = member
                made.keys[key.value] = at
        return made


def scalar(written: str) -> str | int | bool | None:
    """Return what an unquoted word means: a whole number, true, false, nothing, or a text."""
    if written in _WORDS:
        return _WORDS[written]
    return int(written) if _INTEGER.fullmatch(written) else written
