"""Asking without leaving a trace: within `only_reading` nothing is written but that something was refused.

For who asks what an answer would be like and not for the answer itself, such as a program that looks at a link before
somebody follows it. It holds for the block's own thread or task and for the threads that it has work for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pellucid.errors import RecordingFailed

CODE = "reading-only"

_ONLY_READING: ContextVar[bool] = ContextVar("only_reading", default=False)


@contextmanager
def only_reading(wanted: bool = True) -> Iterator[None]:
    """Refuse every write within the block; unless it is `wanted`, refuse none, whatever block this one came out of."""
    before = _ONLY_READING.set(wanted)
    try:
        yield
    finally:
        _ONLY_READING.reset(before)


def is_only_reading() -> bool:
    """Return whether writes are refused here."""
    return _ONLY_READING.get()


def demand_may_write() -> None:
    """Raise RecordingFailed (`reading-only`) where writes are refused."""
    if is_only_reading():
        raise RecordingFailed(
            "This would be noted or used up, and it was only asked what it is like.",
            remedy="Ask for the thing itself, with GET.",
            code=CODE,
        )
