"""Model folders that this layer has written → the model. A pickle is loaded only if this machine wrote it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.handoff.trust import is_ours as is_signed
from mlops_jlab.registry import folders, modelfiles

ABOUT = "model.json"


def about(files: Mapping[str, bytes]) -> dict[str, Any]:
    """What is known of the model in a folder; nothing where it is none of ours."""
    try:
        found = json.loads(files.get(ABOUT, b"{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def is_ours(files: Mapping[str, bytes]) -> bool:
    """Whether this layer has written a folder, on this machine."""
    name, content = _file(files)
    return bool(name) and is_signed(f"model:{_digest(content)}".encode(), str(about(files).get("signed", "")))


def _file(files: Mapping[str, bytes]) -> tuple[str, bytes]:
    return next(((name, files[name]) for name in ("model.skops", "model.pkl") if name in files), ("", b""))


def _digest(content: bytes) -> str:
    from blake3 import blake3

    return str(blake3(content).hexdigest())


def signed(files: Mapping[str, bytes]) -> str:
    """The proof that this machine wrote the model among ``files``."""
    return modelfiles.signature_of(_digest(_file(files)[1]))


def model(files: Mapping[str, bytes], title: str) -> Any:
    """The model in a folder.

    Raises:
        InputError: there is none that can be loaded here, or it is a pickle that another machine wrote.
    """
    name, content = _file(files)
    if not name:
        flavours = ", ".join(folders.read(files).get("flavors", {})) or "no model of ours"
        raise InputError(
            f"{title} holds {flavours}",
            hint="MLflow itself loads it: MLFLOW_TRACKING_URI=mlops-jlab:, import mlflow",
        )
    if name == "model.pkl" and not is_ours(files):
        raise InputError(
            f"{title} is a pickle that was not written here, and loading it runs its code",
            hint="mlops_jlab.load_model(..., trust=True) if you know where it comes from",
        )
    return modelfiles.unpack(content, name.rpartition(".")[2], title)


def example(files: Mapping[str, bytes]) -> Any:
    """The rows that were logged as an example, as a DataFrame or an array; None without one."""
    if folders.EXAMPLE not in files:
        return None
    import numpy
    import pandas

    text = files[folders.EXAMPLE].decode()
    content = json.loads(text)
    if "columns" in content:
        return pandas.read_json(io.StringIO(text), orient="split")
    return numpy.asarray(content["inputs"])
