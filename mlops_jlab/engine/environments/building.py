"""A lock → an environment of its own, built once, and a kernel in it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import mlops_jlab
from mlops_jlab import interpreter
from mlops_jlab.engine.environments.locking import OURS, from_requirements
from mlops_jlab.errors import InputError, MlopsError, unwritten
from mlops_jlab.store import locks
from mlops_jlab.telling import tell

_MADE = "mlops-jlab.json"  # written last: without it the environment is not whole
_WAIT = 3600.0  # seconds that an installation may take
_PATH = "JUPYTER_PATH"
_ANEW = "make the lock anew: mlops-jlab env lock NOTEBOOK"


def kernel_of(lock: Path, environments: Path) -> str:
    """The name of a kernel in the environment that the lock describes; it is built if it is not there.

    From then on this process and those that it starts find the kernel.

    Raises:
        InputError: there is no lock.
        MlopsError: the environment cannot be built.
    """
    try:
        text = lock.read_text("utf-8")
    except OSError:
        raise InputError(f"there is no lock {lock}", hint="make it: mlops-jlab env lock NOTEBOOK") from None
    packages = from_requirements(text)
    if bare := [one.name for one in packages if not one.hashes]:
        raise InputError(
            f"{lock}: {bare[0]} has no hash", hint="make the lock anew: mlops-jlab env lock NOTEBOOK"
        )
    facts = [text, sys.version, *([_own_version()] if OURS not in [one.name for one in packages] else [])]
    digest = hashlib.sha256("\0".join(facts).encode()).hexdigest()[:16]
    place = environments / digest
    try:
        environments.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(environments / f"{digest}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unwritten(environments, error, MlopsError) from error
    try:
        locks.take(handle, environments / f"{digest}.lock")
        if not (place / _MADE).is_file():
            _build(lock, place, copies_us=len(facts) > 2)
            (place / _MADE).write_text(json.dumps({"lock": lock.name, "packages": len(packages)}))
    finally:
        os.close(handle)
    name = f"mlops-jlab-{digest}"
    _offer(name, place)
    return name


def python_in(place: Path) -> Path:
    """The interpreter of an environment."""
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _own_version() -> str:
    return f"{metadata.version(OURS)} {Path(mlops_jlab.__file__).parent}"


def _build(lock: Path, place: Path, *, copies_us: bool) -> None:
    tell(f"the environment of {lock.name} is built, once", once=False)
    shutil.rmtree(place, ignore_errors=True)  # of one who was killed meanwhile
    python = str(python_in(place))
    if uv := shutil.which("uv"):
        _do([uv, "venv", "--quiet", "--python", sys.executable, str(place)])
        _do(
            [
                uv,
                "pip",
                "install",
                "--quiet",
                "--python",
                python,
                "--no-deps",
                "--require-hashes",
                "-r",
                str(lock),
            ]
        )
    else:
        _do(interpreter.words("-m", "venv", "--without-pip", str(place)))
        _do(interpreter.words("-m", "pip", "--python", python, "install", "--quiet", "--no-deps",
                              "--require-hashes", "-r", str(lock)))  # fmt: skip
    if copies_us:
        _copy_us(place)


def _do(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_WAIT, check=False, env=interpreter.environment()
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MlopsError(f"the environment cannot be built: {error}") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()][-6:]
        raise MlopsError(
            "the environment cannot be built:\n  " + "\n  ".join(said),
            hint=f"if a package was changed or removed since, {_ANEW}",
        )


def _copy_us(place: Path) -> None:
    """This package as it is here: no registry is known to have it in this version."""
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    found = subprocess.run([python_in(place), "-I", "-c", asked], capture_output=True, text=True, check=True)
    target = Path(found.stdout.strip())
    shutil.copytree(
        Path(mlops_jlab.__file__).parent, target / "mlops_jlab",
        ignore=shutil.ignore_patterns("__pycache__", "_labextension"),
    )  # fmt: skip
    own = next(path for path in metadata.files(OURS) or () if path.name == "METADATA")
    info = Path(str(own.locate())).parent
    shutil.copytree(info, target / info.name, ignore=shutil.ignore_patterns("direct_url.json", "RECORD"))


def _offer(name: str, place: Path) -> None:
    """Jupyter finds the kernel, in this process and in those that it starts."""
    home = place / "share" / "jupyter"
    spec = home / "kernels" / name / "kernel.json"
    if not spec.is_file():
        spec.parent.mkdir(parents=True, exist_ok=True)
        words = [str(python_in(place)), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec.write_text(
            json.dumps({"argv": words, "display_name": f"Locked ({name[-16:]})", "language": "python"})
        )
    known = [one for one in os.environ.get(_PATH, "").split(os.pathsep) if one]
    if str(home) not in known:
        os.environ[_PATH] = os.pathsep.join([str(home), *known])
