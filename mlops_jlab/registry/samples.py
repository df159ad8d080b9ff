"""What a model said of some rows when it was registered: whoever serves it elsewhere has to say the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.masking import found_in
from mlops_jlab.policies import standing
from mlops_jlab.store import artifacts
from mlops_jlab.store.location import Place

FILE = "said.json"
_ROWS = 20


@dataclass(frozen=True)
class Sample:
    """Rows by column, as JSON has them, and what was said of each."""

    rows: dict[str, list[Any]]
    said: list[Any]


def written_of(model: Any, example: Any) -> bytes | None:
    """Some rows of an example and what the model says of them, as a file.

    None where JSON has no room for it, where a column is personal by the policy, or where a secret is in it.

    ``example`` is a DataFrame or an array of shape (rows, columns).
    """
    is_frame = hasattr(example, "columns") and hasattr(example, "head")
    if not is_frame and getattr(example, "ndim", 0) != 2:
        return None
    if is_frame and any(standing.is_personal(name) for name in example.columns):
        return None
    head = example.head(_ROWS) if is_frame else example[:_ROWS]
    by_place = hasattr(model, "n_features_in_") and not hasattr(model, "feature_names_in_")
    said = model.predict(head.to_numpy() if by_place and is_frame else head)
    if is_frame:
        rows = {str(name): head[name].tolist() for name in head.columns}
    else:
        rows = {str(place): head[:, place].tolist() for place in range(head.shape[1])}
    try:
        text = json.dumps({"rows": rows, "said": said.tolist()})
    except (AttributeError, TypeError, ValueError):
        return None
    return None if any(found_in(text)) else text.encode()


def read(place: Place, version: ModelVersion) -> Sample | None:
    """The sample of a version, if it has one."""
    file = next((file for file in version.files if file.path == FILE), None)
    if file is None:
        return None
    found = json.loads(artifacts.read(place, file.digest))
    return Sample(found["rows"], found["said"])
