"""What a version was fitted on, as a profile that is fixed when it is registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.profiles import frames, profile, written
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.store import artifacts
from mlops_jlab.store.location import Place

FILE = "reference.json"
PREDICTION = "prediction"  # the name of the column with what the model says


def columns_of(signature: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The name and type of each column that a model takes; those of an array are known by their place."""
    found: list[tuple[str, str]] = []
    for column in signature.get("inputs", []):
        shape: Sequence[int] = column.get("shape") or []
        names = [str(place) for place in range(shape[0])] if len(shape) == 1 else [str(column["name"])]
        found += [(name, str(column["dtype"])) for name in names]
    return found


def inputs_of(version: ModelVersion) -> list[str]:
    """The columns that a version takes, as far as they are known."""
    return [name for name, _dtype in columns_of(version.about.get("signature", {}))]


def profile_of(model: Any, data: Any, inputs: list[str]) -> Profile:
    """The profile of a table with what the model predicts of it, where it can.

    Of more than 50,000 rows as many are predicted, evenly drawn.
    """
    frame = frames.pandas_frame(data)
    looks = profile.of_frame(frame)
    said = predictions(model, frame, inputs)
    if said is None:
        return looks
    predicted = profile.of_frame({PREDICTION: said}).columns
    others = tuple(column for column in looks.columns if column.name != PREDICTION)
    return Profile(looks.rows, (*others, *predicted), looks.together, rates=looks.rates)


def predictions(model: Any, frame: Any, inputs: list[str]) -> Any:
    """What the model says of a frame's rows, of up to 50,000 of them; of a classifier with two classes the
    chance of the second. None where the frame lacks what the model takes, or the model cannot say."""
    names = [name for name in inputs if name in frame.columns]
    if not len(frame) or (inputs and len(names) < len(inputs)):
        return None
    rows = frame[names] if names else frame
    chosen = profile.evenly_drawn(len(rows))
    rows = rows if chosen is None else rows.iloc[chosen]
    by_place = hasattr(model, "n_features_in_") and not hasattr(model, "feature_names_in_")
    rows = rows.to_numpy() if by_place else rows
    try:
        if hasattr(model, "predict_proba"):
            chances = model.predict_proba(rows)
            if chances.shape[1] == 2:
                return chances[:, 1]
        return model.predict(rows)
    except Exception:  # whatever a model's own code raises: then there is no prediction to watch
        return None


def written_of(model: Any, data: Any, inputs: list[str]) -> bytes | None:
    """The reference as the content of a file; None where ``data`` is no table, or pandas is not installed."""
    try:
        return written.as_json(profile_of(model, data, inputs), None).encode()
    except MlopsError:
        return None


def read(place: Place, version: ModelVersion) -> Profile:
    """The reference of a version.

    Raises:
        InputError: it has none.
    """
    file = next((file for file in version.files if file.path == FILE), None)
    if file is None:
        raise InputError(
            f"nothing is known of what {version.title} was fitted on",
            hint="register it with its data: register_model(model, NAME, data=train)",
        )
    return written.from_json(artifacts.read(place, file.digest))
