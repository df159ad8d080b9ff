"""MLflow's model folders: the file ``MLmodel`` that says what lies beside it, written and read."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Mapping
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.entities.runs import Artifact
from mlops_jlab.registry import needs
from mlops_jlab.store import artifacts
from mlops_jlab.store.location import Place

MLMODEL = "MLmodel"
EXAMPLE = "input_example.json"


def described(
    about: Mapping[str, Any],
    *,
    flavour: str = "sklearn",
    run_id: str = "",
    model_id: str = "",
    path: str = "",
    signature: Mapping[str, Any] | None = None,
    example: bool = False,
    metadata: Mapping[str, Any] | None = None,
) -> bytes:
    """The text of ``MLmodel`` for a model of ours, whose ``model.json`` says ``about``."""
    import yaml

    skops = about.get("format") == "skops"
    file = f"model.{'skops' if skops else 'pkl'}"
    package, _, version = str(about.get("package", "")).partition(" ")
    content: dict[str, Any] = {
        "artifact_path": path or "model",
        "flavors": {
            "python_function": {
                "env": {"virtualenv": "python_env.yaml"},
                "loader_module": "mlflow.sklearn",
                "model_path": file,
                "predict_fn": "predict",
                "python_version": platform.python_version(),
            },
            "sklearn": {
                "pickled_model": file,
                "serialization_format": "skops" if skops else "cloudpickle",
                "code": None,
                "sklearn_version": version if package == "sklearn" else "",
                **({"skops_trusted_types": list(about.get("trusted", ()))} if skops else {}),
            },
        },
        "mlops_jlab": {"flavor": flavour, "class": about.get("class", "")},
        "utc_time_created": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
    }
    more = {
        "run_id": run_id,
        "model_id": model_id,
        "model_uuid": model_id,
        "signature": signature,
        "saved_input_example_info": {"artifact_path": EXAMPLE, "type": "dataframe", "pandas_orient": "split"}
        if example
        else None,
        "metadata": metadata,
    }
    content |= {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in more.items() if value
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode()


def environment(requirements: list[str]) -> dict[str, bytes]:
    """The files that say what a model needs."""
    import yaml

    lines = "".join(f"{line}\n" for line in requirements).encode()
    env = {"python": platform.python_version(), "dependencies": ["-r requirements.txt"]}
    return {"requirements.txt": lines, "python_env.yaml": yaml.safe_dump(env).encode()}


def read(files: Mapping[str, bytes]) -> dict[str, Any]:
    """What ``MLmodel`` says of the files beside it; nothing where there is none."""
    import yaml

    found = yaml.safe_load(files[MLMODEL]) if MLMODEL in files else {}
    return found if isinstance(found, dict) else {}


def of_version(place: Place, version: ModelVersion) -> list[Artifact]:
    """The files of a version as MLflow's folder: those that say what it is are written where it has none."""
    found = list(version.files)
    if any(file.path == MLMODEL for file in found):
        return found
    about = dict(version.about)
    more = {
        MLMODEL: described(about, run_id=version.run, path=version.model, signature=in_mlflows_words(about)),
        **environment(needs.for_pip(map(str, about.get("requirements", [])))),
    }
    return found + [Artifact(name, *artifacts.put(place, [data])) for name, data in more.items()]


def in_mlflows_words(about: Mapping[str, Any]) -> dict[str, Any] | None:
    """The signature of a version of ours, as ``MLmodel`` has it; nothing where its columns have no types."""
    known = about.get("signature")
    if not isinstance(known, Mapping) or not known.get("inputs"):
        return None
    if any(not one.get("dtype") for one in known["inputs"]):
        return None
    return {
        "inputs": json.dumps([_column(one) for one in known["inputs"]]),
        "outputs": json.dumps([_column(one) for one in known.get("outputs", ())]) or None,
        "params": None,
    }


_TYPES = {
    "int64": "long",
    "int32": "integer",
    "int16": "integer",
    "int8": "integer",
    "uint8": "integer",
    "float64": "double",
    "float32": "float",
    "bool": "boolean",
    "object": "string",
    "str": "string",
    "string": "string",
    "category": "string",
}


def _column(one: Mapping[str, Any]) -> dict[str, Any]:
    dtype = str(one["dtype"])
    if one.get("shape"):
        return {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": [-1, *one["shape"]]}}
    kind = "datetime" if dtype.startswith("datetime") else _TYPES.get(dtype, "string")
    return {"name": one["name"], "type": kind, "required": True}


_DTYPES = {
    "long": "int64",
    "integer": "int32",
    "double": "float64",
    "float": "float32",
    "boolean": "bool",
    "string": "object",
    "datetime": "datetime64[ns]",
    "binary": "object",
}


def in_our_words(signature: Mapping[str, Any]) -> dict[str, Any]:
    """A signature of ``MLmodel`` as a version of ours has it."""
    found: dict[str, Any] = {}
    for side in ("inputs", "outputs"):
        known = signature.get(side) or "[]"
        columns = json.loads(known) if isinstance(known, str) else known
        found[side] = [_ours(one, side, place) for place, one in enumerate(columns)]
    return found


def _ours(one: Mapping[str, Any], side: str, place: int) -> dict[str, Any]:
    name = one.get("name") or ("prediction" if side == "outputs" else f"column {place + 1}")
    if one.get("type") == "tensor":
        spec = one["tensor-spec"]
        return {"name": name, "dtype": spec["dtype"], "shape": list(spec["shape"][1:])}
    return {"name": name, "dtype": _DTYPES.get(str(one.get("type")), "object")}
