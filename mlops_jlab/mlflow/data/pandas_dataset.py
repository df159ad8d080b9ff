"""DataFrames as datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_jlab.errors import InputError, nearest
from mlops_jlab.mlflow.data import dataset_source
from mlops_jlab.mlflow.data.dataset import Dataset
from mlops_jlab.mlflow.models.signature import schema_of

if TYPE_CHECKING:
    import pandas


class PandasDataset(Dataset):
    """A DataFrame, and which of its columns hold the truth and predictions."""

    def __init__(
        self, df: pandas.DataFrame, source: Any = None, targets: str | None = None, name: str | None = None,
        digest: str | None = None, predictions: str | None = None,
    ) -> None:  # fmt: skip
        self.df = df
        for column in (targets, predictions):
            if column is not None and column not in df.columns:
                raise InputError(f"the data have no column {column!r}{nearest(column, map(str, df.columns))}")
        self.targets, self.predictions = targets, predictions
        super().__init__(dataset_source.of(source), name, digest)

    def _digest(self) -> str:
        from mlops_jlab.tracking.contents import fingerprint

        return str(fingerprint(self.df)["hash"])[:8]

    @property
    def profile(self) -> dict[str, Any]:
        """How many rows and values there are."""
        return {"num_rows": len(self.df), "num_elements": int(self.df.size)}

    @property
    def schema(self) -> Any:
        """The columns with their types."""
        return schema_of(self.df)


def from_pandas(
    df: pandas.DataFrame, source: Any = None, targets: str | None = None, name: str | None = None,
    digest: str | None = None, predictions: str | None = None,
) -> PandasDataset:  # fmt: skip
    """A DataFrame as a dataset; ``source`` is an address or a path.

    Raises:
        MlflowException: it has no column ``targets`` or ``predictions``.
    """
    from mlops_jlab.mlflow.exceptions import translated

    return translated(PandasDataset)(df, source, targets, name, digest, predictions)
