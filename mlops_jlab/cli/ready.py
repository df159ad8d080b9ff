"""All that a run needs, imported: a process that has it forks runners that begin at once."""

import importlib

from mlops_jlab.engine.report.page import prepare
from mlops_jlab.engine.step.papermill import import_papermill

_PARTS = (
    "cli.commands",
    "cli.main",
    "cli.progress",
    "engine.run.loop",
    "engine.run.tracked",
    "pipeline.planning",
)
for _name in _PARTS:
    importlib.import_module(f"mlops_jlab.{_name}")
import_papermill()
prepare()
