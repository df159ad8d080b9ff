"""The one door for what is written into another language: it arrives as it was, and is never a command."""

from __future__ import annotations

import json
import math
import shlex
from typing import Any

import yaml

_BASE: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # the same in C, faster by far


class _Dumper(_BASE):  # type: ignore[misc,valid-type]  # one of two
    """Block style as people write it; texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        """No anchors: some engines do not know them."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    block = "\n" in text and not any(line != line.rstrip() for line in text.split("\n"))
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if block else None)


_Dumper.add_representer(str, _text)


def as_yaml(content: Any) -> str:
    """A YAML text; texts that look like numbers, dates or booleans are quoted."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def as_json(content: Any) -> str:
    """A JSON text as people read it."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def shell(text: str) -> str:
    """One word for a POSIX shell."""
    return shlex.quote(text)


def crontab(command: str) -> str:
    """A command in a line of a crontab, where a percent sign is a line break."""
    return command.replace("%", "\\%")


def systemd(text: str) -> str:
    """One word in a unit file."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") + '"'


def make(text: str) -> str:
    """A text in a recipe of a Makefile."""
    return text.replace("$", "$$")


def python(value: Any) -> str:
    """A Python literal of plain data, on one line; infinities and NaN are called by name."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{python(key)}: {python(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(python, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value!r}")'
    return json.dumps(value, ensure_ascii=True) if isinstance(value, str) else repr(value)


def text_of(value: object) -> str:
    """A parameter's value as the text that means it where values are texts; nothing for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def has_markup(value: object, *marks: str) -> bool:
    """Whether a value has an engine's own mark-up in it, anywhere."""
    return any(mark in text_of(value) for mark in marks)
