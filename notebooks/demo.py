"""The main job on the example notebook: check, export, run headless, and what to do next."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NOTEBOOK = HERE / "01-tumour-triage.ipynb"
TARGET = HERE.parent / "demo"


def command(*arguments: str | Path) -> None:
    """Shows a command and runs it; stops at the first that fails."""
    words = ["mlops-jlab", *map(str, arguments)]
    shown = " ".join(w.replace(f"{HERE.parent}/", "") for w in words)
    print(f"\n\033[1m$ {shown}\033[0m", flush=True)
    done = subprocess.run([sys.executable, "-m", "mlops_jlab", *words[1:]], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    """Tells the story in six commands."""
    shutil.rmtree(TARGET, ignore_errors=True)
    command("check", NOTEBOOK)
    command("export", NOTEBOOK, "--output", TARGET / "pipeline")
    command("run", TARGET / "pipeline", "-p", "trees=40", "--output", TARGET / "run")
    command("run", TARGET / "pipeline", "-p", "trees=60", "--output", TARGET / "again")
    command("cache", "why", TARGET / "again")
    command("runs", "list", "-n", "7")
    print(
        f"""
Done. Look at
  the report          {TARGET / "run" / "report.html"}
  the executed steps  {TARGET / "run" / "executed"}
  the exported steps  {TARGET / "pipeline" / "README.md"}

Next
  make lab                                         open the notebook: each cell shows its step
  mlops-jlab verify {NOTEBOOK.relative_to(HERE.parent)}     proof that both ways give one answer
"""
    )


if __name__ == "__main__":
    main()
