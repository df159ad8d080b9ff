"""What a policy says, as it was read; and the names that its patterns speak of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache


@lru_cache(4096)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(translate(text.casefold()))


def fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name is one of those that patterns such as ``churn*`` mean; case does not count."""
    return any(_pattern(pattern).match(name.casefold()) for pattern in patterns)


def is_one_of(person: str, patterns: Sequence[str]) -> bool:
    """Whether a person, as ``anna@host``, is one of those that are named: with the host or without."""
    return fits(person, patterns) or fits(person.partition("@")[0], patterns)


@dataclass(frozen=True)
class Approval:
    """Who has to approve of a version, and how many of them; nobody named is anybody."""

    by: tuple[str, ...] = ("*",)
    count: int = 1


@dataclass(frozen=True)
class Promotion:
    """What must hold where an alias of a model is pointed at a version; ``line`` is where it stands."""

    model: str = "*"
    alias: str = "*"
    by: tuple[str, ...] | None = None
    approval: Approval | None = None
    gate: bool = False
    rules: tuple[str, ...] = ()
    override: tuple[str, ...] | None = None
    line: int = 0

    def speaks_of(self, model: str, alias: str) -> bool:
        """Whether it is about this alias."""
        return fits(model, [self.model]) and fits(alias, [self.alias])


@dataclass(frozen=True)
class Quota:
    """What a month may cost, of pipelines and users by their names; None is no limit."""

    pipeline: str = "*"
    user: str = "*"
    money: float | None = None
    cpu_hours: float | None = None
    gpu_hours: float | None = None
    line: int = 0

    @property
    def whose(self) -> str:
        """Whom it is for, in words."""
        parts = [f"pipeline {self.pipeline}"] if self.pipeline != "*" else []
        parts += [f"user {self.user}"] if self.user != "*" else []
        return " and ".join(parts) or "all pipelines"


@dataclass(frozen=True)
class Licences:
    """Licences by patterns; ``unknown`` says whether packages without a known one may be used."""

    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    unknown: bool = True


@dataclass(frozen=True)
class Packages:
    """Packages as pip names them: ``torch<2``. Where some are allowed, all others are not."""

    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


@dataclass(frozen=True)
class Retention:
    """After how many days what is deleted; None: never."""

    runs: float | None = None
    artifacts: float | None = None
    predictions: float | None = None
    folders: tuple[str, ...] = ()  # of prediction logs


@dataclass(frozen=True)
class Personal:
    """Columns that are personal data, by patterns."""

    masked: tuple[str, ...] = ()
    hashed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.masked or self.hashed)


@dataclass(frozen=True)
class Policy:
    """A policy. ``digest`` tells it from others; ``roots`` are folders, None: anywhere."""

    version: int = 1
    name: str = ""
    promotion: tuple[Promotion, ...] = ()
    roots: tuple[str, ...] | None = None
    packages: Packages = Packages()
    licences: Licences = Licences()
    quotas: tuple[Quota, ...] = ()
    retention: Retention = Retention()
    personal: Personal = Personal()
    digest: str = ""
    path: str = ""
