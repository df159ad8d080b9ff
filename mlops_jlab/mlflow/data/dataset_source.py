"""Where data come from: code, a file of this machine, or an address."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from mlops_jlab.errors import InputError


class DatasetSource:
    """A source of data. ``load`` gives the data's file, or the folder that they lie in."""

    kind = "code"

    def __init__(self, uri: str = "") -> None:
        self.uri = uri

    def load(self, dst_path: str | None = None) -> Any:
        """The path of the data on this machine.

        Raises:
            InputError: they were made by code, which is not known.
        """
        raise InputError("these data were made by code", hint="run it again: the source names it")

    def to_dict(self) -> dict[str, Any]:
        """The source as a dict."""
        return {"tags": {"mlflow.source.name": self.uri}}

    def to_json(self) -> str:
        """The same as JSON."""
        return json.dumps(self.to_dict())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.uri}>"


class CodeDatasetSource(DatasetSource):
    """Data that a program made."""


class LocalArtifactDatasetSource(DatasetSource):
    """A file or folder of this machine."""

    kind = "local"

    def load(self, dst_path: str | None = None) -> str:
        """The path; with ``dst_path`` that of a copy there."""
        path = Path(self.uri.removeprefix("file://"))
        if not path.exists():
            raise InputError(f"the data {path} are not there any more")
        if dst_path is None:
            return str(path)
        target = Path(dst_path) / path.name
        return str(shutil.copytree(path, target) if path.is_dir() else shutil.copy(path, target))

    def to_dict(self) -> dict[str, Any]:
        """The source as a dict."""
        return {"uri": self.uri}


class HTTPDatasetSource(DatasetSource):
    """An address on the web."""

    kind = "http"

    @property
    def url(self) -> str:
        """The address."""
        return self.uri

    def load(self, dst_path: str | None = None) -> str:
        """Fetches the data into a file; its path.

        Raises:
            InputError: they cannot be fetched.
        """
        folder = Path(dst_path or tempfile.mkdtemp(prefix="mlops-jlab-"))
        target = folder / (Path(urlparse(self.uri).path).name or "data")
        try:
            with urllib.request.urlopen(self.uri, timeout=60) as answer, target.open("wb") as file:  # noqa: S310  # http
                shutil.copyfileobj(answer, file)
        except OSError as error:
            raise InputError(f"{self.uri} cannot be fetched: {error}") from error
        return str(target)

    def to_dict(self) -> dict[str, Any]:
        """The source as a dict."""
        return {"url": self.uri}


def of(source: Any) -> DatasetSource:
    """The source that an address, a path or nothing names."""
    if isinstance(source, DatasetSource):
        return source
    if source is None:
        return CodeDatasetSource(sys.argv[0] if sys.argv else "")
    text = str(source)
    return (HTTPDatasetSource if text.startswith(("http://", "https://")) else LocalArtifactDatasetSource)(
        text
    )


def read(kind: str, text: str) -> DatasetSource:
    """The source that a run has kept.

    Raises:
        InputError: it is of a kind that is not known here.
    """
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = {}
    kinds: dict[str, type[DatasetSource]] = {
        "code": CodeDatasetSource,
        "local": LocalArtifactDatasetSource,
        "http": HTTPDatasetSource,
    }
    if kind not in kinds:
        raise InputError(
            f"a source of the kind {kind!r} is not known here", hint="load the data by their own library"
        )
    return kinds[kind](
        found.get("url") or found.get("uri") or found.get("tags", {}).get("mlflow.source.name", "")
    )
