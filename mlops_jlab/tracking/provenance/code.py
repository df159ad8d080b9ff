"""The git commit, branch and uncommitted changes of a folder, by the git command."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

_LONGEST_DIFF = 2 << 20  # bytes
_PATIENCE = 10.0  # seconds


def state_of(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Commit, branch, remote and whether it is dirty; and the uncommitted diff. Empty without git."""
    if shutil.which("git") is None:
        return {}, b""
    commit = _git(folder, "rev-parse", "HEAD").strip().decode("ascii", "replace")
    if not commit:
        return {}, b""
    diff = _git(folder, "diff", "HEAD", "--no-color", "--no-ext-diff", "--binary")
    facts: dict[str, Any] = {
        "commit": commit,
        "branch": _text(_git(folder, "rev-parse", "--abbrev-ref", "HEAD")),
        "root": _text(_git(folder, "rev-parse", "--show-toplevel")),
        "dirty": bool(diff.strip()),
    }
    remote = _text(_git(folder, "config", "--get", "remote.origin.url"))
    if remote:
        facts["remote"] = _without_password(remote)
    if len(diff) > _LONGEST_DIFF:
        facts["diff_bytes"] = len(diff)
        diff = b""
    return facts, diff


def _without_password(address: str) -> str:
    scheme, separator, rest = address.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if separator else address


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace").strip()


def _git(folder: Path, *arguments: str) -> bytes:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607  # the git that the user has
            capture_output=True, timeout=_PATIENCE, env=environment, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""
