"""What machines measure: how many requests, how fast, how they ended, by declared route. Nothing is about anybody.

Labels are declared routes, methods and statuses only: no path as sent, no id, no name. Of several workers a figure is
their sum: they write into files of `PROMETHEUS_MULTIPROC_DIR`, which `workers` sets, and whoever is asked adds them up.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from pellucid.web.worker_figures import WorkerFigures

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
METHODS = ("GET", "POST", "DELETE", "HEAD", "OPTIONS")
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where workers write their figures, as prometheus_client names it; unset: there is one process."""


class Metrics:
    """The figures of one running application, or of all the workers that it is one of."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("pellucid_requests", "Requests answered.", labels, registry=self.registry)
        self._seconds = Histogram(
            "pellucid_request_seconds", "How long they took.", ("route",), registry=self.registry, buckets=BUCKETS
        )
        self.under_way = Gauge(
            "pellucid_requests_under_way",
            "Requests being worked on.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered; `route` is the declared path of the route."""
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return the figures as Prometheus reads them."""
        folder = os.environ.get(FOLDER)
        if folder is None:
            return generate_latest(self.registry)
        summed = CollectorRegistry()
        MultiProcessCollector(summed)  # type: ignore[no-untyped-call]  # of the library
        summed.register(WorkerFigures(Path(folder)))
        return generate_latest(summed)
