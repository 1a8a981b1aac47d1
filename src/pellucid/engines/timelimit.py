"""A time limit on the work of one DuckDB cursor. It knows nothing of statements or errors."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import duckdb

_AGAIN_SECONDS = 0.02


def done_within(cursor: duckdb.DuckDBPyConnection, work: Callable[[], None], *, seconds: float) -> bool:
    """Run `work`, which must not raise, and return whether it ended by itself in time; otherwise it is interrupted.

    The work has a thread of its own and the caller watches, not the other way round: DuckDB does not notice a Ctrl-C
    while it makes an Arrow table, a waiting Python thread does. When this returns or raises, the work has ended.
    Its end counts, and not when the caller, who may be kept waiting, came to see it.
    """
    done, ended = threading.Event(), [math.inf]

    def run() -> None:
        try:
            work()
        finally:
            ended[0] = time.monotonic()
            done.set()

    begun = time.monotonic()
    worker = threading.Thread(target=run, name="pellucid-question", daemon=True)
    worker.start()
    try:
        in_time = done.wait(seconds)
    finally:
        # Again and again: an interrupt that comes just before a statement starts is forgotten by DuckDB.
        while not done.is_set():
            with suppress(duckdb.Error):
                cursor.interrupt()
            done.wait(_AGAIN_SECONDS)
        worker.join()
    return in_time and ended[0] - begun <= seconds
