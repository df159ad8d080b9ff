"""Makes IPython know ``%track`` and ``%pipeline``. Cheap: what they do is imported when they are used."""

from __future__ import annotations

import os
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class

from mlops_jlab.errors import MlopsError
from mlops_jlab.handoff.variables import ATTEMPT
from mlops_jlab.store.guarding import guard
from mlops_jlab.telling import tell

HELP = """Track experiment runs from cells.

    %track                      show the active run, live
    %track start [NAME]         start a run    (--experiment NAME, --group NAME, --nested)
    %track stop [STATUS]        end it         (finished, failed or killed)
    %track resume ID            go on with a run that ended or was killed
    %track param depth=3 model  log params: an expression, or the value of a variable
    %track metric acc loss=f(x) log metrics    (--step N)
    %track tag stage=draft      set tags
    %track note TEXT            say what people should know
    %track artifact PATH        keep a file or a folder
    %track figure [NAME]        keep matplotlib's current figure
    %track adopt                put what was logged outside of a run into this one
    %track auto [on|off]        log what scikit-learn's estimators do in fit
    %track runs [FILTER]        a table of runs, such as: metrics.acc > 0.9
    %track compare ID ID ...    runs side by side

As a cell magic it makes the cell a run, or a part of the active one:

    %%track [NAME] [--params a b] [--metrics acc f1] [--auto]

It keeps the cell's source, its output, its time and memory, the error if it raises, and the named
variables as they are afterwards: scalars as params or metrics, DataFrames and figures as artifacts.
--auto finds scalars and figures by itself and says what it took.
"""


@magics_class
class TrackMagics(Magics):  # type: ignore[misc]  # IPython is untyped
    """The magics ``%track`` and ``%pipeline``."""

    @line_cell_magic  # type: ignore[untyped-decorator]  # IPython is untyped
    def track(self, line: str, cell: str | None = None) -> Any:
        """Replaced by the text of HELP below."""
        from mlops_jlab.magics import cells, verbs

        if cell is None:
            return verbs.run(self.shell, line)
        return cells.run_untracked(self.shell, cell)

    track.__doc__ = HELP

    @line_magic  # type: ignore[untyped-decorator]  # IPython is untyped
    def pipeline(self, line: str) -> None:
        """Show the steps of this notebook, as it was last saved, and what is wrong with them.

        %pipeline               this notebook
        %pipeline train.ipynb   another one
        """
        from mlops_jlab.magics import graphs

        graphs.show(line)


_shells: list[Any] = []  # IPython's, of this process


def load(shell: Any) -> None:
    """Registers the magic, its completion, and the transformer that unwraps ``%%track``."""
    from mlops_jlab.magics.transforming import unwrap

    if unwrap in shell.input_transformer_manager.cleanup_transforms:
        return
    shell.register_magics(TrackMagics)
    shell.input_transformer_manager.cleanup_transforms.append(unwrap)
    shell.events.register("pre_run_cell", _before)
    _shells.append(shell)
    if ATTEMPT in os.environ:  # a step begins: what its setup opens matters too
        from mlops_jlab.handoff.observing import watch

        watch()
    shell.set_hook("complete_command", _complete, re_key=r"%{1,2}track")


def unload(shell: Any) -> None:
    """Takes the magic away."""
    from mlops_jlab.magics.transforming import unwrap

    if unwrap in shell.input_transformer_manager.cleanup_transforms:
        shell.input_transformer_manager.cleanup_transforms.remove(unwrap)
        shell.events.unregister("pre_run_cell", _before)


def _before(_info: Any) -> None:
    """The task that executes cells is not one of the user's own."""
    from mlops_jlab.tracking import current

    current.at_home()
    if ATTEMPT not in os.environ:  # the process of a step is guarded when the step begins
        try:
            guard(_shells[-1] if _shells else None)
        except MlopsError as error:
            tell(str(error))


def _complete(shell: Any, event: Any) -> list[str]:
    from mlops_jlab.magics.completing import complete

    return complete(shell, event.line, event.symbol)
