"""All that a run needs, imported: a process that has it forks runners that begin at once."""

import importlib

from mlops_jlab.engine.notebooks import import_papermill
from mlops_jlab.engine.report import prepare

_PARTS = ("cli.commands", "cli.main", "cli.progress", "engine.runner", "engine.tracked", "pipeline.planning")
for _name in _PARTS:
    importlib.import_module(f"mlops_jlab.{_name}")
import_papermill()
prepare()
