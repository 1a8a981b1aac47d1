"""What a request for rectification asks, read strictly: a correction of a dataset's values, or a statement.

    {"dataset": "people", "changes": {"city": "Bonn"}, "row": {"customer": "c001"}}
    {"dataset": "people", "statement": "I moved there in 2019."}

Without `row` all rows of the person are meant. No error repeats a value: it is about somebody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pellucid.engines.duckdb_correcting import Asked
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.decide import subject_key_columns
from pellucid.policy.model import Dataset, Policy
from pellucid.rights.choice import subject_of
from pellucid.rights.request import Request

LONGEST_STATEMENT = 10_000
"""Characters of a statement."""


@dataclass(frozen=True, slots=True)
class CorrectionAsked:
    """A dataset, its columns' new values, and the values by which rows are picked; texts, None for NULL."""

    dataset: str
    changes: Mapping[str, str | None] = field(repr=False)
    row: Mapping[str, str | None] = field(repr=False)


def correction_asked(policy: Policy, request: Request) -> CorrectionAsked:
    """Return the correction that a request asks.

    Raises InputInvalid for anything else, a column that identifies or dates rows, and NameUnknown for a dataset or
    column that is not declared.
    """
    dataset = _dataset(policy, request.asked.get("dataset"))
    changes = _values(dataset, request.asked.get("changes"), "changes")
    row = _values(dataset, request.asked.get("row", {}), "row")
    if not changes or set(request.asked) - {"dataset", "changes", "row"}:
        raise _unreadable("changes")
    if dataset.is_public:
        raise InputInvalid(
            f"The rows of {dataset.name!r} are about nobody.",
            remedy="Mend its file and import it anew with --replace.",
            code="dataset-public",
        )
    fixed = sorted(fixed_columns(policy, dataset) & changes.keys())
    if fixed:
        raise InputInvalid(
            f"{', '.join(fixed)} of {dataset.name!r} identify or date rows and people, so they are not corrected here.",
            remedy="Mend the source and import it anew with --replace; link identifiers with `pellucid subject link`.",
            code="column-identifies",
        )
    return CorrectionAsked(dataset.name, changes, row)


def statement_asked(policy: Policy, request: Request) -> tuple[str | None, str] | None:
    """Return the dataset (None: all that is held) and the words of a statement; None where a correction is asked."""
    if "statement" not in request.asked:
        return None
    text, named = request.asked["statement"], request.asked.get("dataset")
    known = set(request.asked) <= {"dataset", "statement"}
    if not known or not isinstance(text, str) or not 0 < len(text.strip()) <= len(text) <= LONGEST_STATEMENT:
        raise _unreadable("statement")
    return (None if named is None else _dataset(policy, named).name), text


def asked_of(request: Request, asked: CorrectionAsked) -> Asked:
    """Return a correction as the engine takes it."""
    return Asked(request.namespace, subject_of(request), asked.changes, asked.row)


def fixed_columns(policy: Policy, dataset: Dataset) -> set[str]:
    """Return the columns that tell rows and people apart, here or on another dataset's path, and the rows' time."""
    fixed = {*dataset.key, *subject_key_columns(dataset), *dataset.determines_subject}
    fixed |= {dataset.time} if dataset.time else set()
    for other in policy.datasets.values():
        for path in other.subjects:
            leads = [*path.via[1:], None]
            for hop, following in zip(path.via, leads, strict=True):
                if hop.dataset == dataset.name:
                    fixed |= {hop.key, path.column if following is None else following.column}
    return fixed


def _dataset(policy: Policy, named: Any) -> Dataset:
    if not isinstance(named, str):
        raise _unreadable("dataset")
    if named not in policy.datasets:
        raise NameUnknown("dataset", named, tuple(policy.datasets))
    return policy.datasets[named]


def _values(dataset: Dataset, given: Any, what: str) -> dict[str, str | None]:
    if not isinstance(given, dict):
        raise _unreadable(what)
    for name in given:
        if name not in dataset.columns:
            raise NameUnknown("column", str(name), tuple(dataset.columns))
    return {name: _text(value, what) for name, value in given.items()}


def _text(value: Any, what: str) -> str | None:
    """Return a JSON value as the text that an import would find in a file."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    raise _unreadable(what)


def _unreadable(what: str) -> InputInvalid:
    return InputInvalid(
        f"What is asked cannot be read: its `{what}` is missing or of another form.",
        remedy='Write {"dataset": NAME, "changes": {COLUMN: VALUE}, "row": {COLUMN: VALUE}} or {"statement": TEXT}.',
        code="request-asks",
    )
