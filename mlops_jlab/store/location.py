"""Where the store lies, and what its folder holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_jlab.policies import standing

VARIABLE = "MLOPS_JLAB_STORE"
_folder = os.getcwd  # as it is now: cells may put another in its place, and count its calls
FOLDER = ".mlops"


@dataclass(frozen=True)
class Place:
    """The folder of a store. Making one touches nothing."""

    root: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "runs.db"

    @property
    def journals(self) -> Path:
        """The folder of what was logged and is not in the database yet."""
        return self.root / "journal"

    @property
    def objects(self) -> Path:
        """The folder of artifacts, by digest."""
        return self.root / "artifacts"

    @property
    def logs(self) -> Path:
        """The folder of what the processes of runs have said."""
        return self.root / "logs"

    def log_of(self, run: str) -> Path:
        """What the process of a run has said, from its start on, if it was started in the background."""
        return self.logs / f"{run}.log"


def find(start: Path | None = None, environment: Mapping[str, str] = os.environ) -> Place:
    """The store that serves ``start`` (the working directory by default).

    ``MLOPS_JLAB_STORE``, else the nearest ``.mlops`` above, else the git root, else the Jupyter
    server's root, else ``start`` itself.
    """
    given = environment.get(VARIABLE)
    if given:
        return Place(Path(given).expanduser().absolute())
    here = (start or Path(_folder())).absolute()
    above = [here, *here.parents]
    for folder in above:
        if (folder / FOLDER).is_dir():
            return Place(folder / FOLDER)
    for folder in above:
        if (folder / ".git").exists():
            return Place(folder / FOLDER)
    server = environment.get("JUPYTER_SERVER_ROOT", "")
    if server and here.is_relative_to(server):
        return Place(Path(server) / FOLDER)
    return Place(here / FOLDER)


standing.found_by(lambda: find().root)  # the policy of a store counts for what reads data beside it


def make(place: Place) -> None:
    """Makes the folders, for their owner alone; git is told to leave them out.

    Raises:
        OSError: they cannot be made.
    """
    for folder in (place.root, place.journals, place.objects):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = place.root / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
