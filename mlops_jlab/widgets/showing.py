"""Showing a widget together with what stands for it where no widget can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def show(widget: Callable[[], Any], html: str, text: str) -> None:
    """Displays the widget; a front end without widgets, and a saved page, show ``html`` or ``text``."""
    from IPython.display import display

    bundle: dict[str, Any] = {"text/html": html, "text/plain": text}
    try:
        made = widget()._repr_mimebundle_()
        bundle = {**(made[0] if isinstance(made, tuple) else made), **bundle}
    except ImportError:
        pass
    display(bundle, raw=True)
