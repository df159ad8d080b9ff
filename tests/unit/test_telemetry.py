"""Traces and metrics of a service: sent to a collector that the environment names, and to nobody else."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import uvicorn
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sklearn.linear_model import LinearRegression

import mlops_jlab
from mlops_jlab.serving import processes, service, telemetry
from mlops_jlab.serving.counting import Counts
from mlops_jlab.serving.setup import Setup
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all

FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
TRACE, LARGE, SPAN = "0af7651916cd43dd8448eb211c80319c", f"{7:032x}", "b7ad6b7169203331"
METRICS = {
    "http.server.request.duration", "mlops_jlab.behind", "mlops_jlab.log_rows_lost", "mlops_jlab.requests",
    "mlops_jlab.requests_in_progress", "mlops_jlab.rows",
}  # fmt: skip


class Collector:
    """A collector of OTLP over HTTP that keeps what comes."""

    def __init__(self, status: int = 200) -> None:
        self.spans: list[Any] = []
        self.resources: list[dict[str, Any]] = []
        self.metrics: dict[str, Any] = {}
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.take(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_words: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def take(self, path: str, body: bytes) -> None:
        if path == "/v1/traces":
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resources.append(plain(group.resource.attributes))
                self.spans += [span for scope in group.scope_spans for span in scope.spans]
        else:
            assert path == "/v1/metrics"
            for group in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for metric in (metric for scope in group.scope_metrics for metric in scope.metrics):
                    self.metrics[metric.name] = metric

    def __enter__(self) -> Collector:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def plain(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    mlops_jlab.register_model(LinearRegression().fit(FRAME, FRAME.a), "m", input_example=FRAME)
    yield Place(tmp_path / "store")
    close_all()


@contextmanager
def served(place: Place, runtime: Path) -> Iterator[str]:
    """The service as it is set up for the command, in this process; what it sends is sent when it is left."""
    with Setup(place, "m", runtime).opened() as desk:
        listening = processes.listen("127.0.0.1", 0)
        server = uvicorn.Server(processes._config(service.application(desk), 1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


def ask(url: str, body: Any, **headers: str) -> int:
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_collector_gets_the_trace_of_a_request_and_what_is_counted(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=night")
        with served(place, tmp_path) as url:
            caller = {"traceparent": f"00-{TRACE}-{SPAN}-01", "x-request-id": "r7"}
            rows = [{"a": 3.0, "b": 0.0}, {"a": 4.0, "b": 0.0}]
            assert ask(f"{url}/predict", {"rows": rows}, **caller) == 200
            assert ask(f"{url}/invocations", {"rows": [{"a": "secret", "b": 0.0}]}) == 400
            many = {"rows": [{"a": 3.0, "b": 0.0}] * 3000}
            assert ask(f"{url}/predict", many, traceparent=f"00-{LARGE}-{SPAN}-01") == 200
            urllib.request.urlopen(f"{url}/ready", timeout=20).close()  # asked every few seconds: no trace
            urllib.request.urlopen(f"{url}/metrics", timeout=20).close()
    spans = {span.name: span for span in collector.spans if span.trace_id.hex() == TRACE}
    whole, inner = spans["POST /predict"], spans["predict"]
    assert whole.parent_span_id.hex() == SPAN  # the trace of who asked goes on here
    assert inner.parent_span_id == whole.span_id
    said = {
        "mlops_jlab.model": "m",
        "mlops_jlab.version": 1,
        "mlops_jlab.rows": 2,
        "mlops_jlab.request": "r7",
    }
    assert plain(inner.attributes) == said
    assert plain(whole.attributes) == said | {
        "http.request.method": "POST", "http.route": "/predict", "url.scheme": "http",
        "http.response.status_code": 200,
    }  # fmt: skip
    assert inner.start_time_unix_nano >= whole.start_time_unix_nano
    assert inner.end_time_unix_nano <= whole.end_time_unix_nano
    assert sorted(span.name for span in collector.spans) == [
        "POST /invocations", "POST /predict", "POST /predict", "predict", "predict", "predict",
    ]  # fmt: skip
    assert b"secret" not in b"".join(span.SerializeToString() for span in collector.spans)
    spans = {span.name: span for span in collector.spans if span.trace_id.hex() == LARGE}
    assert spans["predict"].parent_span_id == spans["POST /predict"].span_id  # across threads
    assert plain(spans["predict"].attributes)["mlops_jlab.rows"] == 3000
    resource = collector.resources[0]
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("m", "night")
    assert set(collector.metrics) == METRICS
    counted = {
        plain(point.attributes)["outcome"]: point.as_double or point.as_int
        for point in collector.metrics["mlops_jlab.requests"].sum.data_points
    }
    assert counted == {"ok": 2, "refused": 1}
    assert collector.metrics["mlops_jlab.requests"].sum.is_monotonic
    (rows_counted,) = collector.metrics["mlops_jlab.rows"].sum.data_points
    assert plain(rows_counted.attributes) == {"model": "m", "version": "1"}
    latencies = {
        plain(one.attributes)["http.response.status_code"]: one
        for one in collector.metrics["http.server.request.duration"].histogram.data_points
    }
    assert {status: one.count for status, one in latencies.items()} == {200: 2, 400: 1}
    assert min(latencies[200].explicit_bounds) < 0.001  # edges for milliseconds, not the library's own


def test_nothing_is_sent_unless_the_environment_asks(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Collector() as collector, Setup(place, "m", tmp_path).opened() as desk:
        assert desk.telemetry is None
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
        assert telemetry.begin("m", Counts()) is None
    assert not collector.spans


@pytest.mark.parametrize(
    ("given", "traces", "metrics"),
    [
        ({}, [], []),
        ({"OTEL_SERVICE_NAME": "x"}, [], []),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "u"}, ["otlp_proto_http"], ["otlp_proto_http"]),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "u"}, ["otlp_proto_http"], []),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "u", "OTEL_METRICS_EXPORTER": "none"},
            ["otlp_proto_http"],
            [],
        ),
        ({"OTEL_TRACES_EXPORTER": "console, otlp"}, ["console", "otlp_proto_http"], []),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "u", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"},
            ["otlp_proto_grpc"],
            ["otlp_proto_http"],
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "u", "OTEL_SDK_DISABLED": "True"}, [], []),
    ],
)
def test_the_variables_say_what_is_sent_how(
    given: dict[str, str], traces: list[str], metrics: list[str]
) -> None:
    assert telemetry.exporters_for("TRACES", given) == traces
    assert telemetry.exporters_for("METRICS", given) == metrics


@pytest.mark.parametrize("status", [0, 500], ids=["nobody listens", "it fails"])
def test_a_collector_that_takes_nothing_stops_nobody(
    status: int, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    collector = Collector(status or 200)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    if status:
        with collector, served(place, tmp_path) as url:
            assert ask(f"{url}/predict", {"rows": [{"a": 3.0, "b": 0.0}]}) == 200
    else:
        collector._server.server_close()
        with served(place, tmp_path) as url:
            assert ask(f"{url}/predict", {"rows": [{"a": 3.0, "b": 0.0}]}) == 200
    assert "Traceback" not in capfd.readouterr().err


def test_an_exporter_that_is_not_there_is_told_and_the_service_begins(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin9")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "prometheus")
    with served(place, tmp_path) as url:
        assert ask(f"{url}/predict", {"rows": [{"a": 3.0, "b": 0.0}]}) == 200
    said = capsys.readouterr().err
    assert "no traces are sent by 'zipkin9', which is not installed; there is: console, otlp" in said
    assert "Prometheus reads GET /metrics" in said
