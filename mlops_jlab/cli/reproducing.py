"""``mlops-jlab reproduce``."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_jlab.cli.answers import FORMAT, answer


@click.command()
@click.argument("wanted", metavar="RUN")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None,
              help="The folder to write (default: reproduce-ID).")  # fmt: skip
@click.option("--no-run", is_flag=True, help="Write the folder and stop.")
@click.option("--tolerance", type=click.FloatRange(0), default=1e-9, show_default=True,
              help="The relative difference up to which metrics are the same.")  # fmt: skip
@click.option("--kernel", default="python3", show_default=True, metavar="NAME", help="The Jupyter kernel.")
@FORMAT
def reproduce(
    wanted: str, output: Path | None, no_run: bool, tolerance: float, kernel: str, style: str
) -> int:
    """Run RUN again from what was kept of it; compare metrics.

    The folder gets the notebook as it was, the executed cells, parameters, requirements and the
    uncommitted changes. Exit code 1 if a metric differs.
    """
    from mlops_jlab.engine.proof import reproduce
    from mlops_jlab.tracking import finding
    from mlops_jlab.tracking.charts import number

    run = finding.get_run(wanted)
    remains = reproduce.gather(run.id, (output or Path(f"reproduce-{run.id[:8]}")).absolute())
    told: dict[str, object] = {"run": run.id, "folder": remains.folder, "same": None, "metrics": []}
    if style == "text":
        click.echo(f"{run.name} ({run.id[:12]}): collected in {remains.folder}")
    if no_run:
        answer(style, told, "")
        return 0
    reproduce.repeat(remains, kernel)
    pairs = reproduce.compare(remains)
    different = [pair for pair in pairs if not pair.agrees(tolerance)]
    if style == "json":
        told["same"] = not different
        told["metrics"] = [
            {"run": pair.run, "name": pair.name, "then": pair.then, "now": pair.now,
             "same": pair not in different}
            for pair in pairs
        ]  # fmt: skip
        answer(style, told, "")
        return 1 if different else 0
    for pair in pairs:
        mark = click.style("≠", fg="red") if pair in different else click.style("=", fg="green")
        name = f"{pair.run}: {pair.name}" if pair.run else pair.name
        click.echo(f"  {mark} {name}  then {number(pair.then) or '–'}  now {number(pair.now) or '–'}")
    click.echo(
        click.style(f"{len(different)} of {len(pairs)} metrics differ", fg="red") if different
        else click.style(f"all {len(pairs)} metrics are the same", fg="green")
    )  # fmt: skip
    return 1 if different else 0
