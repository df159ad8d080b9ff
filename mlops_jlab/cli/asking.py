"""What a command was given: parameters, and the store and the folder that go with a path."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path

from mlops_jlab.errors import ParameterError


def new_run(pipeline: Path) -> Path:
    """A new folder below the nearest ``.mlops``, the git root, or the pipeline's own folder."""
    stamp = f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    return store_of(pipeline) / "runs" / pipeline.resolve().stem / stamp


def store_of(path: Path) -> Path:
    """The store that serves a pipeline or notebook."""
    from mlops_jlab.store import location

    whole = path.resolve()
    return location.find(whole if whole.is_dir() else whole.parent).root


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
