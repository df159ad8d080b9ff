"""The door to OpenTelemetry: traces and metrics of a service, where its ``OTEL_*`` variables ask for them."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from mlops_jlab.serving.counting import EDGES, Counts
from mlops_jlab.surroundings import variables
from mlops_jlab.telling import tell

_TRACES, _METRICS = "TRACES", "METRICS"
_PREFIX = "mlops_jlab."
_PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_PATIENCE = 3.0  # seconds for what is still to be sent, when it ends; a collector may be gone
Note = Callable[..., None]


class Telemetry:
    """What a process sends. A request is a span, what the model does for it is one below; nothing waits."""

    def __init__(self, tracer: Any, meter: Any, close: Callable[[], None]) -> None:
        self._tracer, self.close = tracer, close
        self._seconds = meter.create_histogram(
            "http.server.request.duration", unit="s", description="From the head of a request to its answer.",
            explicit_bucket_boundaries_advisory=EDGES,
        )  # fmt: skip

    @contextmanager
    def request(self, method: str, route: str, headers: Mapping[str, str]) -> Iterator[Callable[[int], None]]:
        """A request is answered within; what is given says with which status. Its caller's trace goes on."""
        from opentelemetry import propagate, trace

        about: dict[str, Any] = {"http.request.method": method, "http.route": route, "url.scheme": "http"}
        began, status = time.perf_counter(), 500
        with self._tracer.start_as_current_span(
            f"{method} {route}", context=propagate.extract(headers), kind=trace.SpanKind.SERVER,
            attributes=about, record_exception=False, set_status_on_exception=False,
        ) as span:  # fmt: skip

            def answered(code: int) -> None:
                nonlocal status
                status = code

            try:
                yield answered
            finally:
                about["http.response.status_code"] = status
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    about["error.type"] = str(status)
                    span.set_attribute("error.type", str(status))
                    span.set_status(trace.StatusCode.ERROR)
                self._seconds.record(time.perf_counter() - began, about)

    @contextmanager
    def part(self, name: str) -> Iterator[Note]:
        """A part of what is done for a request; what is noted is known of the request too.

        Of an error its kind is kept, and no word: it may hold values of the rows.
        """
        from opentelemetry import trace

        whole = trace.get_current_span()
        with self._tracer.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False
        ) as span:

            def note(**about: Any) -> None:
                for key, value in about.items():
                    span.set_attribute(_PREFIX + key, value)
                    whole.set_attribute(_PREFIX + key, value)

            try:
                yield note
            except Exception as error:
                cause = error.__cause__ or error
                span.set_attribute("error.type", type(cause).__name__)
                span.set_status(trace.StatusCode.ERROR)
                raise


def begin(name: str, counts: Counts) -> Telemetry | None:
    """Sends what a service does and what ``counts`` counts from now on, or nothing where nobody asks for it.

    ``name`` is the service's, unless ``OTEL_SERVICE_NAME`` says another. What stands against it is told: no
    service ends because nobody hears of it.
    """
    asked = {signal: exporters_for(signal, variables()) for signal in (_TRACES, _METRICS)}
    if not any(asked.values()):
        return None
    try:
        return _begin(name, counts, asked)
    except ImportError:
        tell("OTEL_… asks for telemetry, and none is sent: pip install 'mlops-jlab[otel]'")
    except Exception as error:  # whatever a variable that is none makes a library raise
        tell(f"OTEL_… asks for telemetry, and none is sent: {type(error).__name__}: {error}")
    return None


def exporters_for(signal: str, given: Mapping[str, str]) -> list[str]:
    """The names of the exporters of TRACES or METRICS that the variables ask for."""
    if given.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    named = given.get(f"OTEL_{signal}_EXPORTER", "")
    places = (f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    if not named and any(map(given.get, places)):
        named = "otlp"
    protocol = given.get(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL") or given.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    otlp = _PROTOCOLS.get(protocol or "http/protobuf", f"otlp by {protocol}")
    names = [name.strip() for name in named.split(",") if name.strip() not in ("", "none")]
    return [otlp if name == "otlp" else name for name in names]


def _begin(name: str, counts: Counts, asked: Mapping[str, Sequence[str]]) -> Telemetry:
    from opentelemetry import metrics
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    own = {"service.instance.id": secrets.token_hex(8), "process.pid": os.getpid()}
    given = Resource.create()
    if str(given.attributes.get("service.name", "")).startswith("unknown_service"):
        given = given.merge(Resource({"service.name": name}))
    resource = Resource(own).merge(given)
    tracing = TracerProvider(resource=resource, shutdown_on_exit=False)
    for exporter in _made(_TRACES, asked[_TRACES]):
        tracing.add_span_processor(BatchSpanProcessor(exporter))
    readers = [PeriodicExportingMetricReader(one) for one in _made(_METRICS, asked[_METRICS])]
    measuring = MeterProvider(readers, resource, shutdown_on_exit=False)
    meter = measuring.get_meter("mlops_jlab")
    for family in counts.families():
        make = meter.create_observable_gauge if family.is_gauge else meter.create_observable_counter

        def observe(_options: Any, key: str = family.name) -> list[Any]:
            return [metrics.Observation(value, about) for about, value in counts.values(key)]

        make(_PREFIX + family.name, callbacks=[observe], description=family.about)

    def close() -> None:
        ending = [
            threading.Thread(target=one.shutdown, name="mlops-jlab-telemetry", daemon=True)
            for one in (tracing, measuring)
        ]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join(_PATIENCE)

    return Telemetry(tracing.get_tracer("mlops_jlab"), meter, close)


def _made(signal: str, names: Sequence[str]) -> Iterator[Any]:
    """The exporters of these names that are installed; those that are not are told."""
    group = f"opentelemetry_{signal.lower()}_exporter"
    for name in names:
        found = list(metadata.entry_points(group=group, name=name))
        if found:
            yield found[0].load()()
        else:
            there = ", ".join(sorted({one.name for one in metadata.entry_points(group=group)}))
            more = " (Prometheus reads GET /metrics)" if name == "prometheus" else ""
            tell(f"no {signal.lower()} are sent by {name!r}, which is not installed; there is: {there}{more}")
