"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_jlab.entities import settings
from mlops_jlab.entities.runs import checked_run_id

PARAMETER = click.option("-p", "--parameter", "pairs", multiple=True, metavar="NAME=VALUE",
                         help="Set a parameter.")  # fmt: skip
PARAMETERS_FILE = click.option("-f", "--parameters-file", "file", type=click.Path(path_type=Path),
                               help="Read parameters from a YAML or JSON file.")  # fmt: skip
KERNEL = click.option("--kernel", default="", metavar="NAME", help="Use another Jupyter kernel.")
JOBS = click.option("-j", "--jobs", type=click.IntRange(1), default=None, metavar="N",
                    help="Run at most N steps side by side (default: one a CPU).")  # fmt: skip
COLD = click.option("--cold", is_flag=True, help="Start an ordinary kernel for each step.")
EXECUTOR = click.option("--executor", default="local", show_default=True, metavar="local|dask://HOST:PORT",
                        help="Where steps are executed.")  # fmt: skip
ARTIFACTS = click.option("--artifacts", default="", metavar="URL",
                         help="Keep values and executed notebooks there too: a folder, s3://...")  # fmt: skip
RUN_ID = click.option("--run-id", default="", metavar="ID",
                      callback=lambda _context, _option, text: checked_run_id(text) if text else "",
                      help="Begin the run that was announced under this id.")  # fmt: skip
ENV = click.option("--env", "environment", type=click.Choice(["here", "locked"]), default="here",
                   show_default=True, help="Run in this environment, or in the notebook's lock.")  # fmt: skip
SNAPSHOTS = click.option("--snapshot-memory", "snapshots", default="", metavar="SIZE",
                         callback=lambda _context, _option, text: _size(text),
                         help="Memory of all snapshots together (default: half of all).")  # fmt: skip


QUIET = click.option("-q", "--quiet", "volume", flag_value=-1, type=int, help="Print errors alone.")
VERBOSE = click.option("-v", "--verbose", "volume", flag_value=1, type=int,
                       help="Print each cell as it begins.")  # fmt: skip


def _size(text: str) -> int:
    found = settings.size(text) if text else 0
    if found is None:
        raise click.BadParameter(f"{text!r} is not a size: write 500 MB or 2 GB")
    return found
