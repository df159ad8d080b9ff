"""Fitted models → folders with ``MLmodel``, logged models, versions; and back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops_jlab import packages
from mlops_jlab.errors import InputError, nearest
from mlops_jlab.mlflow import registering
from mlops_jlab.mlflow.backing import files, loading, logged, places, versions
from mlops_jlab.mlflow.flavours.predicting import PyFuncModel
from mlops_jlab.mlflow.models.info import ModelInfo, of
from mlops_jlab.mlflow.models.signature import ModelSignature, infer_signature
from mlops_jlab.registry import folders, resolving, signatures
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import contents, keywords, lifecycle

# MLflow's words for how a model is written, and ours.
_FORMS = {"skops": "skops", "cloudpickle": "pickle", "pickle": "pickle"}
_INSTEAD = "a model is kept with the versions of what it was made with"
# What says how an environment is built, which is not kept: the versions of the packages are.
ENVIRONMENT = (
    "conda_env code_paths extra_files model_config resources auth_policy loader_module data_path "
    "mlflow_model uv_project_path uv_groups uv_extras prompts"
).split()


def log(
    model: Any,
    name: str | None,
    artifact_path: str | None,
    flavour: str,
    *,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    registered_model_name: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    model_id: str | None = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    metadata: Mapping[str, Any] | None = None,
    **others: Any,
) -> ModelInfo:
    """Keeps a fitted model as a logged model, with the active run if there is one; registers it if asked to.

    Raises:
        InputError: it is no model, cannot predict the example, or a keyword cannot be obeyed.
    """
    resolving.check(model)
    place = str(name or artifact_path or "model")
    active = lifecycle.current()
    started = model_id or registering.initialize_logged_model(place, None, tags, params, model_type).model_id
    folder = _folder(
        model,
        flavour,
        signature=signature,
        example=input_example,
        run_id=active.id if active else "",
        model_id=started,
        path=place,
        requirements=_needs(model, pip_requirements, extra_pip_requirements),
        metadata=metadata,
        **others,
    )
    if model_id:
        logged.parametrise(model_id, params or {})
    logged.fill(started, files.put(folder))
    logged.settle(started, "READY")
    if active is not None:
        logged.made(active.id, {started: step})
    uri = f"models:/{started}"
    made = versions.create(registered_model_name, uri, model_id=started) if registered_model_name else None
    info = of(folder, uri)
    seen = logged.get(started)
    return replace(
        info, params=seen.params, tags=seen.tags, registered_model_version=made.version if made else None
    )


def _needs(model: Any, given: Any, more: Any) -> list[str]:
    """The requirements: those that are given, or those that the model's classes come from; and some more."""
    if isinstance(given, (str, Path)):
        given = Path(given).read_text("utf-8").splitlines()
    return [*(signatures.requirements(model) if given is None else map(str, given)), *map(str, more or ())]


def _folder(
    model: Any,
    flavour: str,
    *,
    signature: ModelSignature | None,
    example: Any,
    run_id: str = "",
    model_id: str = "",
    path: str = "",
    requirements: list[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    serialization_format: str | None = None,
    skops_trusted_types: Sequence[str] | None = None,
    **others: Any,
) -> dict[str, bytes]:
    """The files of a model, by name."""
    refused = {key: others.pop(key) for key in ENVIRONMENT if key in others}
    keywords.unsupported("log_model", _INSTEAD, **refused)
    keywords.refuse(
        "log_model",
        others,
        (
            "name",
            "signature",
            "input_example",
            "registered_model_name",
            "params",
            "tags",
            "metadata",
            "pip_requirements",
            "serialization_format",
        ),
    )
    found = contents.model(model, _form(serialization_format))
    about = loading.about(found)
    about["signed"] = loading.signed(found)
    if about.get("format") == "skops":
        with packages.installed("skops"):
            from skops import io as skops

            about["trusted"] = skops.get_untrusted_types(data=found["model.skops"])
    _trusted(about, skops_trusted_types)
    found[loading.ABOUT] = json.dumps(about, indent=2, default=str).encode()
    if example is not None:
        found[folders.EXAMPLE] = _example(example)
        signature = signature or _inferred(model, example)
    found[folders.MLMODEL] = folders.described(
        about,
        flavour=flavour,
        run_id=run_id,
        model_id=model_id,
        path=path,
        example=example is not None,
        signature=signature.to_dict() if signature else None,
        metadata=metadata,
    )
    return found | folders.environment(requirements or [])


def _form(given: str | None) -> str:
    """``skops`` or ``pickle``, as MLflow's word asks; nothing where none is given.

    Raises:
        InputError: there is no such format.
    """
    if given is not None and given not in _FORMS:
        raise InputError(
            f"serialization_format {given!r} does not exist{nearest(given, _FORMS)}",
            hint=f"choose {', '.join(_FORMS)}, or leave it out",
        )
    return _FORMS[given] if given else ""


def _trusted(about: Mapping[str, Any], given: Sequence[str] | None) -> None:
    """Refuses types that are not among those ``given`` to be trusted.

    Raises:
        InputError: the model has others, or is not kept by skops.
    """
    if given is None:
        return
    if about.get("format") != "skops":
        raise InputError(
            "skops_trusted_types needs a model that skops can keep, and this one is pickled",
            hint="leave it out: a pickle loads only on the machine that wrote it",
        )
    others = sorted(set(about["trusted"]) - set(given))
    if others:
        raise InputError(
            f"the model has types that skops_trusted_types does not name: {', '.join(others)}",
            hint="name them as well, or leave skops_trusted_types out",
        )


def _inferred(model: Any, example: Any) -> ModelSignature | None:
    rows = loading.example({folders.EXAMPLE: _example(example)})
    try:
        return infer_signature(rows, PyFuncModel(model).predict(rows))
    except Exception as error:  # whatever a model's own code raises
        raise InputError(
            f"the model cannot predict the example: {type(error).__name__}: {error}",
            hint="give rows with the columns that it was fitted on",
        ) from error


def _example(example: Any) -> bytes:
    """The first rows of an example, as JSON."""
    if hasattr(example, "to_json") and hasattr(example, "columns"):
        return str(example.head(5).to_json(orient="split", index=False, date_format="iso")).encode()
    if hasattr(example, "tolist"):
        return json.dumps({"inputs": example[:5].tolist()}).encode()
    return json.dumps({"inputs": example}, default=str).encode()


def save(
    model: Any,
    path: str | Path,
    flavour: str,
    *,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    metadata: Mapping[str, Any] | None = None,
    **others: Any,
) -> None:
    """Writes a fitted model into a new folder of this machine.

    Raises:
        InputError: the folder has something in it, or a keyword cannot be obeyed.
    """
    resolving.check(model)
    target = Path(path)
    if target.exists() and any(target.iterdir()):
        raise InputError(f"{target} already exists", hint="choose another path")
    target.mkdir(parents=True, exist_ok=True)
    found = _folder(
        model,
        flavour,
        signature=signature,
        example=input_example,
        path=target.name,
        requirements=_needs(model, pip_requirements, extra_pip_requirements),
        metadata=metadata,
        **others,
    )
    for name, content in found.items():
        (target / name).write_bytes(content)


def load(model_uri: str, dst_path: str | None = None) -> Any:
    """The model at an address: logged, registered, among the artifacts of a run, or in a folder.

    With ``dst_path`` its files are written there as well. A pickle that another machine wrote is not loaded.

    Raises:
        InputError: there is none that can be loaded here.
        NotFound: nothing is there.
    """
    uri = str(model_uri)
    if dst_path is not None:
        if files.is_ours(uri):
            files.download(uri, dst_path)
        else:
            shutil.copytree(uri.removeprefix("file://"), dst_path, dirs_exist_ok=True)
    if uri.startswith("models:/") and not uri.removeprefix("models:/").lstrip("/").startswith("m-"):
        return _registered(places.here(), uri)
    return loading.model(files.contents(uri), uri)


def _registered(place: Place, uri: str) -> Any:
    from mlops_jlab.registry import versions as registry

    return registry.load(place, uri.replace("/latest", "").replace("models://", "models:/"))
