"""What a notebook has really imported → a lock: every package that it needs, pinned, with hashes."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from mlops_jlab import interpreter
from mlops_jlab.entities.notebooks import Notebook
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.pipeline import requirements

OURS = "mlops-jlab"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)(.*)$")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
_WAIT = 1800.0  # seconds that a resolver may take


@dataclass(frozen=True)
class Locked:
    """A package in the version that was resolved; ``hashes`` are those of the files that may be installed."""

    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str = ""


def path_of(notebook: Path) -> Path:
    """Where the lock of a notebook lies: beside it."""
    return notebook.with_name(f"{notebook.stem}.lock.txt")


def imported_in(runs: Path) -> tuple[set[str], str]:
    """The modules that the newest finished run below ``runs`` really imported, and that run's folder."""
    for run in sorted(runs.glob("*/run.json"), key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            content = json.loads(run.read_text("utf-8"))
            if content["status"] == "finished":
                return set(content["versions"]), str(run.parent)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return set(), ""


def wanted(notebook: Notebook, imported: Iterable[str]) -> list[str]:
    """The packages that the notebook names in imports and those that were imported, in the versions here.

    Raises:
        InputError: one of them is not installed here.
    """
    found = requirements.pinned(
        {*requirements.imported_modules(notebook), *imported} - {"mlops_jlab"}, notebook.path.parent
    )
    missing = [line.partition(" ")[0] for line in found if "==" not in line]
    if missing:
        raise InputError(
            f"{', '.join(missing)} is imported and not installed here",
            hint="install it, or ask the interpreter that has it: PYTHON -m mlops_jlab env lock NOTEBOOK",
        )
    if not is_local():
        return found
    own = metadata.requires(OURS) or []
    return [line for line in found if not line.startswith(f"{OURS}==")] + [
        r for r in own if "extra ==" not in r
    ]


def is_local() -> bool:
    """Whether this package was installed from a folder or file, so that no registry is known to have it."""
    return metadata.distribution(OURS).read_text("direct_url.json") is not None


def resolve(lines: Sequence[str]) -> tuple[list[Locked], str]:
    """All packages that ``lines`` need, with hashes, by uv where it is installed, else by pip; and by which.

    Raises:
        MlopsError: they cannot be had together, or there is neither uv nor pip.
    """
    if uv := shutil.which("uv"):
        found = from_requirements(_asked(
            [uv, "pip", "compile", "-", "--quiet", "--generate-hashes", "--no-header", "--no-annotate",
             "--no-emit-index-url", "--no-emit-find-links", "--python", sys.executable], "\n".join(lines),
        ))  # fmt: skip
        return found, "uv"
    words = ["-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-", *lines]
    return from_report(json.loads(_asked(interpreter.words(*words)))), "pip"


def _asked(command: Sequence[str], given: str = "") -> str:
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=_WAIT, check=False,
            env=interpreter.environment(),
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MlopsError(f"{Path(command[0]).name} cannot be asked: {error}") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()][-6:]
        raise MlopsError(
            "the packages cannot be had together:\n  " + "\n  ".join(said),
            hint="install pip or uv"
            if "No module named pip" in done.stderr
            else "see what the resolver says",
        )
    return done.stdout


def from_report(report: Mapping[str, Any]) -> list[Locked]:
    """What pip says that it would install, without where it would come from.

    Raises:
        MlopsError: a package has no hash, so that nobody could tell whether it is the same one later.
    """
    found: list[Locked] = []
    for entry in report["install"]:
        name, version = entry["metadata"]["name"], entry["metadata"]["version"]
        sha = entry["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256", "")
        if not sha:
            raise MlopsError(
                f"{name} {version} is installed from a folder or a repository, and has no hash",
                hint="publish it as a package, or build a wheel and put it where pip looks",
            )
        found.append(Locked(_normal(name), version, (f"sha256:{sha}",)))
    return sorted(found, key=lambda one: one.name)


def from_requirements(text: str) -> list[Locked]:
    """The packages of a file of requirements in pip's format; comments and options are left out."""
    found: list[Locked] = []
    for line in text.replace("\\\n", " ").splitlines():
        if pin := _PIN.match(line.strip()):
            rest, _, _ = pin[3].partition(" #")
            marker = rest.partition(";")[2].partition("--hash")[0].strip()
            found.append(Locked(_normal(pin[1]), pin[2], tuple(_HASH.findall(pin[3])), marker))
    return sorted(found, key=lambda one: one.name)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def render(locked: Iterable[Locked], notebook: str, origin: str) -> str:
    """The text of a lock, which pip and uv read as it is."""
    lines = [
        f"# Made by: mlops-jlab env lock {notebook}",
        f"# For Python {platform.python_version()} on {sysconfig.get_platform()}; {origin}.",
    ]
    if is_local():
        lines.append(
            f"# {OURS} {metadata.version(OURS)} was installed from a folder: it is copied from there."
        )
    for one in locked:
        marker = f" ; {one.marker}" if one.marker else ""
        hashes = [f"    --hash={value}" for value in one.hashes]
        lines += [" \\\n".join([f"{one.name}=={one.version}{marker}", *hashes])]
    return "\n".join(lines) + "\n"
