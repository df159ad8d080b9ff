"""The folder of a prediction log: what is known of it, and the files in it.

``log.json`` says of which model it is and what is left out. ``predictions-TIME-….jsonl`` are whole files, the
oldest first; ``.open-….jsonl`` are written by a process that lives; ``labels/`` has what came later.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from mlops_jlab.errors import ConflictError, InputError
from mlops_jlab.files import write_whole
from mlops_jlab.store.locks import try_lock

ABOUT = "log.json"
ID, AT, VERSION, ROLE, SECONDS, ERROR, LABEL = (
    "_id", "_at", "_version", "_role", "_seconds", "_error", "_label",
)  # fmt: skip
ANSWER, BESIDE = "answer", "beside"  # what was returned, and what was computed beside it
OWN = frozenset({ID, AT, VERSION, ROLE, SECONDS, ERROR, LABEL})
_FORMAT = 1
_OPEN, _WHOLE, _ENDING = ".open-", "predictions-", ".jsonl"
LABELS = "labels"
MOST = 1 << 30  # bytes of all files, unless it is said otherwise
_LEAST, _LARGEST = 1 << 20, 64 << 20
_FILES = 16  # as many files make up what may be kept


@dataclass(frozen=True)
class LogSettings:
    """What is written: of which ``model``, which ``share`` of the rows, and of which columns nothing.

    Values of ``masked`` columns are left out, those of ``hashed`` ones are replaced by a keyed digest.
    ``most`` are the bytes of all files together; ``seconds`` is how long one of them is written.
    """

    model: str
    share: float = 1.0
    masked: tuple[str, ...] = ()
    hashed: tuple[str, ...] = ()
    most: int = MOST
    seconds: float = 600.0

    @property
    def hidden(self) -> frozenset[str]:
        """The columns whose values the log does not have as they were."""
        return frozenset((*self.masked, *self.hashed))

    @property
    def of_file(self) -> int:
        """The bytes of one file."""
        return min(_LARGEST, max(1, self.most // _FILES))


def check(settings: LogSettings) -> None:
    """Whether a log can be written so.

    Raises:
        InputError: it cannot.
    """
    if not 0 < settings.share <= 1:
        raise InputError(f"a share of {settings.share:g} of the rows", hint="more than 0, and 1 at most")
    if settings.most < _LEAST:
        raise InputError(f"{settings.most} bytes are too few for a log", hint="1 MB at least")


def prepare(folder: Path, settings: LogSettings) -> None:
    """Makes the folder, for its owner alone, and says in it what it is.

    Raises:
        InputError: it cannot be made, or something else lies there.
        ConflictError: it is the log of another model.
    """
    check(settings)
    if (folder / ABOUT).exists():
        there = read(folder)
        if there.model != settings.model:
            raise ConflictError(
                f"{folder} is the prediction log of {there.model}",
                hint=f"name another folder for {settings.model}",
            )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / LABELS).mkdir(mode=0o700, exist_ok=True)
        if not (folder / ABOUT).exists() and any(
            path.name != LABELS and not path.name.startswith(".") for path in folder.iterdir()
        ):
            raise InputError(f"{folder} holds other files", hint="name a new folder, or an empty one")
        content = {"format": _FORMAT, **asdict(settings)}
        write_whole(folder / ABOUT, (json.dumps(content, indent=2) + "\n").encode(), 0o600)
    except OSError as error:
        raise InputError(
            f"the prediction log {folder} cannot be made: {error.strerror or error}",
            hint="name a folder that this user can write",
        ) from error


def is_log(folder: Path) -> bool:
    """Whether a folder is a prediction log."""
    return (folder / ABOUT).is_file()


def read(folder: Path) -> LogSettings:
    """What is known of a log.

    Raises:
        InputError: it is none, or of a newer kind.
    """
    hint = "a prediction log is written by: mlops-jlab models serve MODEL --log FOLDER"
    try:
        found = json.loads((folder / ABOUT).read_text("utf-8"))
        if found.pop("format") != _FORMAT:
            raise InputError(f"{folder} was written by a newer version", hint="upgrade this package")
        return LogSettings(**{**found, "masked": tuple(found["masked"]), "hashed": tuple(found["hashed"])})
    except OSError as error:
        raise InputError(f"{folder} is not a prediction log", hint=hint) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{folder / ABOUT} cannot be read: {error}", hint=hint) from error


def whole_files(folder: Path) -> list[Path]:
    """The files that nobody writes any more, the oldest first; those of dead processes among them."""
    _take_over(folder)
    return sorted(folder.glob(f"{_WHOLE}*{_ENDING}"))


def all_files(folder: Path) -> list[Path]:
    """All files with predictions, the oldest first; those that are being written come last."""
    return [*whole_files(folder), *sorted(folder.glob(f"{_OPEN}*{_ENDING}"))]


def open_name(stamp: str) -> str:
    """The name of a file that is being written."""
    return f"{_OPEN}{stamp}{_ENDING}"


def whole_path(path: Path) -> Path:
    """Where a file goes when it is whole."""
    return path.with_name(path.name.replace(_OPEN, _WHOLE, 1))


def _take_over(folder: Path) -> None:
    """Files whose writer is dead become whole ones: without the line that it was writing."""
    for path in folder.glob(f"{_OPEN}*{_ENDING}"):
        with suppress(OSError):
            handle = os.open(path, os.O_RDWR)
            try:
                if not try_lock(handle) or not path.exists():
                    continue
                end = _whole_lines(handle)
                os.ftruncate(handle, end)
                path.rename(whole_path(path)) if end else path.unlink()
            finally:
                os.close(handle)


def _whole_lines(handle: int) -> int:
    """Where the last whole line of a file ends."""
    end = os.fstat(handle).st_size
    while end:
        start = max(0, end - (1 << 16))
        found = os.pread(handle, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def prune(folder: Path, most: int) -> int:
    """Removes the oldest whole files until at most so many bytes are left; how many files went."""
    gone = 0
    sizes: dict[Path, tuple[float, int]] = {}
    for path in (
        *folder.glob(f"*{_ENDING}"),
        *folder.glob(f"{LABELS}/*{_ENDING}"),
        *folder.glob(f"{_OPEN}*"),
    ):
        with suppress(OSError):
            about = path.stat()
            sizes[path] = (about.st_mtime, about.st_size)
    total = sum(size for _at, size in sizes.values())
    for path in sorted(sizes, key=lambda one: sizes[one][0]):
        if total <= most:
            break
        if path.name.startswith(_OPEN):
            continue
        with suppress(OSError):
            path.unlink()
            total, gone = total - sizes[path][1], gone + 1
    return gone


def lines(paths: Sequence[Path]) -> Iterator[dict[str, object]]:
    """The entries of files; a line that is not whole or no entry is left out, as is a file that is gone."""
    for path in paths:
        with suppress(FileNotFoundError), path.open("rb") as file:
            for line in file:
                entry = parsed(line)
                if entry is not None:
                    yield entry


def parsed(line: bytes) -> dict[str, object] | None:
    """The entry in a line, if it is one."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and ID in entry else None
