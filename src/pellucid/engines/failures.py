"""What an engine's failure is called outside the engine: a code, an id, a remedy; never the engine's words.

The words of an engine can quote a row of somebody who is not permitted, so they go to a diagnostics callback (by
default there is none) and nowhere else: not into the message, the arguments, the cause or the context.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import duckdb

from pellucid.errors import QueryFailed

Diagnostics = Callable[[str, str], None]
"""Called with (error id, engine text); for administrators only, since the text may hold personal data."""


def kept_back(error: BaseException, *, seconds: float, diagnostics: Diagnostics | None) -> QueryFailed:
    """Return the failure to raise for an engine's error. Raise it outside the `except` block, or its context leaks."""
    if isinstance(error, duckdb.InterruptException):
        return timed_out(seconds)
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryFailed(
            "The question needed more memory than the engine may use.",
            code="query-memory",
            remedy="Ask for fewer groups or a shorter period, or raise the engine's memory and spill limits.",
        )
    error_id = secrets.token_hex(4)
    if diagnostics is not None:
        diagnostics(error_id, str(error))
    return QueryFailed(
        f"The engine could not answer the question (error {error_id}).",
        code="query-failed",
        remedy="What the engine said is kept back: it may describe a person. Change the question, or give an "
        "administrator the error id.",
    )


def timed_out(seconds: float) -> QueryFailed:
    """Return the failure of a question that took longer than `seconds`."""
    return QueryFailed(
        f"The question took longer than {seconds:g} s and was stopped.",
        code="query-timeout",
        remedy="Ask for fewer groups or a shorter period, or raise the time limit.",
    )
