"""What every control database can hold, refused before it is written to any: a workspace may move to a server."""

from __future__ import annotations

from typing import Any

from pellucid.errors import RecordingFailed

LARGEST_INTEGER = 2**63 - 1


def refuse_unstorable(
    _connection: object, _cursor: object, _statement: str, parameters: Any, _context: object, many: bool
) -> None:
    """Raise RecordingFailed for a value that some database could not hold; called before each statement."""
    # SQLite would keep a NUL, and a workspace could then never move to a server; for a larger integer its driver fails.
    for row in parameters if many else (parameters,):
        for value in row.values() if isinstance(row, dict) else row:
            if type(value) is str and "\0" in value:
                raise not_storable("text with a NUL character")
            if type(value) is int and not -LARGEST_INTEGER - 1 <= value <= LARGEST_INTEGER:
                raise not_storable("an integer of more than 64 bits")


def not_storable(what: str) -> RecordingFailed:
    """Return the refusal of a value that cannot be kept."""
    return RecordingFailed(
        f"The control database cannot hold {what}, so the change was not made.",
        remedy="Look where such a value comes from: a file's column, or a name that was typed.",
        code="value-not-storable",
    )
