"""Where the objects of a run lie, by their digests."""

from __future__ import annotations

from pathlib import Path

from mlops_jlab.errors import HandoffError


def object_path(root: Path, digest: str) -> Path:
    """The file of the object with this digest in the handoff folder ``root``.

    Raises:
        HandoffError: it is no digest, and might lead anywhere.
    """
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise HandoffError(f"{digest!r} is not a digest")
    return root / "objects" / digest[:2] / digest
