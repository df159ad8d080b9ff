"""``python -m mlops_jlab.serving.packs.serve FOLDER``: the version in a pack answers, with no store.

``--needs`` prints what is loaded to answer, a requirement a line, and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from blake3 import blake3

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.entities.runs import Artifact
from mlops_jlab.errors import InputError, MlopsError, StoreError
from mlops_jlab.registry import modelfiles
from mlops_jlab.serving import processes, requests, service, telemetry
from mlops_jlab.serving.answering import Asked, Desk
from mlops_jlab.serving.counting import Counts

VERSION = "version.json"
_OURS = "mlops-jlab"


@dataclass
class Packed:
    """The version of a pack. It is what it was: nothing moves here."""

    now: tuple[ModelVersion, Any]
    problem: str = ""


def read(folder: Path) -> Packed:
    """The version in a folder and its model.

    Whoever runs a pack trusts it as the code beside it: a pickle in it is loaded.

    Raises:
        InputError: there is none.
        StoreError: a file is not what was packed.
    """
    try:
        about = json.loads((folder / VERSION).read_text("utf-8"))
        files = tuple(Artifact(**file) for file in about.pop("files"))
        contents = {file.path: (folder / file.path).read_bytes() for file in files}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder} holds no packed version: {error}") from error
    for file in files:
        if blake3(contents[file.path]).hexdigest() != file.digest:
            raise StoreError(f"{folder / file.path} is not what was packed", hint="pack the version again")
    version = ModelVersion(0, files=files, user="", created=0.0, **about)
    path = next(path for path in contents if path.startswith("model."))
    return Packed((version, modelfiles.unpack(contents[path], path.partition(".")[2], version.title)))


def needs() -> Iterator[str]:
    """The installed packages from which something is loaded now, each with its version, as for pip."""
    homes = metadata.packages_distributions()
    found = {home for name in sys.modules if "." not in name for home in homes.get(name, ())}
    for home in sorted(found, key=str.lower):
        if home.lower().replace("_", "-") != _OURS:
            yield f"{home}=={metadata.version(home)}"


def main(words: list[str] | None = None) -> int:
    """Serves until SIGTERM; the exit code."""
    parser = argparse.ArgumentParser(prog="serve", description="The version in a pack answers over HTTP.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--needs", action="store_true")
    asked = parser.parse_args(words)
    token = os.environ.get(service.TOKEN, "")
    try:
        service.check_host(asked.host, token)
        desk = Desk(read(asked.folder), Counts())
        if asked.needs:
            _answer_sample(desk, asked.folder)
            print("\n".join(needs()))
            return 0
        listening = processes.listen(asked.host, asked.port)
        where = f"{asked.host}:{listening.getsockname()[1]}"
        print(f"{desk.served.now[0].title} at http://{where}/predict", file=sys.stderr, flush=True)
        desk.telemetry = telemetry.begin(desk.served.now[0].model, desk.counts)
        try:
            processes.answer(service.application(desk, token), listening)
        finally:
            if desk.telemetry is not None:
                desk.telemetry.close()
    except MlopsError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _answer_sample(desk: Desk, folder: Path) -> None:
    """Answers some rows, so that all that this takes is loaded."""
    processes.load(service.application(desk))
    with suppress(OSError):
        rows = json.loads((folder / "said.json").read_text("utf-8"))["rows"]
        desk.answer(Asked({"rows": rows}, requests.rows_of))


if __name__ == "__main__":
    sys.exit(main())
