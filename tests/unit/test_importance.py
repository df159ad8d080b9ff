"""What a fitted model itself says of its columns."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mlops_jlab.registry.importance import importance

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn")


def test_columns_are_told_by_name_the_most_important_first() -> None:
    import pandas as pd
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(80, 2)), columns=["noise", "signal"])
    target = 3 * frame.signal
    for model in (
        RandomForestRegressor(5, random_state=0), LinearRegression(),
        make_pipeline(StandardScaler(), LinearRegression()),
    ):  # fmt: skip
        found = importance(model.fit(frame, target))
        assert found is not None
        assert found["features"][0][0] == "signal"
    found = importance(LinearRegression().fit(frame.to_numpy(), target))
    assert found is not None
    assert found["features"][0][0] == "column 2"


@pytest.mark.parametrize(
    "model",
    [{"weights": 1}, object(), SimpleNamespace(steps=3), SimpleNamespace(feature_importances_="many"),
     SimpleNamespace(feature_importances_=[float("nan"), 1.0]), SimpleNamespace(coef_=3)],
    ids=["a dict", "an object", "odd steps", "a text", "not finite", "no array"],
)  # fmt: skip
def test_models_that_keep_nothing_of_the_kind_tell_nothing(model: object) -> None:
    assert importance(model) is None
