"""What a registered model is: its versions, what is known of each, and the aliases that point at them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_jlab.entities.runs import Artifact
from mlops_jlab.errors import InputError

CHAMPION = "champion"
CHALLENGER = "challenger"
SCHEME = "models:/"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,127}")
_ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,63}")
NUMBER = re.compile(r"[1-9][0-9]{0,17}")  # of a version: what the database can hold


@dataclass(frozen=True)
class Column:
    """One column that a model takes or gives. ``shape`` is that of an array's items."""

    name: str
    dtype: str
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class ModelVersion:
    """One version of a registered model; ``about`` is what is known of it, as JSON data.

    ``run`` made it, as part of the pipeline's run ``whole``. Times are seconds since 1970.
    """

    id: int
    model: str
    version: int
    created: float
    user: str
    run: str = ""
    whole: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Artifact, ...] = ()
    aliases: tuple[str, ...] = ()
    gate: Mapping[str, Any] | None = None  # the newest result of a gate in the same run

    @property
    def title(self) -> str:
        """Its name in print: ``flights 3``."""
        return f"{self.model} {self.version}"

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def verdict(self) -> str:
        """What the gate said, or nothing where there was none."""
        return str(self.gate["verdict"]) if self.gate else ""


@dataclass(frozen=True)
class ModelAddress:
    """What ``flights@champion``, ``flights/3`` or ``flights`` means: by alias, by number, or the newest."""

    model: str
    version: int = 0
    alias: str = ""


def parse_address(text: str) -> ModelAddress:
    """The address in ``text``; ``models:/`` in front is understood, as in MLflow.

    Raises:
        InputError: it is none.
    """
    rest = text.removeprefix(SCHEME).strip()
    name, at, alias = rest.partition("@")
    if at:
        return ModelAddress(check_model_name(name), alias=check_alias(alias))
    name, slash, number = rest.rpartition("/")
    if slash:
        if not NUMBER.fullmatch(number):
            raise InputError(f"{text[:80]!r} names no version", hint="write NAME@ALIAS, NAME/NUMBER or NAME")
        return ModelAddress(check_model_name(name), version=int(number))
    return ModelAddress(check_model_name(rest))


def check_model_name(name: str) -> str:
    """The name of a model, if it can be one.

    Raises:
        InputError: it cannot.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name != name.strip():
        raise InputError(
            f"{str(name)[:80]!r} is not a valid name for a model",
            hint="letters, digits, dots, dashes and underscores",
        )
    return name


def check_alias(alias: str) -> str:
    """An alias, if it can be one.

    Raises:
        InputError: it cannot.
    """
    if not _ALIAS.fullmatch(alias):
        raise InputError(
            f"{alias[:80]!r} is not an alias", hint="lower-case letters, digits and dashes, such as champion"
        )
    return alias
