"""A version as a function: what it says on the workers of a cluster is what it says of the file."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from sklearn.linear_model import LinearRegression, LogisticRegression

import mlops_jlab
from mlops_jlab.errors import InputError
from mlops_jlab.serving import scoring
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame({"a": RNG.normal(size=90), "b": RNG.normal(size=90), "id": range(90)})
CLASSES = np.where(ROWS.a + ROWS.b > 0, "late", "soon")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    taken = ROWS[["a", "b"]]
    mlops_jlab.register_model(LogisticRegression().fit(taken, CLASSES), "m", input_example=taken)
    yield Place(tmp_path / "store")
    close_all()


def test_a_map_over_partitions_says_what_the_file_says_and_needs_no_store(
    place: Place, tmp_path: Path
) -> None:
    ROWS.to_csv(tmp_path / "in.csv", index=False)
    scoring.score(place, "m", tmp_path / "in.csv", tmp_path / "out.parquet")
    predict = mlops_jlab.predictor("m")
    close_all()
    shutil.rmtree(place.root)  # the workers have no store
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        rows = dd.from_pandas(ROWS, npartitions=4)
        lazy = rows.map_partitions(predict, meta=predict(ROWS.head()).head(0))
        assert list(lazy.columns) == ["a", "b", "id", "prediction", "probability late", "probability soon"]
        found = lazy.compute()
        late = lazy[lazy.a > 100].map_partitions(lambda part: part, meta=lazy._meta).compute()
    pd.testing.assert_frame_equal(found, pd.read_parquet(tmp_path / "out.parquet"), check_dtype=False)
    assert late.empty
    assert list(late.columns) == list(found.columns)


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression().fit(ROWS[["a", "b"]], CLASSES == "late"),
        LinearRegression().fit(ROWS[["a", "b"]], ROWS.id),
    ],
)
def test_no_rows_have_the_columns_and_types_of_rows(model: object) -> None:
    mlops_jlab.register_model(model, "n", input_example=ROWS[["a", "b"]])
    predict = mlops_jlab.predictor("n")
    some, none = predict(ROWS.head(3)), predict(ROWS.head(0))
    assert none.dtypes.to_dict() == some.dtypes.to_dict()
    assert len(none) == 0


def test_it_travels_and_takes_parts_one_after_the_other(place: Place) -> None:
    there = pickle.loads(pickle.dumps(mlops_jlab.predictor("m")))
    mlops_jlab.promote("m/1")
    parts = list(there.each(iter([ROWS.head(2), ROWS.head(0), ROWS.tail(3)])))
    assert [len(part) for part in parts] == [2, 0, 3]
    assert (
        parts[2].prediction.tolist() == mlops_jlab.load_model("m").predict(ROWS.tail(3)[["a", "b"]]).tolist()
    )
    assert repr(there) == "<predictor m 1>"


def test_what_is_wrong_with_rows_is_said_as_for_a_file() -> None:
    with pytest.raises(InputError, match="takes a column 'b'"):
        mlops_jlab.predictor("m")(ROWS[["a"]])
