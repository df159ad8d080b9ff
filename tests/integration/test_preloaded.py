"""What the warm parent imports beforehand finds the world that a kernel has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import notebook_json
from tests.integration.running import Bench

# A library that looks around when it is imported, as real ones do, and leaves things with the shell.
ASKING = """
import builtins, logging, os, sys
import __main__
from IPython import get_ipython as asked
from IPython.core.magic import Magics, line_magic, magics_class

try:
    by_name = type(get_ipython()).__name__  # as pandas and rich ask
except NameError:
    by_name = "nobody"
shell = asked()
seen = {
    "by name": by_name,
    "kind": type(shell).__name__,
    "module": type(shell).__module__,
    "kernel": hasattr(shell, "kernel"),
    "application": "IPKernelApp" in (shell.config if shell else ()),
    "names": [hasattr(builtins, name) for name in ("__IPYTHON__", "display", "get_ipython")],
    "main is a file": hasattr(__main__, "__file__"),
    "program": os.path.basename(sys.argv[0]),
    "terminal": sys.stdout.isatty(),
    "stream": (sys.stdout.encoding, sys.stderr.name),
    "under a server": "JPY_PARENT_PID" in os.environ,
}
pid = os.getpid()
log = logging.getLogger("asking")
log.addHandler(logging.StreamHandler())  # keeps the sys.stderr of now
kept = sys.stdout
ended = []


class Thing:
    pass


@magics_class
class Verbs(Magics):
    @line_magic
    def asking(self, line):
        return f"asked {line}"


if shell is not None:
    shell.register_magics(Verbs)
    shell.events.register("post_run_cell", ended.append)
    shell.display_formatter.formatters["text/plain"].for_type(Thing, lambda it, p, cycle: p.text("<the thing>"))
"""
LOOKING = [
    ("step:a", "import os, asking\nprint(asking.seen)"),
    ("step:a", "asking.log.warning('through the handler')"),
    ("step:a", "asking.Thing()"),
    ("step:a", "%asking again"),
    ("step:a", "print(asking.shell.user_ns is get_ipython().user_ns, bool(asking.ended), file=asking.kept)"),
    ("step:a", "mine = asking.pid == os.getpid()"),
    ("step:b", "print(mine)"),
]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "asking.py").write_text(ASKING)
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    return Bench(tmp_path)


def both(bench: Bench, cells: list[tuple[str, str]]) -> tuple[str, str]:
    """What step ``a`` shows in an ordinary kernel, and forked from a parent that has imported all of it."""
    shown = []
    for cold in (True, False):
        state = bench.run(cells, cache=None, cold=cold)
        assert state.status == "finished", [step.error for step in state.steps]
        shown.append(bench.printed("a"))
        assert bench.printed("b").startswith(f"{cold}\n")  # imported here, or beforehand
    return shown[0], shown[1]


def test_a_library_that_looks_around_sees_a_kernel_and_what_it_leaves_there_is_there(bench: Bench) -> None:
    kernel, forked = both(bench, LOOKING)
    assert "'by name': 'ZMQInteractiveShell'" in kernel
    for words in ("through the handler", "<the thing>", "asked again", "True True"):
        assert words in kernel
    assert sorted(forked.splitlines()) == sorted(kernel.splitlines())


def test_options_of_libraries_are_those_of_a_kernel(bench: Bench) -> None:
    """Wide tables are cut where they are cut in a kernel, figures drawn as there."""
    cells = [
        (
            "step:a",
            "import os, asking, rich\nimport pandas as pd\nimport matplotlib as mpl, matplotlib.pyplot as plt",
        ),
        (
            "step:a",
            "import warnings; warnings.simplefilter('ignore')\nfrom pandas._config.config import _registered_options as known\n"
            "for key in sorted(known): print(key, pd.get_option(key))",
        ),
        ("step:a", "for key in sorted(mpl.rcParams): print(key, mpl.rcParams[key])"),
        ("step:a", "print(plt.isinteractive(), mpl.get_backend(), rich.get_console().is_jupyter)"),
        ("step:a", "print(pd.DataFrame([range(40)]))"),
        ("step:a", "mine = asking.pid == os.getpid()"),
        ("step:b", "print(mine)"),
    ]
    kernel, forked = both(bench, cells)
    assert "display.max_columns 20\n" in kernel
    assert forked == kernel


@pytest.mark.slow
def test_kernels_of_the_provisioner_have_it_as_well(bench: Bench, tmp_path: Path) -> None:
    source = tmp_path / "nb.ipynb"
    cells = [
        ("-", "import asking\nimport pandas as pd\nprint(pd.get_option('display.max_columns'))"),
        *LOOKING,
    ]
    source.write_text(json.dumps(notebook_json(cells)))
    texts: list[object] = []
    for warm in ("", "mlops-jlab-warm"):
        environment = {**os.environ, "MLOPS_JLAB_WARM": "asking pandas"}
        if warm:
            environment["JUPYTER_DEFAULT_PROVISIONER_NAME"] = warm
        target = tmp_path / f"out{warm}.ipynb"
        words = ["jupyter", "execute", str(source), "--output", str(target)]
        subprocess.run([sys.executable, "-m", *words], check=True, env=environment, timeout=120)
        outputs = [c.get("outputs", []) for c in json.loads(target.read_text())["cells"]]
        assert outputs[-1][0]["text"][0] == f"{not warm}\n"
        texts.append(outputs[:-1])
    assert texts[0] == texts[1]


def test_a_notebook_in_a_folder_below_is_executed_by_warm_kernels(tmp_path: Path) -> None:
    """The folder is named from where the command is, which is not where the parent is."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "own.py").write_text("here = 'beside the notebook'\n")
    (tmp_path / "sub" / "x.ipynb").write_text(
        json.dumps(notebook_json([("-", "import own, os\nprint(own.here)")]))
    )
    environment = {**os.environ, "JUPYTER_DEFAULT_PROVISIONER_NAME": "mlops-jlab-warm"}
    words = ["jupyter", "nbconvert", "--to", "notebook", "--execute", "sub/x.ipynb", "--output", "done"]
    done = subprocess.run(
        [sys.executable, "-m", *words],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "beside the notebook" in (tmp_path / "sub" / "done.ipynb").read_text()
