"""What a command was given: parameters, and the store and the folder that go with a path."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops_jlab.errors import InputError, ParameterError, nearest


def new_run(pipeline: Path) -> Path:
    """A new folder below the nearest ``.mlops``, the git root, or the pipeline's own folder."""
    stamp = f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    return store_of(pipeline) / "runs" / pipeline.resolve().stem / stamp


def store_of(path: Path) -> Path:
    """The store that serves a pipeline or notebook."""
    from mlops_jlab.store import location

    whole = path.resolve()
    return location.find(whole if whole.is_dir() else whole.parent).root


def locked_kernel(notebook: Path, kernel: str = "") -> str:
    """The kernel in the environment of a notebook's lock; ``kernel`` is another one that was asked for.

    Raises:
        InputError: a kernel was asked for too, or there is no lock.
    """
    from mlops_jlab.engine.environments import building, locking

    if kernel:
        raise InputError("--kernel and --env locked each say where steps run", hint="leave one out")
    return building.kernel_of(locking.path_of(notebook), store_of(notebook) / "environments")


def given(pairs: tuple[str, ...], file: Path | None) -> dict[str, object]:
    """The parameters of the command line over those of the file."""
    values: dict[str, object] = {}
    if file is not None:
        values.update(_read_file(file))
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise ParameterError(f"{pair!r} sets no parameter", hint="write -p NAME=VALUE")
        values[name] = text
    return values


def steps_asked(graph: Any, names: Sequence[str], start: str) -> tuple[str, ...]:
    """The steps of a graph or an export that have these names, with ``start`` and all that lies below it.

    Where steps are called after their notebooks, one without a namesake needs no notebook: ``clean`` is
    ``load.clean``.

    Raises:
        InputError: there is no such step, or several notebooks have it.
    """
    known = [step.name for step in graph.steps]
    below = {_step(start, known)} if start else set()
    for name in known:  # in their order, so that one round finds all
        below |= (
            {name} if any(edge.target == name and edge.source in below for edge in graph.edges) else set()
        )
    asked = dict.fromkeys(_step(name, known) for name in names)
    return tuple(asked | dict.fromkeys(name for name in known if name in below))


def _step(word: str, known: Sequence[str]) -> str:
    found = [name for name in known if name == word or name.endswith(f".{word}")]
    if not found:
        raise InputError(
            f"there is no step {word!r}{nearest(word, known)}", hint=f"steps: {', '.join(known)}"
        )
    if len(found) > 1:
        owners = [name.partition(".")[0] for name in found]
        raise InputError(
            f"{word!r} is a step of {' and '.join(owners)}", hint=f"say which, such as {found[0]}"
        )
    return found[0]


def _read_file(file: Path) -> dict[str, object]:
    import yaml

    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParameterError(f"{file} cannot be read: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ParameterError(f"{file} holds no mapping of names to values", hint="write: name: value")
    return {str(name): value for name, value in content.items()}
