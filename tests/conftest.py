"""What all tests share: small notebooks made from tags and sources."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parent / "data"
Cells = Sequence[tuple[str, str]]


def notebook_json(cells: Cells) -> dict[str, Any]:
    """A notebook of code cells, each given as tags and source; '-' is no tag."""
    return {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"c{place + 1}",
                "metadata": {"tags": [] if tags == "-" else tags.split()},
                "outputs": [],
                "source": source,
            }
            for place, (tags, source) in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
    """Writes a notebook into the test's own folder."""

    def write(cells: Cells, name: str = "nb.ipynb") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(notebook_json(cells)), "utf-8")
        return path

    return write


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """Commands that tests start can be interrupted, even where a script runs the tests in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_key(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests sign handoff files with a key of their own."""
    monkeypatch.setenv("MLOPS_JLAB_KEY_FILE", str(tmp_path_factory.getbasetemp() / "handoff.key"))
