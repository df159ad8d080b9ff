"""The machine, and the packages that are imported."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from typing import Any

from mlops_jlab.loaded import globals_of


def machine() -> dict[str, Any]:
    """Python, system, processors, memory (bytes), and graphics cards where there are any."""
    facts: dict[str, Any] = {
        "python": platform.python_version(), "system": platform.platform(), "host": platform.node(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "executable": sys.executable,
    }  # fmt: skip
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        facts["memory"] = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cards = nvidia("--query-gpu=name,memory.total")
    if cards:
        facts["gpus"] = cards
    return facts


def nvidia(query: str) -> list[str]:
    """What ``nvidia-smi`` answers, line by line; nothing where there is none."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    try:
        done = subprocess.run(
            [command, query, "--format=csv,noheader"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.strip().splitlines() if done.returncode == 0 else []


def packages() -> dict[str, str]:
    """The versions of what is imported now, by the name of its module."""
    found: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        if "." in name or name.startswith("_") or name in sys.stdlib_module_names:
            continue
        version = globals_of(module).get("__version__")
        if isinstance(version, str):
            found[name] = version
    return dict(sorted(found.items()))
