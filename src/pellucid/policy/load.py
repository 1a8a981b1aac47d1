"""Read a folder of YAML into a Policy, or into every finding that stands in the way, each with file:line:column.

The only module of `policy` that reads files. What is put into force is the stored snapshot (`policy.canonical`), never
the folder: loading decides nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pellucid.errors import Finding, InputInvalid, PolicyInvalid
from pellucid.policy import build
from pellucid.policy.canonical import from_canonical, to_canonical, with_version
from pellucid.policy.documents import REQUIRED, SECTIONS, ControllerDocument, json_schema
from pellucid.policy.model import Controller, Policy
from pellucid.policy.nodes import LONGEST, Node, Place, finding, read, suggestion
from pellucid.policy.shapes import fit
from pellucid.policy.validate import validate

__all__ = [
    "ACTIVE",
    "LoadResult",
    "from_canonical",
    "json_schema",
    "load_folder",
    "load_policy",
    "names_folder",
    "to_canonical",
]

MOST_FILES = 1_000

ACTIVE = "active"
"""How the policy in force is named where a folder could stand."""

VERSION = re.compile(r"[0-9a-f]{4,64}")
"""The start of a version, long enough not to be a word by chance."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The policy (None if there are errors), findings by place, and the SHA-256 of each file read, by its path.

    `where` places a location, the keys from the top, in the files.
    """

    policy: Policy | None
    findings: tuple[Finding, ...]
    sources: Mapping[str, str]
    where: Callable[[tuple[str | int, ...]], Place]


@dataclass(slots=True)
class _Folder:
    """What has been read so far."""

    root: Node
    findings: list[Finding] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    broken: set[tuple[str, str]] = field(default_factory=set)


def load_folder(folder: Path) -> LoadResult:
    """Read every *.yaml and *.yml below the folder (hidden ones left out) and report all findings at once.

    Never raises for what stands in the folder. At most 1,000 files of 1 MB; links that lead out are not followed.
    """
    state = _Folder(Node(Place(str(folder)), {}))
    for path in _files(folder, state.findings):
        _read_file(folder, path, state)
    draft = _draft(state)
    state.findings += validate(draft, lambda location: state.root.at(location)[1], frozenset(state.broken))
    findings = tuple(sorted(set(state.findings), key=_place))
    failed = any(found.severity == "error" for found in findings)
    policy = None if failed else with_version(draft)
    return LoadResult(policy, findings, state.sources, lambda location: state.root.at(location)[1])


def load_policy(folder: Path) -> Policy:
    """Return the policy of a folder; raises PolicyInvalid with every finding if it has errors."""
    loaded = load_folder(folder)
    if loaded.policy is None:
        raise PolicyInvalid(loaded.findings)
    return loaded.policy


def names_folder(word: str) -> bool:
    """Return whether somebody who names a policy means a folder; else it is `active` or (the start of) a version.

    A folder called `active` is named as `./active`. Raises InputInvalid for what can be neither.
    """
    if word == ACTIVE:
        return False
    if Path(word).is_dir():
        return True
    if VERSION.fullmatch(word):
        return False
    raise InputInvalid(
        f"{word!r} is neither a folder nor the version of a policy.",
        code="policy-source-unknown",
        remedy=f"Name a policy folder, `{ACTIVE}`, or the version of a policy that was in force (4 or more of its hex "
        "digits, as `pellucid policy activate` printed it).",
    )


def _place(found: Finding) -> tuple[str, int, int, str, str]:
    return found.path, found.line, found.column, found.code, found.message


def _files(folder: Path, findings: list[Finding]) -> list[Path]:
    """Return the YAML files of a folder in order; a finding for each thing that is not read."""
    if not folder.is_dir():
        remedy = "Make the folder, or name another."
        findings.append(finding("no-folder", Place(str(folder)), "There is no such folder.", remedy))
        return []
    found = sorted(_walk(folder, findings))
    if not found:
        remedy = "Write one, or run `pellucid init`."
        findings.append(finding("no-files", Place(str(folder)), "The folder holds no *.yaml or *.yml file.", remedy))
    if len(found) > MOST_FILES:
        message = f"The folder holds {len(found)} YAML files; at most {MOST_FILES} are read."
        findings.append(finding("too-many-files", Place(str(folder)), message, "Put more into each file."))
    return found[:MOST_FILES]


def _walk(folder: Path, findings: list[Finding]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        place = Place(str(error.filename))
        findings.append(finding("unreadable", place, "The folder cannot be read.", "Give read permission."))

    inside = folder.resolve()
    for at, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if Path(at, name).is_symlink():
                remedy = "Put the folder itself here."
                findings.append(finding("link", Place(str(Path(at, name))), "Linked folders are not read.", remedy))
        for name in files:
            path = Path(at, name)
            if path.suffix in (".yaml", ".yml") and not name.startswith("."):
                if path.is_symlink() and not path.resolve().is_relative_to(inside):
                    remedy = "Put the file itself here."
                    findings.append(finding("link", Place(str(path)), "The link leads out of the folder.", remedy))
                else:
                    yield path


def _read_file(folder: Path, path: Path, state: _Folder) -> None:
    place = Place(str(path))
    text = _text(path, place, state)
    if text is None:
        return
    root, findings = read(text, str(path))
    state.findings += findings
    if root is None or root.broken or root.value is None:
        return
    if not isinstance(root.value, dict):
        remedy = f"Begin with one of: {', '.join(('controller', *SECTIONS))}."
        state.findings.append(finding("wrong-type", root.place, "The file is not a mapping.", remedy))
        return
    for section, node in root.value.items():
        _merge(state, section, root.keys[section], node)


def _text(path: Path, place: Place, state: _Folder) -> str | None:
    """Return the file's text; None, with a finding, if it is none."""
    try:
        if not path.is_file():
            state.findings.append(
                finding("unreadable", place, "This is no regular file.", "Take it out of the folder.")
            )
            return None
        with path.open("rb") as stream:
            content = stream.read(LONGEST + 1)
    except OSError:
        state.findings.append(finding("unreadable", place, "The file cannot be read.", "Give read permission."))
        return None
    if len(content) > LONGEST:
        remedy = "Spread it over several files."
        state.findings.append(finding("too-long", place, f"The file is longer than {LONGEST:,} bytes.", remedy))
        return None
    state.sources[str(path)] = hashlib.sha256(content).hexdigest()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        column = error.start - (content[: error.start].rfind(b"\n") + 1) + 1
        where = Place(place.path, line, column)
        state.findings.append(finding("not-utf-8", where, "The file is not UTF-8.", "Save it as UTF-8."))
        return None


def _merge(state: _Folder, section: str, place: Place, node: Node) -> None:
    """Add what one file says under a top-level key to what the files before said."""
    root = state.root
    if section == "controller":
        _merge_one(state, root, section, place, node)
    elif section not in SECTIONS:
        remedy = suggestion(section, ["controller", *SECTIONS])
        state.findings.append(finding("unknown-key", place, f"`{section}` is not a key of a policy.", remedy))
    elif node.broken:
        return
    elif not isinstance(node.value, dict):
        remedy = "Write `name:` lines below it."
        state.findings.append(finding("wrong-type", place, f"`{section}` is not a mapping of names.", remedy))
    else:
        merged = root.value.setdefault(section, Node(place, {}))
        root.keys.setdefault(section, place)
        for name, member in node.value.items():
            _merge_one(state, merged, name, node.keys[name], member)


def _merge_one(state: _Folder, into: Node, name: str, place: Place, node: Node) -> None:
    if name in into.value:
        earlier = into.keys[name]
        remedy = f"It stands in {earlier.path}:{earlier.line} already: keep one of the two."
        state.findings.append(finding("declared-twice", place, f"`{name}` is declared twice.", remedy))
        return
    into.value[name] = node
    into.keys[name] = place


def _draft(state: _Folder) -> Policy:
    """Build what has the right shape; what has not is noted as broken, so that references to it are no findings."""
    _find_missing(state)
    parts: dict[str, Any] = {section: {} for section in SECTIONS}
    for section, document in SECTIONS.items():
        node = state.root.value.get(section)
        for name, member in (node.value if node is not None else {}).items():
            fitted, findings = fit(document, member, node.keys[name])
            state.findings += findings
            if fitted is None:
                state.broken.add((section, name))
            else:
                parts[section][name] = build.BUILDERS[section](name, fitted)
    return Policy(controller=_controller(state), version="", **parts)


def _controller(state: _Folder) -> Controller:
    node = state.root.value.get("controller")
    place = state.root.keys.get("controller", state.root.place)
    fitted, findings = fit(ControllerDocument, node, place) if node is not None else (None, [])
    state.findings += findings
    if fitted is None:
        state.broken.add(("controller", ""))
        return Controller("", "", "")
    return build.controller(fitted)


def _find_missing(state: _Folder) -> None:
    if not state.sources:
        return
    for section in ("controller", *REQUIRED):
        held = state.root.value.get(section)
        if held is None or (section != "controller" and not held.value):
            place = held.place if held is not None else state.root.place
            remedy = f"Add a `{section}:` key to one of the files."
            state.findings.append(finding("missing-key", place, f"No file declares `{section}`.", remedy))
