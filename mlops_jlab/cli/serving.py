"""``mlops-jlab models predict``, ``serve``, ``labels``: a version answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from mlops_jlab.cli import tables
from mlops_jlab.cli.answers import FORMAT, answer

_MODEL = click.argument("address", metavar="MODEL")
_TRUST = click.option("--trust", is_flag=True, help="Load a pickle that another machine wrote.")
_UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


@click.command()
@_MODEL
@click.argument("source", type=click.Path(path_type=Path), metavar="IN")
@click.argument("target", type=click.Path(path_type=Path), metavar="OUT")
@_TRUST
@FORMAT
def predict(address: str, source: Path, target: Path, trust: bool, style: str) -> None:
    """Write the rows of IN with the predictions of a version to OUT (.csv or .parquet), in parts."""
    from mlops_jlab.serving import scoring
    from mlops_jlab.store import location

    done = scoring.score(location.find(), address, source, target, trust=trust)
    told = {"path": done.target, "rows": done.rows, "model": done.version.model,
            "version": done.version.version}  # fmt: skip
    answer(style, told, f"{done.target}: {done.rows:,} rows by {done.version.title}")


@dataclass(frozen=True)
class _Asked:
    """The options of ``serve``, as they were given."""

    address: str
    host: str
    port: int
    processes: int
    trust: bool
    log: Path | None
    log_share: float
    log_most: str
    mask: tuple[str, ...]
    hash: tuple[str, ...]
    id_column: str
    shadow: str
    canary: str
    disagreement: float
    again: bool


@click.command()
@_MODEL
@click.option("--host", default="127.0.0.1", show_default=True, help="Beyond this machine only with a token.")
@click.option("--port", type=click.IntRange(0, 65535), default=5001, show_default=True, help="0: a free one.")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True,
              help="How many processes answer; one that dies is replaced.")  # fmt: skip
@click.option("--log", type=click.Path(path_type=Path), default=None, metavar="FOLDER",
              help="Write what is asked and answered there, for monitor.")  # fmt: skip
@click.option("--log-share", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True,
              help="Of this share of the rows.")  # fmt: skip
@click.option("--log-most", default="1GB", show_default=True, metavar="SIZE",
              help="All of it together; the oldest goes first.")  # fmt: skip
@click.option("--mask", multiple=True, metavar="COLUMN", help="Leave a column out of the log.")
@click.option("--hash", multiple=True, metavar="COLUMN", help="Log a keyed digest instead of its values.")
@click.option("--id", "id_column", default="", metavar="COLUMN",
              help="Has the ids of rows, by which labels join.")  # fmt: skip
@click.option("--shadow", default="", metavar="VERSION",
              help="Ask this version too; its answers are compared, never returned.")  # fmt: skip
@click.option("--canary", default="", metavar="VERSION=N%",
              help="Let this version answer a share, until it is shown to be worse.")  # fmt: skip
@click.option("--disagreement", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.5,
              show_default=True, help="Requests that it may answer otherwise.")  # fmt: skip
@click.option("--again", is_flag=True, help="Though it was rolled back before.")
@_TRUST
def serve(**given: Any) -> None:
    """Answer over HTTP; where the alias moves, the next request is for the other version.

    Where MLOPS_JLAB_SERVE_TOKEN is set, requests carry it: Authorization: Bearer TOKEN.
    """
    import os

    from mlops_jlab.serving import processes, service, watching

    asked = _Asked(**given)
    token = os.environ.get(service.TOKEN, "")
    service.check_host(asked.host, token)
    with processes.runtime() as folder:
        setup = _setup(asked, folder, token)
        version = setup.check()
        listening = processes.listen(asked.host, asked.port)
        if (watch := setup.watch()) is not None:
            watching.begin(watch, again=asked.again)
        port = listening.getsockname()[1]
        click.echo(f"{version.title} at http://{asked.host}:{port}/predict", err=True)
        processes.run(setup, listening, asked.processes)


@click.command()
@click.argument("model", default="", metavar="[MODEL]")
@FORMAT
def services(model: str, style: str) -> None:
    """Show who serves a model, or any, and how that goes: traffic, latency, errors, load."""
    from mlops_jlab.entities.models import check_model_name
    from mlops_jlab.serving import courses, pulse
    from mlops_jlab.store import location

    found = pulse.services(location.find(), check_model_name(model) if model else "")
    told = [
        {
            "id": one.id, "running": one.running, **asdict(one.begun),
            "last": one.beats[-1] if one.beats else None, "now": courses.newest(one.beats),
        }
        for one in found
    ]  # fmt: skip
    head = ["model", "answers", "at", "since", "requests/s", "median", "99 %", "failed", "load", "waiting"]
    nobody = f"nobody serves {model or 'a model'}: mlops-jlab models serve MODEL@champion"
    answer(style, told, tables.rows(head, [_line_of(one) for one in found]) if found else nobody)


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="The file to write.")
def dashboard(output: Path | None) -> None:
    """Print a Grafana dashboard of what services tell Prometheus, or write it to a file."""
    from importlib import resources

    from mlops_jlab.files import write_whole

    content = (resources.files("mlops_jlab.serving") / "dashboard.json").read_bytes()
    if output is None:
        click.echo(content.decode(), nl=False)
        return
    write_whole(output, content)
    click.echo(f"{output}: in Grafana, Dashboards, New, Import")


def _line_of(service: Any) -> list[str]:
    """A service in one line: how it did in the last minute that is known."""
    from mlops_jlab.serving import courses

    begun, now = service.begun, courses.newest(service.beats)
    version = f"v{service.beats[-1].version}" if service.beats else ""
    numbers = [""] * 6
    if now is not None:
        latency = ["" if s is None else f"{1000 * s:.3g} ms" for s in (now.median, now.p99)]
        numbers = [f"{now.a_second:.3g}", *latency, f"{now.failed:.1%}", f"{now.load:.0%}", str(now.busy)]
    where = begun.url if service.running else "has ended"
    return [begun.address, version, where, tables.moment(begun.begun), *numbers]


def _setup(asked: _Asked, folder: Path, token: str) -> Any:
    from mlops_jlab.entities.models import parse_address
    from mlops_jlab.errors import InputError
    from mlops_jlab.predictions.logfolder import LogSettings
    from mlops_jlab.serving.setup import Setup
    from mlops_jlab.serving.trials import share_in
    from mlops_jlab.store import location

    if asked.shadow and asked.canary:
        raise InputError("there is one version on trial at a time", hint="give --shadow or --canary")
    if asked.log is None and (asked.mask or asked.hash):
        raise InputError("--mask and --hash are for a log, and none is written", hint="--log FOLDER")
    if asked.id_column in {*asked.mask, *asked.hash}:
        raise InputError(
            f"the ids in the log would be the values of {asked.id_column}", hint="name another column: --id"
        )
    candidate, share = share_in(asked.canary) if asked.canary else (asked.shadow, 0.0)
    model = parse_address(asked.address).model
    settings = None
    if asked.log is not None:
        masked = (*asked.mask, *personal(asked.address, (*asked.mask, *asked.hash)))
        settings = LogSettings(model, asked.log_share, masked, asked.hash, _bytes(asked.log_most))
    return Setup(
        location.find(), asked.address, folder, token, asked.trust, log=asked.log and asked.log.absolute(),
        settings=settings, candidate=_address(model, candidate), share=share, id_column=asked.id_column,
        disagreement=asked.disagreement,
    )  # fmt: skip


def personal(address: str, chosen: Sequence[str]) -> list[str]:
    """The columns of a model that the policy calls personal, beside those that were ``chosen`` already."""
    from mlops_jlab.policies import standing
    from mlops_jlab.registry import references, versions
    from mlops_jlab.store import location

    taken = references.inputs_of(versions.find(location.find(), address))
    return [name for name in taken if name not in chosen and standing.is_personal(name)]


def _address(model: str, version: str) -> str:
    """The address of a version that was named by its number, its alias, or as a whole."""
    if not version or "/" in version or "@" in version:
        return version
    return f"{model}/{version}" if version.isdigit() else f"{model}@{version}"


def _bytes(text: str) -> int:
    from mlops_jlab.errors import InputError

    words = text.strip().lower()
    number = words.rstrip("abcdefghijklmnopqrstuvwxyz ")
    try:
        return int(float(number) * _UNITS[words[len(number) :].strip()])
    except (KeyError, ValueError, OverflowError):
        raise InputError(f"{text!r} is not a size", hint="write 500MB or 2GB") from None


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="LOG")
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--id", "id_column", default="", metavar="COLUMN", help="Where the ids are: _id or id, else this one."
)
@click.option("--label", "label_column", default="", metavar="COLUMN",
              help="Where the labels are: label, or the only other one, else this.")  # fmt: skip
@FORMAT
def labels(folder: Path, source: Path, id_column: str, label_column: str, style: str) -> None:
    """Add labels that came later to a prediction log; they join by id."""
    from mlops_jlab.predictions import labels as joining

    added = joining.add(folder, source, id_column, label_column)
    lines = [f"{added.new:,} new labels, {added.corrected:,} corrected, {added.repeated:,} known already"]
    if added.without:
        lines.append(f"  {added.without:,} rows without a label were left out")
    if added.strange:
        lines.append(f"  {added.strange:,} are of ids that the log does not have (yet)")
    answer(style, added, "\n".join(lines))


@click.command()
@_MODEL
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="The folder to write.")
@click.option("--rows", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Rows that prove it, where it was registered without an example.")  # fmt: skip
@_TRUST
@FORMAT
def pack(address: str, output: Path | None, rows: Path | None, trust: bool, style: str) -> None:
    """Write a folder that serves a version without the store, after proof that it answers the same."""
    from mlops_jlab.registry import versions
    from mlops_jlab.serving.packs import folder
    from mlops_jlab.store import location

    place = location.find()
    version = versions.find(place, address)
    target = output or Path(f"{version.model}-{version.version}-pack")
    measured = folder.pack(place, address, target, rows=rows, trust=trust)
    median, p95 = measured.latency[1]
    latency = [{"rows": count, "median": low, "p95": high} for count, (low, high) in measured.latency.items()]
    answer(
        style,
        {"path": target, "cold_start": measured.cold_start, "memory": measured.memory, "size": measured.size,
         "latency": latency},
        f"{target}: answers as where it was registered; cold start {measured.cold_start:.1f} s, "
        f"{measured.memory / 1e6:.0f} MB of memory, a row in {1e3 * median:.1f} ms, "
        f"95 % within {1e3 * p95:.1f} ms",
    )  # fmt: skip
