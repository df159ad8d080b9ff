"""The tutorial, typed along: its cells and its commands, from an empty folder to a model that retrains itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import notebook_json

PAGE = Path(__file__).parent.parent.parent / "docs" / "tutorial.md"
_TAGS = re.compile(r"^Tags? `([^`]+)`", re.MULTILINE)


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLOPS_JLAB_STORE", raising=False)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    cells: list[tuple[str, str]] = []
    said = ""
    for before, language, block in re.findall(r"(.*?)```(\w+)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        if language == "python":
            cells.append((_TAGS.findall(before)[-1], block.rstrip("\n")))
            (tmp_path / "wine.ipynb").write_text(json.dumps(notebook_json(cells)), "utf-8")
        elif language == "sh":
            said = ""
            for command in block.splitlines():
                done = subprocess.run(
                    command,
                    shell=True,
                    cwd=tmp_path,
                    text=True,
                    capture_output=True,
                    timeout=120,
                    check=False,
                )
                said += done.stdout + done.stderr
                assert done.returncode == 0, f"{command}\n{said}"
        else:
            for line in block.splitlines():
                assert line in said, f"{line!r} is not in:\n{said}"
    assert len(cells) == 7
    assert re.search(r"promote +wine@champion +none → 1", said), said  # in the audit log


def test_the_tutorial_explains_each_word_where_it_first_appears() -> None:
    text = PAGE.read_text("utf-8")
    for word in ("store", "tag", "edge", "cache", "Verify", "champion", "shown", "schedule"):
        assert f"*{word}*" in text, word
