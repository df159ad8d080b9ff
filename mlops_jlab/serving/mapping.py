"""A version as a function of rows, which travels to the workers of Dask or Spark and needs no store there."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.registry import modelfiles, versions
from mlops_jlab.serving import scoring
from mlops_jlab.store import location


class Predictor:
    """Adds what a version says of each row to a DataFrame, as ``models predict`` does to a file.

    It takes its model along, and makes it once in a process, when the first rows come.
    """

    def __init__(self, version: ModelVersion, content: bytes, ending: str) -> None:
        self.version = version
        self._content, self._ending = content, ending
        self._model: Any = None
        self._making = threading.Lock()

    def __call__(self, rows: Any) -> Any:
        """The rows with a column ``prediction``, and for a classifier one ``probability CLASS`` for each.

        Raises:
            InputError: a column that the version takes is missing or of another kind.
            MlopsError: the model fails on these rows.
        """
        with self._making:
            if self._model is None:
                self._model = modelfiles.unpack(self._content, self._ending, self.version.title)
        return scoring.with_predictions(self.version, self._model, rows)

    def each(self, parts: Iterable[Any]) -> Iterator[Any]:
        """The same for one DataFrame after the other, as Spark's ``mapInPandas`` gives them."""
        return map(self, parts)

    def __reduce__(self) -> Any:
        return Predictor, (self.version, self._content, self._ending)

    def __repr__(self) -> str:
        return f"<predictor {self.version.title}>"


def predictor(address: str, *, trust: bool = False) -> Predictor:
    """A version, such as ``flights@champion``, as a function that adds what it says to a DataFrame's rows.

    It is the version that the alias points at now, and stays that one. A pickle from another machine needs
    ``trust``.

    Raises:
        InputError: there is no such version, what it needs is not installed, or it is not trusted.
        StoreError: a file is missing, or is not what was registered.
    """
    place = location.find()
    version = versions.find(place, address)
    return Predictor(version, *modelfiles.read(place, version, trust=trust))
