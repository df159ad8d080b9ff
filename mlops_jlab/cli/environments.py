"""``mlops-jlab env lock``: the packages that a notebook needs, pinned, with hashes."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mlops_jlab.cli.answers import FORMAT, answer
from mlops_jlab.cli.asking import store_of
from mlops_jlab.errors import ExportError, InputError, unwritten
from mlops_jlab.files import write_whole


@click.group("env")
def env() -> None:
    """Lock the packages of a notebook, to run it in them elsewhere or later."""


@env.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None,
              help="The lock (default: NOTEBOOK.lock.txt beside it).")  # fmt: skip
@FORMAT
def lock(notebook: Path, output: Path | None, style: str) -> None:
    """Pin what NOTEBOOK imports, and all that needs, with hashes.

    Counts what its newest finished run really imported, beside what its cells name. Resolved by uv where
    it is installed, else by pip. Run in it with: mlops-jlab run NOTEBOOK --env locked.
    """
    from mlops_jlab.engine.environments import locking
    from mlops_jlab.notebook import reading
    from mlops_jlab.processes.specs import python_of_kernel

    found, _ = reading.read(notebook)
    python = python_of_kernel(found.kernel)
    if python and Path(python).absolute() != Path(sys.executable).absolute():
        raise InputError(
            f"the kernel {found.kernel!r} of {notebook} has another interpreter: {python}",
            hint=f"lock with it: {python} -m mlops_jlab env lock {notebook}",
        )
    modules, run = locking.imported_in(store_of(notebook) / "runs" / notebook.resolve().stem)
    packages, resolver = locking.resolve(locking.wanted(found, modules))
    origin = "from what a run imported" if run else "from what the cells import: it has not been run here"
    target = output or locking.path_of(notebook)
    try:
        write_whole(
            target, locking.render(packages, notebook.name, f"{origin}, resolved by {resolver}").encode()
        )
    except OSError as error:
        raise unwritten(target, error, ExportError) from error
    answer(
        style,
        {"lock": target, "run": run, "resolver": resolver,
         "packages": [{"name": one.name, "version": one.version} for one in packages]},
        f"{len(packages)} packages in {target}, {origin}\n"
        f"  run in them: mlops-jlab run {notebook} --env locked",
    )  # fmt: skip
