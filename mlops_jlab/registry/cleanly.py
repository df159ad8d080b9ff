"""Whether a model loads in a clean process, and predicts there what it predicts here."""

from __future__ import annotations

import os
import pickle
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mlops_jlab import interpreter

_LIMIT = 300.0  # seconds
_PROGRAM = (
    "import pickle, sys\n"
    "from pathlib import Path\n"
    "from mlops_jlab.registry.modelfiles import unpack\n"
    "file = Path(sys.argv[1])\n"
    "rows = pickle.load(sys.stdin.buffer)\n"
    "said = unpack(file.read_bytes(), file.suffix.lstrip('.'), 'the model').predict(rows)\n"
    "sys.stdout.buffer.write(b'SAID' + pickle.dumps(said))\n"
)


def problem(files: Mapping[str, bytes], rows: Any, model: Any) -> str:
    """What goes wrong when the files are loaded elsewhere to predict ``rows``; nothing if all is well."""
    name = next(path for path in files if path != "model.json")
    with tempfile.TemporaryDirectory(prefix="mlops-jlab-") as folder:
        file = Path(folder) / name
        file.write_bytes(files[name])
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MLOPS_JLAB_")}
        try:
            done = subprocess.run(
                interpreter.words("-c", _PROGRAM, str(file)), input=pickle.dumps(rows), capture_output=True,
                timeout=_LIMIT, cwd=folder, env=interpreter.environment(environment),
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"it takes longer than {_LIMIT:g} s"
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else f"the process ended with {done.returncode}"
    said = pickle.loads(done.stdout.partition(b"SAID")[2])
    same = np.array_equal(np.asarray(said), np.asarray(model.predict(rows)))
    return "" if same else "it predicts something else there"
