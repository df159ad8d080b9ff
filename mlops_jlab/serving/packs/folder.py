"""The folder of a pack: the model, the code that serves it, what it needs, and how others start it."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlops_jlab
from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError, unwritten
from mlops_jlab.registry import modelfiles, needs, packing, samples, versions
from mlops_jlab.registry.samples import Sample
from mlops_jlab.serving import requests, scoring
from mlops_jlab.serving.packs import proof
from mlops_jlab.serving.packs.proof import Measured
from mlops_jlab.serving.packs.serve import VERSION
from mlops_jlab.store import artifacts
from mlops_jlab.store.location import Place

_MODEL = "model"
_PORT = 8080
_LEFT_OUT = shutil.ignore_patterns("_labextension", "__pycache__", "*.pyc", "*.ipynb")
_DOCKERFILE = """\
FROM python:{python}-slim
WORKDIR /srv
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN useradd --system serve
USER serve
EXPOSE {port}
# Whoever starts it sets MLOPS_JLAB_SERVE_TOKEN; without one it does not listen beyond its own machine.
CMD ["python", "-m", "mlops_jlab.serving.packs.serve", "{model}", "--host", "0.0.0.0", "--port", "{port}"]
"""
_KSERVE = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {name}
spec:
  predictor:
    containers:
      - name: kserve-container
        image: {name}:{version}
        ports:
          - containerPort: {port}
            protocol: TCP
        env:
          - name: MLOPS_JLAB_SERVE_TOKEN
            valueFrom:
              secretKeyRef:
                name: {name}-token
                key: token
        readinessProbe:
          httpGet:
            path: /v2/health/ready
            port: {port}
"""


def pack(
    place: Place, address: str, target: Path, *, rows: Path | None = None, trust: bool = False
) -> Measured:
    """Writes a version as the folder ``target``, after proof that it answers as where it was registered.

    What it said then of its example is known; for a version without one ``rows`` is a file of rows, of which
    it has to say what it says here. The folder is there whole or not at all.

    Raises:
        InputError: ``target`` is there already, or nothing is known to compare with.
        MlopsError: the pack does not begin, or answers otherwise.
    """
    if target.exists():
        raise InputError(f"{target} already exists", hint="choose another --output")
    version = versions.find(place, address)
    model = modelfiles.load(place, version, trust=trust)
    sample = _sample(place, version, model, rows)
    unfinished = target.absolute().with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.tmp")
    try:
        _write(place, version, model, sample, unfinished)
        inside = unfinished / _MODEL
        asked = sorted({*proof.requirements(unfinished, inside), *_own_needs(version)}, key=str.lower)
        (unfinished / "requirements.txt").write_text("\n".join(asked) + "\n")
        measured = proof.prove(unfinished, inside, sample)
        (unfinished / "profile.json").write_text(json.dumps(asdict(measured), indent=2) + "\n")
        (unfinished / "README.md").write_text(_readme(version, measured), "utf-8")
        for cache in unfinished.rglob("__pycache__"):
            shutil.rmtree(cache)
        unfinished.rename(target)
    except OSError as error:
        raise unwritten(target, error, InputError) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return measured


def _sample(place: Place, version: ModelVersion, model: Any, rows: Path | None) -> Sample:
    known = samples.read(place, version)
    if known is not None and rows is None:
        return known
    if rows is None:
        raise InputError(
            f"nothing is known of what {version.title} says",
            hint="give rows that it takes: --rows FILE; or register it with input_example=",
        )
    from mlops_jlab.profiles import chunks

    frame = next(iter(chunks.of_file(rows, 20)))
    said = requests.answers(scoring.said_of(version, model, frame, chances=False))[scoring.PREDICTION]
    taken = scoring.checked(version, frame)
    content = json.loads(json.dumps({str(n): taken[n].tolist() for n in taken.columns}, default=str))
    return Sample(content, said)


def _own_needs(version: ModelVersion) -> list[str]:
    """What the model was made with, as far as it is not loaded before it predicts."""
    return needs.for_pip(map(str, version.about.get("requirements", [])))


def _write(place: Place, version: ModelVersion, model: Any, sample: Sample, folder: Path) -> None:
    inside = folder / _MODEL
    inside.mkdir(parents=True)
    files = [file for file in version.files if file.path.startswith("model.")]
    for file in files:
        (inside / file.path).write_bytes(artifacts.read(place, file.digest))
    about = {
        "model": version.model, "version": version.version, "run": version.run, "about": dict(version.about),
        "files": [asdict(file) for file in files],
    }  # fmt: skip
    (inside / VERSION).write_text(json.dumps(about, indent=2, default=str) + "\n", "utf-8")
    (inside / samples.FILE).write_text(json.dumps(asdict(sample)) + "\n", "utf-8")
    (folder / "card.md").write_text(packing.card_of(place, version), "utf-8")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    (folder / "Dockerfile").write_text(_DOCKERFILE.format(python=python, port=_PORT, model=_MODEL))
    name = "".join(char if char.isalnum() else "-" for char in version.model.lower()).strip("-")
    (folder / "kserve.yaml").write_text(_KSERVE.format(name=name, version=version.version, port=_PORT))
    shutil.copytree(Path(mlops_jlab.__file__).parent, folder / "mlops_jlab", ignore=_LEFT_OUT)
    if type(model).__module__.partition(".")[0] == "sklearn":
        _for_mlserver(version, model, folder / "mlserver")


def _for_mlserver(version: ModelVersion, model: Any, folder: Path) -> None:
    """A model repository of MLServer, whose runtime for scikit-learn reads joblib's files."""
    import joblib

    home = folder / version.model
    home.mkdir(parents=True)
    joblib.dump(model, home / "model.joblib")
    settings = {
        "name": version.model, "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": "./model.joblib", "version": str(version.version)},
    }  # fmt: skip
    (home / "model-settings.json").write_text(json.dumps(settings, indent=2) + "\n")
    (folder / "settings.json").write_text(json.dumps({"host": "127.0.0.1"}, indent=2) + "\n")


def _readme(version: ModelVersion, measured: Measured) -> str:
    table = "\n".join(measured.lines())
    return (
        f"# {version.title}\n\nIt answers without a store, as it did where it was registered.\n\n"
        "```sh\npip install -r requirements.txt\n"
        f"python -m mlops_jlab.serving.packs.serve {_MODEL} --port {_PORT}     # this machine alone\n"
        f"buildah build -t {version.model}:{version.version} .               # or docker build\n```\n\n"
        "Beyond its own machine it listens only with a token, `MLOPS_JLAB_SERVE_TOKEN`, as `kserve.yaml`\n"
        "gives it from a secret. `mlserver/` is a model repository of MLServer; its file is a pickle.\n\n"
        f"Measured where it was packed:\n\n{table}\n"
    )
