"""The door to prometheus_client: what is counted while a version answers, over all processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from mlops_jlab.errors import MlopsError

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # set before this module is imported, processes count together there

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector
except ImportError as error:
    raise MlopsError("serving needs prometheus-client", hint="pip install 'mlops-jlab[serve]'") from error

_TRIAL = "mlops_jlab_trial_events"
_EDGES = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 4.096)


class Counts:
    """What this process counts. Where ``folder`` is given, it is counted together with other processes."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder, own = folder, CollectorRegistry()
        self._own = own
        self._requests = Counter(
            "mlops_jlab_requests",
            "Requests by what came of them.",
            ("model", "version", "outcome"),
            registry=own,
        )
        self._rows = Counter(
            "mlops_jlab_rows", "Rows that were answered.", ("model", "version"), registry=own
        )
        self._seconds = Histogram(
            "mlops_jlab_request_seconds", "From the whole request to its answer.", ("model", "version"),
            registry=own, buckets=_EDGES,
        )  # fmt: skip
        self._busy = Gauge(
            "mlops_jlab_requests_in_progress", "Requests that wait for their answer.", registry=own,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self._lost = Counter("mlops_jlab_log_rows_lost", "Rows that the log does not have.", registry=own)
        self._trial = Counter(
            _TRIAL, "Pairs of answers of two versions, by what was seen.", ("event",), registry=own
        )

    def begin(self) -> None:
        """A request has come."""
        self._busy.inc()

    def end(self, model: str, version: int, outcome: str, rows: int = 0, seconds: float = 0.0) -> None:
        """A request is done: ``outcome`` is ok, refused or failed."""
        self._busy.dec()
        number = str(version)
        self._requests.labels(model, number, outcome).inc()
        if outcome == "ok":
            self._rows.labels(model, number).inc(rows)
            self._seconds.labels(model, number).observe(seconds)

    def refuse(self, model: str, version: int) -> None:
        """A request was none that anybody could be asked."""
        self._requests.labels(model, str(version), "refused").inc()

    def lost(self, rows: int) -> None:
        """The log does not have so many rows."""
        self._lost.inc(rows)

    def trial(self, event: str) -> None:
        """A pair of answers was compared; what was seen of it."""
        self._trial.labels(event).inc()

    def page(self) -> bytes:
        """All counts as Prometheus reads them, those of other processes too."""
        return bytes(generate_latest(_readable(self._folder, self._own)))

    def events(self) -> dict[str, int]:
        """How often each event of a trial was seen, by all processes."""
        return dict(_events(_readable(self._folder, self._own)))


def _readable(folder: Path | None, own: CollectorRegistry) -> CollectorRegistry:
    if folder is None:
        return own
    for path in folder.glob("gauge_live*.db"):  # what a dead process was doing is done by nobody
        pid = path.stem.rpartition("_")[2]
        if not psutil.pid_exists(int(pid)):
            path.unlink(missing_ok=True)
    together = CollectorRegistry()
    MultiProcessCollector(together, path=str(folder))
    return together


def _events(registry: CollectorRegistry) -> Iterator[tuple[str, int]]:
    for metric in registry.collect():
        for sample in metric.samples:
            if sample.name == f"{_TRIAL}_total":
                yield sample.labels["event"], int(sample.value)


def events_in(folder: Path) -> dict[str, int]:
    """How often each event of a trial was seen by the processes that count in a folder."""
    return dict(_events(_readable(folder, CollectorRegistry())))


def together() -> Path | None:
    """The folder in which this process counts together with others, if there is one."""
    found = os.environ.get(FOLDER)
    return Path(found) if found else None
