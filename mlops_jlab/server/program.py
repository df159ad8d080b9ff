"""How the command line is called in a terminal of this server: pages that start something there are told."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

_OPTION = "mlopsJlabProgram"  # of the page's configuration


def program() -> str:
    """The program's name, or the way around it where that would start another environment's or none."""
    found = shutil.which("mlops-jlab")
    here = Path(sys.executable).parent.resolve()
    if found is not None and Path(found).parent.resolve() == here:
        return "mlops-jlab"
    return f"{shlex.quote(sys.executable)} -m mlops_jlab"


def tell_program(app: Any) -> None:
    """Puts it into what JupyterLab and Notebook 7 give to each page."""
    app.web_app.settings.setdefault("page_config_data", {})[_OPTION] = program()
