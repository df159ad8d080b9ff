"""What a registered dataset is: versions by content, and the aliases that point at them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_jlab.entities.models import NUMBER, check_alias
from mlops_jlab.errors import InputError

LATEST = "latest"  # the newest version, whatever it is; nobody points it
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True)
class DataFile:
    """One file of a version: ``path`` below its source, its BLAKE3 digest, bytes, nanoseconds since 1970."""

    path: str
    digest: str
    size: int
    modified: int


@dataclass(frozen=True)
class DatasetVersion:
    """One version of a registered dataset. ``digest`` is that of the whole content.

    ``about`` is what is known of it, as JSON data: ``kind`` (file, folder, glob, query), ``source``,
    ``size``, ``rows``, ``schema``, ``own`` (what the data call this version themselves). Times are seconds
    since 1970.
    """

    id: int
    dataset: str
    version: int
    created: float
    user: str
    run: str
    digest: str
    about: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    of_dataset: Mapping[str, Any] = field(default_factory=dict)  # owner and note, which all versions share

    @property
    def title(self) -> str:
        """Its name in print: ``flights 3``."""
        return f"{self.dataset} {self.version}"

    @property
    def kind(self) -> str:
        """What it is: file, folder, glob or query."""
        return str(self.about.get("kind", ""))

    @property
    def source(self) -> str:
        """Where it lies, or the query that it is."""
        return str(self.about.get("source", ""))


@dataclass(frozen=True)
class DatasetAddress:
    """What ``flights@validated``, ``flights/3`` or ``flights`` means: by alias, by number, or the newest."""

    dataset: str
    version: int = 0
    alias: str = ""


def parse_dataset(text: str) -> DatasetAddress:
    """The address in ``text``.

    Raises:
        InputError: it is none.
    """
    name, at, alias = text.strip().partition("@")
    if at:
        found = check_alias(alias)
        return DatasetAddress(check_dataset_name(name), alias="" if found == LATEST else found)
    name, slash, number = text.strip().rpartition("/")
    if slash:
        if not NUMBER.fullmatch(number):
            raise InputError(f"{text[:80]!r} names no version", hint="write NAME@ALIAS, NAME/NUMBER or NAME")
        return DatasetAddress(check_dataset_name(name), version=int(number))
    return DatasetAddress(check_dataset_name(text.strip()))


def check_dataset_name(name: str) -> str:
    """The name of a dataset, if it can be one.

    Raises:
        InputError: it cannot.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name[:80]!r} is not a valid name for a dataset",
            hint="letters, digits, dots, dashes and underscores",
        )
    return name
