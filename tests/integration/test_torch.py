"""torch in steps, where it is installed: its threads, workers, generator and models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import notebook_json
from tests.integration.running import Bench

pytest.importorskip("torch", reason="torch is not among what the tests install")

CELLS = [
    ("setup", "import torch\nfrom torch import nn\nfrom torch.utils.data import DataLoader, TensorDataset"),
    (
        "step:load",
        "torch.manual_seed(1)\nx = torch.randn(20_000, 16)\ny = (x @ torch.arange(16.0) > 0).float()\nview = x[:10]",
    ),
    (
        "step:train",
        "torch.set_num_threads(2)\nmodel = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 1))\n"
        "optimiser = torch.optim.Adam(model.parameters(), lr=0.01)\n"
        "for rows, truth in DataLoader(TensorDataset(x, y), batch_size=2000, num_workers=2, shuffle=True):\n"
        "    optimiser.zero_grad()\n"
        "    loss = nn.functional.binary_cross_entropy_with_logits(model(rows)[:, 0], truth)\n"
        "    loss.backward()\n    optimiser.step()",
    ),
    ("step:other", "product = float((x.T @ x).trace())"),
    (
        "step:evaluate",
        "with torch.no_grad():\n    right = float(((model(x)[:, 0] > 0).float() == y).float().mean())\n"
        "print(round(right, 6), round(product, 1), round(loss.item(), 6), torch.rand(1).item())\n"
        "view[0, 0] = 7\nprint(float(x[0, 0]))",
    ),
]  # fmt: skip


@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
def test_a_network_is_trained_as_in_one_process(tmp_path: Path, cold: bool) -> None:
    bench = Bench(tmp_path)
    script = "\n".join(source for _, source in CELLS)
    alone = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    state = bench.run(CELLS, cache=None, cold=cold)
    assert state.status == "finished", state.error
    assert state.remark == ""  # torch can be imported before a fork
    assert bench.printed("evaluate") == alone.stdout
    assert alone.stdout.splitlines()[1] == "7.0"


def test_the_proof_holds_for_tensors(tmp_path: Path) -> None:
    notebook = tmp_path / "nb.ipynb"
    notebook.write_text(json.dumps(notebook_json(CELLS)))
    done = subprocess.run(
        [sys.executable, "-m", "mlops_jlab", "verify", str(notebook)], capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
