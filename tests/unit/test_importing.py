"""What imports do beside making a module: libraries draw, own modules ask."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_jlab.handoff import importing
from mlops_jlab.handoff.ambient import ImportWatch
from mlops_jlab.handoff.importing import Imports

MODULES = {
    "drawing_library": "import random\nrandom.getrandbits(24)\nimport inner_library\n",
    "inner_library": "import random\nrandom.random()\n",
    "plain_own": "import drawing_library\nX = 1\n",
    "drawing_own": "import random\nimport plain_own\nX = random.random()\n",
    "between_own": "import random\nX = random.random()\nimport plain_own\n",
    "above_own": "import drawing_own\nY = drawing_own.X\n",
    "failing_own": "import random\nrandom.random()\nraise KeyError(1)\n",
    "catching_own": "try:\n    import failing_own\nexcept KeyError:\n    pass\n",
}


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Imports, list[Any]]]:
    for name, source in MODULES.items():
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(importing, "is_local", lambda name, _origin: name.endswith("_own"))
    drawn: list[Any] = []
    imports = Imports(lambda: {"~random": random.getstate()}, drawn.append)
    watch = ImportWatch(lambda _spec: False, lambda _name: None, within=imports.within)
    sys.meta_path.insert(0, watch)
    yield imports, drawn
    sys.meta_path.remove(watch)
    for name in MODULES:
        sys.modules.pop(name, None)


def test_a_library_that_draws_is_told_once_with_all_that_it_imports(watched: Any) -> None:
    imports, drawn = watched
    before = random.getstate()
    importlib.import_module("drawing_library")
    assert [found["~random"] for found in drawn] == [before]
    assert imports.uncertain == set()


@pytest.mark.parametrize(
    ("name", "uncertain"),
    [
        ("plain_own", set()),
        ("drawing_own", {"drawing_own"}),
        ("between_own", {"between_own"}),
        ("above_own", {"drawing_own"}),
        ("catching_own", {"failing_own"}),
    ],
)
def test_an_own_module_is_uncertain_if_it_has_drawn_itself(
    watched: Any, name: str, uncertain: set[str]
) -> None:
    importlib.import_module(name)
    assert watched[0].uncertain == uncertain


def test_loaders_are_as_they_were(watched: Any) -> None:
    module = importlib.import_module("drawing_own")
    state = random.getstate()
    assert module.__spec__ is not None
    assert module.__spec__.loader is not None
    module.__spec__.loader.exec_module(module)
    assert random.getstate() != state
    assert watched[0].uncertain == {"drawing_own"}
