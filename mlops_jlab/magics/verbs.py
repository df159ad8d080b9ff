"""What ``%track VERB`` does: parse, one call."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from mlops_jlab.errors import MlopsError, TrackingError, nearest
from mlops_jlab.magics import cells, reading
from mlops_jlab.telling import tell
from mlops_jlab.tracking import fluent, lifecycle
from mlops_jlab.tracking.live import LiveRun


def run(shell: Any, line: str) -> Any:
    """Runs one ``%track`` line. What goes wrong is told and never stops the cell."""
    verb, _, rest = line.strip().partition(" ")
    try:
        if not verb:
            return show()
        if verb not in _VERBS:
            raise TrackingError(
                f"%track {verb}: there is no such verb{nearest(verb, reading.VERBS)}", hint="see %track?"
            )
        return _VERBS[verb](shell, rest.strip())
    except MlopsError as error:
        tell(str(error), once=False)
        return None


def show() -> Any:
    """The active run as a live card, or what to do where there is none."""
    active = lifecycle.current()
    if active is None:
        print("no run is active; start one with %track start NAME, or put %%track on top of a cell")
        return None
    from mlops_jlab.widgets.card import show_live

    return show_live(active)


def _active() -> LiveRun:
    found = lifecycle.current()
    if found is None:
        raise TrackingError("no run is active", hint="%track start NAME")
    return found


def _start(_shell: Any, rest: str) -> None:
    options = reading.start_options(rest)
    begun = lifecycle.start(name=" ".join(options.name), experiment=options.experiment, group=options.group,
                           nested=options.nested)  # fmt: skip
    print(f"run {begun.name} ({begun.id[:8]}) is active; %track stop ends it")


def _stop(_shell: Any, rest: str) -> None:
    found = _active()
    found.end(rest or "finished")
    print(f"run {found.name} ({found.id[:8]}) {found.status}")


def _resume(_shell: Any, rest: str) -> None:
    found = lifecycle.resume(rest)
    print(f"run {found.name} ({found.id[:8]}) goes on")


def _param(shell: Any, rest: str) -> None:
    fluent.log_params(reading.pairs(shell, rest))


def _metric(shell: Any, rest: str) -> None:
    items, step = reading.step_option(rest.split())
    fluent.log_metrics(reading.pairs(shell, " ".join(items)), step)


def _tag(shell: Any, rest: str) -> None:
    fluent.set_tags(reading.pairs(shell, rest))


def _note(_shell: Any, rest: str) -> None:
    fluent.note(rest)


def _artifact(_shell: Any, rest: str) -> None:
    for path in reading.words(rest):
        fluent.log_artifact(path)


def _figure(_shell: Any, rest: str) -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or not pyplot.get_fignums():
        raise TrackingError("%track figure: matplotlib has no current figure",
                            hint="write it into the cell that draws the figure")  # fmt: skip
    fluent.log_figure(pyplot.gcf(), rest or "figure.png")


def _adopt(_shell: Any, _rest: str) -> None:
    count = fluent.adopt()
    print(f"{count} call{'' if count == 1 else 's'} adopted")


def _auto(_shell: Any, rest: str) -> None:
    if rest not in ("", "on", "off"):
        raise TrackingError(f"%track auto is on or off, not {rest!r}")
    from mlops_jlab import autologging

    autologging.autolog(disable=rest == "off")
    print("autolog is off" if rest == "off" else "autolog is on: what estimators do in fit is logged")


def _runs(_shell: Any, rest: str) -> Any:
    from mlops_jlab.widgets.table import show_table

    return show_table(rest)


def _compare(_shell: Any, rest: str) -> Any:
    from mlops_jlab.widgets.comparison import show_comparison

    return show_comparison(reading.words(rest))


def _cell(shell: Any, rest: str) -> None:
    cells.arm(shell, reading.cell_options(rest))


_VERBS: dict[str, Callable[[Any, str], Any]] = {
    "start": _start, "stop": _stop, "resume": _resume, "param": _param, "params": _param, "metric": _metric,
    "metrics": _metric, "tag": _tag, "note": _note, "artifact": _artifact, "figure": _figure,
    "adopt": _adopt, "auto": _auto, "runs": _runs, "compare": _compare, "cell": _cell,
}  # fmt: skip
