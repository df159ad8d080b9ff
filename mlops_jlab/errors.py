"""What went wrong, where, and what to do now: the ground that everything else stands on."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable


class MlopsError(Exception):
    """The base of every error that this package raises on purpose.

    ``hint`` says what to do now; it is kept apart so that each face can print it in its own way.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[MlopsError], message: str, hint: str) -> MlopsError:
    return kind(message, hint=hint)


class InputError(MlopsError):
    """What the user gave is wrong: a file, a tag, a parameter, a path. Exit code 2."""

    exit_code = 2


class NotFound(InputError):
    """What was asked for by its name or path does not exist."""


class NotebookError(InputError):
    """A file that is no readable Python notebook."""


class OtherLanguage(NotebookError):
    """A notebook that is not written in Python."""


class ParameterError(InputError):
    """A parameter that is unknown, ill-typed or out of range."""


class ExportError(InputError):
    """An export that cannot be written where it was asked for, or cannot be read."""


class RunError(MlopsError):
    """A run that began and did not finish. Exit code 1."""


class DataBlocked(MlopsError):
    """Data that do not hold what a check asks of them: the step that was to use them stops. Exit code 1."""


class HandoffError(MlopsError):
    """A value that cannot travel from step to step, or a handoff file that is not what was written."""


class StoreError(MlopsError):
    """The store of runs cannot be read or written as it should be."""


class NoStore(StoreError):
    """There is no store where one was looked for. Exit code 2."""

    exit_code = 2


class StoreBusy(StoreError):
    """Another process holds the store; waiting helps."""


class StoreUnwritable(StoreError):
    """The store's folder or file cannot be written by this process."""


class NoSpace(StoreError):
    """The disk is full, or the user's share of it is used up."""


class TrackingError(InputError):
    """A value, a name or a run that cannot be tracked."""


class ConflictError(MlopsError):
    """Somebody else has changed the same thing meanwhile."""


class FilterError(InputError):
    """A search that does not say what it looks for; ``column`` counts characters from 1."""

    def __init__(self, message: str, *, hint: str = "", column: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.column = column


def unwritten(what: object, error: OSError, kind: type[MlopsError], *, hint: str = "") -> MlopsError:
    """The error that says that ``what`` cannot be written: of ``kind``, or that the disk is full."""
    told = f"{what} cannot be written: {error.strerror or error}"
    if error.errno in FULL:
        return NoSpace(told, hint="; ".join(filter(None, ["free some space", hint])))
    return kind(told, hint=hint)


FULL = (errno.ENOSPC, errno.EDQUOT)  # what the system says of a full disk


def nearest(word: str, known: Iterable[str]) -> str:
    """The words ``; did you mean 'x'?`` for the closest known name, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
