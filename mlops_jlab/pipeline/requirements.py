"""The packages that the notebook imports, pinned to the versions installed beside us."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from mlops_jlab.entities.notebooks import Notebook
from mlops_jlab.notebook.python import parse_cell

# Modules whose distribution has another name; spares a look through all installed packages.
_KNOWN = {
    "sklearn": "scikit-learn", "PIL": "pillow", "cv2": "opencv-python", "yaml": "PyYAML",
    "bs4": "beautifulsoup4", "skimage": "scikit-image", "dateutil": "python-dateutil",
}  # fmt: skip
_ALWAYS = ("mlops-jlab", "papermill", "ipykernel")


def imported_modules(notebook: Notebook) -> set[str]:
    """The top-level modules that the pipeline's cells import."""
    found: set[str] = set()
    for cell in notebook.tagged:
        for node in ast.walk(parse_cell(cell.source).tree):
            if isinstance(node, ast.Import):
                found.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found


def pinned(modules: Iterable[str], folder: Path) -> list[str]:
    """Lines of a ``requirements.txt`` for ``modules``; the notebook's neighbours are left out."""
    names: set[str] = set(_ALWAYS)
    for module in modules:
        local = (folder / f"{module}.py").exists() or (folder / module / "__init__.py").exists()
        if module not in sys.stdlib_module_names and not local:
            names.update(_distributions(module))
    lines: list[str] = []
    for name in sorted(names, key=str.lower):
        try:
            lines.append(f"{name}=={metadata.version(name)}")
        except metadata.PackageNotFoundError:
            lines.append(f"{name}  # not installed where this was exported")
    return lines


def _distributions(module: str) -> list[str]:
    name = _KNOWN.get(module, module)
    try:
        return [_normal(metadata.distribution(name).metadata["Name"])]
    except metadata.PackageNotFoundError:
        return [_normal(found) for found in _all_packages().get(module, [name])]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name)


@cache
def _all_packages() -> dict[str, list[str]]:
    return {module: list(names) for module, names in metadata.packages_distributions().items()}
