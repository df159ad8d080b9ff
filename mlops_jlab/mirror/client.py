"""The door to MLflow: its client, in batches, with its errors in our words."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from mlops_jlab.entities.runs import Point
from mlops_jlab.errors import InputError, StoreError

METRICS, PARAMS, TAGS = 1_000, 100, 100  # the most of a batch


class Server:
    """An MLflow server."""

    def __init__(self, address: str) -> None:
        self.address = address
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # folders mlruns, which are read here alone
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        try:
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise InputError(
                "MLflow's client is not installed", hint="pip install 'mlops-jlab[mlflow]'"
            ) from error
        self._client = MlflowClient(address)
        self._experiments: dict[str, str] = {}

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Errors of MLflow and of the network, in our words.

        Raises:
            StoreError: the server does not answer, or refuses.
        """
        from mlflow.exceptions import MlflowException
        from requests.exceptions import RequestException

        try:
            yield
        except (MlflowException, RequestException, OSError) as error:
            raise StoreError(
                f"the MLflow server {self.address}: {str(error).strip().splitlines()[0][:300]}",
                hint="runs stay in the store; push again when the server can be reached",
            ) from error

    def experiment(self, name: str) -> str:
        """The id of an experiment, which is made if it is not there."""
        if name not in self._experiments:
            found = self._client.get_experiment_by_name(name)
            self._experiments[name] = found.experiment_id if found else self._client.create_experiment(name)
        return self._experiments[name]

    def known(self, experiment: str, tag: str) -> dict[str, str]:
        """The runs of an experiment that have a tag: its value → their ids."""
        found: dict[str, str] = {}
        for run in self._runs([experiment], f"tags.`{tag}` LIKE '%'"):
            found[run.data.tags[tag]] = run.info.run_id
        return found

    def all_runs(self, experiments: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """Every run of the experiments (all without names), with its experiment's name."""
        from mlflow.entities import ViewType

        names = {
            e.experiment_id: e.name
            for e in self._client.search_experiments(view_type=ViewType.ACTIVE_ONLY)
            if not experiments or e.name in experiments
        }
        for run in self._runs(list(names), "") if names else ():
            yield names[run.info.experiment_id], run

    def _runs(self, experiments: list[str], condition: str) -> Iterator[Any]:
        token: str | None = None
        while True:
            page = self._client.search_runs(experiments, condition, max_results=1000, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def create(self, experiment: str, name: str, started: float, tags: dict[str, str]) -> str:
        """A new run; its id on the server."""
        run = self._client.create_run(experiment, int(started * 1000), tags=tags, run_name=name)
        return str(run.info.run_id)

    def log(
        self, remote: str, points: Iterable[tuple[str, Point]], params: dict[str, str], tags: dict[str, str]
    ) -> None:
        """Metrics, params and tags in as few calls as MLflow allows."""
        from mlflow.entities import Metric, Param, RunTag

        metrics = _batches(
            (Metric(name, p.value, int(p.at * 1000), p.iteration) for name, p in points), METRICS
        )
        wanted = _batches((Param(key, value) for key, value in params.items()), PARAMS)
        set_tags = _batches((RunTag(key, value) for key, value in tags.items()), TAGS)
        while True:
            some = next(metrics, []), next(wanted, []), next(set_tags, [])
            if not any(some):
                return
            self._client.log_batch(remote, *some)

    def end(self, remote: str, status: str, ended: float | None) -> None:
        """Sets the status, with the time of its own."""
        if ended is None:
            self._client.update_run(remote, status)
        else:
            self._client.set_terminated(remote, status, int(ended * 1000))

    def remove(self, remote: str) -> None:
        """Deletes a run, as MLflow does: it can be restored there."""
        self._client.delete_run(remote)

    def put_file(self, remote: str, name: str, content: bytes) -> None:
        """One artifact."""
        folder, _, last = name.rpartition("/")
        with tempfile.TemporaryDirectory(prefix="mlops-jlab-") as scratch:
            path = Path(scratch) / last
            path.write_bytes(content)
            self._client.log_artifact(remote, str(path), folder or None)

    def put_folder(self, remote: str, name: str, folder: Path) -> None:
        """All files of a folder, as artifacts below ``name``."""
        self._client.log_artifacts(remote, str(folder), name)

    def versions(self, model: str, tag: str) -> dict[str, str]:
        """The versions of a registered model that have a tag: its value → their numbers there."""
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        found = self._client.search_model_versions(f"name = '{model}'", max_results=10_000)
        return {version.tags[tag]: str(version.version) for version in found if tag in version.tags}

    def models(self) -> Iterator[Any]:
        """The registered models, with their aliases and tags."""
        token: str | None = None
        while True:
            page = self._client.search_registered_models(page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def versions_of(self, model: str) -> list[Any]:
        """The versions of a registered model, the oldest first."""
        found = self._client.search_model_versions(f"name = '{model}'", max_results=10_000)
        return sorted(found, key=lambda version: int(version.version))

    def folder_of(self, model: str, version: str) -> dict[str, bytes]:
        """The files of a version, by name."""
        from mlflow.artifacts import download_artifacts

        uri = self._client.get_model_version_download_uri(model, version)
        with tempfile.TemporaryDirectory(prefix="mlops-jlab-") as scratch:
            root = Path(download_artifacts(artifact_uri=uri, dst_path=scratch, tracking_uri=self.address))
            return {
                path.relative_to(root).as_posix(): path.read_bytes()
                for path in root.rglob("*")
                if path.is_file()
            }

    def add_version(self, model: str, remote: str, inside: str, tags: dict[str, str], note: str) -> str:
        """A version of a registered model, from artifacts of a run; its number there."""
        source = f"{self._client.get_run(remote).info.artifact_uri}/{inside}"
        made = self._client.create_model_version(model, source, remote, tags=tags, description=note or None)
        return str(made.version)

    def point(self, model: str, wanted: dict[str, str]) -> None:
        """Lets the aliases of a model point at these versions; others that it has go away."""
        now = {alias: str(n) for alias, n in self._client.get_registered_model(model).aliases.items()}
        for alias, number in wanted.items():
            if now.get(alias) != number:
                self._client.set_registered_model_alias(model, alias, number)
        for alias in now.keys() - wanted.keys():
            self._client.delete_registered_model_alias(model, alias)

    def files(self, remote: str, folder: str = "") -> Iterator[str]:
        """The names of all artifacts."""
        for entry in self._client.list_artifacts(remote, folder or None):
            if entry.is_dir:
                yield from self.files(remote, entry.path)
            else:
                yield entry.path

    def get_file(self, remote: str, name: str) -> bytes:
        """The content of one artifact."""
        with tempfile.TemporaryDirectory(prefix="mlops-jlab-") as scratch:
            return Path(self._client.download_artifacts(remote, name, scratch)).read_bytes()

    def history(self, remote: str, name: str) -> list[Point]:
        """All points of a metric."""
        return [
            Point(point.step, point.value, point.timestamp / 1000)
            for point in self._client.get_metric_history(remote, name)
        ]


def _batches(entries: Iterable[Any], most: int) -> Iterator[list[Any]]:
    rest = iter(entries)
    while batch := list(islice(rest, most)):
        yield batch
