"""MLflow's names that are not here: each is refused with the reason, and with what to use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from mlops_jlab.errors import nearest
from mlops_jlab.mlflow.exceptions import NOT_IMPLEMENTED, MlflowException


@dataclass(frozen=True)
class _Group:
    """Names that are refused for one reason; ``instead`` is what to use."""

    reason: str
    instead: str
    names: str


_GROUPS = (
    _Group(
        "no traces of language models are kept",
        "MLflow itself, with MLFLOW_TRACKING_URI of an MLflow server",
        "add_trace delete_trace_tag flush_trace_async_logging get_active_trace_id "
        "get_current_active_span get_last_active_trace_id get_trace log_trace search_traces "
        "set_trace_tag start_span start_span_no_context trace tracing update_current_trace "
        "delete_traces end_span end_trace start_trace link_traces_to_run unlink_traces_from_run "
        "search_sessions context log_assessment log_expectation log_feedback log_issue get_assessment "
        "update_assessment delete_assessment override_feedback",
    ),
    _Group(
        "there is no registry of prompts",
        "log_text(prompt, 'prompt.txt'), or MLflow itself",
        "load_prompt register_prompt search_prompts set_prompt_alias delete_prompt_alias prompt "
        "create_prompt create_prompt_version get_prompt get_prompt_version delete_prompt "
        "delete_prompt_version",
    ),
    _Group(
        "models of this library are not kept by this layer",
        "MLflow itself over our store: import mlflow with MLFLOW_TRACKING_URI=mlops-jlab:",
        "ag2 agno anthropic autogen bedrock catboost crewai diffusers dspy gemini groq h2o haystack "
        "johnsnowlabs keras langchain litellm llama_index mistral onnx openai paddle pmdarima prophet "
        "promptflow pydantic_ai pyspark pytorch semantic_kernel sentence_transformers shap smolagents "
        "spacy spark statsmodels strands tensorflow transformers txtai",
    ),
    _Group(
        "what a run takes of the machine is always kept",
        "the page of the run, which shows it",
        "enable_system_metrics_logging disable_system_metrics_logging set_system_metrics_node_id "
        "set_system_metrics_samples_before_logging set_system_metrics_sampling_interval "
        "system_metrics",
    ),
    _Group(
        "a store has no workspaces",
        "MLOPS_JLAB_STORE, which names another store",
        "create_workspace delete_workspace get_workspace list_workspaces set_workspace update_workspace",
    ),
    _Group(
        "there is no server to speak to",
        "the other calls as they are: runs are kept on this machine",
        "login gateway doctor deployments server",
    ),
    _Group(
        "projects are not run by this layer",
        "mlops-jlab export and mlops-jlab run, which run notebooks",
        "run projects",
    ),
    _Group(
        "there are no stages",
        "set_registered_model_alias(name, 'champion', version)",
        "transition_model_version_stage get_model_version_stages",
    ),
    _Group(
        "no model is active",
        "log_metric(..., model_id=...)",
        "set_active_model clear_active_model get_active_model_id ActiveModel",
    ),
    _Group(
        "language models are not evaluated here",
        "MLflow itself",
        "genai metrics",
    ),
    _Group(
        "gates and the audit log know a model by its name",
        "copy_model_version(), under the new name",
        "rename_registered_model",
    ),
    _Group(
        "checkpoints are logged one by one",
        "log_artifacts(folder)",
        "import_checkpoints",
    ),
    _Group(
        "thresholds are what gates are for",
        "gate.compare(...) of mlops_jlab",
        "validate_evaluation_results",
    ),
    _Group(
        "data sets for judging language models, their servers and webhooks are not kept",
        "MLflow itself, with MLFLOW_TRACKING_URI of an MLflow server",
        "create_dataset get_dataset delete_dataset search_datasets set_dataset_tags delete_dataset_tag "
        "add_dataset_to_experiments remove_dataset_from_experiments create_webhook get_webhook list_webhooks "
        "update_webhook delete_webhook test_webhook create_mcp_server get_mcp_server search_mcp_servers "
        "update_mcp_server delete_mcp_server",
    ),
    _Group(
        "it is for MLflow's own tests",
        "pytest",
        "test",
    ),
)
_WHY = {name: group for group in _GROUPS for name in group.names.split()}


def error(title: str, name: str) -> Exception:
    """The error for a name that is not here.

    For one that MLflow has it says why, and what to use; for any other it is an AttributeError.
    """
    if name not in _WHY:
        return AttributeError(f"{title} does not exist in this layer")
    group = _WHY[name]
    return Absent(f"{title} is not here: {group.reason}", hint=f"use {group.instead}")


class Absent(MlflowException, AttributeError):
    """A name of MLflow's that is not here. ``hasattr`` says no, as of any other."""

    def __init__(self, message: object, *, hint: str = "") -> None:
        super().__init__(message, NOT_IMPLEMENTED, hint=hint)


def found(module: str, name: str, homes: Mapping[str, str]) -> Any:
    """The value of ``name`` in a module of this layer: from where it lives, or an error that says why not."""
    title = ".".join(part for part in ("mlops_jlab.mlflow", module) if part)
    if name in homes:
        return getattr(import_module(f"mlops_jlab.mlflow.{homes[name]}"), name)
    if name.startswith("__"):
        raise AttributeError(f"module {title!r} has no attribute {name!r}")
    reason = error(f"{title}.{name}", name)
    close = nearest(name, homes)
    if not isinstance(reason, Absent) and close:
        raise AttributeError(f"{reason}{close}")
    raise reason


def known() -> frozenset[str]:
    """The names of MLflow's that are refused with a reason."""
    return frozenset(_WHY)
