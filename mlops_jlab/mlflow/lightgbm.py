"""``mlflow.lightgbm``: models of lightgbm kept, loaded and logged while they are trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_jlab.mlflow.exceptions import translated
from mlops_jlab.mlflow.flavours import keeping, switching
from mlops_jlab.mlflow.flavours.switching import Wanted
from mlops_jlab.mlflow.models.info import ModelInfo
from mlops_jlab.mlflow.models.signature import ModelSignature

FLAVOUR = "lightgbm"


@translated
def log_model(
    lgb_model: Any,
    artifact_path: str | None = None,
    *,
    name: str | None = None,
    registered_model_name: str | None = None,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    await_registration_for: int | None = 300,
    serialization_format: str | None = None,
    skops_trusted_types: Sequence[str] | None = None,
    **others: Any,
) -> ModelInfo:
    """Keeps a fitted booster or an estimator as a logged model, with the active run if there is one.

    It is kept by skops where that can hold it, else as a pickle, or as ``serialization_format`` says:
    ``skops``, ``cloudpickle`` or ``pickle``. Types beyond ``skops_trusted_types`` are refused, and so are
    ``conda_env``, ``code_paths`` and their kin: the versions of the packages are kept.
    """
    return keeping.log(
        lgb_model,
        name,
        artifact_path,
        FLAVOUR,
        signature=signature,
        input_example=input_example,
        registered_model_name=registered_model_name,
        serialization_format=serialization_format,
        skops_trusted_types=skops_trusted_types,
        **others,
    )


@translated
def save_model(lgb_model: Any, path: str | Path, **others: Any) -> None:
    """Writes a fitted booster or an estimator into a new folder."""
    keeping.save(lgb_model, path, FLAVOUR, **others)


@translated
def load_model(model_uri: str, dst_path: str | None = None) -> Any:
    """The model at an address: ``runs:/RUN/PATH``, ``models:/NAME/NUMBER``, ``models:/m-ID``, or a folder."""
    return keeping.load(model_uri, dst_path)


@translated
def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    extra_tags: Mapping[str, str] | None = None,
) -> None:
    """Logs what ``lightgbm.train`` does: params, metrics of each round, the model; ``disable`` ends it."""
    switching.refuse_exclusive(exclusive)
    switching.switch(
        FLAVOUR,
        Wanted(
            log_input_examples,
            log_model_signatures,
            log_models,
            log_datasets,
            disable,
            silent,
            registered_model_name,
            dict(extra_tags or {}),
            tested_only=disable_for_unsupported_versions,
        ),
    )
