"""What a version said, beside labels that came later, in the form in which gates take it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.gates.metrics import Predicted
from mlops_jlab.predictions.reading import Said


def classes_of(version: ModelVersion) -> Sequence[Any] | None:
    """The classes that a version tells apart; None for one that says numbers."""
    found: Sequence[Any] | None = version.about.get("signature", {}).get("classes")
    return found


def predicted(truth: Sequence[Any], said: Sequence[Said], classes: Sequence[Any] | None) -> Predicted | None:
    """What a version said of rows with these labels; None where a label is none of its kind."""
    try:
        if classes is None:
            values = np.asarray([float(one.prediction) for one in said])
            return Predicted(np.asarray([float(value) for value in truth]), values)
        codes = {_key(name): code for code, name in enumerate(classes)}
        known = np.asarray([codes[_key(value)] for value in truth], dtype=int)
        own = np.asarray([codes[_key(one.prediction)] for one in said], dtype=int)
        chances = None
        if said and all(len(one.chances) == len(classes) for one in said):
            chances = np.asarray([[one.chances[str(name)] for name in classes] for one in said])
        return Predicted(known, own, chances, tuple(classes))
    except (KeyError, TypeError, ValueError):
        return None


def _key(value: Any) -> str:
    """A class by what it is written as: 1, 1.0 and True are one."""
    if isinstance(value, (bool, float)) and float(value).is_integer():
        value = int(value)
    return str(value)
