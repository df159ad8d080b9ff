"""``mlops-jlab runs``: list, show, compare, delete and take back, export, clean up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_jlab.cli.answers import FORMAT, answer, as_json
from mlops_jlab.cli.hosting import import_runs
from mlops_jlab.errors import InputError, nearest, unwritten

if TYPE_CHECKING:
    from mlops_jlab.entities.runs import Run

_FORMAT = click.option("--format", "style", type=click.Choice(["text", "json", "csv"]), default="text",
                       show_default=True, help="How to print.")  # fmt: skip
_WHOLE = 1 << 26  # bytes of a log that are printed
_RUNS = click.argument("wanted", nargs=-1, required=True, metavar="RUN...")


@click.group()
def runs() -> None:
    """Find, compare and clean up runs.

    RUN is an id, a name (its newest run), or the beginning of an id.
    """


def _options(command: Any) -> Any:
    for option in reversed((
        click.option("-o", "--order-by", multiple=True, metavar="FIELD [ASC|DESC]",
                     help="Sort, such as: 'metrics.acc DESC'."),
        click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=20, show_default=True,
                     help="The most runs."),
        click.option("--experiment", multiple=True, metavar="NAME", help="Of this experiment alone."),
        click.option("--deleted", is_flag=True, help="Deleted runs as well."),
        click.option("--column", "columns", multiple=True, metavar="FIELD",
                     help="Show this, such as metrics.acc; the most frequent by default."),
        _FORMAT,
    )):  # fmt: skip
        command = option(command)
    return command


@runs.command("list")
@click.option("--tree", "shape", flag_value="tree", help="Steps and trials below their run as well.")
@click.option("--flat", "shape", flag_value="flat", help="All runs alike, steps and trials too.")
@_options
def list_runs(shape: str | None, columns: tuple[str, ...], style: str, **wanted: Any) -> None:
    """The newest runs; the steps of a pipeline and the trials of a sweep are folded into their run."""
    found = _found("" if shape == "flat" else 'parent = ""', **wanted)
    _print_runs(found, columns, style, "no runs yet; track one: %track start", whole=shape == "tree")


@runs.command()
@click.argument("filter_string", metavar="FILTER")
@_options
def search(filter_string: str, columns: tuple[str, ...], style: str, **wanted: Any) -> None:
    """The runs that FILTER finds, steps and trials too.

    Such as: metrics.acc > 0.9 and params.model = "rf".
    """
    _print_runs(_found(filter_string, **wanted), columns, style, "no runs that match")


def _found(
    filter_string: str, *, order_by: tuple[str, ...], limit: int, experiment: tuple[str, ...], deleted: bool
) -> list[Run]:
    from mlops_jlab.store import location, opening
    from mlops_jlab.tracking import finding

    found = finding.find_runs(filter_string, order_by, limit, experiment, deleted)
    waits = opening.waiting(location.find())
    if waits:
        click.echo(f"  {waits}", err=True)
    return found


def _print_runs(
    runs: Sequence[Run], columns: Sequence[str], style: str, nothing: str, *, whole: bool = False
) -> None:
    from mlops_jlab.cli.tables import run_table
    from mlops_jlab.tracking import exporting, finding, pages

    depths = [(run, 0) for run in runs]
    counts: dict[str, int] = {}
    if runs:
        depths, counts = finding.unfolded(runs) if whole else depths, finding.parts(runs)
    found = [run for run, _ in depths]
    chosen = list(columns) or pages.columns_of(found, 6 if style == "text" else 10_000)
    if style == "json":
        click.echo(as_json([exporting.plain(run) | {"parts": counts.get(run.id, 0)} for run in found]))
    elif style == "csv":
        click.echo(exporting.rows(found, chosen), nl=False)
    else:
        click.echo(run_table(depths, chosen, counts) if found else nothing)


@runs.command()
@click.argument("wanted", metavar="RUN")
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Print the points of this metric.")
@click.option(
    "--points", type=click.IntRange(2), default=None, help="At most this many points, which keep its shape."
)
@FORMAT
def show(wanted: str, metrics: tuple[str, ...], points: int | None, style: str) -> None:
    """One run with all that is known of it."""
    from mlops_jlab.cli.tables import run_details
    from mlops_jlab.store import location, opening, reading
    from mlops_jlab.tracking import exporting

    with opening.reading(location.find()) as connection:
        run = reading.find(connection, wanted)
        courses = {name: reading.history(connection, run, name, points or 0) for name in metrics}
        files = reading.artifacts(connection, run)
        inner = reading.children(connection, run)
    if style == "json":
        content = exporting.plain(run) | {
            "artifacts": [{"path": file.path, "size": file.size} for file in files],
            "children": [child.id for child in inner],
        }
        if metrics:
            content["history"] = {
                name: [[p.iteration, exporting.finite(p.value), p.at] for p in course]
                for name, course in courses.items()
            }
        click.echo(as_json(content))
        return
    for name, course in courses.items():
        click.echo("\n".join(f"{name}\t{p.iteration}\t{p.value}\t{p.at:.3f}" for p in course))
    if not metrics:
        log = location.find().log_of(run.id)
        click.echo(run_details(run, files, inner, log if log.exists() else None))


@runs.command()
@click.argument("wanted", metavar="RUN")
@click.option("--step", default="", metavar="NAME", help="Only what this step has printed.")
@FORMAT
def log(wanted: str, step: str, style: str) -> None:
    """What a run has printed: its steps, or its tracked cells.

    The lines are in the order of time, each with its time and its step.
    """
    from mlops_jlab.cli.caches import folder_of
    from mlops_jlab.cli.tables import log_lines
    from mlops_jlab.engine.folder import logs
    from mlops_jlab.store import location, opening, reading

    place = location.find()
    with opening.reading(place) as connection:
        run = whole = reading.find(connection, wanted)
        steps = reading.children(connection, run)
        if run.kind == "step" and run.parent:
            whole, steps = reading.find(connection, run.parent), [run]
    if step and step not in {one.name for one in steps}:
        raise InputError(f"no step {step!r} in this run{nearest(step, [one.name for one in steps])}")
    if whole.engine.folder:
        folder = folder_of(Path(whole.id)).resolve()
        lines = logs.of_steps(folder, [one for one in steps if step in ("", one.name)], _WHOLE)
    else:
        lines = [("", line) for line in logs.said(place, run, _WHOLE)]
    told = [{"time": line.time, "kind": line.kind, "step": name, "text": line.text} for name, line in lines]
    answer(style, {"run": run.id, "lines": told}, lambda: log_lines(lines) or "nothing was printed")


@runs.command()
@_RUNS
@_FORMAT
def compare(wanted: tuple[str, ...], style: str) -> None:
    """Several runs side by side; a star marks what differs."""
    from mlops_jlab.tracking import exporting, finding

    found = finding.compare_runs(wanted)
    table = [[line.kind, line.name, *line.values] for line in found.lines]
    if style == "json":
        lines = [
            {"kind": line.kind, "name": line.name, "differs": line.differs,
             "values": [exporting.finite(value) for value in line.values]}
            for line in found.lines
        ]  # fmt: skip
        click.echo(as_json({"runs": [r.id for r in found.runs], "lines": lines}))
    elif style == "csv":
        click.echo(",".join(["kind", "name", *(run.id for run in found.runs)]))
        for row in table:
            click.echo(",".join(_csv(value) for value in row))
    else:
        from mlops_jlab.cli.tables import visible

        click.echo(visible(repr(found)))


def _csv(value: object) -> str:
    from mlops_jlab.tracking.exporting import harmless

    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = harmless(value) if isinstance(value, str) else str(value)
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ',"\n') else text


@runs.command()
@_RUNS
@FORMAT
def delete(wanted: tuple[str, ...], style: str) -> None:
    """Hide runs and their children, until `runs restore`.

    `runs gc` removes them for good.
    """
    from mlops_jlab.store import changing, location, opening, reading
    from mlops_jlab.tracking import lifecycle

    with opening.writing(location.find()) as connection:
        ids = changing.delete(
            connection, [reading.find(connection, name) for name in wanted], lifecycle.who()
        )
    back = f"mlops-jlab runs restore {' '.join(i[:12] for i in ids)}"
    answer(style, {"deleted": ids}, f"deleted {len(ids)}; take it back with: {back}")


@runs.command()
@_RUNS
@FORMAT
def restore(wanted: tuple[str, ...], style: str) -> None:
    """Show deleted runs again."""
    from mlops_jlab.store import changing, location, opening, reading
    from mlops_jlab.tracking import lifecycle

    with opening.writing(location.find()) as connection:
        ids = changing.restore(
            connection, [reading.find(connection, name) for name in wanted], lifecycle.who()
        )
    answer(style, {"restored": ids}, f"restored {len(ids)}")


@runs.command("export")
@_RUNS
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("runs-export"),
              show_default=True, help="The folder to write into.")  # fmt: skip
@FORMAT
def export_runs(wanted: tuple[str, ...], output: Path, style: str) -> None:
    """Write runs as plain files: JSON, CSV, and their artifacts."""
    from mlops_jlab.store import location, opening, reading
    from mlops_jlab.tracking import exporting

    place = location.find()
    written = []
    with opening.reading(place) as connection:
        for name in wanted:
            run = reading.find(connection, name)
            try:
                folder = exporting.write(place, connection, run, output)
                written.append({"run": run.id, "name": run.name, "folder": str(folder)})
            except OSError as error:
                raise unwritten(output, error, InputError) from error
    answer(style, written, "\n".join(f"{one['name']}: {one['folder']}" for one in written))


runs.add_command(import_runs)


@runs.command()
@click.option("--older-than", type=click.FloatRange(0), default=0.0, metavar="DAYS", show_default=True,
              help="Only runs that were deleted so long ago.")  # fmt: skip
@click.confirmation_option(prompt="Remove deleted runs for good?")
@FORMAT
def gc(older_than: float, style: str) -> None:
    """Remove deleted runs, files that no run refers to, and what the policy keeps no longer, for good."""
    from mlops_jlab.store import changing, location, opening, retaining
    from mlops_jlab.tracking import lifecycle

    place = location.find()
    with opening.writing(place) as connection:
        old = retaining.expired(place, connection)
        retaining.retain(connection, old, who=lifecycle.who())
        if old and style == "text":
            click.echo(f"too old for the policy: {old}")
        found = changing.clean(place, connection, older_than * 86_400, lifecycle.who())
    expired = {"runs": old.runs, "artifacts": old.artifacts, "logs": old.logs}
    answer(
        style, {"runs": found.runs, "files": found.files, "bytes": found.size, "expired": expired},
        f"removed {found.runs} runs and {found.files} files ({found.size / 1e6:.1f} MB)",
    )  # fmt: skip
