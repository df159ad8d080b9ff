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
from mlops_jlab.store import artifacts, auditing, judgements, opening, reading, registering
from mlops_jlab.store.location import Place
from mlops_jlab.store.whole import within

_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same evidence gives the same bytes
_VERIFY = '''"""Checks this folder against its own lists: python verify.py [FOLDER].

It needs Python alone; with the package blake3 it checks the audit log too, and what that says of the rest.
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
    print("blake3 is not installed: the audit log, and what it says of the rest, was not checked")
else:
    def digest_of(*fields):
        return blake3(json.dumps([*map(str, fields)], ensure_ascii=True).encode()).hexdigest()

    version = json.loads((folder / "version.json").read_text("utf-8"))
    title = f"{version['model']}/{version['version']}"
    previous, judged, made, later = "0" * 64, {}, {}, {}
    for line in (folder / "audit.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        fields = [str(value) for value in entry["fields"]]
        digest = digest_of(*fields)
        if fields[-1] != previous or digest != entry["digest"]:
            wrong.append(f"entry {fields[0]} of the audit log was changed, or one before it is missing")
            break
        previous = entry["digest"]
        action, subject, details = fields[3], fields[4], json.loads(fields[6])
        if action == "judge":
            judged[int(details["number"])] = details["report"]
        if (action, subject) == ("register", title):
            made = details
        if (action, subject) == ("describe", title):
            later.update(details)
    text = (folder / "registered.json").read_bytes().decode("utf-8")
    if made.get("about") and made["about"] != digest_of(text):
        wrong.append("registered.json is not what the audit log says was registered")
    if json.dumps(version["about"], sort_keys=True) != json.dumps(json.loads(text) | later, sort_keys=True):
        wrong.append("version.json is not what registered.json and the audit log say")
    if {file["path"]: file["digest"] for file in version["files"]} != made.get("files"):
        wrong.append("the files in version.json are not those that the audit log says were registered")
    for path in sorted((folder / "gates").glob("*.json")):
        text = path.read_bytes().decode("utf-8")
        said_so = json.loads(text)
        own = (said_so.get(name) for name in ("model", "content", "gate", "champion", "verdict"))
        number = int(path.stem)
        if number >= min(judged, default=0) and judged.get(number) != digest_of(*own, text):
            wrong.append(f"gates/{path.name} is not what the audit log says the gate found")
    print(f"compare the head of the audit log with one that was noted elsewhere: {previous}")
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
        yield "registered.json", registering.registered(connection, version).encode()
        for number, report in judgements.reports(connection, version.model, content):
            yield f"gates/{number:03d}.json", report.encode()
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
