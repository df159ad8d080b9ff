"""Files as content: what lies at a source, and its digest; what has not changed is not read again."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from mlops_jlab.entities.datasets import DataFile
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.policies import standing

MOST_FILES = 1_000_000
_PART = (
    4 << 20
)  # bytes that are read at once; a file that shrinks meanwhile cannot hurt, as under mmap it would
_LARGE = 64 << 20  # bytes from which all processors read one file together
_FRESH = 2_000_000_000  # nanoseconds within which a second change leaves no trace in a file's time
_MAGIC = "*?["


class NothingThere(InputError):
    """There is no file at a source."""


@dataclass(frozen=True)
class Source:
    """Where data lie: ``kind`` is file, folder or glob; paths of files count from ``base``."""

    kind: str
    text: str
    base: Path


def source_of(given: str | Path) -> Source:
    """What a path or a pattern names.

    Raises:
        InputError: there is nothing, or it is neither file nor folder.
    """
    text = os.path.abspath(os.path.expanduser(str(given)))
    path = Path(text)
    if path.is_file() and stat.S_ISREG(path.stat().st_mode):
        return Source("file", text, path.parent)
    if path.is_dir():
        if text.startswith(("/proc", "/sys", "/dev")):
            raise InputError(f"{text} is not data: the system makes it up when it is read")
        return Source("folder", text, path)
    if any(char in text for char in _MAGIC):
        fixed = text[: min(text.index(char) for char in _MAGIC if char in text)]
        return Source("glob", text, Path(os.path.dirname(fixed)))
    what = "is neither a regular file nor a folder" if path.exists() else "does not exist"
    raise InputError(f"{text} {what}", hint="name a file, a folder, or a pattern in quotes: 'data/*.csv'")


def again(about: Mapping[str, Any]) -> Source:
    """The source of a version, as it was kept."""
    return Source(str(about["kind"]), str(about["source"]), Path(str(about["base"])))


def paths(source: Source) -> list[tuple[str, os.stat_result]]:
    """The regular files of a source, by their path below its base; hidden ones and links are left out.

    Raises:
        NothingThere: there are none.
        InputError: there are too many.
    """
    standing.check_data(source.base if source.kind != "file" else Path(source.text))
    found = sorted(_found(source))
    if not found:
        raise NothingThere(f"there is no file at {source.text}")
    return found


def _found(source: Source) -> Iterator[tuple[str, os.stat_result]]:
    count = 0
    for path in _walk(source):
        try:
            about = os.stat(path) if source.kind == "file" else os.lstat(path)
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(about.st_mode):
            continue
        count += 1
        if count > MOST_FILES:
            raise InputError(f"there are more than {MOST_FILES:,} files at {source.text}", hint="name a part")
        yield os.path.relpath(path, source.base).replace(os.sep, "/"), about


def _walk(source: Source) -> Iterator[str]:
    if source.kind == "file":
        yield source.text
    elif source.kind == "glob":
        yield from glob.glob(source.text, recursive=True)
    else:
        for folder, folders, names in os.walk(source.text):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from (os.path.join(folder, name) for name in names if not name.startswith("."))


def files_of(source: Source, known: Sequence[DataFile] = (), looked: float = 0.0) -> list[DataFile]:
    """The files of a source with their digests.

    A file whose size and time are those that are ``known`` is not read again, unless it was changed so
    shortly before they were ``looked`` at (seconds since 1970) that a second change could hide.

    Raises:
        InputError: there are no files, or one cannot be read.
        MlopsError: one changes while it is read.
    """
    before = {file.path: file for file in known}
    latest = int(looked * 1e9) - _FRESH
    kept: dict[str, DataFile] = {}
    unknown: list[tuple[str, os.stat_result]] = []
    found = paths(source)
    for path, about in found:
        old = before.get(path)
        same = old is not None and (old.size, old.modified) == (about.st_size, about.st_mtime_ns)
        if old is not None and same and old.modified < latest:
            kept[path] = old
        else:
            unknown.append((path, about))
    for path, about in unknown:
        if about.st_size >= _LARGE:
            kept[path] = _digested(source.base, path, about, threads=blake3.AUTO)
    small = [(path, about) for path, about in unknown if about.st_size < _LARGE]
    with ThreadPoolExecutor(min(8, (os.cpu_count() or 1) * 2)) as pool:
        for file in pool.map(lambda one: _digested(source.base, *one), small):
            kept[file.path] = file
    return [kept[path] for path, _about in found]


def _digested(base: Path, path: str, about: os.stat_result, threads: int = 1) -> DataFile:
    full = base / path
    try:
        hasher = blake3(max_threads=threads)
        buffer = bytearray(min(about.st_size, _PART) or 1)
        with full.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                hasher.update(memoryview(buffer)[:count])
        after = full.stat()
    except OSError as error:
        raise InputError(f"{full} cannot be read: {error.strerror or error}") from error
    if (after.st_size, after.st_mtime_ns) != (about.st_size, about.st_mtime_ns):
        raise MlopsError(f"{full} changed while it was read", hint="try again when nobody writes it")
    return DataFile(path, hasher.hexdigest(), about.st_size, about.st_mtime_ns)


def digest_of(files: Sequence[DataFile]) -> str:
    """The digest of a whole: of names and contents, not of times."""
    hasher = blake3()
    for file in files:
        hasher.update(f"{file.path}\0{file.digest}\0{file.size}\n".encode("utf-8", "surrogateescape"))
    return str(hasher.hexdigest())


def own_version(source: Source) -> dict[str, str]:
    """What the data call this version themselves: a table of Delta or Iceberg, or a file of DVC."""
    path = Path(source.text)
    if source.kind == "folder" and (path / "_delta_log").is_dir():
        logs = [int(log.stem) for log in (path / "_delta_log").glob("*.json") if log.stem.isdigit()]
        return {"format": "delta", "version": str(max(logs))} if logs else {}
    hint = path / "metadata" / "version-hint.text"
    if source.kind == "folder" and hint.is_file():
        return {"format": "iceberg", "version": hint.read_text().strip()[:100]}
    beside = path.with_name(f"{path.name}.dvc")
    if source.kind in ("file", "folder") and beside.is_file():
        import yaml

        try:
            outs = yaml.safe_load(beside.read_text("utf-8"))["outs"]
            return {"format": "dvc", "version": str(outs[0].get("md5", outs[0].get("hash", "")))[:100]}
        except (yaml.YAMLError, KeyError, IndexError, TypeError, AttributeError, UnicodeDecodeError):
            return {}
    return {}


def size_of(files: Sequence[DataFile]) -> int:
    """Bytes of all files."""
    return sum(file.size for file in files)
