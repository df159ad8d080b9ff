"""Executed cells → HTML that runs nothing and loads nothing, whatever is in their outputs."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mlops_jlab.pipeline.build import OWN_CELLS

_LONGEST_OUTPUT = 200_000
_ANSI = re.compile(r"\x1b\[")
# What may stand in the page; anything else in a notebook's HTML is taken out, its text stays.
_TAGS = frozenset(
    """a abbr b blockquote br caption code col colgroup dd div dl dt em figcaption figure h1 h2 h3 h4 h5
    h6 hr i img li ol p pre s small span strong sub sup table tbody td tfoot th thead tr tt u ul""".split()
)
_ATTRIBUTES = {
    "*": {"title", "align", "colspan", "rowspan"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
}
_SCHEMES = frozenset({"http", "https", "mailto", "data"})


def cells_of(executed: Path, own: tuple[str, ...], shown: set[str]) -> str:
    """The cells of a step's executed notebook: its ``own``, and others where they have something to say.

    A cell that carries over from another step is shown once: ``shown`` has the ids of those that were.
    """
    if not executed.is_file():
        return '<p class="quiet">Not run.</p>'
    try:
        cells = json.loads(executed.read_text("utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code" and _is_shown(cell, own, shown)]
        shown.update(cell["id"] for cell in code)
        return "\n".join(map(_cell, code))
    except (OSError, ValueError, KeyError, TypeError):
        return '<p class="quiet">The executed notebook cannot be read.</p>'


def _is_shown(cell: Mapping[str, Any], own: tuple[str, ...], shown: set[str]) -> bool:
    if cell["id"] in own:
        return True
    failed = any(output["output_type"] == "error" for output in cell["outputs"])
    return failed or (cell["id"] not in shown and cell["id"] not in OWN_CELLS and bool(cell["outputs"]))


def _cell(cell: Mapping[str, Any]) -> str:
    parts = [f'<div class="code">{highlighted(_joined(cell["source"]))}</div>']
    parts += [f'<div class="out">{part}</div>' for part in map(_output, cell["outputs"]) if part]
    return f'<div class="cell">{"".join(parts)}</div>'


def _output(output: Mapping[str, Any]) -> str:
    kind = output["output_type"]
    if kind == "stream":
        name = "stderr" if output["name"] == "stderr" else "stdout"
        return f'<pre class="{name}">{_text(_joined(output["text"]))}</pre>'
    if kind == "error":
        said = "\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}"
        return f"<pre>{_text(said)}</pre>"
    data = output["data"]
    return next((part for part in _best(data) if part), "")


def _best(data: Mapping[str, Any]) -> Iterator[str]:
    """The richest form first, as a notebook shows it."""
    for mime in ("image/svg+xml", "image/png", "image/jpeg", "image/gif"):
        if mime in data:
            yield _picture(mime, _joined(data[mime]))
    for mime, shown in _SHOWN.items():
        if mime in data and not ("sk-top-container" in _joined(data[mime]) and "text/plain" in data):
            yield shown(_joined(data[mime]))
    for mime, content in data.items():
        if mime.endswith("json"):
            yield f"<pre>{_text(json.dumps(content, indent=1, ensure_ascii=False))}</pre>"


def _picture(mime: str, content: str) -> str:
    encoded = base64.b64encode(content.encode()).decode() if mime.endswith("+xml") else content
    return f'<img alt="" src="data:{mime};base64,{html.escape("".join(encoded.split()))}">'


def _clean(content: str) -> str:
    import nh3

    return nh3.clean(
        content, tags=set(_TAGS), attributes=_ATTRIBUTES, url_schemes=set(_SCHEMES),
        clean_content_tags={"script", "style", "iframe", "noscript"},
    )  # fmt: skip


def _markdown(content: str) -> str:
    import mistune

    return _clean(str(mistune.html(content)))


def _plain(content: str) -> str:
    return f"<pre>{_text(content)}</pre>"


_SHOWN: dict[str, Callable[[str], str]] = {
    "text/html": _clean,
    "text/markdown": _markdown,
    "text/plain": _plain,
    "text/latex": _plain,
}


def _text(content: str) -> str:
    """Text of bounded length, in the colours that its escape sequences ask for."""
    if len(content) > _LONGEST_OUTPUT:
        content = f"{content[:_LONGEST_OUTPUT]}\n… {len(content) - _LONGEST_OUTPUT:,} characters more"
    return _coloured(content) if _ANSI.search(content) else html.escape(content)


def _coloured(content: str) -> str:
    """The sixteen colours of a terminal become classes, which the page gives its own colours."""
    from rich.color import ColorSystem
    from rich.console import Console
    from rich.text import Text

    parts = []
    for segment in Text.from_ansi(content, end="").render(Console(file=io.StringIO())):
        style, text = segment.style, html.escape(segment.text)
        words = []
        if style is not None:
            for letter, colour in (("a", style.color), ("b", style.bgcolor)):
                if colour is not None and not colour.is_default:
                    words.append(f"{letter}-{colour.downgrade(ColorSystem.STANDARD).number}")
            words += [word for word in ("bold", "italic", "underline") if getattr(style, word)]
        parts.append(f'<span class="{" ".join(words)}">{text}</span>' if words else text)
    return "".join(parts)


def highlighted(source: str) -> str:
    """Python code as HTML."""
    from pygments import highlight

    lexer, formatter = _highlighting()
    coloured: str = highlight(source, lexer, formatter)
    return f"<pre>{coloured}</pre>"


@cache
def _highlighting() -> tuple[Any, Any]:
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers.python import PythonLexer

    return PythonLexer(), HtmlFormatter(nowrap=True, classprefix="c-")


@cache
def colours() -> str:
    """Style rules for code, in the light and the dark."""
    from pygments.formatters.html import HtmlFormatter

    light = HtmlFormatter(style="default", classprefix="c-").get_style_defs(".code")
    dark = HtmlFormatter(style="github-dark", classprefix="c-").get_style_defs(".code")
    rules = [[rule for rule in style.splitlines() if " .c-" in rule] for style in (light, dark)]
    return "{}\n@media (prefers-color-scheme: dark) {{ {} }}".format(*map("\n".join, rules))


def _joined(content: Any) -> str:
    """What a notebook keeps as a text or as a list of lines."""
    return content if isinstance(content, str) else "".join(map(str, content))
