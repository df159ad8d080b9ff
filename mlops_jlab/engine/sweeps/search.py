"""What a sweep tries: values and ranges of parameters, every combination of them or some."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from mlops_jlab.entities.parameters import Parameter, resolve
from mlops_jlab.errors import InputError, ParameterError

MOST = 10_000  # trials
_RANGE = re.compile(r"(?P<low>[^.].*?)\.\.(?P<high>.+?)(?P<log>:log)?\Z")


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``; ``log``: as many between 1 and 10 as between 10 and 100."""

    low: float
    high: float
    whole: bool
    log: bool = False

    def draw(self, source: random.Random) -> float:
        """One of them by chance."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        if self.whole and not self.log:
            return source.randint(int(self.low), int(self.high))
        value = source.uniform(low, high)
        value = min(max(math.exp(value) if self.log else value, self.low), self.high)
        return round(value) if self.whole else value


Space = dict[str, "list[object] | Range"]


def described(space: Space) -> dict[str, dict[str, object]]:
    """A space as JSON data: ``{"values": [...]}``, or the fields of a :class:`Range`."""
    return {
        name: {"values": what} if isinstance(what, list) else asdict(what) for name, what in space.items()
    }


class Search(Protocol):
    """Says what to try next; trials are known by their numbers."""

    def ask(self, trial: int) -> dict[str, object] | None:
        """The combination of the next trial, or nothing when there is no other."""

    def report(self, trial: int, value: float, iteration: int) -> bool:
        """The trial has got so far; whether it is not worth going on."""

    def tell(self, trial: int, value: float | None, *, pruned: bool = False) -> None:
        """How the trial ended: with which metric, or none."""


class Listed:
    """Combinations that were known beforehand."""

    def __init__(self, combinations: Sequence[dict[str, object]]) -> None:
        self._left = iter(combinations)

    def ask(self, trial: int) -> dict[str, object] | None:
        """The next combination."""
        return next(self._left, None)

    def report(self, trial: int, value: float, iteration: int) -> bool:
        """Every trial is worth going on."""
        return False

    def tell(self, trial: int, value: float | None, *, pruned: bool = False) -> None:
        """It changes nothing."""


SEARCHES = ("grid", "random", "bayes")


@dataclass(frozen=True)
class Wish:
    """How a sweep is asked for. Without a ``search`` it is random with ``trials``, else grid."""

    search: str = ""
    trials: int | None = None
    seed: int = 0
    metric: str = ""
    minimize: bool = False
    prune: bool = False
    parallel: int = 1  # trials side by side, at most

    @property
    def kind(self) -> str:
        """The search that is meant."""
        return self.search or ("random" if self.trials else "grid")

    def check(self) -> None:
        """Raises InputError if one thing that is asked for needs another."""
        if self.kind not in SEARCHES:
            raise InputError(f"there is no search {self.kind!r}", hint=f"choose one of {', '.join(SEARCHES)}")
        if (self.kind == "bayes" or self.prune) and not self.metric:
            raise InputError("what is to become best?", hint="name a metric that a step logs: --metric NAME")
        if self.kind == "grid" and self.trials is not None:
            raise InputError("a grid has all its trials", hint="leave --trials away, or use --search random")
        if self.kind != "grid" and self.trials is None:
            raise InputError("how many trials?", hint="say so: --trials 30")
        if self.parallel < 1:
            raise InputError("how many trials side by side?", hint="at least one: --parallel 4")


def space_of(declared: Sequence[Parameter], given: Mapping[str, object]) -> Space:
    """What varies, from names mapped to values, lists, or texts: ``3,5,8``, ``0.1..0.9``, ``1e-4..1:log``.

    Raises:
        InputError: nothing varies.
        ParameterError: a value that its parameter does not take.
    """
    types = {parameter.name: parameter.kinds for parameter in declared}
    space: Space = {}
    for name, value in given.items():
        found = _RANGE.match(value) if isinstance(value, str) and "," not in value else None
        kinds = set(types.get(name, ()))
        if found is None or not kinds & {"int", "float"}:
            space[name] = _values(value)
            continue
        low, high = (float(str(_checked(declared, name, found[end]))) for end in ("low", "high"))
        if not low < high or (found["log"] and low <= 0):
            raise ParameterError(
                f"{value!r} is not a range of {name}",
                hint="write LOW..HIGH, or LOW..HIGH:log with LOW above 0",
            )
        space[name] = Range(low, high, whole="float" not in kinds, log=bool(found["log"]))
    if not any(isinstance(values, Range) or len(values) > 1 for values in space.values()):
        raise InputError("nothing varies", hint="give several values: -p depth=3,5,8")
    for name, values in space.items():
        for one in values if isinstance(values, list) else ():
            _checked(declared, name, one)
    return space


def combinations(
    declared: Sequence[Parameter], space: Space, trials: int | None, seed: int
) -> list[dict[str, object]]:
    """Every combination of the values, or ``trials`` of them, drawn without repetition.

    Raises:
        InputError: there are more combinations than anybody wants.
    """
    if any(isinstance(values, Range) for values in space.values()):
        if trials is None:
            raise InputError("a range has no end of values", hint="say how many to draw: --trials 30")
        source = random.Random(seed)  # noqa: S311  # it hides nothing
        drawn = [
            {n: v.draw(source) if isinstance(v, Range) else source.choice(v) for n, v in space.items()}
            for _ in range(trials)
        ]
        return [resolve(tuple(declared), one, from_text=True) for one in drawn]
    choices = {name: values for name, values in space.items() if isinstance(values, list)}
    count = math.prod(map(len, choices.values()))
    if trials is None and count > MOST:
        raise InputError(f"these are {count:,} combinations", hint="draw some of them: --trials 100")
    grid = (dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values()))
    if trials is not None and trials < count:
        draw = random.Random(seed)  # noqa: S311  # it hides nothing
        wanted = set(draw.sample(range(count), trials))
        grid = (one for place, one in enumerate(grid) if place in wanted)
    return [resolve(tuple(declared), one, from_text=True) for one in grid]


def _checked(declared: Sequence[Parameter], name: str, value: object) -> object:
    return resolve(tuple(declared), {name: value}, from_text=True)[name]


def _values(value: object) -> list[object]:
    if isinstance(value, str):
        return list(dict.fromkeys(part.strip() for part in value.split(",")))
    return list(value) if isinstance(value, list) else [value]
