"""A time limit on one DuckDB cursor, kept by a watching thread. It knows nothing of statements or errors."""

from __future__ import annotations

import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

import duckdb

_AGAIN_SECONDS = 0.02


class TimeLimit:
    """Interrupts a cursor's work once `seconds` have gone by; `expired` says whether it did."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, seconds: float) -> None:
        self.expired = False
        self._cursor = cursor
        self._seconds = seconds
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="pellucid-time-limit", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        if self._done.wait(self._seconds):
            return
        self.expired = True
        # Again and again: an interrupt that comes just before a statement starts is forgotten by DuckDB.
        while not self._done.is_set():
            with suppress(duckdb.Error):
                self._cursor.interrupt()
            self._done.wait(_AGAIN_SECONDS)
