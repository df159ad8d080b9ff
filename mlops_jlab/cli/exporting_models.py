"""The forms in which ``mlops-jlab models export`` writes a version."""

from __future__ import annotations

from pathlib import Path

from mlops_jlab.registry import packing, versions
from mlops_jlab.store import location


def write(address: str, output: Path | None, form: str, *, trust: bool) -> str:
    """Writes a version in the asked form; what to tell the user."""
    place = location.find()
    version = versions.find(place, address)
    stem = f"{version.model}-{version.version}"
    if form == "archive":
        target = packing.pack(place, version, output or Path(f"{stem}.zip"))
        return f"{target}\n  load it anywhere: unzip, pip install -r requirements.txt, python load.py"
    from mlops_jlab.mirror import models
    from mlops_jlab.registry import modelfiles

    target = output or Path(f"{stem}-mlflow")
    models.save(modelfiles.load(place, version, trust=trust), target, dict(version.about))
    return f"{target}\n  serve it: mlflow models serve -m {target}"
