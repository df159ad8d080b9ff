"""The git commit, branch and uncommitted changes of a folder, by the git command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_LONGEST_DIFF = 2 << 20  # bytes
_PATIENCE = 10.0  # seconds
_MOST_FILES = 5_000
UNKNOWN = "unknown"
# A diff that applies whatever the user's settings are, made by git itself.
_PLAIN = (
    "--no-color", "--no-ext-diff", "--no-textconv", "--binary", "--full-index", "--no-relative",
    "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short", "--ignore-submodules=dirty",
    "--unified=3", "--inter-hunk-context=0",
)  # fmt: skip
_QUIETLY = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")  # each command may run both
# By these a process says that it works on some repository: a hook's on its own, whatever the folder's is.
_OF_ANOTHER = {
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_CONFIG", "GIT_EXTERNAL_DIFF",
}  # fmt: skip


def state_of(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Commit, branch, remote and whether it is dirty; and the uncommitted diff. Empty without git.

    Where git cannot tell in time, ``dirty`` is "unknown". Nothing that the repository names is executed.
    """
    if shutil.which("git") is None:
        return {}, b""
    commit = text_of(git(folder, "rev-parse", "HEAD"))
    if not commit:
        return {}, b""
    found = git(folder, *_harmless(folder), "diff", *_PLAIN, "HEAD")
    diff = found or b""
    facts: dict[str, Any] = {
        "commit": commit,
        "branch": text_of(git(folder, "rev-parse", "--abbrev-ref", "HEAD")),
        "root": text_of(git(folder, "rev-parse", "--show-toplevel")),
        "dirty": UNKNOWN if found is None else bool(diff.strip()),
    }
    if facts["dirty"] is False and _looks_away(Path(facts["root"])):
        facts["dirty"] = UNKNOWN
    remote = text_of(git(folder, "config", "--get", "remote.origin.url"))
    if remote:
        facts["remote"] = _without_password(remote)
    if len(diff) > _LONGEST_DIFF:
        facts["diff_bytes"] = len(diff)
        diff = b""
    return facts, diff


def changes(dirty: object) -> str:
    """What stands behind a commit's digest, by the fact ``dirty``."""
    if dirty == UNKNOWN:
        return ", perhaps with changes"
    return " with changes" if dirty else ""


def _without_password(address: str) -> str:
    scheme, separator, rest = address.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if separator else address


def untracked(root: str, files: Iterable[str]) -> list[str] | None:
    """Those of the files below ``root`` that no commit can have: git does not track them. Nothing if unknown.

    The interpreter's own files, in an environment below the root, are none of them.
    """
    own = (sys.prefix, sys.base_prefix)
    # A real path takes a look at each folder on the way: of installed modules, thousands, there is none.
    candidates = (file for file in files if not file.startswith(own) and "site-packages" not in file)
    inside = sorted(
        os.path.relpath(name, root) for name in {os.path.realpath(file) for file in candidates}
        if name.startswith(f"{root}{os.sep}") and not name.startswith(own) and "site-packages" not in name
    )  # fmt: skip
    if not inside:
        return []
    tracked = git(Path(root), "--literal-pathspecs", "ls-files", "-z", "--", *inside[:_MOST_FILES])
    if tracked is None:
        return None
    known = set(tracked.decode("utf-8", "surrogateescape").split("\0"))
    return [name for name in inside if name not in known]


def _looks_away(root: Path) -> bool:
    """Whether git was told not to look for changes of some file that is there."""
    listed = git(root, "ls-files", "-v", "-z")
    if listed is None:
        return True
    told = (line.partition(b" ") for line in listed.split(b"\0"))
    return any((root / os.fsdecode(name)).exists() for tag, _, name in told if tag == b"S" or tag.islower())


def _harmless(folder: Path) -> list[str]:
    """Options by which git runs none of the filters that the repository's own settings name."""
    words: list[str] = []
    scopes = ("--local", "--worktree")  # of the second there is one only where the first says so
    listed = [
        text_of(git(folder, "config", scope, "--includes", "--name-only", "--get-regexp", r"^filter\."))
        for scope in scopes
    ]
    for name in dict.fromkeys(line for text in listed for line in text.splitlines()):
        if name.endswith((".clean", ".process", ".smudge")):
            words += ["-c", f"{name}="]
        elif name.endswith(".required"):
            words += ["-c", f"{name}=false"]
    return words


def text_of(output: bytes | None) -> str:
    """What git has put out, as one piece of text."""
    return (output or b"").decode("utf-8", "replace").strip()


def git(folder: Path, *arguments: str) -> bytes | None:
    """What git says in a folder; None if it failed, or not in time. It asks nobody anything."""
    own = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER}
    environment = {**own, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *_QUIETLY, "-C", str(folder), *arguments],  # noqa: S607  # the git that the user has
            capture_output=True, timeout=_PATIENCE, env=environment, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
