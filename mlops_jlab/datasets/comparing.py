"""Data against a reference, wherever the two are: tables, files, registered versions, profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_jlab.datasets import versions
from mlops_jlab.drift.detecting import ALPHA, Drift, detect
from mlops_jlab.errors import InputError
from mlops_jlab.profiles import chunks, written
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.store import location


def profile_at(data: Any) -> Profile:
    """The profile of a table, of a file or folder (its path), of registered data (their address).

    A path that ends in ``.json`` is a profile that was written down.

    Raises:
        InputError: there is no such file and no such version, or the version has no profile.
    """
    if not isinstance(data, (str, Path)):
        return chunks.profile_of(data)
    path = Path(data)
    if path.suffix == ".json" and path.is_file():
        return written.from_json(path.read_bytes())
    if path.exists() or isinstance(data, Path) or chunks.is_table(path):
        return chunks.profile_of(path)
    place = location.find()
    version = versions.find(place, data)
    found = versions.profile_of(place, version)
    if found is None:
        raise InputError(
            f"{version.title} has no profile: it holds no files of rows, or was added without one",
            hint="add it again without --no-profile",
        )
    return found


def compare(
    reference: Any, current: Any, *, alpha: float = ALPHA, effect: float | None = None,
    importance: Mapping[str, float] | None = None, history: Sequence[Any] = (),
) -> Drift:  # fmt: skip
    """Compares current data with the reference; see :func:`mlops_jlab.drift.detecting.detect`."""
    before = [profile_at(one) for one in history]
    return detect(
        profile_at(reference), profile_at(current), alpha=alpha, effect=effect, importance=importance,
        history=before,
    )  # fmt: skip
