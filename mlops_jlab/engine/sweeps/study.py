"""Search that learns from its trials, and trials that are not worth going on: Optuna, imported here alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from mlops_jlab.engine.sweeps.search import Range, Space
from mlops_jlab.entities.parameters import Parameter, resolve
from mlops_jlab.errors import InputError

_FEWEST = 4  # trials that tell anything of importance
_STARTUP = 3  # trials whose course must be known before another is judged by it


class Study:
    """An Optuna study: the tree-structured Parzen estimator chooses, the median of earlier trials prunes.

    ``listed`` are combinations that were chosen beforehand; without them ``trials`` are chosen one by one.
    Those that run ``beside`` each other are chosen apart from one another.
    """

    def __init__(
        self, declared: Sequence[Parameter], space: Space, trials: int, seed: int, *,
        minimize: bool, prune: bool, listed: Sequence[dict[str, object]] | None = None, beside: bool = False,
    ) -> None:  # fmt: skip
        try:
            import optuna
        except ImportError as error:
            raise InputError(
                "searching and pruning need Optuna", hint="pip install 'mlops-jlab[search]'"
            ) from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._optuna = optuna
        self._declared = tuple(declared)
        self._space = space
        self._left = trials if listed is None else len(listed)
        self._listed = None if listed is None else iter(listed)
        pruner = optuna.pruners.MedianPruner(_STARTUP) if prune else optuna.pruners.NopPruner()
        self._study = optuna.create_study(
            direction="minimize" if minimize else "maximize", pruner=pruner,
            sampler=optuna.samplers.TPESampler(seed=seed, constant_liar=beside),
        )  # fmt: skip
        self._trials: dict[int, Any] = {}  # those that are running

    def ask(self, trial: int) -> dict[str, object] | None:
        """The next combination, or nothing when there were enough."""
        if not self._left:
            return None
        self._left -= 1
        if self._listed is not None:
            self._trials[trial] = self._study.ask()
            return next(self._listed)
        asked = self._study.ask({name: self._distribution(what) for name, what in self._space.items()})
        self._trials[trial] = asked
        drawn = {name: self._choice(name, asked.params[name]) for name in self._space}
        return resolve(self._declared, drawn, from_text=True)

    def report(self, trial: int, value: float, iteration: int) -> bool:
        """Whether the trial is worse than the median of the earlier ones was at this iteration."""
        self._trials[trial].report(value, iteration)
        return bool(self._trials[trial].should_prune())

    def tell(self, trial: int, value: float | None, *, pruned: bool = False) -> None:
        """The study learns from it; a trial without the metric counts as failed."""
        states = self._optuna.trial.TrialState
        asked = self._trials.pop(trial)
        if pruned:
            self._study.tell(asked, state=states.PRUNED)
        elif value is None:
            self._study.tell(asked, state=states.FAIL)
        else:
            self._study.tell(asked, value)

    def _distribution(self, what: list[object] | Range) -> Any:
        kinds = self._optuna.distributions
        if isinstance(what, list):
            return kinds.CategoricalDistribution(range(len(what)))
        if what.whole:
            return kinds.IntDistribution(int(what.low), int(what.high), log=what.log)
        return kinds.FloatDistribution(what.low, what.high, log=what.log)

    def _choice(self, name: str, value: Any) -> object:
        what = self._space[name]
        return what[value] if isinstance(what, list) else value


def importances(
    trials: Sequence[tuple[dict[str, float | str], float]], logarithmic: Collection[str] = ()
) -> dict[str, float]:
    """How much of the variation of a metric each parameter explains: shares that add up to 1, the most first.

    ``trials`` are combinations with the metric that each came to; numbers of a ``logarithmic`` parameter
    count by their logarithm. Nothing where fewer than four trials, or no parameter that varies, can tell.

    Raises:
        InputError: Optuna, or scikit-learn, which it needs for this, is not installed.
    """
    try:
        import optuna
        import sklearn  # noqa: F401  # Optuna imports it when it begins
    except ImportError as error:
        raise InputError(
            "the importance of parameters needs Optuna and scikit-learn",
            hint="pip install 'mlops-jlab[search]' scikit-learn",
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    seen: dict[str, list[float | str]] = {}
    for parameters, _value in trials:
        for name, value in parameters.items():
            seen.setdefault(name, []).append(value)
    kinds = {
        name: _seen_distribution(optuna.distributions, values, log=name in logarithmic)
        for name, values in seen.items()
        if len(values) == len(trials) and len(set(values)) > 1
    }
    if len(trials) < _FEWEST or not kinds or len({value for _, value in trials}) < 2:
        return {}
    study = optuna.create_study()
    for parameters, value in trials:
        chosen = {name: parameters[name] for name in kinds}
        study.add_trial(optuna.trial.create_trial(params=chosen, distributions=kinds, value=value))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in found.items()}


def _seen_distribution(kinds: Any, values: Sequence[float | str], *, log: bool) -> Any:
    numbers = [value for value in values if isinstance(value, (int, float))]
    if len(numbers) < len(values):
        return kinds.CategoricalDistribution(sorted({str(value) for value in values}))
    return kinds.FloatDistribution(min(numbers), max(numbers), log=log and min(numbers) > 0)
