"""What is registered is a model: an object that predicts, or the address of one that is kept already."""

from __future__ import annotations

from pathlib import PurePath
from types import ModuleType
from typing import Any

from mlops_jlab.entities.models import SCHEME
from mlops_jlab.errors import InputError, NotFound
from mlops_jlab.registry import modelfiles, versions
from mlops_jlab.store import artifacts, opening, reading
from mlops_jlab.store.location import Place

RUNS = "runs:/"
_PLAIN = (
    str,
    bytes,
    bytearray,
    bool,
    int,
    float,
    complex,
    list,
    tuple,
    set,
    frozenset,
    range,
    PurePath,
    type,
    ModuleType,
)


def resolve(place: Place, model: Any) -> tuple[Any, str]:
    """The model that is meant, and the id of the run that an address names.

    ``runs:/RUN/PATH`` is what ``log_model(model, PATH)`` has kept with a run, ``models:/NAME/NUMBER`` and
    ``models:/NAME@ALIAS`` are registered versions.

    Raises:
        InputError: it is no model, and no address of one.
        NotFound: nothing is there.
    """
    if isinstance(model, str) and model.startswith(RUNS):
        return of_run(place, model)
    if isinstance(model, str) and model.startswith(SCHEME):
        return versions.load(place, model), ""
    check(model)
    return model, ""


def check(model: Any) -> None:
    """Whether this could be a model.

    Raises:
        InputError: it is a text, a number, data or something else that predicts nothing.
    """
    predicts = any(callable(getattr(model, name, None)) for name in ("predict", "predict_proba", "transform"))
    is_data = any(hasattr(model, name) for name in ("dtype", "dtypes")) and not callable(model)
    if model is None or isinstance(model, _PLAIN) or (is_data and not predicts):
        shown = repr(model[:80]) if isinstance(model, str) else f"a {type(model).__name__}"
        raise InputError(
            f"{shown} is not a model",
            hint="give the fitted model itself, runs:/RUN/PATH or models:/NAME/NUMBER",
        )


def of_run(place: Place, address: str, *, trust: bool = False) -> tuple[Any, str]:
    """The model at ``runs:/RUN/PATH``, and the run's id. A pickle is loaded with ``trust`` alone.

    Raises:
        InputError: it is no such address, or a pickle.
        NotFound: there is no such run, or it has kept no model there.
    """
    wanted, _, path = address.removeprefix(RUNS).partition("/")
    if not wanted or not path:
        raise InputError(f"{address!r} names no model of a run", hint="write runs:/RUN/PATH")
    with opening.reading(place) as connection:
        run = reading.find(connection, wanted)
        kept = {file.path: file.digest for file in reading.artifacts(connection, run)}
    below = path.strip("/")
    ending = next((ending for ending in ("skops", "pkl") if f"{below}/model.{ending}" in kept), "")
    if ending == "pkl" and not trust:
        raise InputError(
            f"{address} is a pickle, and loading it runs its code",
            hint="load_model(..., trust=True) if you know where it comes from; then register the object",
        )
    if not ending:
        models = sorted(name.rpartition("/")[0] for name in kept if name.endswith("/model.json"))
        raise NotFound(
            f"run {run.id[:12]} has kept no model {below!r}",
            hint=f"it has: {', '.join(models)}" if models else "log_model(model) keeps one",
        )
    content = artifacts.read(place, kept[f"{below}/model.{ending}"])
    return modelfiles.unpack(content, ending, address), run.id
