"""The door to prometheus_client: what is counted while a version answers, over all processes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from mlops_jlab.errors import MlopsError

_PREFIX = "mlops_jlab_"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # set before this module is imported, processes count together there

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector
except ImportError as error:
    raise MlopsError("serving needs prometheus-client", hint="pip install 'mlops-jlab[serve]'") from error

EDGES = (  # of latencies, in seconds
    0.0002, 0.0003, 0.0005, 0.0007, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05,
    0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 2.0, 5.0,
)  # fmt: skip


@dataclass
class Counted:
    """What all processes have counted up to now; ``seconds`` has each request once, by its upper edge."""

    outcomes: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    lost: int = 0
    busy: int = 0
    behind: bool = False
    seconds: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Family:
    """One of the things that are counted: its name without ours, what it is, and whether it may go down."""

    name: str
    about: str
    is_gauge: bool


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
            registry=own, buckets=EDGES,
        )  # fmt: skip
        self._busy = Gauge(
            "mlops_jlab_requests_in_progress", "Requests that wait for their answer.", registry=own,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self._behind = Gauge(
            "mlops_jlab_behind", "1 while the version that the alias points at cannot be loaded.",
            registry=own, multiprocess_mode="livemax",
        )  # fmt: skip
        self._lost = Counter("mlops_jlab_log_rows_lost", "Rows that the log does not have.", registry=own)
        self._trial = Counter(
            "mlops_jlab_trial_events", "Pairs of answers of two versions, by what was seen.", ("event",),
            registry=own,
        )  # fmt: skip

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

    def behind(self, is_behind: bool) -> None:
        """Whether the version that the alias points at is not the one that answers."""
        self._behind.set(is_behind)

    def lost(self, rows: int) -> None:
        """The log does not have so many rows."""
        self._lost.inc(rows)

    def trial(self, event: str) -> None:
        """A pair of answers was compared; what was seen of it."""
        self._trial.labels(event).inc()

    def families(self) -> list[Family]:
        """All that is counted, but for latencies."""
        return [
            Family(one.name.removeprefix(_PREFIX), one.documentation, one.type == "gauge")
            for one in self._own.collect()
            if one.type in ("counter", "gauge")
        ]

    def values(self, name: str) -> list[tuple[dict[str, str], float]]:
        """What this process has counted of a family up to now, each with its labels."""
        return [
            (dict(sample.labels), sample.value)
            for family in self._own.collect()
            for sample in family.samples
            if sample.name in (_PREFIX + name, f"{_PREFIX}{name}_total")
        ]

    def page(self) -> bytes:
        """All counts as Prometheus reads them, those of other processes too."""
        return bytes(generate_latest(_readable(self._folder, self._own)))

    def now(self) -> Counted:
        """What was counted up to now, by all processes."""
        return _counted(_readable(self._folder, self._own))

    def events(self) -> dict[str, int]:
        """How often each event of a trial was seen, by all processes."""
        return self.now().events


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


def _counted(registry: CollectorRegistry) -> Counted:
    found = Counted()
    heaps: dict[float, int] = {}
    for sample in (sample for metric in registry.collect() for sample in metric.samples):
        value = int(sample.value)
        match sample.name:
            case "mlops_jlab_requests_total":
                outcome = sample.labels["outcome"]
                found.outcomes[outcome] = found.outcomes.get(outcome, 0) + value
            case "mlops_jlab_request_seconds_bucket":
                edge = float(sample.labels["le"])
                heaps[edge] = heaps.get(edge, 0) + value
            case "mlops_jlab_trial_events_total":
                found.events[sample.labels["event"]] = value
            case "mlops_jlab_rows_total":
                found.rows += value
            case "mlops_jlab_log_rows_lost_total":
                found.lost = value
            case "mlops_jlab_requests_in_progress":
                found.busy = value
            case "mlops_jlab_behind":
                found.behind = bool(value)
    below = 0
    for edge in sorted(heaps):
        found.seconds[f"{edge:g}"] = heaps[edge] - below
        below = heaps[edge]
    return found


def counted_in(folder: Path) -> Counted:
    """What the processes that count in a folder have counted up to now."""
    return _counted(_readable(folder, CollectorRegistry()))


def together() -> Path | None:
    """The folder in which this process counts together with others, if there is one."""
    found = os.environ.get(FOLDER)
    return Path(found) if found else None
