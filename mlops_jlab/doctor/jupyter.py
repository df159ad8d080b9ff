"""Whether JupyterLab finds the extension, its server the routes, and which kernels know the product."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_config_path, jupyter_path

from mlops_jlab import __version__
from mlops_jlab.doctor.environment import DISTRIBUTION
from mlops_jlab.doctor.results import Check, State
from mlops_jlab.processes.specs import python_kernels

_MODULE = "mlops_jlab.server"
_LONGEST = 20.0  # seconds for the import in a kernel's interpreter
_ASK = "import mlops_jlab; print(mlops_jlab.__version__)"
_AGAIN = f"{sys.executable} -m pip install --force-reinstall --no-deps {DISTRIBUTION}"


def front_end() -> Check:
    """Whether JupyterLab is here and finds the front end, in the version of the package, enabled."""
    try:
        lab = metadata.version("jupyterlab")
    except metadata.PackageNotFoundError:
        return Check("JupyterLab", State.NOTE, "not in this environment; %track and commands work without",
                     f"{sys.executable} -m pip install 'mlops-jlab[lab]'")  # fmt: skip
    for folder in map(Path, jupyter_path("labextensions")):
        found = _read(folder / DISTRIBUTION / "package.json")
        if found:
            break
    else:
        return Check("JupyterLab", State.BROKEN, f"JupyterLab {lab} does not find the extension", _AGAIN)
    if found.get("version") != __version__:
        told = f"the extension in {folder} is {found.get('version')}, the package {__version__}"
        return Check("JupyterLab", State.BROKEN, told, _AGAIN)
    for config in reversed([Path(path) for path in jupyter_config_path()]):
        disabled = _read(config / "labconfig" / "page_config.json").get("disabledExtensions", {})
        if DISTRIBUTION in disabled and (isinstance(disabled, list) or disabled[DISTRIBUTION]):
            return Check("JupyterLab", State.BROKEN, f"the extension is disabled in {config}",
                         f"jupyter labextension enable {DISTRIBUTION}")  # fmt: skip
    return Check("JupyterLab", State.GOOD, f"JupyterLab {lab} finds the extension {found['version']}")


def server() -> Check:
    """Whether the Jupyter server loads the routes."""
    enabled: bool | None = None
    for config in reversed([Path(path) for path in jupyter_config_path()]):
        parts = sorted((config / "jupyter_server_config.d").glob("*.json"))
        for path in [*parts, config / "jupyter_server_config.json"]:
            known = _read(path).get("ServerApp", {}).get("jpserver_extensions", {})
            enabled = known.get(_MODULE, known.get("mlops_jlab", enabled))
    if enabled:
        return Check("server", State.GOOD, "the Jupyter server loads the routes of the panel")
    return Check("server", State.BROKEN, "the Jupyter server does not load the routes of the panel",
                 f"jupyter server extension enable {_MODULE} --sys-prefix")  # fmt: skip


def kernels() -> Iterator[Check]:
    """Each Python kernel: whether notebooks that use it can track, and whether the versions agree."""
    asked: dict[str, str] = {sys.executable: __version__}
    for name, interpreter in python_kernels().items():
        if interpreter not in asked:
            asked[interpreter] = _version_in(interpreter)
        yield _kernel(name, interpreter, asked[interpreter])


def _kernel(name: str, interpreter: str, found: str) -> Check:
    title = f"kernel {name}"
    if found == __version__:
        return Check(title, State.GOOD, f"{interpreter} has the package")
    cure = f"{interpreter} -m pip install {DISTRIBUTION}=={__version__}"
    if not found:
        return Check(title, State.NOTE, f"{interpreter} does not have the package: no %track there", cure)
    return Check(title, State.NOTE, f"{interpreter} has {found}, this environment {__version__}", cure)


def _version_in(interpreter: str) -> str:
    """The version that another interpreter has, or nothing."""
    with suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run([interpreter, "-I", "-c", _ASK], capture_output=True, text=True,
                              timeout=_LONGEST, check=True)  # fmt: skip
        return said.stdout.strip()
    return ""


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text("utf-8"))
        return found if isinstance(found, dict) else {}
    return {}
