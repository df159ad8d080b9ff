"""What a logged model is: one that a run has kept, known by an id of its own, and measured."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

PENDING, READY, FAILED = "pending", "ready", "failed"


def new_model_id() -> str:
    """An id that no logged model has: ``m-`` and 32 hexadecimal digits, as MLflow draws them."""
    return f"m-{secrets.token_hex(16)}"


@dataclass(frozen=True)
class Measured:
    """One value of a metric of a logged model, by which run, on which data. ``at`` is seconds from 1970."""

    run: str
    name: str
    iteration: int
    value: float
    at: float
    dataset: str = ""
    digest: str = ""


@dataclass(frozen=True)
class LoggedModel:
    """A logged model as the store has it. Times are seconds since 1970; ``run`` is the one that made it."""

    id: str
    experiment: int
    run: str
    name: str
    kind: str
    status: str
    created: float
    updated: float
    deleted: float | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[Measured, ...] = ()
