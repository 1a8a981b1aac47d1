"""How many workers there shall be, how many serve, and how many ended: what the parent counts and each worker tells.

A small file beside those of the other figures: a worker cannot tell by itself that its neighbour is not there.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

NAME = "workers"
_FIGURES = struct.Struct("=qqq")


class WorkerFigures:
    """The figures in a folder of `make_shared`; one process writes, all may read."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def note(self, *, wanted: int, serving: int, ended: int) -> None:
        """Write how many workers there shall be, how many serve now, how many ended without being told to."""
        descriptor = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            os.pwrite(descriptor, _FIGURES.pack(wanted, serving, ended), 0)  # in one piece: nobody reads half of it
        finally:
            os.close(descriptor)

    def collect(self) -> Iterator[Metric]:
        """Return the figures as Prometheus reads them; none before they were written."""
        try:
            wanted, serving, ended = _FIGURES.unpack(self._path.read_bytes())
        except (OSError, struct.error):
            return
        yield GaugeMetricFamily("pellucid_workers_wanted", "Workers that there shall be.", wanted)
        yield GaugeMetricFamily("pellucid_workers_serving", "Workers that serve.", serving)
        yield CounterMetricFamily("pellucid_workers_ended", "Workers that ended without being told to.", ended)
