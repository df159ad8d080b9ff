"""Arrays as datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_jlab.mlflow.data import dataset_source
from mlops_jlab.mlflow.data.dataset import Dataset
from mlops_jlab.mlflow.models.signature import schema_of

if TYPE_CHECKING:
    import numpy


class NumpyDataset(Dataset):
    """Features of the shape (rows, ...), or several by name, and the truth of each row."""

    def __init__(
        self, features: numpy.ndarray | dict[str, numpy.ndarray], source: Any = None, targets: Any = None,
        name: str | None = None, digest: str | None = None,
    ) -> None:  # fmt: skip
        self.features, self.targets = features, targets
        super().__init__(dataset_source.of(source), name, digest)

    def _digest(self) -> str:
        from mlops_jlab.tracking.contents import fingerprint

        parts = self.features if isinstance(self.features, dict) else {"": self.features}
        return "".join(str(fingerprint(part)["hash"])[:8] for part in parts.values())[:32]

    @property
    def profile(self) -> dict[str, Any]:
        """The shapes."""
        parts = self.features if isinstance(self.features, dict) else {"features": self.features}
        return {f"{name}_shape": list(part.shape) for name, part in parts.items()}

    @property
    def schema(self) -> Any:
        """The types and shapes."""
        return schema_of(self.features)


def from_numpy(
    features: numpy.ndarray | dict[str, numpy.ndarray], source: Any = None, targets: Any = None,
    name: str | None = None, digest: str | None = None,
) -> NumpyDataset:  # fmt: skip
    """Arrays as a dataset; ``source`` is an address or a path."""
    return NumpyDataset(features, source, targets, name, digest)
