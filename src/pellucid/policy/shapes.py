"""Compare a node of a policy file with the model it should have; say in our words what does not fit, and where."""

from __future__ import annotations

import types
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from pellucid.errors import Finding
from pellucid.policy.documents import Document
from pellucid.policy.nodes import Node, Place, finding, suggestion

_Document = TypeVar("_Document", bound=Document)

_WANTED = {
    "string": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list (`- item` lines, or `[a, b]`)",
    "dict": "a mapping (`key: value` lines)",
    "model": "a mapping (`key: value` lines)",
}


def fit(document: type[_Document], node: Node, key: Place) -> tuple[_Document | None, list[Finding]]:
    """Return the document the node says, or None and every finding about its shape; `key` is where its name stands."""
    written = node.plain()
    contradiction = document.contradiction(written) if not node.broken else None
    contradictions = [_contradiction(contradiction, key)] if contradiction is not None else []
    try:
        fitted = document.model_validate(written)
    except ValidationError as error:
        return None, contradictions + _misfits(document, node, key, error)
    return (None if contradictions else fitted), contradictions


def _misfits(document: type[BaseModel], node: Node, key: Place, error: ValidationError) -> list[Finding]:
    found: dict[tuple[Place, str], Finding] = {}
    for problem in error.errors(include_url=False):
        reached, place = node.at(problem["loc"])
        absent = str(problem["loc"][-1]) if problem["type"] == "missing" else ""
        if not reached.broken:  # one finding a place, though each member of a union has its own problem
            at = key if reached is node else place
            found.setdefault((at, absent), _finding(document, node, problem, at))
    return list(found.values())


def _contradiction(said: str, place: Place) -> Finding:
    head, _, remedy = said.partition("; ")
    return finding("contradiction", place, f"{head[0].upper()}{head[1:]}.", f"{remedy[:1].upper()}{remedy[1:]}.")


def _finding(document: type[BaseModel], node: Node, problem: Any, place: Place) -> Finding:
    kind, location = str(problem["type"]), problem["loc"]
    if kind == "extra_forbidden":
        remedy = suggestion(str(location[-1]), _fields(document, location[:-1]))
        return finding("unknown-key", place, f"`{location[-1]}` is not a key here.", remedy)
    if kind == "missing":
        described = _description(document, location)
        return finding("missing-key", place, f"`{location[-1]}` is missing.", f"Add `{location[-1]}`: {described}")
    got = _shown(node.at(location)[0])
    if kind in ("enum", "literal_error"):
        allowed = [word.strip(" '") for word in problem["ctx"]["expected"].replace(" or ", ", ").split(",")]
        remedy = suggestion(str(problem["input"]), allowed)
        return finding("wrong-value", place, f"Got {got}; allowed: {', '.join(allowed)}.", remedy)
    if kind == "value_error":
        return _contradiction(str(problem["ctx"]["error"]), place)
    if kind in ("too_short", "string_too_short"):
        return finding("empty", place, "It is empty.", "Write at least one.")
    wanted = next((words for start, words in _WANTED.items() if kind.startswith(start)), "something else")
    remedy = "Quote it to make it a text." if wanted == "a text" and "a text" not in got else f"Write {wanted}."
    return finding("wrong-type", place, f"Got {got}, where {wanted} belongs.", remedy)


def _shown(node: Node) -> str:
    """Return what stands there, with its kind, cut to a length that fits a line."""
    value = node.value
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}` (true or false)"
    text = str(value) if len(str(value)) <= 60 else f"{str(value)[:57]}..."
    return f"`{text}` ({'a text' if isinstance(value, str) else 'a number'})"


def _fields(document: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    reached = _model_at(document, location)
    return list(reached.model_fields) if reached is not None else []


def _description(document: type[BaseModel], location: tuple[str | int, ...]) -> str:
    reached = _model_at(document, location[:-1])
    declared = reached.model_fields.get(str(location[-1])) if reached is not None else None
    return (declared.description if declared is not None else None) or "it is required."


def _model_at(document: type[BaseModel], location: tuple[str | int, ...]) -> type[BaseModel] | None:
    """Return the model that stands at a location inside a document."""
    reached: Any = document
    for step in location:
        if isinstance(reached, type) and issubclass(reached, BaseModel):
            declared = reached.model_fields.get(str(step))
            reached = _bare(declared.annotation) if declared is not None else None
        else:
            members = get_args(reached)
            reached = _bare(members[-1]) if members else None
    return reached if isinstance(reached, type) and issubclass(reached, BaseModel) else None


def _bare(annotation: Any) -> Any:
    """Return the annotation without `Annotated` and without `| None`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _bare(next(member for member in get_args(annotation) if member is not type(None)))
    return annotation
