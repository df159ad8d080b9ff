"""What snapshots hold together is bounded, and the answers are the same without those that had to go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlops_jlab.engine.executors import bound
from mlops_jlab.engine.executors.snapshots import Snapshots
from tests.integration.running import Bench

pytestmark = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux")

CELLS = [
    ("step:load", "import numpy as np, time\nbig = np.ones(4_000_000)\ncalls = []"),
    *((f"step:more{number}", f"big = big + 1\ncalls.append({number})") for number in range(8)),
    ("step:again", "import pathlib\ntries = pathlib.Path('tries')\n"
     "tries.write_text('x' * (len(tries.read_text()) + 1 if tries.exists() else 1))\n"
     "assert len(tries.read_text()) > 1\ncalls.append(8)"),
    ("step:show", "print(big.sum(), calls)"),
]  # fmt: skip


@pytest.mark.parametrize("most", [1, 50_000_000, 0])
def test_a_run_within_a_bound_gives_the_same_answer(
    tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: list[int] = []
    keep = Snapshots.keep

    def kept(self: Snapshots, *given: object) -> None:
        keep(self, *given)  # type: ignore[arg-type]  # as it was called
        alive.append(len(self.all()))

    monkeypatch.setattr(Snapshots, "keep", kept)
    bench = Bench(tmp_path)
    state = bench.run(CELLS, settings={"again": {"retries": 2}}, cache=None, snapshots=most)
    assert state.status == "finished", state.error
    assert bench.printed("show") == "36000000.0 [0, 1, 2, 3, 4, 5, 6, 7, 8]\n"
    if most == 1:
        assert max(alive) <= 3  # the one that has ended, the one it went on from, and the one being written


def test_memory_that_is_shared_counts_in_parts() -> None:
    block = bytearray(os.urandom(1 << 20) * 64)
    alone = bound.held_by(os.getpid())
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(len(block) % 2)
    both = bound.held_by(os.getpid()) + bound.held_by(child)
    os.close(writing)
    os.close(reading)
    os.waitpid(child, 0)
    assert alone > 64 << 20
    assert both < 1.3 * alone
    assert bound.held_by(child) == 0
    assert 0 < bound.usual() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
