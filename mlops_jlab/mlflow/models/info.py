"""What is known of a model that was logged: its address, flavour, signature and example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_jlab.mlflow.backing import files, loading
from mlops_jlab.mlflow.exceptions import translated
from mlops_jlab.mlflow.models.signature import ModelSignature
from mlops_jlab.registry import folders


@dataclass(frozen=True)
class ModelInfo:
    """A model that was logged or registered."""

    model_uri: str
    artifact_path: str = ""
    model_id: str = ""
    run_id: str = ""
    name: str = ""
    flavors: Mapping[str, Any] = field(default_factory=dict)
    signature: ModelSignature | None = None
    saved_input_example_info: Mapping[str, Any] | None = None
    utc_time_created: str = ""
    metadata: Mapping[str, Any] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    registered_model_version: int | None = None

    @property
    def model_uuid(self) -> str:
        """The id, by its old name."""
        return self.model_id

    @property
    def signature_dict(self) -> dict[str, Any] | None:
        """The signature as ``MLmodel`` has it."""
        return self.signature.to_dict() if self.signature else None


@translated
def get_model_info(model_uri: str) -> ModelInfo:
    """What is known of the model at an address.

    Raises:
        MlflowException: nothing is there.
    """
    return of(files.contents(model_uri), model_uri)


def of(found: Mapping[str, bytes], uri: str) -> ModelInfo:
    """What is known of the model in a folder."""
    said = folders.read(found)
    return ModelInfo(
        uri, str(said.get("artifact_path", "")), str(said.get("model_id", "")), str(said.get("run_id", "")),
        str(said.get("artifact_path", "")), dict(said.get("flavors", {})),
        ModelSignature.from_dict(said["signature"]) if said.get("signature") else None,
        said.get("saved_input_example_info"), str(said.get("utc_time_created", "")), said.get("metadata"),
    )  # fmt: skip


class Model:
    """The model in a folder, by what its ``MLmodel`` says."""

    def __init__(self, info: ModelInfo, found: Mapping[str, bytes]) -> None:
        self._info, self._files = info, found

    @classmethod
    @translated
    def load(cls, path: str) -> Model:
        """The model at an address, or in a folder of this machine."""
        found = files.contents(path)
        return cls(of(found, path), found)

    def get_model_info(self) -> ModelInfo:
        """What is known of it."""
        return self._info

    def load_input_example(self, path: str | None = None) -> Any:
        """The rows that were logged with it; ``path`` is understood and not needed."""
        return loading.example(self._files if path is None else files.contents(path))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._info, name)
