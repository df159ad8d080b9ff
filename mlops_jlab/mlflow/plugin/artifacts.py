"""MLflow's artifact repository over ours: files of runs, of logged models, and of registered versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from mlops_jlab.errors import NotFound
from mlops_jlab.mlflow.backing import files, uploads
from mlops_jlab.mlflow.plugin import words
from mlops_jlab.mlflow.plugin.words import speaking


class Artifacts(ArtifactRepository):  # type: ignore[misc]  # MLflow is untyped for us
    """The files below one address of a store."""

    def __init__(
        self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
    ) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)

    @speaking
    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Keeps a file."""
        self._put(Path(local_file), artifact_path or "")

    @speaking
    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Keeps all files of a folder."""
        root = Path(local_dir)
        for path in sorted(root.rglob("*")):
            if path.is_file():
                inside = path.relative_to(root).parent.as_posix()
                parts = [part for part in (artifact_path, inside) if part and part != "."]
                self._put(path, "/".join(parts))

    def _put(self, path: Path, folder: str) -> None:
        uploads.keep(path, self.artifact_uri, folder, written_here=True)

    @speaking
    def list_artifacts(self, path: str | None = None) -> list[Any]:
        """What lies directly below a path."""
        return [words.file(one) for one in files.listed(self.artifact_uri, path or "")]

    @speaking
    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        found, root = files.located(self.artifact_uri)
        name = "/".join(part for part in (root, remote_file_path) if part)
        if name not in found:
            raise NotFound(f"there is no file {remote_file_path!r} at {self.artifact_uri}")
        Path(local_path).write_bytes(files.read(found[name]))

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Files go with their run."""
        raise MlflowException("artifacts are not deleted one by one: delete_run(), then mlops-jlab store gc")
