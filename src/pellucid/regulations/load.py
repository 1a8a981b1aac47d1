"""Read packs: those shipped with pellucid, or a text of one's own, and a law as exact bytes and back.

The only module of `regulations` that reads files, and only the package's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from pellucid.errors import InputInvalid, NameUnknown, PolicyInvalid
from pellucid.regulations.build import build
from pellucid.regulations.model import Combine, Field, Figure, Law, Value, canonical, misfit
from pellucid.regulations.tree import Findings, read_tree


@cache
def shipped() -> Mapping[str, Law]:
    """Return the packs that come with pellucid by id; none of them decides unless the controller signs it off."""
    folder = resources.files("pellucid.regulations") / "packs"
    packs = sorted((pack for pack in folder.iterdir() if pack.name.endswith(".yaml")), key=lambda pack: pack.name)
    laws = [read(pack.read_bytes(), pack.name) for pack in packs]
    return MappingProxyType({law.id: law for law in laws})


def pack(name: str) -> Law:
    """Return a pack that comes with pellucid; raises NameUnknown with the names there are."""
    try:
        return shipped()[name]
    except KeyError:
        raise NameUnknown("law", name, list(shipped()), remedy="Use one of these names.") from None


def read(text: str | bytes, path: str = "pack.yaml") -> Law:
    """Return the law that YAML text says; `path` names it in findings.

    Raises PolicyInvalid with every finding at once, each with file, line and column.
    """
    findings = Findings(path)
    written = _decoded(text, findings)
    root = read_tree(written, findings) if written is not None else None
    law = build(root, findings) if root is not None else None
    if law is None or findings.all:
        raise PolicyInvalid(sorted(set(findings.all), key=lambda found: (found.line, found.column, found.code)))
    return law


def to_canonical(law: Law) -> bytes:
    """Return the law's content as canonical JSON; its version is the SHA-256 of these bytes."""
    return canonical(law.content())


def from_canonical(stored: bytes) -> Law:
    """Return the law these bytes say; raises InputInvalid unless they are exactly what `to_canonical` writes."""
    try:
        content = json.loads(stored)
        fields = tuple(Field(name, tuple(map(_figure, said))) for name, said in content["fields"].items())
        law = Law(content["law"], content["name"], content["draft"], fields)
        same = to_canonical(law) == stored
        wrong = [named for named in law.fields for figure in named.figures if misfit(named.name, figure.value)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable() from error
    if not same or wrong:
        raise _unreadable()
    return law


def _figure(said: Mapping[str, Any]) -> Figure:
    details = tuple((key, _value(value)) for key, value in sorted(said.get("details", {}).items()))
    combine = None if said["combine"] is None else Combine(said["combine"])
    since, until = _day(said.get("from")), _day(said.get("to"))
    overridden = said.get("overridden", False)
    value = _value(said["value"])
    return Figure(
        value, said["cite"], said["verified"], combine, since, until, said.get("note", ""), details, overridden
    )


def _value(value: Any) -> Value:
    if isinstance(value, list):
        return tuple(map(str, value))
    return value  # type: ignore[no-any-return]


def _day(written: str | None) -> date | None:
    return None if written is None else date.fromisoformat(written)


def _decoded(text: str | bytes, findings: Findings) -> str | None:
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = text[: error.start]
        at = (before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        findings.add("not-utf-8", at, "The pack is not UTF-8.", "Save it as UTF-8.")
        return None


def _unreadable() -> InputInvalid:
    return InputInvalid(
        "The stored law cannot be read as this version of pellucid writes it.",
        code="law-unreadable",
        remedy="Read the law again from its pack.",
    )
