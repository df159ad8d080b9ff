"""What our programs start is told apart from what lies beside a notebook."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import multiprocessing
import sys
from mlops_jlab import interpreter
if __name__ == "__main__":
    with interpreter.alone():
        child = multiprocessing.get_context("spawn").Process(target=print, args=("answered",))
        child.start()
        child.join(60)
    sys.exit(child.exitcode)
"""


def test_no_module_in_the_folder_stands_in_for_the_librarys_in_a_process_of_a_pool(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "program.py"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    (tmp_path / "tokenize.py").write_text("raise ImportError('not ours')")
    (tmp_path / "types.py").write_text("raise ImportError('not ours')")
    done = subprocess.run(
        [sys.executable, program], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "answered\n"), done.stderr
