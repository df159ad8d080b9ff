"""MLflow's names over our store: ``import mlops_jlab.mlflow as mlflow``.

The calls have MLflow's signatures and behave as MLflow's do; what is not here says why, and what to use.
Modules are imported when one of their names is used. MLflow itself is not needed.
"""

TYPE_CHECKING = False  # the module typing takes as long to import as Python to start

if TYPE_CHECKING:
    from mlops_jlab.mlflow import (
        artifacts,
        client,
        data,
        entities,
        exceptions,
        lightgbm,
        models,
        pyfunc,
        sklearn,
        tracking,
        types,
        xgboost,
    )
    from mlops_jlab.mlflow.client import MlflowClient
    from mlops_jlab.mlflow.evaluating import evaluate
    from mlops_jlab.mlflow.exceptions import MlflowException
    from mlops_jlab.mlflow.flavours.switching import autolog
    from mlops_jlab.mlflow.fluent import (
        create_experiment,
        delete_experiment,
        delete_experiment_tag,
        delete_run,
        get_experiment,
        get_experiment_by_name,
        get_parent_run,
        get_registry_uri,
        get_run,
        get_tracking_uri,
        is_tracking_uri_set,
        restore_experiment,
        restore_run,
        search_experiments,
        search_runs,
        set_experiment,
        set_experiment_tag,
        set_experiment_tags,
        set_registry_uri,
        set_tracking_uri,
    )
    from mlops_jlab.mlflow.logging import (
        delete_tag,
        flush_artifact_async_logging,
        flush_async_logging,
        get_artifact_uri,
        load_table,
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_image,
        log_input,
        log_inputs,
        log_metric,
        log_metrics,
        log_outputs,
        log_param,
        log_params,
        log_stream,
        log_table,
        log_text,
        set_tag,
        set_tags,
    )
    from mlops_jlab.mlflow.pictures import Image
    from mlops_jlab.mlflow.registering import (
        create_external_model,
        delete_logged_model_tag,
        finalize_logged_model,
        get_logged_model,
        initialize_logged_model,
        last_logged_model,
        log_model_params,
        register_model,
        search_logged_models,
        search_model_versions,
        search_registered_models,
        set_logged_model_tags,
        set_model_version_tag,
    )
    from mlops_jlab.mlflow.starting import ActiveRun, active_run, end_run, last_active_run, start_run

_MODULES = frozenset(
    {
        "artifacts",
        "client",
        "data",
        "entities",
        "exceptions",
        "lightgbm",
        "models",
        "pyfunc",
        "sklearn",
        "tracking",
        "types",
        "xgboost",
    }
)
_HOMES = {
    **dict.fromkeys("ActiveRun active_run end_run last_active_run start_run".split(), "starting"),
    **dict.fromkeys("MlflowClient".split(), "client"),
    **dict.fromkeys("evaluate".split(), "evaluating"),
    **dict.fromkeys("MlflowException".split(), "exceptions"),
    **dict.fromkeys("autolog".split(), "flavours.switching"),
    **dict.fromkeys(
        (
            "create_experiment delete_experiment delete_experiment_tag delete_run "
            "get_experiment get_experiment_by_name get_parent_run get_registry_uri get_run "
            "get_tracking_uri is_tracking_uri_set restore_experiment restore_run "
            "search_experiments search_runs set_experiment set_experiment_tag set_experiment_tags "
            "set_registry_uri set_tracking_uri "
        ).split(),
        "fluent",
    ),
    **dict.fromkeys(
        (
            "delete_tag flush_artifact_async_logging flush_async_logging get_artifact_uri load_table "
            "log_artifact log_artifacts log_dict log_figure log_image log_input log_inputs log_metric "
            "log_metrics log_outputs log_param log_params log_stream log_table log_text set_tag set_tags"
        ).split(),
        "logging",
    ),
    **dict.fromkeys("Image".split(), "pictures"),
    **dict.fromkeys(
        (
            "create_external_model delete_logged_model_tag finalize_logged_model get_logged_model "
            "initialize_logged_model last_logged_model log_model_params register_model "
            "search_logged_models search_model_versions search_registered_models set_logged_model_tags "
            "set_model_version_tag"
        ).split(),
        "registering",
    ),
}

__all__ = [
    "ActiveRun",
    "Image",
    "MlflowClient",
    "MlflowException",
    "active_run",
    "artifacts",
    "autolog",
    "client",
    "create_experiment",
    "create_external_model",
    "data",
    "delete_experiment",
    "delete_experiment_tag",
    "delete_logged_model_tag",
    "delete_run",
    "delete_tag",
    "end_run",
    "entities",
    "evaluate",
    "exceptions",
    "finalize_logged_model",
    "flush_artifact_async_logging",
    "flush_async_logging",
    "get_artifact_uri",
    "get_experiment",
    "get_experiment_by_name",
    "get_logged_model",
    "get_parent_run",
    "get_registry_uri",
    "get_run",
    "get_tracking_uri",
    "initialize_logged_model",
    "is_tracking_uri_set",
    "last_active_run",
    "last_logged_model",
    "lightgbm",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_inputs",
    "log_metric",
    "log_metrics",
    "log_model_params",
    "log_outputs",
    "log_param",
    "log_params",
    "log_stream",
    "log_table",
    "log_text",
    "models",
    "pyfunc",
    "register_model",
    "restore_experiment",
    "restore_run",
    "search_experiments",
    "search_logged_models",
    "search_model_versions",
    "search_registered_models",
    "search_runs",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
    "set_logged_model_tags",
    "set_model_version_tag",
    "set_registry_uri",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "sklearn",
    "start_run",
    "tracking",
    "types",
    "xgboost",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"mlops_jlab.mlflow.{name}")
    absent = import_module("mlops_jlab.mlflow.absent")
    value: object = absent.found("", name, _HOMES)
    globals()[name] = value
    return value
