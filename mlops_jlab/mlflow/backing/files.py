"""Files by their addresses: artifacts of runs, files of logged models and of registered versions.

Understood are ``runs:/RUN/PATH``, ``models:/m-ID/PATH``, ``models:/NAME/NUMBER``, ``models:/NAME@ALIAS``,
``models:/NAME/latest``, and what :mod:`mlops_jlab.mlflow.backing.places` makes.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mlops_jlab.entities.models import parse_address
from mlops_jlab.entities.runs import Artifact
from mlops_jlab.errors import InputError, NotFound
from mlops_jlab.mlflow.backing import places, runs
from mlops_jlab.mlflow.entities import FileInfo
from mlops_jlab.registry import folders
from mlops_jlab.store import artifacts, loggedmodels, opening, reading, registering

if TYPE_CHECKING:
    import sqlite3

_RUN = re.compile(r"(?:runs:/+(?P<a>[^/]+)|mlops-jlab:/+runs/(?P<b>[^/]+)/artifacts)(?:/(?P<path>.*))?\Z")
_LOGGED = re.compile(r"(?:models:/+|mlops-jlab:/+models/)(?P<id>m-[0-9a-f]{32})(?:/(?P<path>.*))?\Z")
_VERSION = re.compile(
    r"(?:models:/+|mlops-jlab:/+versions/)(?P<name>[^/@]+)(?P<which>@[^/]+|/\d+|/latest)?(?:/(?P<path>.*))?\Z"
)


def is_ours(uri: str) -> bool:
    """Whether an address is of a place in our store, and no folder or server."""
    return uri.startswith(("runs:/", "models:/", f"{places.SCHEME}:"))


def located(uri: str) -> tuple[dict[str, Artifact], str]:
    """The files below an address, by their names from the root of what it belongs to; and the path within.

    Raises:
        InputError: it is no address of ours.
        NotFound: what it names is not there.
    """
    with opening.reading(places.here()) as connection:
        if match := _RUN.match(uri):
            found = _of_run(connection, match["a"] or match["b"])
        elif match := _LOGGED.match(uri):
            loggedmodels.find(connection, match["id"])
            found = loggedmodels.files(connection, match["id"])
        elif match := _VERSION.match(uri):
            which = (match["which"] or "").replace("/latest", "")
            found = folders.of_version(
                places.here(), registering.find(connection, parse_address(match["name"] + which))
            )
        else:
            raise InputError(f"{uri!r} is not an address", hint="write runs:/RUN/PATH or models:/NAME/NUMBER")
    return {file.path: file for file in found}, (match["path"] or "").strip("/")


def _of_run(connection: sqlite3.Connection, run_id: str) -> list[Artifact]:
    return reading.artifacts(connection, runs.find(connection, run_id))


def below(uri: str) -> dict[str, Artifact]:
    """The files below an address, by their names from there; of an address of one file that one, by its name.

    Raises:
        NotFound: nothing is there.
    """
    found, path = located(uri)
    if not path:
        return found
    if path in found:
        return {PurePosixPath(path).name: found[path]}
    inside = {name[len(path) + 1 :]: file for name, file in found.items() if name.startswith(f"{path}/")}
    if not inside:
        tops = sorted({name.partition("/")[0] for name in found})
        raise NotFound(
            f"there is nothing at {uri}", hint=f"it has: {', '.join(tops)}" if tops else "it has no files"
        )
    return inside


def listed(uri: str, path: str = "") -> list[FileInfo]:
    """What lies directly below ``path`` of an address: files and folders, by name."""
    found, root = located(uri)
    start = "/".join(part for part in (root, path.strip("/")) if part)
    strip = len(root) + 1 if root else 0
    entries: dict[str, FileInfo] = {}
    for name, file in found.items():
        if start and not name.startswith(f"{start}/"):
            continue
        first, _, rest = name[len(start) + 1 if start else 0 :].partition("/")
        whole = f"{start}/{first}" if start else first
        entries[first] = FileInfo(whole[strip:], bool(rest), None if rest else file.size)
    return [entries[name] for name in sorted(entries)]


def read(file: Artifact) -> bytes:
    """The content of a file.

    Raises:
        StoreError: it is missing, or is not what was written.
    """
    return artifacts.read(places.here(), file.digest)


def download(uri: str, folder: str | Path | None = None) -> Path:
    """Writes the files below an address into ``folder``, or a new one; where they, or the only one, lie.

    Raises:
        NotFound: nothing is there.
    """
    target = Path(folder) if folder else Path(tempfile.mkdtemp(prefix="mlops-jlab-"))
    found, path = located(uri)
    if path in found:
        return _written(target / PurePosixPath(path).name, found[path])
    root = target / PurePosixPath(path).name if path else target
    root.mkdir(parents=True, exist_ok=True)
    for name, file in below(uri).items():
        _written(root / name, file)
    return root


def _written(path: Path, file: Artifact) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(read(file))
    return path


def contents(uri: str) -> dict[str, bytes]:
    """The files of a folder by name, with their contents: at an address of ours, or on this machine.

    Raises:
        NotFound: nothing is there.
        InputError: it lies elsewhere.
    """
    if is_ours(uri):
        return {name: read(file) for name, file in below(uri).items()}
    folder = Path(uri.removeprefix("file://"))
    if not folder.is_dir():
        raise NotFound(
            f"there is no folder {folder}", hint="give runs:/RUN/PATH, models:/NAME/NUMBER or a folder"
        )
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def put(files: Mapping[str, bytes]) -> list[Artifact]:
    """Keeps contents under their digests; who refers to them has to be said beside."""
    place = places.here()
    return [
        Artifact(artifacts.check_name(name), *artifacts.put(place, [data])) for name, data in files.items()
    ]
