"""A notebook becomes a pipeline; a pipeline becomes a run.

The calls for tracking are here, code written for MLflow takes :mod:`mlops_jlab.mlflow`; nothing is imported
before one of them is used.
"""

TYPE_CHECKING = False  # the module typing takes as long to import as Python to start

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mlops_jlab.autologging import autolog
    from mlops_jlab.datasets.fluent import add_dataset, check_data, compare_data, dataset, profile
    from mlops_jlab.registry.fluent import evaluate, load_model, log_model, promote, register_model
    from mlops_jlab.serving.mapping import predictor
    from mlops_jlab.tracking.finding import compare_runs, get_run, search_runs
    from mlops_jlab.tracking.fluent import (
        active_run,
        adopt,
        delete_tag,
        end_run,
        flush,
        get_tracking_uri,
        last_active_run,
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_input,
        log_metric,
        log_metrics,
        log_param,
        log_params,
        log_table,
        log_text,
        note,
        set_experiment,
        set_tag,
        set_tags,
        set_tracking_uri,
        start_run,
    )

__all__ = [
    "__version__",
    "active_run",
    "add_dataset",
    "adopt",
    "autolog",
    "check_data",
    "compare_data",
    "compare_runs",
    "dataset",
    "delete_tag",
    "end_run",
    "evaluate",
    "flush",
    "get_run",
    "get_tracking_uri",
    "last_active_run",
    "load_model",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_input",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "note",
    "predictor",
    "profile",
    "promote",
    "register_model",
    "search_runs",
    "set_experiment",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "start_run",
]  # fmt: skip


_HOMES = {
    "autolog": "mlops_jlab.autologging", "check_data": "mlops_jlab.datasets.fluent",
    "compare_data": "mlops_jlab.datasets.fluent",
    "add_dataset": "mlops_jlab.datasets.fluent", "dataset": "mlops_jlab.datasets.fluent",
    "compare_runs": "mlops_jlab.tracking.finding", "evaluate": "mlops_jlab.registry.fluent",
    "load_model": "mlops_jlab.registry.fluent", "log_model": "mlops_jlab.registry.fluent",
    "predictor": "mlops_jlab.serving.mapping", "profile": "mlops_jlab.datasets.fluent",
    "promote": "mlops_jlab.registry.fluent", "register_model": "mlops_jlab.registry.fluent",
    "get_run": "mlops_jlab.tracking.finding", "search_runs": "mlops_jlab.tracking.finding",
}  # fmt: skip


_MODULES = {"sklearn": "mlops_jlab.autologging.flavour", "gate": "mlops_jlab.registry.gating"}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in __all__ and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = import_module(_MODULES.get(name) or _HOMES.get(name, "mlops_jlab.tracking.fluent"))
    except ModuleNotFoundError as error:
        from mlops_jlab.extras import explained

        raise explained(error, "gates" if name == "gate" else "") from error
    if name in _MODULES:
        return home
    found: object = getattr(home, name)
    globals()[name] = found
    return found


def load_ipython_extension(shell: object) -> None:
    """``%load_ext mlops_jlab``: IPython learns ``%track``. An installation does it for every kernel."""
    from mlops_jlab.magics.loading import load

    load(shell)


def unload_ipython_extension(shell: object) -> None:
    """``%unload_ext mlops_jlab``."""
    from mlops_jlab.magics.loading import unload

    unload(shell)
