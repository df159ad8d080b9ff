"""Python, the command, the packages that are needed, and what the system allows."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from mlops_jlab import __version__
from mlops_jlab.doctor.results import Check, State

DISTRIBUTION = "mlops-jlab"
_FILES = 1024  # open at once: a runner with eight steps needs some two hundred
# Extras that a user may want, and what they are for; the others are for development.
_EXTRAS = {
    "lab": "inside JupyterLab",
    "text": "notebooks as text", "models": "registering models, gates", "data": "data checks, drift",
    "monitor": "monitoring models", "serve": "serving models",
    "otel": "telemetry of what is served", "search": "sweeps that search",
    "mlflow": "mirroring to MLflow", "dask": "more than one machine", "alerts": "alerts by mail and chat",
}  # fmt: skip


def python() -> Check:
    """The interpreter and the version of the product."""
    text = f"mlops-jlab {__version__} in Python {platform.python_version()} ({sys.executable})"
    return Check("Python", State.GOOD, f"{text} on {platform.system()}")


def command() -> Check:
    """Whether ``mlops-jlab`` in a terminal is the one of this environment."""
    found = shutil.which(DISTRIBUTION)
    if found is None:
        return Check("command", State.NOTE, "mlops-jlab is not on PATH",
                     f"activate the environment, or call {sys.executable} -m mlops_jlab")  # fmt: skip
    if Path(found).parent.resolve() != Path(sys.executable).parent.resolve():
        return Check("command", State.NOTE, f"the one on PATH is of another environment: {found}",
                     f"call {sys.executable} -m mlops_jlab, or activate this environment")  # fmt: skip
    return Check("command", State.GOOD, found)


def packages() -> Check:
    """Whether each package that is needed is there in a version that will do."""
    bad = [text for needed in _requirements("") if (text := _lack(needed))]
    if bad:
        return Check("packages", State.BROKEN, "; ".join(bad),
                     f"{sys.executable} -m pip install --upgrade {DISTRIBUTION}")  # fmt: skip
    return Check("packages", State.GOOD, "all that is needed is installed")


def extras() -> Check:
    """Which extras are installed, and what the others would be for."""
    missing = [name for name in _EXTRAS if any(map(_lack, _requirements(name)))]
    there = ", ".join(name for name in _EXTRAS if name not in missing)
    if not missing:
        return Check("extras", State.GOOD, there)
    lacking = ", ".join(f"{name} ({_EXTRAS[name]})" for name in missing)
    wanted = f"{DISTRIBUTION}[{','.join(missing)}]"
    cure = f"if you want them: {sys.executable} -m pip install '{wanted}'"
    return Check("extras", State.NOTE, f"{there or 'none'}; without {lacking}", cure)


def files() -> Check:
    """How many files may be open at once."""
    try:
        import resource
    except ImportError:
        return Check("open files", State.GOOD, "no limit is known on this system")
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < _FILES:
        return Check("open files", State.NOTE, f"{limit} files may be open at once",
                     f"raise the limit: ulimit -n {_FILES}, or use fewer --jobs")  # fmt: skip
    return Check("open files", State.GOOD, f"{'any number' if limit < 0 else limit} may be open at once")


def _requirements(extra: str) -> Iterator[Requirement]:
    """What the product needs, with ``extra`` alone if there is one; extras that name extras are followed."""
    for text in metadata.requires(DISTRIBUTION) or ():
        needed = Requirement(text)
        of_extra = needed.marker is not None and "extra" in str(needed.marker)
        if of_extra != bool(extra) or (needed.marker and not needed.marker.evaluate({"extra": extra})):
            continue
        if re.sub(r"[-_.]+", "-", needed.name).lower() == DISTRIBUTION:
            for inner in sorted(needed.extras):
                yield from _requirements(inner)
        else:
            yield needed


def _lack(needed: Requirement) -> str:
    """What is wrong with the package that is ``needed``, or nothing."""
    try:
        found = metadata.version(needed.name)
    except metadata.PackageNotFoundError:
        return f"{needed.name} is missing"
    if needed.specifier.contains(found, prereleases=True):
        return ""
    return f"{needed.name} is {found}, and {needed.specifier} is needed"
