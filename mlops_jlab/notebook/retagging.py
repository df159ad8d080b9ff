"""Writing tags into a notebook file: the tags change, every other byte stays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]  # public, untyped

from mlops_jlab.errors import NotebookError

_DECODER = JSONDecoder()
_SPACE = " \t\r\n"


def retag(text: str, tags: Mapping[int, Sequence[str]]) -> str:
    """``text`` with the tags of the cells in ``tags`` (by index) replaced.

    Only the ``metadata`` object of a cell whose tags change is written anew, in the file's own
    indentation.
    """
    start = len(text) - len(text.lstrip(_SPACE + "\ufeff"))
    cells = next((span for key, span in _members(text, start) if key == "cells"), None)
    if cells is None:
        raise NotebookError("the file has no list of cells to tag")
    parts: list[str] = []
    done = 0
    for index, (begin, _end) in enumerate(_items(text, cells[0])):
        if index not in tags:
            continue
        members = dict(_members(text, begin))
        if "metadata" in members:
            first, last = members["metadata"]
            metadata = json.loads(text[first:last])
            replacement = _render(_with_tags(metadata, tags[index]), text, first)
        else:
            first = last = begin + 1
            replacement = '"metadata": ' + json.dumps({"tags": list(tags[index])}) + ", "
        parts += [text[done:first], replacement]
        done = last
    return "".join([*parts, text[done:]])


def _with_tags(metadata: Mapping[str, object], tags: Sequence[str]) -> dict[str, object]:
    new = dict(metadata)
    if tags:
        new["tags"] = list(tags)
    else:
        new.pop("tags", None)
    return new


def _render(value: Mapping[str, object], text: str, at: int) -> str:
    """JSON in the indentation of the line that it stands on."""
    line_start = text.rfind("\n", 0, at) + 1
    line = text[line_start:at]
    if not value:
        return "{}"
    if line_start == 0:
        return json.dumps(value, ensure_ascii=False)
    margin = line[: len(line) - len(line.lstrip())]
    step = "\t" if margin.startswith("\t") else " " * max(1, len(margin) // 3)
    body = json.dumps(value, ensure_ascii=False, indent=step)
    newline = "\r\n" if text[line_start - 2 : line_start] == "\r\n" else "\n"
    return body.replace("\n", newline + margin)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _members(text: str, at: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """The keys of the JSON object that begins at ``at``, each with the span of its value."""
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1, False)
        begin = _skip(text, _skip(text, at) + 1)
        end = _DECODER.raw_decode(text, begin)[1]
        yield key, (begin, end)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _items(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The spans of the items of the JSON array that begins at ``at``."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        end = _DECODER.raw_decode(text, at)[1]
        yield at, end
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
