"""YAML text as plain values that remember where they stand, so that every finding has a line and a column.

Scalars follow YAML 1.2's core schema: `NO` is Norway, not false, and `1e-6` is a number. Aliases, tags and second
documents are findings; size and depth are capped. Knows nothing of policies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import yaml

from pellucid.errors import Finding

DEEPEST = 20
LONGEST = 1_000_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}  # type: ignore[dict-item]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; line and column are 1-based."""

    path: str
    line: int = 1
    column: int = 1


@dataclass(slots=True)
class Node:
    """A value and its place: a scalar, a list of nodes, or nodes by key. `broken` has its own finding already."""

    place: Place
    value: Any
    keys: dict[str, Place] = field(default_factory=dict)
    broken: bool = False

    def plain(self) -> Any:
        """Return the value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        return [node.plain() for node in self.value] if isinstance(self.value, list) else self.value

    def at(self, location: tuple[str | int, ...]) -> tuple[Node, Place]:
        """Return the deepest node on the way to a location, and its place: the key's own, if it has one."""
        node, place = self, self.place
        for step in location:
            if isinstance(node.value, dict) and step in node.value:
                place = node.keys.get(str(step), node.place)
                node = node.value[step]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                place = node.place
            else:
                break
        return node, place


class Unusable(Exception):
    """A file that cannot be read any further; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def finding(code: str, place: Place, message: str, remedy: str, severity: str = "error") -> Finding:
    """Return a finding at a place."""
    return Finding(code, place.path, place.line, place.column, message, remedy, severity)


def suggestion(got: str, allowed: Iterator[str] | list[str] | tuple[str, ...] | dict[str, Any]) -> str:
    """Return a remedy that names the likeliest of the allowed words, or all of them."""
    known = list(allowed)
    close = get_close_matches(got, known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean `{close[0]}`?"
    return f"Allowed: {', '.join(known)}." if known else "None is declared."


def read(text: str, path: str) -> tuple[Node | None, list[Finding]]:
    """Return the one document in the text (None if it has none or cannot be read) and every finding on the way."""
    composer = _Composer(text, path)
    try:
        return composer.document(), composer.findings
    except Unusable as stopped:
        return None, [*composer.findings, stopped.finding]


class _Composer:
    """Builds nodes from YAML events; never expands an alias, never recurses deeper than DEEPEST."""

    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self.events = self._events(text)

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._find("second-document", event, "A second document (`---`) begins.", "Use another file.")
                    return root
                root = self._node(next(self.events), 0)
        return root

    def _events(self, text: str) -> Iterator[Any]:
        try:
            yield from yaml.parse(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            place = self._place(error.problem_mark or error.context_mark)
            if "maximum nesting depth" in (error.problem or ""):  # libyaml looks ahead, and has a limit of its own
                raise Unusable(_too_deep(place)) from None
            raise Unusable(_not_yaml(place, error.problem or "it ends too early")) from None
        except yaml.YAMLError:
            raise Unusable(_not_yaml(_bad_character(text, self.path), "a character is not allowed")) from None

    def _node(self, event: Any, depth: int) -> Node:
        place = self._place(event.start_mark)
        if depth > DEEPEST:
            raise Unusable(_too_deep(place))
        if isinstance(event, yaml.AliasEvent):
            self._find("alias", event, f"`*{event.anchor}` is an alias.", "Write the value out: aliases are not read.")
            return Node(place, None, broken=True)
        tagged = event.tag is not None and event.tag != "!"
        if tagged:
            self._find("tag", event, "A tag (`!...`) stands here.", "Leave it out: only plain values are read.")
        node = self._value(event, place, depth)
        node.broken = node.broken or tagged
        return node

    def _value(self, event: Any, place: Place, depth: int) -> Node:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(place, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
                items.append(self._node(item, depth + 1))
            return Node(place, items)
        if not event.value.isascii() and any(0xD800 <= ord(sign) <= 0xDFFF for sign in event.value):
            raise Unusable(_not_yaml(place, "half of a surrogate pair is no character"))
        return Node(place, scalar(event.value) if not event.style else event.value)

    def _mapping(self, place: Place, depth: int) -> Node:
        node = Node(place, {})
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key_place = self._place(event.start_mark)
            key = self._node(event, depth + 1)
            member = self._node(next(self.events), depth + 1)
            if not isinstance(event, yaml.ScalarEvent):
                self._find("key-not-text", event, "A key must be a word.", "Write `key: value`.")
                node.broken = True
            elif event.value in node.keys:
                earlier = node.keys[event.value]
                remedy = f"It stands in line {earlier.line} already: keep one of the two."
                self._find("duplicate-key", event, f"`{event.value}` is there twice.", remedy)
            elif not key.broken:
                node.keys[event.value] = key_place
                node.value[event.value] = member
        return node

    def _place(self, mark: Any) -> Place:
        return Place(self.path, mark.line + 1, mark.column + 1) if mark is not None else Place(self.path)

    def _find(self, code: str, event: Any, message: str, remedy: str) -> None:
        self.findings.append(finding(code, self._place(event.start_mark), message, remedy))


def scalar(written: str) -> str | int | float | bool | None:
    """Return what an unquoted word means in YAML 1.2's core schema (without octals, infinities and not-a-numbers)."""
    if written in _WORDS:
        return _WORDS[written]
    if _INTEGER.fullmatch(written) and len(written) <= 20:
        return int(written)
    if _FLOAT.fullmatch(written) and len(written) <= 40 and float(written) not in (float("inf"), float("-inf")):
        return float(written)
    return written


def _too_deep(place: Place) -> Finding:
    remedy = "No policy needs that: make it flatter."
    return finding("too-deep", place, f"It is nested deeper than {DEEPEST} levels.", remedy)


def _not_yaml(place: Place, problem: str) -> Finding:
    return finding("not-yaml", place, f"This is not YAML: {problem}.", "Mend the line; quote words with `:` or `#`.")


def _bad_character(text: str, path: str) -> Place:
    """Return where the first character stands that YAML does not allow."""
    found = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    before = text[: found.start()] if found else ""
    return Place(path, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
