"""A version of a folder that MLflow has written: MLflow loads it, and we where it holds one file of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blake3 import blake3

from mlops_jlab.entities.models import ModelAddress, ModelVersion
from mlops_jlab.entities.runs import Artifact
from mlops_jlab.masking import masked
from mlops_jlab.registry import folders, identity, modelfiles, needs
from mlops_jlab.store import artifacts, opening, reading, registering
from mlops_jlab.store.location import Place
from mlops_jlab.store.whole import whole_of
from mlops_jlab.tracking import lifecycle

_NAMING = ("model_path", "pickled_model", "data")  # the keys of a flavour that name its file
_KINDS = {"model.skops": "skops", "model.pkl": "pickle"}
_FLAVOURS = {"python_function", "sklearn"}  # those that load such a file
_OF_NO_MODEL = {  # what MLflow writes beside a model, and no model reads when it is loaded
    "MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "input_example.json",
    "serving_input_example.json", "registered_model_meta",
}  # fmt: skip


def register(
    place: Place, name: str, files: Mapping[str, bytes], about: Mapping[str, Any], *, run_id: str = ""
) -> ModelVersion:
    """Registers the files of a folder as the next version of ``name``; ``about`` is what else is known of it.

    A pickle among them is loaded by us unasked only if ``about`` has this machine's signature of it.

    Raises:
        InputError: the name cannot be one.
        PolicyBreach: the policy of the store does not allow it.
    """
    kept = [
        Artifact(artifacts.check_name(path), *artifacts.put(place, [data])) for path, data in files.items()
    ]
    said = folders.read(files)
    file = next((one for one in _KINDS if one in files), "")
    signature = folders.in_our_words(said["signature"]) if said.get("signature") else {}
    found = {
        "format": _KINDS.get(file, modelfiles.MLFLOW), "class": _flavour(said), "metrics": {},
        "parameters": {}, "signature": signature,
        "requirements": needs.of_text(files.get("requirements.txt", b"").decode("utf-8", "replace")),
        "content": _content(said, files, file) if file else "",
        **{key: masked(value) if isinstance(value, str) else value for key, value in about.items()},
    }  # fmt: skip
    with opening.writing(place) as connection:
        whole = whole_of(connection, reading.find(connection, run_id).id) if run_id else ""
        number = registering.add(connection, name, kept, found, who=lifecycle.who(), run=run_id, whole=whole)
        return registering.find(connection, ModelAddress(name, number))


def _content(said: Mapping[str, Any], files: Mapping[str, bytes], file: str) -> str:
    """What a folder's model is known by, whose file ``file`` we load; what lies beside it is part of it.

    Nothing where MLflow would load something else, or by another reader than we do (one file may be two
    things): what a gate finds of the file does not speak of that.
    """
    kinds = {kind: about for kind, about in (said.get("flavors") or {}).items() if isinstance(about, Mapping)}
    named = {str(about[key]) for about in kinds.values() for key in _NAMING if about.get(key)}
    loaders = {str(about["loader_module"]) for about in kinds.values() if about.get("loader_module")}
    reader = "skops" if file.endswith(".skops") else "pickle"
    read_by = str((kinds.get("sklearn") or {}).get("serialization_format") or "pickle")
    if named != {file} or loaders - {"mlflow.sklearn"} or set(kinds) - _FLAVOURS:
        return ""
    if read_by.removeprefix("cloud") != reader:
        return ""
    found = identity.digest(files[file], file)
    others = files.keys() - _OF_NO_MODEL - {file}
    beside = {name: str(blake3(files[name]).hexdigest()) for name in others}
    return found if not beside else str(blake3(repr((found, sorted(beside.items()))).encode()).hexdigest())


def _flavour(said: Mapping[str, Any]) -> str:
    """The libraries that a folder was written for."""
    flavours = [one for one in said.get("flavors", {}) if one != "python_function"]
    return ", ".join(flavours) or "python_function"
