"""What is known of the kernels on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mlops_jlab.errors import InputError, nearest

_MAJOR, _MINOR = sys.version_info[:2]
_BARE = {"python", f"python{_MAJOR}", f"python{_MAJOR}.{_MINOR}"}


def python_of(argv: Sequence[str]) -> str:
    """The interpreter of a kernel that is an ordinary ipykernel, or nothing for any other kernel."""
    words = [word for word in argv if not word.startswith("-X")]
    if words[1:4] != ["-m", "ipykernel_launcher", "-f"]:
        return ""
    # jupyter_client takes a bare name for its own interpreter, wherever PATH would lead.
    return sys.executable if words[0] in _BARE else words[0]


def python_of_kernel(name: str) -> str:
    """The interpreter of the kernel called ``name``, if it is an ordinary ipykernel as pip installs it."""
    spec = _installed(name)
    return "" if spec.get("env") else python_of(spec.get("argv", ()))


def python_kernels() -> dict[str, str]:
    """The interpreter of each kernel on this machine that is an ordinary ipykernel, by the kernel's name."""
    from jupyter_client.kernelspec import KernelSpecManager

    found = KernelSpecManager().get_all_specs()
    asked = {name: python_of(found[name]["spec"].get("argv", ())) for name in sorted(found)}
    return {name: interpreter for name, interpreter in asked.items() if interpreter}


def _installed(name: str) -> dict[str, Any]:
    """What the kernel ``name`` says of itself, found where jupyter_client finds it; or nothing.

    jupyter_client itself takes a quarter of a second to import, which a run that has all its answers
    does not have.
    """
    from jupyter_core.paths import jupyter_path

    for folder in jupyter_path("kernels"):
        with suppress(OSError, ValueError):
            spec = json.loads(Path(folder, name.lower(), "kernel.json").read_text("utf-8"))
            if isinstance(spec, dict):
                return spec
    if name == "python3" and find_spec("ipykernel"):
        return {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]}
    return {}


def check_kernel(name: str) -> None:
    """Raises InputError with the available kernels if there is no kernel ``name``."""
    if _installed(name):
        return
    from jupyter_client.kernelspec import KernelSpecManager

    known = sorted(KernelSpecManager().find_kernel_specs())
    if name not in known:
        raise InputError(
            f"there is no kernel {name!r}{nearest(name, known)}",
            hint=f"available: {', '.join(known) or 'none'}; choose one with --kernel NAME",
        )
