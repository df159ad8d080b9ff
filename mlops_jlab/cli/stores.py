"""``mlops-jlab store``: check, back up, vacuum, move."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mlops_jlab.cli.answers import FORMAT, answer, as_json

_PATH = click.Path(path_type=Path)


@click.group()
def store() -> None:
    """Look after the store of runs.

    It lies where MLOPS_JLAB_STORE says, else in the nearest .mlops folder.
    """


@store.command()
@click.option("--salvage", type=_PATH, default=None, metavar="FILE",
              help="Save what can still be read of a damaged database into a new one.")  # fmt: skip
@FORMAT
def check(salvage: Path | None, style: str) -> int:
    """Look at everything: database, artifacts, journals. Exit code 1 if anything is damaged."""
    from mlops_jlab.store import location, maintenance

    place = location.find()
    if salvage is not None:
        saved = maintenance.salvage(place, salvage)
        told = ", ".join(f"{n} {name}" for name, n in saved.items() if n)
        then = f"use it: move {place.database} aside and put {salvage} in its place"
        answer(
            style, {"saved": saved, "file": salvage},
            f"saved to {salvage}: {told}\n  {then}",
        )  # fmt: skip
        return 0
    health = maintenance.check(place)
    if style == "json":
        whole = not health.problems
        click.echo(as_json({"folder": place.root, "whole": whole, **asdict(health)}))
        return int(not whole)
    click.echo(f"store {place.root}: " + ", ".join(f"{n} {name}" for name, n in health.counts.items()))
    for note in health.notes:
        click.echo(f"  {note}")
    for problem in health.problems:
        click.echo(f"  {click.style('damaged:', fg='red')} {problem}", err=True)
    if not health.problems:
        click.echo(click.style("whole", fg="green"))
    return 1 if health.problems else 0


@store.command()
@FORMAT
def secrets(style: str) -> int:
    """Find what looks like a secret in runs, files and logs. Exit code 1 if anything does.

    The secrets themselves are not printed. Set the environment variables whose values are looked for.
    """
    from mlops_jlab.store import leaks, location

    found = list(leaks.find(location.find()))
    told = "\n".join(f"{leak.where}: {leak.kind}" for leak in found)
    answer(style, found, told or "nothing looks like a secret")
    if not found:
        return 0
    click.echo(f"{len(found)} found. Make them invalid where they came from; then delete the runs", err=True)
    click.echo("  and remove them for good: mlops-jlab runs delete ID, mlops-jlab runs gc", err=True)
    return 1


@store.command()
@click.argument("folder", type=_PATH)
@FORMAT
def backup(folder: Path, style: str) -> None:
    """Copy the whole store, as of one moment, into the new FOLDER."""
    from mlops_jlab.store import location, maintenance

    maintenance.backup(location.find(), folder)
    answer(style, {"folder": folder}, f"copied to {folder}; use it with MLOPS_JLAB_STORE={folder}")


@store.command()
@click.argument("wanted", metavar="ID")
@click.option("--remove", is_flag=True, help="Remove it, after asking; without this it is only found.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@FORMAT
def forget(wanted: str, remove: bool, yes: bool, style: str) -> int:
    """Find all that is kept of a person, known by an id: an address, a number, a name; and remove it.

    Exit code 1 if anything is left that has to be looked at by hand.
    """
    from mlops_jlab.cli import forgetting
    from mlops_jlab.store import location

    return forgetting.forget(location.find(), wanted, remove=remove, asks=not yes, style=style)


@store.command()
@FORMAT
def vacuum(style: str) -> None:
    """Give the space of removed runs back to the disk."""
    from mlops_jlab.store import location, maintenance

    before, after = maintenance.vacuum(location.find())
    answer(
        style, {"before": before, "after": after}, f"{before / 1e6:.1f} MB before, {after / 1e6:.1f} MB now"
    )


@store.command()
@click.argument("folder", type=_PATH)
@FORMAT
def move(folder: Path, style: str) -> None:
    """Move the store to the new FOLDER: copied, checked, and only then removed here."""
    from mlops_jlab.store import location, maintenance

    moved = maintenance.move(location.find(), folder)
    answer(
        style, {"folder": moved.root},
        f"moved to {moved.root}; set MLOPS_JLAB_STORE={moved.root}, or name the folder .mlops",
    )  # fmt: skip
