"""The command ``mlops-jlab`` and its subcommands; the command-line library is used here alone."""

from __future__ import annotations

import errno
import importlib
import keyword
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from mlops_jlab import __version__, extras
from mlops_jlab.cli.saying import say_error
from mlops_jlab.errors import FULL, MlopsError, nearest, unwritten

# jsonschema imports it where it is installed, and it takes a second to build a grammar that nothing needs.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # none: it cannot be imported

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


# Each command and the module beside this one that has it: imported when it is asked for.
_HOMES = {
    "audit": "models",
    "cache": "caches",
    "check": "checking",
    "ci": "reviewing",
    "cost": "costing",
    "data": "data",
    "debug": "debugging",
    "diff": "comparing",
    "doctor": "doctoring",
    "env": "environments",
    "export": "exporting",
    "import": "importing",
    "lineage": "tracing",
    "mlflow": "mlflow",
    "models": "models",
    "monitor": "monitoring",
    "new": "creating",
    "policy": "policing",
    "reproduce": "reproducing",
    "run": "commands",
    "runs": "runs",
    "schedule": "schedules",
    "schema": "describing",
    "step": "hosting",
    "store": "stores",
    "sweep": "sweeping",
    "tag": "commands",
    "verify": "proving",
    "worker": "schedules",
}


class _Commands(click.Group):
    def list_commands(self, _context: click.Context) -> list[str]:
        return list(_HOMES)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _HOMES:
            if name.startswith("-"):
                return None
            context.fail(f"there is no command {name!r}{nearest(name, _HOMES)}")
        module = importlib.import_module(f"mlops_jlab.cli.{_HOMES[name]}")
        found: click.Command = getattr(module, f"{name}_" if keyword.iskeyword(name) else name)
        return found


@click.group(cls=_Commands, context_settings=_HELP)
@click.version_option(__version__, prog_name="mlops-jlab")
def cli() -> None:
    """A notebook becomes a pipeline; every run is kept.

    Tag the cells of a notebook with step:NAME, then:

    \b
      mlops-jlab new NAME             a project to begin with
      mlops-jlab check NOTEBOOK       what the steps are and what crosses between them
      mlops-jlab verify NOTEBOOK      proof that the pipeline computes what the notebook computes
      mlops-jlab export NOTEBOOK      one papermill notebook a step, in a folder for git
      mlops-jlab run NOTEBOOK         run it headless, with parameters
      mlops-jlab runs list            the runs of cells, notebooks and pipelines
    """


def main() -> NoReturn:
    """Runs the command line; every error of ours ends in one message and its exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        result = cli.main(standalone_mode=False)
    except MlopsError as error:
        _fail(error)
    except ModuleNotFoundError as error:
        told = extras.explained(error)
        if not isinstance(told, MlopsError):
            raise
        _fail(told)
    except OSError as error:
        if error.errno in FULL:
            _fail(unwritten(error.filename or "a file", error, MlopsError))
        if error.errno not in (errno.EMFILE, errno.ENFILE):
            raise
        say_error("too many files are open at once", "raise the limit: ulimit -n 1024, or use fewer --jobs")
        sys.exit(1)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("cancelled", err=True)
        sys.exit(130)
    code = result if isinstance(result, int) else 0
    sys.exit(code or _lost())


def _fail(error: MlopsError) -> NoReturn:
    say_error(error.message, error.hint)
    sys.exit(error.exit_code)


def _lost() -> int:
    """1 if something that was logged could be written nowhere, which is said here."""
    recorder = sys.modules.get("mlops_jlab.store.recorder")
    if recorder is None:
        return 0
    recorder.close_all()
    return int(sys.modules["mlops_jlab.store.keeping"].lost() > 0)


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
