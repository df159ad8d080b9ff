"""Heads of the audit log, noted in git: who replaces the log would have to replace what others have fetched.

A repository asks for it by ``git config mlops-jlab.anchors true``. Then each move of an alias adds a line to
the note of the commit that is checked out, in ``refs/notes/mlops-jlab``, which is pushed and fetched as
branches are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from mlops_jlab.store import auditing, opening
from mlops_jlab.store.location import Place
from mlops_jlab.telling import tell
from mlops_jlab.tracking.provenance.code import git, text_of

_REF = "refs/notes/mlops-jlab"
_LINE = re.compile(r"audit (\d+) ([0-9a-f]{64})")


def note(place: Place) -> None:
    """Notes the head of the log in the repository around the store, if it asks for that.

    The change itself is done by then: what cannot be noted is said, and stops nothing.
    """
    folder = place.root.parent
    if text_of(git(folder, "config", "--bool", "mlops-jlab.anchors")) != "true":
        return
    with opening.reading(place) as connection:
        number, digest = auditing.head(connection)
    person = (
        () if git(folder, "config", "user.email") else ("-c", "user.name=mlops-jlab", "-c", "user.email=-")
    )
    line = f"audit {number} {digest}"
    if git(folder, *person, "notes", f"--ref={_REF}", "append", "-m", line, "HEAD") is None:
        tell(f"the head of the audit log could not be noted in git: {line}. Is there a commit?", once=False)


def problems(place: Place, heads: Mapping[int, str]) -> Iterator[str]:
    """Heads that git has noted and the log does not have, each in words; ``heads`` are digests by number."""
    for commit, number, digest in _noted(place.root.parent):
        if heads.get(number) != digest:
            yield (
                f"the note of commit {commit[:12]} has entry {number} as {digest[:12]}, which the log does "
                "not have: its end was cut off, or it was replaced"
            )


def _noted(folder: Path) -> Iterator[tuple[str, int, str]]:
    for line in text_of(git(folder, "notes", f"--ref={_REF}", "list")).splitlines():
        blob, _, commit = line.partition(" ")
        for number, digest in _LINE.findall(text_of(git(folder, "cat-file", "blob", blob))):
            yield commit, int(number), digest
