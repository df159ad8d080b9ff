"""Many runs of one pipeline with different parameters; what none of them changes is computed once."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlops_jlab.engine.runfolder import RunState
from mlops_jlab.engine.tracked import metrics_of_steps
from mlops_jlab.entities.parameters import Parameter, resolve
from mlops_jlab.errors import InputError
from mlops_jlab.store.location import Place

MOST = 10_000  # trials


@dataclass
class Trial:
    """One combination of parameters, and how its run went. ``metrics`` are the latest values of all steps."""

    number: int
    parameters: dict[str, object]
    folder: Path
    state: RunState | None = None
    run: str = ""
    metrics: dict[str, float] = field(default_factory=dict)


def combinations(
    declared: Sequence[Parameter], given: Mapping[str, object], trials: int | None, seed: int
) -> list[dict[str, object]]:
    """Every combination of the values, or ``trials`` of them, drawn without repetition.

    ``given`` maps names to values, or to texts with several values between commas.

    Raises:
        InputError: nothing varies, or there are more combinations than anybody wants.
        ParameterError: a value that its parameter does not take.
    """
    choices = {name: _values(value) for name, value in given.items()}
    count = 1
    for values in choices.values():
        count *= len(values)
    if count < 2:
        raise InputError("nothing varies", hint="give several values: -p depth=3,5,8")
    if trials is None and count > MOST:
        raise InputError(f"these are {count:,} combinations", hint="draw some of them: --trials 100")
    grid = (dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values()))
    if trials is not None and trials < count:
        draw = random.Random(seed)  # noqa: S311  # it hides nothing
        wanted = set(draw.sample(range(count), trials))
        grid = (one for place, one in enumerate(grid) if place in wanted)
    return [resolve(tuple(declared), one, from_text=True) for one in grid]


def _values(value: object) -> list[object]:
    if isinstance(value, str):
        return list(dict.fromkeys(part.strip() for part in value.split(",")))
    return list(value) if isinstance(value, list) else [value]


def sweep(
    plans: Sequence[Trial],
    run: Callable[[Trial], RunState],
    place: Place | None,
    told: Callable[[Trial], None],
) -> None:
    """Runs the trials one after the other; each one's steps run side by side.

    A trial that fails does not stop the others; one that is cancelled does.
    """
    for trial in plans:
        trial.state = run(trial)
        if place is not None and trial.run:
            trial.metrics = metrics_of_steps(place, trial.run)
        told(trial)
        if trial.state.status == "killed":
            return
