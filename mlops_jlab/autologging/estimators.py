"""scikit-learn: what an estimator, a pipeline or a search does in ``fit``."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator
from typing import Any

from mlops_jlab import autologging
from mlops_jlab.autologging import plots
from mlops_jlab.autologging.patching import Patches
from mlops_jlab.errors import MlopsError
from mlops_jlab.telling import tell
from mlops_jlab.tracking import lifecycle
from mlops_jlab.tracking.contents import fingerprint
from mlops_jlab.tracking.live import LiveRun

_MOST_ROWS = 100_000  # of training data that is scored again


def teach(module: Any, patches: Patches) -> None:
    """Wraps ``fit`` and ``score`` of every estimator there is, and of those still to be defined."""
    base = module.BaseEstimator
    for estimator in (module.ClassifierMixin, module.RegressorMixin, *_subclasses(base)):
        _wrap(estimator, patches)
    original = base.__init_subclass__.__func__

    def subclassed(cls: Any, **kwargs: Any) -> None:
        original(cls, **kwargs)
        _wrap(cls, patches)

    hook: Any = classmethod(subclassed)  # type: ignore[arg-type]  # cls is any class
    patches.put(base, "__init_subclass__", hook)


def _subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    below: type[Any]
    for below in cls.__subclasses__():
        yield below
        yield from _subclasses(below)


def _wrap(estimator: type, patches: Patches) -> None:
    for name, wrapper in (("fit", _fit), ("score", _score)):
        found: Any = vars(estimator).get(name)
        if inspect.isfunction(found):
            patches.wrap(estimator, name, wrapper)
        elif inspect.isfunction(getattr(found, "fn", None)):  # scikit-learn's available_if
            patches.wrap(found, "fn", wrapper)


def _fit(original: Callable[..., Any], estimator: Any, *args: Any, **kwargs: Any) -> Any:
    with autologging.outermost(type(estimator).__name__) as run:
        if run is None:
            return original(estimator, *args, **kwargs)
        _safely(_log_before, run, estimator)
        clock = time.perf_counter()
        result = original(estimator, *args, **kwargs)
        seconds = time.perf_counter() - clock
        given = _arguments(original, estimator, args, kwargs)
        _safely(_log_after, run, estimator, given, seconds)
        return result


def _score(original: Callable[..., Any], estimator: Any, *args: Any, **kwargs: Any) -> Any:
    """A score that the user asks for belongs to the run that is active."""
    with autologging.nothing_inside() as outer:
        result = original(estimator, *args, **kwargs)
    run = lifecycle.current()
    if run is not None and outer:
        _safely(run.log_metric, f"{type(estimator).__name__}.score", result)
    return result


def _safely(call: Callable[..., Any], *args: Any) -> None:
    """What goes wrong in logging is told, and the user's model is trained all the same."""
    try:
        call(*args)
    except MlopsError as error:
        tell(f"autolog: {error}")
    except Exception as error:  # whatever an estimator's own code raises
        tell(f"autolog: {type(error).__name__}: {error}")


def _arguments(
    original: Callable[..., Any], estimator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Any]:
    try:
        bound = inspect.signature(original).bind(estimator, *args, **kwargs).arguments
    except TypeError:
        return None, None
    return bound.get("X"), bound.get("y")


def _log_before(run: LiveRun, estimator: Any) -> None:
    run.set_tag("estimator", type(estimator).__name__)
    run.set_tag("estimator_class", f"{type(estimator).__module__}.{type(estimator).__qualname__}")
    for name, value in estimator.get_params(deep=True).items():
        run.log_param(name, value if isinstance(value, (str, int, float, bool, type(None))) else repr(value))


def _log_after(run: LiveRun, estimator: Any, given: tuple[Any, Any], seconds: float) -> None:
    run.log_metric("fit_seconds", seconds)
    features, target = given
    if features is not None:
        run.add_facts({"data": {"training": fingerprint(features)}})
    if hasattr(estimator, "cv_results_"):
        _log_search(run, estimator)
    small = features is not None and getattr(features, "shape", (len(features),))[0] <= _MOST_ROWS
    if autologging.settings["scores"] and small and target is not None and hasattr(estimator, "score"):
        run.log_metric("training_score", estimator.score(features, target))
    if autologging.settings["figures"]:
        for name, figure in plots.of(estimator, features if small else None, target):
            run.log_figure(figure, name)
    if autologging.settings["models"]:
        run.log_model(estimator)
    autologging.heard(run, estimator, features, target)


def _log_search(run: LiveRun, search: Any) -> None:
    """The best candidate, and each candidate as a child run; of too many the best ones."""
    run.log_metric("best_score", search.best_score_) if hasattr(search, "best_score_") else None
    for name, value in getattr(search, "best_params_", {}).items():
        run.log_param(f"best_{name}", value if isinstance(value, (str, int, float)) else repr(value))
    results = search.cv_results_
    count, most = len(results["params"]), autologging.candidates
    ranks = next((values for name, values in results.items() if name.startswith("rank_")), range(count))
    for place in sorted(sorted(range(count), key=lambda one: ranks[one])[:most]):
        child = lifecycle.start(name=f"candidate {place + 1}", parent=run.id, kind="candidate",
                               experiment=run.begun.experiment, activate=False, provenance=False)  # fmt: skip
        for name, value in results["params"][place].items():
            child.log_param(name, value if isinstance(value, (str, int, float)) else repr(value))
        for name, values in results.items():
            if name.startswith(("mean_", "std_", "rank_")):
                child.log_metric(name, float(values[place]))
        child.end()
    if count > most:
        tell(f"autolog: of {count} candidates the best {most} are kept as runs")
