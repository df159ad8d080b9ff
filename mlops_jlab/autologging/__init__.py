"""What libraries do in training, logged by itself: scikit-learn, xgboost, lightgbm, and yours.

A library is taught in one function::

    from mlops_jlab import autologging

    def teach(module, patches):
        def train(original, *args, **kwargs):
            with autologging.outermost() as run:        # nothing if another fit is being logged
                model = original(*args, **kwargs)
                if run:
                    run.log_metric("loss", model.loss)
                return model

        patches.wrap(module, "train", train)

    autologging.register("mylibrary", teach)

``teach`` is called when the library is imported, or at once if it is. ``autolog(disable=True)`` undoes
all of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from mlops_jlab.autologging import boosting, estimators
from mlops_jlab.autologging.patching import Patches
from mlops_jlab.errors import MlopsError
from mlops_jlab.handoff.ambient import ImportWatch
from mlops_jlab.telling import tell
from mlops_jlab.tracking import keywords, lifecycle
from mlops_jlab.tracking.live import LiveRun

Teach = Callable[[ModuleType, Patches], None]

_inside: ContextVar[bool] = ContextVar("mlops_jlab_autolog", default=False)
_patches = Patches()
_watch: ImportWatch | None = None
_on: set[str] = set()  # the libraries that are logged
settings: dict[str, bool] = {"figures": True, "scores": True, "models": False}
MOST_CANDIDATES = 1_000
# How many candidates of a search become runs, and what joins data and metric in a booster's names.
candidates, joint = MOST_CANDIDATES, "."
# Called after a training that was logged: with the run, the model, its data, and the truth of each row.
listeners: list[Callable[[LiveRun, Any, Any, Any], None]] = []


def autolog(disable: bool = False, *, log_models: bool | None = None, **options: bool) -> None:
    """Logs what estimators do in ``fit``; ``disable`` undoes it. Options as of ``enable``.

    MLflow's ``log_models`` means ``models``.

    Raises:
        TrackingError: an option is not known.
    """
    known = ("disable", "figures", "scores", "models", "log_models")
    keywords.refuse("autolog", {key: v for key, v in options.items() if key not in known}, known)
    if log_models is not None:
        options["models"] = log_models
    if disable:
        stop()
    else:
        enable(only=(), **options)


def register(module: str, teach: Teach) -> None:
    """Teaches autologging a library: ``teach(module, patches)`` wraps what is to be logged."""
    _taught[module] = teach
    if _watch is not None:
        _begin(module)


def enable(
    *, figures: bool = True, scores: bool = True, models: bool = False, only: Collection[str] = ()
) -> None:
    """Logs from now on. ``figures``, ``scores`` on the training data, and ``models`` can be left out.

    ``only`` names some libraries (``sklearn``, ``xgboost``, ``lightgbm``); without it all are logged.
    """
    global _watch
    settings.update(figures=figures, scores=scores, models=models)
    if _watch is None:
        _watch = ImportWatch(_wants, _imported)
        sys.meta_path.insert(0, _watch)
    for name in _taught:
        if not only or name.partition(".")[0] in only:
            _begin(name)


def _begin(module: str) -> None:
    """A library is logged from now on, or as soon as it is imported."""
    if module not in _on:
        _on.add(module)
        if module in sys.modules:
            _taught[module](sys.modules[module], _patches)


def stop() -> None:
    """Everything is as it was before ``enable``."""
    global _watch, candidates, joint
    _patches.undo()
    _on.clear()
    candidates, joint = MOST_CANDIDATES, "."
    if _watch in sys.meta_path:
        sys.meta_path.remove(_watch)
    _watch = None


def heard(run: LiveRun, model: Any, data: Any, target: Any = None) -> None:
    """Tells whoever listens that a model was trained."""
    for call in listeners:
        call(run, model, data, target)


def _wants(spec: ModuleSpec) -> bool:
    return spec.name in _on


def _imported(module: str) -> None:
    if module in _on:
        _taught[module](sys.modules[module], _patches)


@contextmanager
def nothing_inside() -> Iterator[bool]:
    """Calls within are not logged; whether this is the outermost such block."""
    outer = not _inside.get()
    token = _inside.set(True)
    try:
        yield outer
    finally:
        _inside.reset(token)


@contextmanager
def outermost(name: str = "") -> Iterator[LiveRun | None]:
    """The run to log to: the active one, else one of its own; nothing within another logged call.

    What goes wrong in starting the run is told and stops nothing.
    """
    with nothing_inside() as outer:
        if not outer:
            yield None
            return
        run = lifecycle.current()
        own = run is None
        if run is None:
            try:
                run = lifecycle.start(name=name, kind="fit")
            except MlopsError as error:
                tell(str(error))
        try:
            yield run
        except BaseException as error:
            if own and run is not None:
                run.fail(error)
            raise
        if own and run is not None:
            run.end()


_taught: dict[str, Teach] = {
    "sklearn.base": estimators.teach,
    "xgboost": boosting.teach_xgboost,
    "lightgbm": boosting.teach_lightgbm,
}
