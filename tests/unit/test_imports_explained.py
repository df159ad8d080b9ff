"""What libraries do to one another when they are imported, or first used, is no work of a step's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, sys
from mlops_jlab.handoff.observing.imports import explain
from mlops_jlab.handoff.observing.world import look
names = vars(sys.modules["__main__"])
first, then = json.load(sys.stdin)
exec(first, names)
before = look()
exec(then, names)
now = look()
changes = [one for one in now.changed_since(before) if one.module != "__main__"]
print(json.dumps([[f"{one.module}.{one.name}" for one in some] for some in (changes, explain(changes, before, now))]))
"""
TABLES = "class Entry:\n    def __init__(self, rate): self.rate = rate\nREGISTRY = {'own': Entry(1)}\nnames = list({'a', 'b'})\n"
PLUGIN = "import tables\nclass Reader: pass\ntables.REGISTRY['plugin'] = tables.Entry(2)\ntables.names = list({'a', 'b', 'c', Reader.__name__})\n"


@pytest.fixture
def seen(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Runs one source, then another; answers with what the second changed, and what stays unexplained."""
    (tmp_path / "tables.py").write_text(TABLES)
    (tmp_path / "plugin.py").write_text(PLUGIN)
    path = ":".join([str(tmp_path), *filter(None, sys.path)])
    environment = {"PYTHONPATH": path, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "MPLBACKEND": "agg"}  # fmt: skip

    def see(first: str, then: str) -> tuple[set[str], set[str]]:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SCRIPT], input=json.dumps([first, then]), text=True, check=True,
            cwd=tmp_path, capture_output=True, env=environment,
        )  # fmt: skip
        changed, left = json.loads(done.stdout.splitlines()[-1])
        return set(changed), set(left)

    return see


def test_what_an_import_puts_into_another_module_is_explained_and_remembered(seen, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    changed, left = seen("import tables", "import plugin")
    assert changed == {"tables.REGISTRY", "tables.names"}
    assert left == set()
    (kept,) = (tmp_path / "cache" / "mlops-jlab" / "imports").iterdir()
    kept.write_text("{}")  # the second time it is only looked up
    assert seen("import tables", "import plugin")[1] == changed


def test_an_import_that_goes_on_for_ever_elsewhere_explains_nothing(seen, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    endless = "import __main__\nwhile not hasattr(__main__, 'first'): pass\n"
    (tmp_path / "plugin.py").write_text(endless + PLUGIN)
    impatient = "import tables\nfrom mlops_jlab.handoff.observing import imports\nimports._SECONDS = 1"
    changed, left = seen(impatient, "import plugin")
    assert left == changed == {"tables.REGISTRY", "tables.names"}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("tables.REGISTRY['mine'] = 5", "tables.REGISTRY"),
        ("tables.REGISTRY['plugin'].rate = 3", "tables.REGISTRY"),
        ("tables.REGISTRY['plugin'] = lambda: 1", "tables.REGISTRY"),
        ("del tables.REGISTRY['own']", "tables.REGISTRY"),
        ("tables.names.append('d')", "tables.names"),
        ("tables.names = 3", "tables.names"),
    ],
)
def test_what_a_step_does_to_the_same_names_is_not(seen, source: str, name: str) -> None:  # type: ignore[no-untyped-def]
    assert seen("import tables", f"import plugin\n{source}")[1] == {name}
    assert seen("import tables, plugin", source) == ({name}, {name})


FIRST = "import pandas as pd, numpy as np, matplotlib.pyplot as plt, matplotlib.units, sqlite3, decimal\nframe = pd.DataFrame({'a': [1, 2]})"


@pytest.mark.parametrize(
    "source",
    [
        "frame.plot()\nplt.close('all')",
        "np.ma.divide(np.ma.array([1.0]), 2)",
        "frame.to_sql('t', sqlite3.connect(':memory:'))",
        "import sklearn.linear_model, skops.io",
    ],
)
def test_first_uses_are_explained(seen, source: str) -> None:  # type: ignore[no-untyped-def]
    changed, left = seen(FIRST, source)
    assert changed
    assert not left


@pytest.mark.parametrize(
    "source",
    [
        "matplotlib.units.registry[complex] = matplotlib.units.DecimalConverter(); frame.plot(); plt.close('all')",
        "sqlite3.register_adapter(complex, str); frame.to_sql('t', sqlite3.connect(':memory:'))",
        "matplotlib.units.registry.pop(decimal.Decimal)",
    ],
)
def test_what_the_notebook_registers_beside_them_is_not(seen, source: str) -> None:  # type: ignore[no-untyped-def]
    assert seen(FIRST, source)[1]
