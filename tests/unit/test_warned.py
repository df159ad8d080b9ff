"""Warnings that were shown are remembered as Python remembers them, and no others."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import warnings
from mlops_jlab.handoff import warned
def old(): warnings.warn("old way", FutureWarning)
def one(): warnings.warn("one", UserWarning)
"""


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("old(); old()", 1),
        ("old(); state = warned.capture(); old()", 1),
        ("old()\nwith warnings.catch_warnings(): pass\nold()", 2),
        ("old()\nwith warned.held():\n    with warnings.catch_warnings(): pass\nold()", 1),
        ("old()\nwith warnings.catch_warnings(): pass\nwith warned.held(): pass\nold()", 2),
        ("old(); state = warned.capture(); warned.restore({}); old()", 2),
        ("old(); state = warned.capture(); warned.restore({}); warned.restore(state); old()", 1),
        (
            "warnings.simplefilter('once'); one(); state = warned.capture(); warned.restore(state)\nwarnings.warn('one')",
            1,
        ),
        ("warnings.simplefilter('once'); one(); warned.restore({})\nwarnings.warn('one')", 2),
        ("warnings.simplefilter('error'); warned.capture(); warned.restore({})", 0),
        ("warnings.simplefilter('always'); old(); warned.restore(warned.capture()); old()", 2),
        ("warned.restore({'nowhere.to.be.found': [('x', 'builtins', 'UserWarning', 3)]}); old()", 1),
        ("old(); state = warned.capture(); del state['__main__'][:]; warned.restore(state); old()", 2),
    ],
)
def test_what_was_shown_is_known(source: str, shown: int) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT + source], capture_output=True, text=True, check=True)
    assert done.stderr.count("Warning: ") == shown, done.stderr
