"""xgboost and lightgbm: ``train``, with the metrics of each round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlops_jlab import autologging
from mlops_jlab.autologging.patching import Patches


def teach_xgboost(module: Any, patches: Patches) -> None:
    """Wraps ``xgboost.train``."""

    class Rounds(module.callback.TrainingCallback):  # type: ignore[misc]  # xgboost is untyped
        """Logs what the last round gave."""

        def __init__(self, run: Any) -> None:
            super().__init__()
            self._run = run

        def after_iteration(self, _model: Any, epoch: int, evals_log: Any) -> bool:
            """Called by xgboost; False goes on."""
            for data, metrics in evals_log.items():
                for name, values in metrics.items():
                    last = values[-1]
                    self._run.log_metric(
                        f"{data}{autologging.joint}{name}",
                        last[0] if isinstance(last, tuple) else last,
                        epoch,
                    )
            return False

    def train(original: Callable[..., Any], params: Any, *args: Any, **kwargs: Any) -> Any:
        with autologging.outermost("xgboost") as run:
            if run is not None:
                run.log_params(dict(params))
                kwargs["callbacks"] = [*(kwargs.get("callbacks") or ()), Rounds(run)]
            model = original(params, *args, **kwargs)
            if run is not None:
                autologging.heard(run, model, args[0] if args else kwargs.get("dtrain"))
            return model

    patches.wrap(module, "train", train)


def teach_lightgbm(module: Any, patches: Patches) -> None:
    """Wraps ``lightgbm.train``."""

    def train(original: Callable[..., Any], params: Any, *args: Any, **kwargs: Any) -> Any:
        with autologging.outermost("lightgbm") as run:
            if run is not None:
                run.log_params(dict(params))

                def rounds(environment: Any) -> None:
                    for data, name, value, *_more in environment.evaluation_result_list or ():
                        run.log_metric(f"{data}{autologging.joint}{name}", value, environment.iteration)

                kwargs["callbacks"] = [*(kwargs.get("callbacks") or ()), rounds]
            model = original(params, *args, **kwargs)
            if run is not None:
                autologging.heard(run, model, args[0] if args else kwargs.get("train_set"))
            return model

    patches.wrap(module, "train", train)
