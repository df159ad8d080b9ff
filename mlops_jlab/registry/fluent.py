"""The public calls for models, under the names that MLflow gave them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_jlab.entities.models import CHAMPION, ModelVersion
from mlops_jlab.registry import versions
from mlops_jlab.registry.versions import Moved
from mlops_jlab.store import location
from mlops_jlab.tracking import fluent, starting


def log_model(
    model: Any = None, name: str = "model", *_ignored: Any, registered_model_name: str = "",
    input_example: Any = None, **others: Any,
) -> ModelVersion | None:  # fmt: skip
    """Keeps a fitted model with the active run, and registers it if a ``registered_model_name`` is given.

    ``sk_model`` and ``artifact_path`` are understood as in MLflow. Gives the version, if there is one.
    """
    model = others.get("sk_model", model)
    fluent.log_model(model, others.get("artifact_path") or name)
    if not registered_model_name:
        return None
    return register_model(model, registered_model_name, input_example=input_example)


def register_model(
    model: Any, name: str, *, input_example: Any = None, metrics: Mapping[str, float] | None = None,
    data: Any = None, note: str = "",
) -> ModelVersion:  # fmt: skip
    """Saves a fitted model as the next version of the registered model ``name``.

    ``input_example`` are rows that it can predict, for its signature: a DataFrame or array of shape (rows,
    columns). ``data`` is what it was fitted on, of which a fingerprint is kept. The version belongs to the
    active run.

    Raises:
        InputError: the name cannot be one, or the model cannot predict the example.
        StoreError: the store cannot be written.
    """
    return versions.register(
        model, name, example=input_example, metrics=metrics, data=data, note=note, run=starting.current()
    )


def load_model(address: str, *, trust: bool = False) -> Any:
    """The model at ``NAME@ALIAS``, ``NAME/NUMBER`` or ``NAME`` (its newest), with or without ``models:/``.

    Its file must be what was registered. A pickle that another machine wrote is loaded with ``trust`` alone.

    Raises:
        InputError: there is none, it is not trusted, or what it needs is not installed.
        StoreError: its file is missing, or was changed.
    """
    return versions.load(location.find(), address, trust=trust)


def promote(address: str, alias: str = CHAMPION, *, reason: str = "") -> Moved:
    """Lets ``alias`` point at a version, as ``mlops-jlab models promote`` does.

    Raises:
        InputError: there is no such version, or its gate stands against it.
    """
    return versions.promote(location.find(), address, alias, reason=reason)
