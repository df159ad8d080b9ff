"""MLflow's errors: what goes wrong in this layer is an :class:`MlflowException`, with MLflow's code."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from mlops_jlab.errors import ConflictError, InputError, MlopsError, NotFound, StoreBusy

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

INTERNAL_ERROR = "INTERNAL_ERROR"
INVALID_PARAMETER_VALUE = "INVALID_PARAMETER_VALUE"
RESOURCE_ALREADY_EXISTS = "RESOURCE_ALREADY_EXISTS"
RESOURCE_DOES_NOT_EXIST = "RESOURCE_DOES_NOT_EXIST"
INVALID_STATE = "INVALID_STATE"
TEMPORARILY_UNAVAILABLE = "TEMPORARILY_UNAVAILABLE"
NOT_IMPLEMENTED = "NOT_IMPLEMENTED"

# The first that an error is one of.
_CODES: tuple[tuple[type[MlopsError], str], ...] = (
    (NotFound, RESOURCE_DOES_NOT_EXIST),
    (InputError, INVALID_PARAMETER_VALUE),
    (ConflictError, RESOURCE_ALREADY_EXISTS),
    (StoreBusy, TEMPORARILY_UNAVAILABLE),
)
_STATUSES = {
    INVALID_PARAMETER_VALUE: 400,
    INVALID_STATE: 400,
    RESOURCE_ALREADY_EXISTS: 400,
    RESOURCE_DOES_NOT_EXIST: 404,
    NOT_IMPLEMENTED: 501,
    TEMPORARILY_UNAVAILABLE: 503,
}


class MlflowException(MlopsError):
    """What MLflow raises; ``error_code`` is one of its words, such as ``RESOURCE_DOES_NOT_EXIST``."""

    def __init__(
        self, message: object, error_code: str = INTERNAL_ERROR, *, hint: str = "", **kwargs: Any
    ) -> None:
        super().__init__(str(message), hint=hint)
        self.error_code = error_code
        self.json_kwargs = kwargs

    @classmethod
    def invalid_parameter_value(cls, message: str, **kwargs: Any) -> MlflowException:
        """The error for what a caller gave wrong."""
        return cls(message, INVALID_PARAMETER_VALUE, **kwargs)

    def get_http_status_code(self) -> int:
        """What a server would answer."""
        return _STATUSES.get(self.error_code, 500)

    def serialize_as_json(self) -> str:
        """The error as MLflow's servers send it."""
        return json.dumps({"error_code": self.error_code, "message": self.message, **self.json_kwargs})

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.message, self.error_code, self.hint))


def _rebuild(message: str, code: str, hint: str) -> MlflowException:
    return MlflowException(message, code, hint=hint)


def code_of(error: MlopsError) -> str:
    """MLflow's word for what went wrong."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), INTERNAL_ERROR)


def translated(call: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """``call``, whose errors are MLflow's."""

    @functools.wraps(call)
    def speaking(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        try:
            return call(*args, **kwargs)
        except MlflowException:
            raise
        except MlopsError as error:
            raise MlflowException(error.message, code_of(error), hint=error.hint) from error

    return speaking
