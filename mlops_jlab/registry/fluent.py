"""The public calls for models, under the names that MLflow gave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_jlab.entities.models import CHAMPION, ModelVersion
from mlops_jlab.registry import resolving, versions
from mlops_jlab.registry.versions import Moved
from mlops_jlab.store import location
from mlops_jlab.tracking import fluent, keywords, lifecycle

if TYPE_CHECKING:
    from mlops_jlab.evaluation.results import Evaluation


def log_model(
    model: Any = None, name: str = "model", *, registered_model_name: str | None = None,
    input_example: Any = None, sk_model: Any = None, artifact_path: str | None = None, **others: Any,
) -> ModelVersion | None:  # fmt: skip
    """Keeps a fitted model with the active run, and registers it if a ``registered_model_name`` is given.

    ``sk_model`` and ``artifact_path`` are understood as in MLflow. Gives the version, if there is one.
    """
    keywords.refuse("log_model", others, log_model)
    model = model if sk_model is None else sk_model
    resolving.check(model)
    fluent.log_model(model, artifact_path or name)
    if not registered_model_name:
        return None
    return register_model(model, registered_model_name, input_example=input_example)


def register_model(
    model: Any, name: str, *, input_example: Any = None, metrics: Mapping[str, float] | None = None,
    data: Any = None, note: str = "", intended_use: str = "", limits: str = "", **others: Any,
) -> ModelVersion:  # fmt: skip
    """Saves a fitted model as the next version of the registered model ``name``.

    ``model`` is the model itself, ``runs:/RUN/PATH`` for one that a run has kept, or ``models:/NAME/NUMBER``.

    ``input_example`` are rows that it can predict, for its signature: a DataFrame or array of shape (rows,
    columns). ``data`` is what it was fitted on, of which a fingerprint and its period are kept.
    ``intended_use`` and ``limits`` say in people's words what it is for and what not; its card has them. The
    version belongs to the active run.

    Raises:
        InputError: the name cannot be one, it is no model, or the model cannot predict the example.
        StoreError: the store cannot be written.
    """
    keywords.refuse("register_model", others, register_model)
    found, of_run = resolving.resolve(lifecycle.recorder().place, model)
    run = lifecycle.run_of(of_run) if of_run else lifecycle.current()
    return versions.register(
        found,
        name,
        example=input_example,
        metrics=metrics,
        data=data,
        note=note,
        run=run,
        intended_use=intended_use,
        limits=limits,
    )


def evaluate(
    model: Any, data: Any, target: str | Any, *, name: str = "",
    groups: str | Sequence[str | Sequence[str]] = (), unit: str = "", positive: Any = None,
    sample_weight: str | Any = None, columns: Sequence[str] = (), alpha: float = 0.05, trust: bool = False,
    **others: Any,
) -> Evaluation:  # fmt: skip
    """What a model does on rows beyond one number, with intervals; kept with the version and the run.

    ``model`` is the address of a version (``flights@champion``), a version, or a fitted model: one that is a
    version already (of the model ``name``, if that is given) is evaluated as that version. ``data`` is a
    DataFrame of rows that it was not fitted on; ``target`` names the column with the truth, or is it.

    The evaluation has metrics; fairness by each of ``groups`` (a column, or several that are crossed:
    ``["sex", ("sex", "race")]``); permutation importance; partial dependence; calibration; and slices in
    which the model errs more, found on one half of the rows and confirmed on the other.

    ``unit`` names the column whose rows hang together, such as a day or a customer. ``positive`` is the
    positive one of two classes, ``sample_weight`` a column with weights or one itself. ``columns`` are those
    that a model takes which was fitted on plain arrays. ``alpha`` is the chance that an interval misses.

    Raises:
        InputError: rows, target or groups cannot be used, or the model cannot predict the rows.
    """
    keywords.refuse("evaluate", others, evaluate)
    from mlops_jlab.registry import evaluations  # it loads numpy, which other calls do without

    place = lifecycle.recorder().place
    return evaluations.evaluate(
        place, model, data, target, name=name, groups=groups, unit=unit, positive=positive,
        weights=sample_weight, columns=columns, alpha=alpha, trust=trust,
    )  # fmt: skip


def load_model(address: str, *, trust: bool = False) -> Any:
    """The model at ``NAME@ALIAS``, ``NAME/NUMBER`` or ``NAME`` (its newest), with or without ``models:/``.

    ``runs:/RUN/PATH`` is one that a run has kept.

    Its file must be what was registered. A pickle that another machine wrote is loaded with ``trust`` alone.

    Raises:
        InputError: there is none, it is not trusted, or what it needs is not installed.
        StoreError: its file is missing, or was changed.
    """
    if address.startswith(resolving.RUNS):
        return resolving.of_run(location.find(), address, trust=trust)[0]
    return versions.load(location.find(), address, trust=trust)


def promote(address: str, alias: str = CHAMPION, *, reason: str = "", override: bool = False) -> Moved:
    """Lets ``alias`` point at a version, as ``mlops-jlab models promote`` does.

    With ``override`` even though no gate of it passes; then ``reason`` says why.

    Raises:
        InputError: there is no such version, or its gate stands against it.
    """
    return versions.promote(location.find(), address, alias, reason=reason, override=override)
