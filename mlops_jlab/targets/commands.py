"""The command that runs a step, and its limits, as engines with containers and shells are told them."""

from __future__ import annotations

from typing import Any

from mlops_jlab.targets import image
from mlops_jlab.targets.form import Form, Task
from mlops_jlab.targets.writing import Place

STORE = "MLOPS_JLAB_RUN_STORE"
RUN = "MLOPS_JLAB_RUN_NAME"
PARAMETER = "MLOPS_JLAB_PARAMETER_"
_GRACE = 120  # seconds for a process to start, and for what it made to be published
_RUNNER = 512 * 1024 * 1024  # bytes beside those of the step's own process


def step_words(export: str, parameters: str, step: str, *, python: str = "python", once: bool) -> list[str]:
    """The words of the command; the store and the name of the run come from the environment."""
    words = [python, "-m", "mlops_jlab", "step", export, step, "--parameters-file", parameters]
    return [*words, "--once"] if once else words


def step_in_image(place: Place, step: str) -> list[str]:
    """The command in an image, where the engine tries a failed step again."""
    return step_words(image.export(place), f"{image.inside(place)}/parameters.yaml", step, once=True)


def limit(task: Task, *, once: bool) -> int:
    """Seconds after which an engine may end a step, which ends itself before; 0 is never."""
    return int(task.timeout * (1 if once else 1 + task.retries)) + _GRACE if task.timeout else 0


def megabytes(task: Task) -> int:
    """Memory that the step's process and its runner need; 0 where nothing is said."""
    return -(-(task.memory + _RUNNER) // (1024 * 1024)) if task.memory else 0


def resources(task: Task) -> dict[str, Any]:
    """What a container of Kubernetes asks for."""
    found: dict[str, Any] = {}
    if task.memory:
        found["memory"] = f"{megabytes(task)}Mi"
    requests = {**found, **({"cpu": str(task.cpus)} if task.cpus else {})}
    return {"resources": {"requests": requests, **({"limits": found} if found else {})}} if requests else {}


def secrets_of_kubernetes(form: Form) -> list[dict[str, Any]]:
    """The environment's secrets, from the Secret that is named after the pipeline."""
    name = f"{form.name.replace('_', '-')}-secrets"
    return [{"name": one, "valueFrom": {"secretKeyRef": {"name": name, "key": one}}} for one in form.secrets]
