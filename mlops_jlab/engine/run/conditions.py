"""Which steps of a run are left out, because their ``when`` is not so or what they take was not made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlops_jlab.engine.run.witness import Court
from mlops_jlab.entities import conditions
from mlops_jlab.errors import InputError, nearest
from mlops_jlab.pipeline.manifest import Manifest, ManifestStep

Metrics = Callable[[], Mapping[str, float]]


class Conditions:
    """The conditions of a pipeline's steps. ``metrics`` gives what the steps of the run have logged so far.

    Raises:
        InputError: a condition names a parameter that there is not, or metrics that nobody keeps.
    """

    def __init__(self, manifest: Manifest, values: Mapping[str, object], metrics: Metrics | None) -> None:
        self._manifest = manifest
        self._params = {
            one.name: values.get(one.name, one.as_json().get("default")) for one in manifest.parameters
        }
        self._metrics = metrics
        self._conditions = {
            step.name: conditions.parse(str(step.settings["when"]))
            for step in manifest.steps
            if "when" in step.settings
        }
        for step, condition in self._conditions.items():
            for name in sorted(condition.params - self._params.keys()):
                raise InputError(
                    f"step {step!r} is executed when {condition.text!r}, and there is no parameter "
                    f"{name!r}{nearest(name, self._params)}",
                    hint="name a parameter, or a metric as metrics.NAME",
                )
            if condition.metrics and metrics is None:
                raise InputError(
                    f"step {step!r} is executed when {condition.text!r}, and this run keeps no metrics",
                    hint="run it without --no-track",
                )

    @property
    def exist(self) -> bool:
        """Whether any step may be left out."""
        return bool(self._conditions)

    def waits_for(self, step: ManifestStep) -> set[str]:
        """The steps that must be over before its condition can be decided: metrics come from any above."""
        condition = self._conditions.get(step.name)
        if condition is None or not condition.metrics:
            return set()
        return {other.name for other in self._manifest.steps if other.position < step.position}

    def why_not(self, step: ManifestStep, skipped: set[str], court: Court) -> str:
        """Why a step is left out, or nothing.

        Raises:
            InputError: its condition cannot be decided.
        """
        for edge in self._manifest.edges:
            if edge.target == step.name and edge.source in skipped:
                for name in edge.names:
                    if not court.is_written_above(name, step.position):
                        return f"it takes {name} from step {edge.source}, which was skipped"
        condition = self._conditions.get(step.name)
        if condition is None:
            return ""
        metrics = self._metrics() if condition.metrics and self._metrics is not None else {}
        try:
            if condition.holds(self._params, metrics):
                return ""
        except InputError as error:
            raise InputError(f"step {step.name!r}: {error.message}", hint=error.hint) from error
        known = [f"{name} is {self._params[name]!r}" for name in sorted(condition.params)]
        known += [f"{name} is {metrics[name]:g}" for name in sorted(condition.metrics) if name in metrics]
        return f"not so: {condition.text} ({', '.join(known)})"
