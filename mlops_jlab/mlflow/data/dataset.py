"""Data by name, digest and source: what is kept of them when a run reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.backing.inputs import CONTEXT
from mlops_jlab.mlflow.data.dataset_source import DatasetSource
from mlops_jlab.mlflow.entities import Dataset as Kept
from mlops_jlab.mlflow.entities import DatasetInput, InputTag


class Dataset:
    """Data that are used for training or evaluation. Two with one digest are taken for the same."""

    kind = "dataset"

    def __init__(self, source: DatasetSource, name: str | None = None, digest: str | None = None) -> None:
        self._source = source
        self.name = name or "dataset"
        self.digest = digest or self._digest()

    def _digest(self) -> str:
        return ""

    @property
    def source(self) -> DatasetSource:
        """Where the data come from."""
        return self._source

    @property
    def profile(self) -> dict[str, Any] | None:
        """How many rows and columns there are."""
        return None

    @property
    def schema(self) -> Any:
        """The columns with their types."""
        return None

    def to_dict(self) -> dict[str, str]:
        """What is kept: texts alone."""
        found = {
            "name": self.name,
            "digest": self.digest,
            "source": self._source.to_json(),
            "source_type": self._source.kind,
        }
        if self.schema is not None:
            kind = "tensorspec" if self.schema.is_tensor_spec() else "colspec"
            found["schema"] = json.dumps({f"mlflow_{kind}": self.schema.to_dict()})
        if self.profile is not None:
            found["profile"] = json.dumps(self.profile)
        return found

    def to_json(self) -> str:
        """The same as JSON."""
        return json.dumps(self.to_dict())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} ({self.digest})>"


def as_input(dataset: Any, context: str | None, tags: Mapping[str, str] | None) -> DatasetInput:
    """A use of data, as a run keeps it.

    Raises:
        InputError: that is no dataset.
    """
    if isinstance(dataset, Kept):
        kept = dataset
    elif hasattr(dataset, "to_dict") and hasattr(dataset, "digest"):
        kept = Kept(**{key: value for key, value in dataset.to_dict().items() if value is not None})
    else:
        raise InputError(
            f"a {type(dataset).__name__} is not a dataset", hint="mlflow.data.from_pandas(frame) makes one"
        )
    found = [InputTag(key, str(value)) for key, value in (tags or {}).items()]
    return DatasetInput(kept, found + ([InputTag(CONTEXT, context)] if context else []))
