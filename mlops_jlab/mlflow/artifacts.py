"""Artifacts by address: ``runs:/RUN/PATH``, ``models:/NAME/NUMBER``, or what ``get_artifact_uri`` gives."""

from __future__ import annotations

import io
import json
from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.backing import files, places
from mlops_jlab.mlflow.entities import FileInfo
from mlops_jlab.mlflow.exceptions import translated


def _address(artifact_uri: str | None, run_id: str | None, artifact_path: str | None) -> str:
    if (artifact_uri is None) == (run_id is None):
        raise InputError("give either artifact_uri or run_id")
    uri = artifact_uri or places.run_uri(str(run_id))
    return f"{uri}/{artifact_path}" if artifact_path else uri


@translated
def download_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    dst_path: str | None = None,
    tracking_uri: str | None = None,
) -> str:
    """Writes artifacts into a folder of this machine; where they lie there."""
    places.refuse_server("download_artifacts", tracking_uri)
    return str(files.download(_address(artifact_uri, run_id, artifact_path), dst_path))


@translated
def list_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    tracking_uri: str | None = None,
) -> list[FileInfo]:
    """What lies directly below an address."""
    places.refuse_server("list_artifacts", tracking_uri)
    if artifact_uri is not None and artifact_path is not None:
        raise InputError("artifact_path goes with run_id", hint="an address has its path at its end")
    return files.listed(_address(artifact_uri, run_id, None), artifact_path or "")


def _content(artifact_uri: str) -> bytes:
    found = files.below(artifact_uri)
    if len(found) != 1:
        raise InputError(f"{artifact_uri} is a folder", hint="name one of its files")
    return files.read(next(iter(found.values())))


@translated
def load_text(artifact_uri: str) -> str:
    """The text of an artifact."""
    return _content(artifact_uri).decode()


@translated
def load_dict(artifact_uri: str) -> Any:
    """The content of a JSON or YAML artifact."""
    content = _content(artifact_uri)
    if artifact_uri.endswith((".yaml", ".yml")):
        import yaml

        return yaml.safe_load(content)
    try:
        return json.loads(content)
    except ValueError as error:
        raise InputError(f"{artifact_uri} is not valid JSON: {error}") from error


@translated
def load_image(artifact_uri: str) -> Any:
    """The Pillow image of an artifact."""
    from PIL import Image

    return Image.open(io.BytesIO(_content(artifact_uri)))
