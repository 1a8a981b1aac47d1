"""What a request for rectification asks, read strictly: values of a dataset to correct, and statements to keep.

    {"changes": [{"dataset": "people", "column": "city", "value": "Bonn", "row": {"flat": "2"}},
                 {"dataset": "people", "statement": "I moved there in 2019."}]}

Without `row` all rows of the person are meant; changes of the same rows are made together. A statement without
`dataset` is about all that is held. No error repeats a value: it is about somebody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pellucid.engines.duckdb_correcting import Asked
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.decide import subject_key_columns
from pellucid.policy.model import Dataset, Policy
from pellucid.rights.asking import CHANGES
from pellucid.rights.request import Request
from pellucid.subjects.links import Identity

LONGEST_STATEMENT = 10_000
"""Characters of a statement."""


@dataclass(frozen=True, slots=True)
class CorrectionAsked:
    """A dataset, its columns' new values, and the values by which rows are picked; texts, None for NULL."""

    dataset: Dataset
    changes: Mapping[str, str | None] = field(repr=False)
    row: Mapping[str, str | None] = field(repr=False)

    def about(self, identities: tuple[Identity, ...]) -> Asked:
        """Return it as the engine takes it, for a person with these identities."""
        return Asked(identities, self.changes, self.row)


@dataclass(frozen=True, slots=True)
class StatementAsked:
    """A statement, and the dataset it is about (None: all that is held)."""

    dataset: str | None
    text: str = field(repr=False)


def rectifications(policy: Policy, request: Request) -> list[CorrectionAsked | StatementAsked]:
    """Return what a request asks, part by part, in its order.

    Raises InputInvalid for what cannot be read, or a column that identifies or dates rows, and NameUnknown for a
    dataset or column that is not declared.
    """
    asked = request.asked.get(CHANGES)
    if not isinstance(asked, list) or not asked or not all(isinstance(each, dict) for each in asked):
        raise _unreadable()
    parts: list[CorrectionAsked | StatementAsked] = []
    for each in asked:
        if "statement" in each:
            parts.append(_statement(policy, each))
        else:
            _add(parts, _change(policy, each))
    return parts


def _add(parts: list[CorrectionAsked | StatementAsked], more: CorrectionAsked) -> None:
    """Join a change with one of the same rows, or put it at the end; raises InputInvalid for a column named twice."""
    for place, part in enumerate(parts):
        if isinstance(part, CorrectionAsked) and (part.dataset, part.row) == (more.dataset, more.row):
            if part.changes.keys() & more.changes.keys():
                raise _unreadable()
            parts[place] = CorrectionAsked(part.dataset, {**part.changes, **more.changes}, part.row)
            return
    parts.append(more)


def _change(policy: Policy, given: dict[str, Any]) -> CorrectionAsked:
    if not {"dataset", "column", "value"} <= given.keys() <= {"dataset", "column", "value", "row"}:
        raise _unreadable()
    dataset, row = _dataset(policy, given["dataset"]), given.get("row", {})
    if dataset.is_public:
        raise InputInvalid(
            f"The rows of {dataset.name!r} are about nobody.",
            remedy="Mend its file and import it anew with --replace.",
            code="dataset-public",
        )
    if not isinstance(row, dict):
        raise _unreadable()
    asked = CorrectionAsked(dataset, _values(dataset, {given["column"]: given["value"]}), _values(dataset, row))
    fixed = sorted(fixed_columns(policy, dataset) & asked.changes.keys())
    if fixed:
        raise InputInvalid(
            f"{', '.join(fixed)} of {dataset.name!r} identifies or dates rows or people, so it is not corrected here.",
            remedy="Mend the source and import it anew with --replace; link identifiers with `pellucid subject link`.",
            code="column-identifies",
        )
    return asked


def _statement(policy: Policy, given: dict[str, Any]) -> StatementAsked:
    text, named = given["statement"], given.get("dataset")
    known = given.keys() <= {"dataset", "statement"}
    if not known or not isinstance(text, str) or not 0 < len(text.strip()) <= len(text) <= LONGEST_STATEMENT:
        raise _unreadable()
    return StatementAsked(None if named is None else _dataset(policy, named).name, text)


def fixed_columns(policy: Policy, dataset: Dataset) -> set[str]:
    """Return the columns that tell rows and people apart, here or on another dataset's path, and the rows' time."""
    fixed = {*dataset.key, *subject_key_columns(dataset), *dataset.determines_subject}
    fixed |= {dataset.time} if dataset.time else set()
    for other in policy.datasets.values():
        for path in other.subjects:
            onward = [*(hop.column for hop in path.via[1:]), path.column]
            for hop, column in zip(path.via, onward, strict=False):  # without hops there is no way to go
                if hop.dataset == dataset.name:
                    fixed |= {hop.key, column}
    return fixed


def _dataset(policy: Policy, named: Any) -> Dataset:
    if not isinstance(named, str):
        raise _unreadable()
    if named not in policy.datasets:
        raise NameUnknown("dataset", named, tuple(policy.datasets))
    return policy.datasets[named]


def _values(dataset: Dataset, given: dict[Any, Any]) -> dict[str, str | None]:
    for name in given:
        if name not in dataset.columns:
            raise NameUnknown("column", str(name)[:80], tuple(dataset.columns))
    return {name: _text(value) for name, value in given.items()}


def _text(value: Any) -> str | None:
    """Return a JSON value as the text that an import would find in a file."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    raise _unreadable()


def _unreadable() -> InputInvalid:
    return InputInvalid(
        "What is to be corrected cannot be read.",
        remedy='Write a list of {"dataset": NAME, "column": NAME, "value": VALUE}, each with "row": {COLUMN: VALUE} if '
        'not all rows are meant, or of {"statement": TEXT}.',
        code="request-asks",
    )
