"""What an independent validator needs of a version, as one archive that is verified without the store."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError, MlopsError, unwritten
from mlops_jlab.registry.packing import card_of
from mlops_jlab.store import artifacts, auditing, judgements, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.whole import within

_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same evidence gives the same bytes
_VERIFY = '''"""Checks this folder against its own lists: python verify.py [FOLDER].

It needs Python alone; with the package blake3 it checks the chain of the audit log as well.
"""

import hashlib
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__)
folder = folder if folder.is_dir() else folder.parent
wrong = []
said = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
there = {str(p.relative_to(folder).as_posix()) for p in folder.rglob("*") if p.is_file()} - {"manifest.json"}
wrong += [f"{name} is not in the manifest" for name in sorted(there - set(said))]
for name, digest in said.items():
    if not (folder / name).is_file():
        wrong.append(f"{name} is missing")
    elif hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
        wrong.append(f"{name} was changed")
try:
    from blake3 import blake3
except ImportError:
    print("blake3 is not installed: the chain of the audit log was not checked")
else:
    previous = "0" * 64
    for line in (folder / "audit.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        fields = [str(value) for value in entry["fields"]]
        digest = blake3(json.dumps(fields, ensure_ascii=True).encode()).hexdigest()
        if fields[-1] != previous or digest != entry["digest"]:
            wrong.append(f"entry {fields[0]} of the audit log was changed, or one before it is missing")
            break
        previous = entry["digest"]
    version = json.loads((folder / "version.json").read_text("utf-8"))
    for file in version["files"]:
        if blake3((folder / "model" / file["path"]).read_bytes()).hexdigest() != file["digest"]:
            wrong.append(f"model/{file['path']} is not what was registered")
print("\\n".join(wrong) if wrong else f"all {len(said)} files are as they were packed")
sys.exit(bool(wrong))
'''


def pack(place: Place, version: ModelVersion, target: Path) -> Path:
    """Writes the archive ``target``.

    In it: the model, its card, all results of its gates, every artifact of the run that made it and of the
    runs of its pipeline, their parameters, packages and data digests, the audit log, how to reproduce it, and
    ``verify.py``.

    Raises:
        InputError: ``target`` is there already, or cannot be written.
        StoreError: a file is not what was kept.
    """
    if target.exists():
        raise InputError(f"{target} already exists", hint="choose another --output")
    content = dict(_content(place, version))
    manifest = {"files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(content.items())}}
    content["manifest.json"] = _json(manifest)
    unfinished = target.with_name(f".{target.name}.tmp")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in sorted(content.items()):
                archive.writestr(zipfile.ZipInfo(path, _MOMENT), data, zipfile.ZIP_DEFLATED)
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise unwritten(target, error, InputError) from error
    return target


def _content(place: Place, version: ModelVersion) -> Iterator[tuple[str, bytes]]:
    yield "verify.py", _VERIFY.encode()
    yield "version.json", _json({**asdict(version), "gate": None})
    yield "card.md", card_of(place, version).encode()
    for file in version.files:
        yield f"model/{file.path}", artifacts.read(place, file.digest)
    with opening.reading(place) as connection:
        content = str(version.about.get("content", ""))
        for number, report in enumerate(judgements.reports(connection, version.model, content), start=1):
            yield f"gates/{number:03d}.json", _json(report)
        yield "audit.jsonl", "".join(_line(entry) for entry in auditing.chain(connection)).encode()
        runs = list(_runs(connection, version))
        for run in runs:
            folder = f"runs/{run.name}-{run.id[:8]}".replace("\\", "-")
            yield f"{folder}/run.json", _json(_facts(run))
            for kept in reading.artifacts(connection, run):
                yield f"{folder}/artifacts/{kept.path}", artifacts.read(place, kept.digest)
    yield "REPRODUCE.md", _reproduce(version, runs).encode()


def _runs(connection: Any, version: ModelVersion) -> Iterator[Run]:
    """The run that made the version, the pipeline's, and those of its other steps, each once."""
    wanted = [*within(connection, version.whole), *within(connection, version.run)]
    for one in dict.fromkeys(wanted):
        with suppress(MlopsError):  # it was deleted
            yield reading.find(connection, one)


def _facts(run: Run) -> dict[str, Any]:
    names = "id name experiment status started ended kind source user note params tags facts".split()
    metrics = {name: asdict(metric) for name, metric in run.metrics.items()}
    return {**{name: getattr(run, name) for name in names}, "metrics": metrics}


def _reproduce(version: ModelVersion, runs: list[Run]) -> str:
    lines = [f"# How to reproduce {version.title}", ""]
    lines += (
        ["It belongs to no run that is still there: what is known of it is in version.json."]
        if not runs
        else []
    )
    if runs:
        run = next((one for one in runs if one.source.endswith((".ipynb", ".py"))), runs[0])
        lines += [
            "Where the store is at hand, this repeats the run with its code, parameters and packages,",
            "and compares:", "", "```", f"mlops-jlab reproduce {run.id}", "```", "",
            "Without it: the notebook and the executed steps lie under runs/, with the commit, the",
            "uncommitted diff, the packages and the digests of the data in each run.json. Execute the",
            "notebook with the parameters that stand there, and compare with its metrics and with gates/.",
        ]  # fmt: skip
    return "\n".join([*lines, "", "`python verify.py` checks that nothing in this archive was changed.", ""])


def _line(fields: tuple[Any, ...]) -> str:
    *rest, digest = fields
    return json.dumps({"fields": rest, "digest": digest}) + "\n"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(value), indent=2, ensure_ascii=False, default=str, sort_keys=True).encode()
