"""The one form that all targets are written from: tasks, parameters, settings, schedule, places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from mlops_jlab.entities import conditions, settings
from mlops_jlab.entities.graphs import Graph, Step
from mlops_jlab.entities.parameters import Parameter, resolve
from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.scheduling import due
from mlops_jlab.targets import quoting

_REGISTERS = re.compile(r"\b(register_model|gate\.compare)\b")
KEY = "MLOPS_JLAB_KEY"  # signs what steps hand on, where they do not share a home folder


class Feature(StrEnum):
    """What a pipeline may ask for, and a target may not be able to express."""

    SCHEDULE = "schedule"
    TIME_ZONE = "time zone"
    PARAMETERS = "typed parameters"
    RETRIES = "retries"
    BACKOFF = "backoff"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CPUS = "cpus"
    PARALLEL = "steps side by side"
    FOR_EACH = "for_each"
    SECRETS = "secrets"
    STORE = "store"
    IMAGE = "image"
    MODELS = "registered models"
    PROMOTION = "promotion"


@dataclass(frozen=True)
class Task:
    """One step as an engine sees it. Times are seconds, ``memory`` is bytes; 0 is no limit."""

    name: str
    after: tuple[str, ...] = ()
    retries: int = 0
    backoff: float = 0.0
    timeout: float = 0.0
    memory: int = 0
    cpus: int = 0
    when: str = ""
    for_each: str = ""
    registers: bool = False  # a model, or judges one


@dataclass(frozen=True)
class Wishes:
    """What is asked for beside the notebook: ``values`` are parameters, ``cron`` is in time zone ``zone``.

    ``promote`` is the alias that a version gets whose gate passed."""

    values: Mapping[str, Any] = field(default_factory=dict)
    cron: str = ""
    zone: str = "UTC"
    store: str = ""
    image: str = ""
    promote: str = ""
    standalone: bool = False


@dataclass(frozen=True)
class Form:
    """A pipeline as any engine can have it; tasks stand in an order in which they may be run."""

    name: str
    identity: str
    notebook: str
    kernel: str
    tasks: tuple[Task, ...]
    parameters: tuple[Parameter, ...]
    wishes: Wishes
    python: str
    version: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """The environment variables that hold secrets: the key, then those that the notebook names."""
        return (KEY, *(one.name.upper() for one in self.parameters if one.secret))

    @property
    def open_parameters(self) -> tuple[Parameter, ...]:
        """The parameters that are given in the open."""
        return tuple(one for one in self.parameters if not one.secret)

    def text_of(self, parameter: Parameter) -> str:
        """What a parameter is unless a run says otherwise, as text; nothing where the notebook says it."""
        return quoting.text_of(self.default(parameter))

    def default(self, parameter: Parameter) -> object:
        """What a parameter is unless a run says otherwise, as plain JSON data; None also for no default."""
        return self.wishes.values.get(parameter.name, parameter.default)

    def shown(self, *marks: str) -> list[tuple[str, str | None]]:
        """The parameters that an engine may know by name, with their texts; none where a run has to say it.

        One whose text has ``marks`` in it, which the engine would read, stays in ``parameters.yaml``.
        """
        found: list[tuple[str, str | None]] = []
        for one in self.open_parameters:
            if not quoting.has_markup(self.default(one), *marks):
                required = one.required and one.name not in self.wishes.values
                found.append((one.name, None if required else self.text_of(one)))
        return found

    def parameter(self, name: str) -> Parameter:
        """The parameter of a name."""
        return next(one for one in self.parameters if one.name == name)

    def used(self) -> dict[Feature, tuple[str, ...]]:
        """What the pipeline asks for, and which steps or parameters do."""
        by_task = {
            Feature.RETRIES: [t.name for t in self.tasks if t.retries],
            Feature.BACKOFF: [t.name for t in self.tasks if t.backoff],
            Feature.TIMEOUT: [t.name for t in self.tasks if t.timeout],
            Feature.MEMORY: [t.name for t in self.tasks if t.memory],
            Feature.CPUS: [t.name for t in self.tasks if t.cpus],
            Feature.FOR_EACH: [t.name for t in self.tasks if t.for_each],
            Feature.PARALLEL: self._beside(),
            Feature.PARAMETERS: [one.name for one in self.open_parameters],
            Feature.SECRETS: [one.name for one in self.parameters if one.secret],
            Feature.SCHEDULE: [self.wishes.cron] if self.wishes.cron else [],
            Feature.TIME_ZONE: [self.wishes.zone] if self.wishes.cron and self.wishes.zone != "UTC" else [],
            Feature.STORE: [self.wishes.store] if self.wishes.store else [],
            Feature.IMAGE: [self.wishes.image] if self.wishes.image else [],
            Feature.MODELS: [t.name for t in self.tasks if t.registers],
            Feature.PROMOTION: [self.wishes.promote] if self.wishes.promote else [],
        }  # fmt: skip
        return {feature: tuple(names) for feature, names in by_task.items() if names}

    def _beside(self) -> list[str]:
        """The tasks that another one may run beside."""
        places = {task.name: place for place, task in enumerate(self.tasks)}
        above: list[set[int]] = []
        for task in self.tasks:
            direct = {places[name] for name in task.after}
            above.append(direct.union(*(above[place] for place in direct)))
        return [task.name for place, task in enumerate(self.tasks) if len(above[place]) < place]


def form_of(graph: Graph, identity: str, wishes: Wishes, python: str, version: str) -> Form:
    """The form of a graph without errors.

    Raises:
        ParameterError: a value that the graph's parameters do not allow.
        InputError: a cron expression or time zone that is none.
    """
    if wishes.cron:
        line = due.check(Schedule(graph.name, "", cron=wishes.cron, tz=wishes.zone)).cron
        wishes = replace(wishes, cron=line)
    declared = tuple(
        one for one in graph.parameters if wishes.cron or not one.required or one.name in wishes.values
    )  # a run that is due by itself asks nobody
    wishes = replace(wishes, values=resolve(declared, wishes.values, from_text=True))
    return Form(
        graph.name, identity, graph.notebook.path.name, graph.notebook.kernel,
        tuple(_task(graph, step) for step in graph.steps), graph.parameters, wishes, python, version,
    )  # fmt: skip


def promoting(tasks: tuple[Task, ...], alias: str) -> tuple[Task, ...]:
    """The tasks and a last one, which promotes what the run has registered."""
    above = {name for task in tasks for name in task.after}
    return (*tasks, Task(f"@{alias}", tuple(task.name for task in tasks if task.name not in above)))


def _task(graph: Graph, step: Step) -> Task:
    given = step.settings
    when = str(given.get("when", ""))
    before = graph.before(step.name)
    if when and conditions.parse(when).metrics:  # which any step above may have logged
        before |= {other.name for other in graph.steps[: step.position]}
    return Task(
        step.name, tuple(other.name for other in graph.steps if other.name in before),
        settings.count(given.get("retries")), _number(given.get("backoff")), _number(given.get("timeout")),
        settings.size(given.get("memory")) or 0, settings.count(given.get("cpus")), when,
        str(given.get("for_each", "")),
        any(cell.gate or _REGISTERS.search(cell.source) for cell in step.cells),
    )  # fmt: skip


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0
