"""Data that runs read: DataFrames and arrays with a name, a digest and a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_jlab.mlflow.data.dataset import Dataset
    from mlops_jlab.mlflow.data.dataset_source import DatasetSource
    from mlops_jlab.mlflow.data.numpy_dataset import from_numpy
    from mlops_jlab.mlflow.data.pandas_dataset import from_pandas

__all__ = ["Dataset", "DatasetSource", "from_numpy", "from_pandas", "get_source"]

_HOMES = {
    "Dataset": "data.dataset", "DatasetSource": "data.dataset_source", "from_numpy": "data.numpy_dataset",
    "from_pandas": "data.pandas_dataset",
}  # fmt: skip


def get_source(dataset: Any) -> DatasetSource:
    """The source of a dataset, or of one that a run has kept.

    Raises:
        MlflowException: it is of a kind that is not known here.
    """
    from mlops_jlab.mlflow.data import dataset_source
    from mlops_jlab.mlflow.exceptions import translated

    kept = getattr(dataset, "dataset", dataset)
    if isinstance(kept.source, dataset_source.DatasetSource):
        return kept.source
    return translated(dataset_source.read)(kept.source_type, kept.source)


def __getattr__(name: str) -> Any:
    from mlops_jlab.mlflow import absent

    return absent.found("data", name, _HOMES)
