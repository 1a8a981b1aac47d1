"""Build a law from the tree of its pack, with a finding for everything that does not fit. Decides nothing."""

from __future__ import annotations

from datetime import date

from pellucid.regulations.model import Combine, Field, Figure, Law, Value, misfit
from pellucid.regulations.tree import Findings, Node, suggestion
from pellucid.regulations.vocabulary import DETAILS, SECTIONS, STARTS, UNITS

HEAD = ("law", "name", "draft")
SHARED = ("combine", "versions", "by_place")
SAID = ("value", "cite", "verified", "from", "to", "note")
FIGURE = (*SHARED, *SAID, *DETAILS)
MARKS = ("value", "versions", "combine", "cite", "verified")
"""Keys by which a mapping is a figure and not a section of figures."""


def build(root: Node, findings: Findings) -> Law | None:
    """Return the law; None, with findings, if its head cannot be read."""
    if not isinstance(root.value, dict):
        findings.add("wrong-type", root, "The pack is not a mapping.", "Begin with `law:`.")
        return None
    head = {key: _head(root, key, bool if key == "draft" else str, findings) for key in HEAD}
    fields: dict[str, list[Figure]] = {}
    for section, node in root.value.items():
        if section in HEAD:
            continue
        if section not in SECTIONS:
            remedy = suggestion(section, [*HEAD, *SECTIONS])
            findings.add("unknown-section", root.keys[section], f"`{section}` is not a section of a law.", remedy)
        else:
            _section(section, root.keys[section], node, findings, fields)
    if findings.all:
        return None
    made = tuple(Field(name, tuple(figures)) for name, figures in fields.items())
    return Law(str(head["law"]), str(head["name"]), bool(head["draft"]), made)


def _head(root: Node, key: str, kind: type[str] | type[bool], findings: Findings) -> Value:
    node = root.value.get(key)
    if node is None:
        findings.add("missing-key", root, f"`{key}` is missing.", f"Add `{key}`.")
        return None
    if not isinstance(node.value, kind) or node.value == "":
        wanted = "true or false" if kind is bool else "a text"
        findings.add("wrong-type", node, f"`{key}` is not {wanted}.", f"Write {wanted}.")
        return None
    return kind(node.value)


def _section(
    section: str, at: tuple[int, int], node: Node, findings: Findings, fields: dict[str, list[Figure]]
) -> None:
    if not isinstance(node.value, dict):
        findings.add("wrong-type", at, f"`{section}` is not a mapping.", f"It holds {SECTIONS[section]}.")
    elif any(key in node.value for key in MARKS):
        _field(section, at, node, findings, fields)
    else:
        for member, inner in node.value.items():
            _field(f"{section}.{member}", node.keys[member], inner, findings, fields)


def _field(name: str, at: tuple[int, int], node: Node, findings: Findings, fields: dict[str, list[Figure]]) -> None:
    """Add the figures of a field: one, or its dated versions, and those of single places."""
    if not isinstance(node.value, dict):
        findings.add("wrong-type", at, f"`{name}` is not a figure.", "Write `{value: ..., cite: ...}`.")
        return
    unknown = [key for key in node.value if key not in FIGURE]
    for key in unknown:
        findings.add("unknown-key", node.keys[key], f"`{key}` is not a key of a figure.", suggestion(key, FIGURE))
    combine = _combine(name, at, node, findings)
    if "versions" in node.value:
        versions = node.value["versions"]
        listed = versions.value if isinstance(versions.value, list) else []
        if not listed:
            findings.add("empty", node.keys["versions"], "`versions` is not a list.", "Write `- {value: ...}` lines.")
        for item in listed:
            _add(name, (item.line, item.column), item, combine, findings, fields)
    else:
        _add(name, at, node, combine, findings, fields)
    places = node.value.get("by_place")
    if places is not None and isinstance(places.value, dict):
        for place, inner in places.value.items():
            _add(f"{name}@{place}", places.keys[place], inner, combine, findings, fields)


def _combine(name: str, at: tuple[int, int], node: Node, findings: Findings) -> Combine | None:
    allowed = [combine.value for combine in Combine]
    said = node.value.get("combine")
    if said is None:
        remedy = f"Add one of: {', '.join(allowed)}."
        findings.add("no-combiner", at, f"`{name}` does not say how it combines with other laws.", remedy)
    elif said.value not in allowed:
        findings.add("unknown-combiner", said, f"`{said.value}` is no combiner.", suggestion(str(said.value), allowed))
    else:
        return Combine(said.value)
    return None


def _add(
    name: str,
    at: tuple[int, int],
    node: Node,
    combine: Combine | None,
    findings: Findings,
    fields: dict[str, list[Figure]],
) -> None:
    if not isinstance(node.value, dict):
        findings.add("wrong-type", at, f"`{name}` is not a figure.", "Write `{value: ..., cite: ...}`.")
        return
    value = _value(node.value["value"], findings) if "value" in node.value else None
    since, until = _day(node, "from", findings), _day(node, "to", findings)
    if since is not None and until is not None and until <= since:
        findings.add("dates", node.keys["to"], f"`to` ({until}) is not after `from` ({since}).", "Put them in order.")
    problem = misfit(name, value)
    if problem:
        findings.add("misfit", at, f"`{name}`: {problem}.", "Use the words and kinds of value that packs use.")
    details = tuple(sorted((key, _detail(key, node.value[key], findings)) for key in node.value if key in DETAILS))
    cite, verified = _cite(name, at, node, findings), _verified(name, at, node, findings)
    note = str(node.value["note"].value) if "note" in node.value else ""
    fields.setdefault(name, []).append(Figure(value, cite, verified, combine, since, until, note, details))


def _cite(name: str, at: tuple[int, int], node: Node, findings: Findings) -> str:
    cite = node.value.get("cite")
    if cite is None or not isinstance(cite.value, str) or not cite.value.strip():
        findings.add("no-citation", at, f"`{name}` has no citation.", "Add `cite`: where the law says so.")
        return ""
    return cite.value


def _verified(name: str, at: tuple[int, int], node: Node, findings: Findings) -> bool:
    verified = node.value.get("verified")
    if verified is None or not isinstance(verified.value, bool):
        remedy = "Add `verified: true` if somebody read it in a source, else `verified: false`."
        findings.add("not-said-verified", at, f"`{name}` does not say whether it is verified.", remedy)
        return False
    return verified.value


def _value(node: Node, findings: Findings) -> Value:
    if isinstance(node.value, list):
        return tuple(str(item.value) for item in node.value if _is_word(item, findings))
    if isinstance(node.value, dict):
        findings.add("wrong-type", node, "A mapping stands where a value belongs.", "Write a value or a list of words.")
        return None
    return node.value  # type: ignore[no-any-return]


def _is_word(item: Node, findings: Findings) -> bool:
    if isinstance(item.value, str):
        return True
    findings.add("wrong-type", item, "This item of the list is not a word.", "Quote it to make it a text.")
    return False


def _detail(key: str, node: Node, findings: Findings) -> Value:
    value = _value(node, findings)
    allowed = {"unit": UNITS, "starts_on": STARTS}.get(key)
    if allowed is not None and value not in allowed:
        findings.add("wrong-value", node, f"`{value}` is no `{key}`.", suggestion(str(value), allowed))
    problem = misfit("consent.sale", value) if key == "fallback" else ""
    if problem:
        findings.add("misfit", node, f"`fallback`: {problem}.", "Name a consent default.")
    if key in ("kinds", "also"):
        for kind in value if isinstance(value, tuple) else (str(value),):
            problem = misfit(f"consent.{kind}", "opt_in")
            if problem:
                findings.add("unknown-kind", node, f"`{key}`: {problem}.", "Name kinds of purpose.")
    return value


def _day(node: Node, key: str, findings: Findings) -> date | None:
    said = node.value.get(key)
    if said is None or said.value is None:
        return None
    try:
        return date.fromisoformat(str(said.value))
    except ValueError:
        findings.add("no-date", said, f"`{key}` is not a date: `{said.value}`.", "Write it as 2026-01-31.")
        return None
