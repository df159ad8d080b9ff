"""What a command answers: text for people, or JSON for programs, which ``schemas.yaml`` describes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import click

SCHEMAS = Path(__file__).with_name("schemas.yaml")

FORMAT = click.option("--format", "style", type=click.Choice(["text", "json"]), default="text",
                      show_default=True, help="How to print.")  # fmt: skip


def answer(style: str, content: object, text: str | Callable[[], str]) -> None:
    """Prints ``content`` as JSON if ``style`` is ``json``, else ``text``, or what it returns."""
    if style == "json":
        click.echo(as_json(content))
        return
    told = text if isinstance(text, str) else text()
    if told:
        click.echo(told)


def as_json(content: object) -> str:
    """``content`` as JSON; dataclasses are objects, paths and other values are their text.

    NaN and infinities are strings, which every parser reads.
    """
    return json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False, default=str)


def _plain(content: object) -> object:
    if is_dataclass(content) and not isinstance(content, type):
        content = asdict(content)
    if isinstance(content, dict):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple | set | frozenset):
        return [_plain(value) for value in content]
    if isinstance(content, float) and content - content != 0:
        return str(content)
    return content


def described() -> list[str]:
    """The commands whose JSON has a schema."""
    return list(_schemas()["commands"])


def schema_of(command: str) -> dict[str, Any]:
    """The JSON Schema of what a command, such as ``runs list``, prints with ``--format json``.

    Raises:
        KeyError: it has none.
    """
    found = _schemas()
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **found["commands"][command]}
    if "$ref" in json.dumps(schema):
        schema["$defs"] = found["$defs"]
    whole: dict[str, Any] = _complete(schema)
    return whole


def _schemas() -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = yaml.safe_load(SCHEMAS.read_text("utf-8"))
    return found


def _complete(schema: Any) -> Any:
    """Each object of a schema asks for all of its properties, unless it says which."""
    if isinstance(schema, list):
        return [_complete(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    whole = {key: _complete(value) for key, value in schema.items()}
    if whole.get("type") == "object" and "properties" in whole:
        whole.setdefault("required", sorted(whole["properties"]))
    return whole
