"""Everything that an exception carries, as text, so that a test can look for what must not be there."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

_OWN_FOLDERS = ("/tests/", "/conformance/")


def carried_by(error: BaseException) -> str:
    """Return messages, arguments, attributes, causes, contexts, notes and the local variables of product frames."""
    return "\n".join(_texts(error, set()))


def _texts(error: BaseException, seen: set[int]) -> Iterator[str]:
    if id(error) in seen:
        return
    seen.add(id(error))
    yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
    yield from getattr(error, "__notes__", ())
    yield from _frames(error.__traceback__)
    for other in (error.__cause__, error.__context__):
        if other is not None:
            yield from _texts(other, seen)


def _frames(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        frame = trace.tb_frame
        if not any(folder in frame.f_code.co_filename for folder in _OWN_FOLDERS):
            yield from (repr(value) for value in frame.f_locals.values())
        trace = trace.tb_next
