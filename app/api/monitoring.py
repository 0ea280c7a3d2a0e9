"""Figures of the server in Prometheus' text format."""

from __future__ import annotations

import contextlib
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from app.run_progress import RunView
from storage.database import Database

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_RUN_SECONDS: Final = (1, 2, 5, 10, 30, 60, 120, 300, 900, 3600)


class Monitor:
    """Counts requests and runs. Each server has its own registry."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "taktwerk_http_requests", "Requests answered", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "taktwerk_http_request_seconds", "Time to the answer's first byte", ("method", "route"), registry=registry
        )
        self._runs = Counter("taktwerk_runs", "Optimisation runs ended", ("status",), registry=registry)
        self._run_seconds = Histogram(
            "taktwerk_run_seconds", "How long runs took", buckets=_RUN_SECONDS, registry=registry
        )
        self._gap = Histogram(
            "taktwerk_run_gap", "Gap of completed runs", buckets=(0, 0.001, 0.01, 0.05, 0.1, 0.5, 1), registry=registry
        )
        self._active = Gauge("taktwerk_runs_active", "Runs queued or running", ("status",), registry=registry)
        self._streams = Gauge("taktwerk_progress_streams", "Open progress streams", registry=registry)
        self._size = Gauge("taktwerk_database_bytes", "Size of the database file", registry=registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; ``route`` is the path's pattern, which has few values."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def run_ended(self, view: RunView) -> None:
        """A run is over."""
        self._runs.labels(view.status.value).inc()
        self._run_seconds.observe(view.elapsed_s)
        if view.metrics is not None and view.metrics.gap is not None:
            self._gap.observe(view.metrics.gap)

    def streams(self, change: int) -> None:
        """So many more progress streams are open."""
        self._streams.inc(change)

    def text(self, queued: int, running: int) -> bytes:
        """Return all figures."""
        self._active.labels("queued").set(queued)
        self._active.labels("running").set(running)
        if self._database.path is not None:
            with contextlib.suppress(OSError):
                self._size.set(self._database.path.stat().st_size)
        return generate_latest(self._registry)
