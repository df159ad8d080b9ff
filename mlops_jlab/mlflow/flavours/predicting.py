"""Any model behind one ``predict``, and models of one's own with the files that lie beside them."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.models.info import ModelInfo


class PythonModelContext:
    """What a model of one's own finds beside it: ``artifacts``, paths by name."""

    def __init__(self, artifacts: Mapping[str, str]) -> None:
        self.artifacts = dict(artifacts)
        self.model_config: dict[str, Any] = {}


class PythonModel:
    """The base of models of one's own: ``predict`` is theirs; ``load_context`` comes before the first one."""

    def load_context(self, context: PythonModelContext) -> None:
        """Loads what lies beside the model."""

    def predict(
        self, context: PythonModelContext, model_input: Any, params: Mapping[str, Any] | None = None
    ) -> Any:
        """What the model says of ``model_input``."""
        raise NotImplementedError


class Wrapped:
    """A model of one's own with its files, as any other model: it is kept, loaded and served as they are."""

    def __init__(self, python_model: Any, artifacts: Mapping[str, tuple[str, bytes]]) -> None:
        self.python_model = python_model
        self.artifacts = dict(artifacts)

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:
        """What the model says of ``model_input``."""
        context = self._context()
        if not isinstance(self.python_model, PythonModel) and not hasattr(self.python_model, "predict"):
            return self.python_model(model_input)
        call = self.python_model.predict
        names = list(inspect.signature(call).parameters)
        given = [context, model_input] if len(names) > 1 and names[0] == "context" else [model_input]
        return call(*given, **({"params": params} if params is not None and "params" in names else {}))

    def _context(self) -> PythonModelContext:
        known = self.__dict__.get("_known")
        if known is None:
            folder = Path(tempfile.mkdtemp(prefix="mlops-jlab-")) if self.artifacts else Path()
            paths = {}
            for name, (file, content) in self.artifacts.items():
                (folder / name).mkdir()
                (folder / name / file).write_bytes(content)
                paths[name] = str(folder / name / file)
            known = self._known = PythonModelContext(paths)
            if hasattr(self.python_model, "load_context"):
                self.python_model.load_context(known)
        return known

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_known"}


class PyFuncModel:
    """A loaded model behind one ``predict``."""

    def __init__(self, model: Any, info: ModelInfo | None = None) -> None:
        self.model, self.metadata = model, info
        self.model_id = info.model_id if info else None

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """What the model says of ``data``: a DataFrame, an array, a list or a dict of columns.

        Columns are put in the order of the signature, and those beyond it are left out.
        """
        rows = self._rows(data)
        if isinstance(self.model, Wrapped):
            return self.model.predict(rows, params)
        if type(self.model).__module__.startswith("xgboost.") and type(self.model).__name__ == "Booster":
            import xgboost

            rows = xgboost.DMatrix(rows)
        return self.model.predict(rows, **(params or {}))

    def _rows(self, data: Any) -> Any:
        schema = self.metadata.signature.inputs if self.metadata and self.metadata.signature else None
        named = schema is not None and schema.has_input_names() and not schema.is_tensor_spec()
        if isinstance(data, dict) and not isinstance(self.model, Wrapped):
            import pandas

            data = pandas.DataFrame(data)
        if not named or schema is None or not hasattr(data, "columns"):
            return data
        wanted = schema.input_names()
        missing = [name for name in wanted if name not in data.columns]
        if missing:
            raise InputError(f"the data have no column {missing[0]!r}", hint=f"the model takes: {wanted}")
        return data[wanted]

    def unwrap_python_model(self) -> Any:
        """The model itself."""
        return self.model.python_model if isinstance(self.model, Wrapped) else self.model

    def get_raw_model(self) -> Any:
        """The model itself."""
        return self.unwrap_python_model()

    def __repr__(self) -> str:
        return f"<PyFuncModel of {type(self.unwrap_python_model()).__name__}>"
