"""``mlops-jlab import``: what other trackers have kept → our store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_jlab.cli.answers import FORMAT, answer

if TYPE_CHECKING:
    from mlops_jlab.mirror.keeping import Taken

_FOLDER = click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
_EXPERIMENT = click.option(
    "--experiment", default="", metavar="NAME",
    help="Their experiment (default: the project's or the folder's name).",
)  # fmt: skip


@click.group("import")
def import_() -> None:
    """Take over what another tracker has kept. Importing twice changes nothing."""


@import_.command()
@click.argument("uri", metavar="URI")
@click.option("--experiment", multiple=True, metavar="NAME", help="Of this experiment alone.")
@FORMAT
def mlflow(uri: str, experiment: tuple[str, ...], style: str) -> None:
    """From MLflow: URI is a server, a database (sqlite:///mlflow.db), or a folder mlruns."""
    from mlops_jlab.mirror import adopting
    from mlops_jlab.mirror.client import Server
    from mlops_jlab.mirror.pulling import Pull
    from mlops_jlab.store import location, opening
    from mlops_jlab.store.database import connect

    server = Server(Path(uri).absolute().as_uri() if "://" not in uri and Path(uri).is_dir() else uri)
    place = location.find()
    location.make(place)
    connect(place.database).close()
    with opening.writing(place) as connection:
        taken = Pull(place, connection, server)
        runs = taken.all(experiment)
        versions = adopting.adopt(place, connection, server, taken.skipped) if not experiment else 0
    told = f"took {runs} runs and {versions} model versions into {place.root}"
    answer(style, {"runs": runs, "versions": versions, "left_out": taken.skipped}, told)
    for note in taken.skipped:
        click.echo(f"  left out {note}", err=True)


@import_.command()
@_FOLDER
@_EXPERIMENT
@FORMAT
def tensorboard(folder: Path, experiment: str, style: str) -> None:
    """From TensorBoard: DIR is the folder that it is started with. Scalars and hyperparameters are taken."""
    from mlops_jlab.mirror import tensorboard

    _from_folder(tensorboard.take, folder, experiment, style)


@import_.command()
@_FOLDER
@_EXPERIMENT
@FORMAT
def wandb(folder: Path, experiment: str, style: str) -> None:
    """From W&B: DIR is the folder wandb, with runs that were logged offline or online."""
    from mlops_jlab.mirror import wandb

    _from_folder(wandb.take, folder, experiment, style)


@import_.command()
@_FOLDER
@_EXPERIMENT
@FORMAT
def dvclive(folder: Path, experiment: str, style: str) -> None:
    """From DVCLive: DIR is the folder dvclive, or one above several of them."""
    from mlops_jlab.mirror import dvclive

    _from_folder(dvclive.take, folder, experiment, style)


@import_.command()
@_FOLDER
@_EXPERIMENT
@FORMAT
def trackio(folder: Path, experiment: str, style: str) -> None:
    """From Trackio: DIR is the folder of its databases (TRACKIO_DIR, or ~/.cache/huggingface/trackio)."""
    from mlops_jlab.mirror import trackio

    _from_folder(trackio.take, folder, experiment, style)


def _from_folder(take: Callable[..., Taken], folder: Path, experiment: str, style: str) -> None:
    """Takes the runs of a folder, and tells what came."""
    from mlops_jlab.store import location, opening
    from mlops_jlab.store.database import connect

    place = location.find()
    location.make(place)
    connect(place.database).close()
    with opening.writing(place) as connection:
        taken = take(place, connection, folder, experiment)
    answer(style, asdict(taken), f"took {taken.runs} runs and {taken.points:,} points into {place.root}")
    for note in taken.left_out:
        click.echo(f"  left out {note}", err=True)
