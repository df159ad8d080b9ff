"""Large values handed to two branches, beside writing their bytes once and mapping them."""

from __future__ import annotations

import json
import mmap
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlops_jlab.handoff import enter, modules


def frame() -> Any:
    """A table of 1,000,000 rows: 20 columns of numbers, 5 of text."""
    draw = np.random.default_rng(0)
    columns: dict[str, Any] = {f"n{n}": draw.random(1_000_000) for n in range(20)}
    words = np.array([f"category-{n}" for n in range(50)])
    columns |= {f"s{n}": words[draw.integers(0, 50, 1_000_000)] for n in range(5)}
    return pd.DataFrame(columns)


def array() -> Any:
    """Numbers of 1 GB."""
    return np.random.default_rng(0).random(125_000_000)


def in_child(call: Callable[[], dict[str, float]]) -> dict[str, float]:
    """What the call measures in a process of its own."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            json.dump(call(), pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    found: dict[str, float] = json.loads(text)
    return found


def own_memory() -> int:
    """Bytes of this process that no file on the disk has: what is only mapped does not count."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))


def writer(make: Callable[[], Any]) -> dict[str, float]:
    """Makes the value in a step, and hands it on."""
    names = vars(sys.modules["__main__"])
    session = enter("bench@1", "make", 0)
    names["value"] = make()
    begun = time.perf_counter()
    session.leave(outputs=["value"])
    return {"seconds": time.perf_counter() - begun}


def reader(position: int) -> dict[str, float]:
    """Takes the value in a branch, looks at all of it, and ends."""
    names = vars(sys.modules["__main__"])
    before = own_memory()
    begun = time.perf_counter()
    session = enter("bench@1", f"branch-{position}", position, inputs=["value"], after=["make"])
    took = time.perf_counter() - begun
    value = names["value"]
    total = float(value["n0"].sum() if isinstance(value, pd.DataFrame) else np.sum(value))
    memory = own_memory() - before
    begun = time.perf_counter()
    session.leave()
    return {"seconds": took, "leaving": time.perf_counter() - begun, "memory": memory, "total": total}


def plainly(make: Callable[[], Any], folder: Path) -> dict[str, float]:
    """Writes the value's bytes once, maps them twice and looks at them."""
    import pickle

    buffers: list[pickle.PickleBuffer] = []
    stream = pickle.dumps(make(), protocol=5, buffer_callback=buffers.append)
    begun = time.perf_counter()
    with (folder / "plain").open("wb") as file:
        file.write(stream)
        for buffer in buffers:
            file.write(buffer.raw())
    for _ in range(2):
        with (folder / "plain").open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        np.frombuffer(mapped, dtype=np.uint8)[::4096].sum()
    return {"seconds": time.perf_counter() - begun, "size": (folder / "plain").stat().st_size}


def one_round(make: Callable[[], Any], folder: Path) -> tuple[dict[str, float], list[dict[str, float]]]:
    """The bytes alone, and then the value through a step and two branches; nothing waits for the disk."""
    found = []
    for turn in range(3):
        place = folder / str(turn)
        place.mkdir()
        os.environ["MLOPS_JLAB_HANDOFF"] = str(place / "handoff")
        os.sync()
        plain = in_child(lambda place=place: plainly(make, place))  # type: ignore[misc]
        (place / "plain").unlink()
        os.sync()
        steps = [in_child(lambda: writer(make))]
        os.sync()
        steps += [in_child(lambda n=n: reader(n)) for n in (1, 2)]  # type: ignore[misc]
        shutil.rmtree(place)
        found.append((plain, steps))
    best = min((plain for plain, _ in found), key=lambda one: one["seconds"])
    return best, min((steps for _, steps in found), key=lambda steps: sum(one["seconds"] for one in steps))


def main() -> None:
    """Prints the table."""
    modules.look()  # as a warm parent does, from which steps are forked
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name:
        _, steps = one_round(lambda: 1, Path(name))
    anyway = sum(one["seconds"] for one in steps)
    print(f"A step and two branches with nothing to hand on: {anyway:.2f} s, which is taken off.\n")
    print(
        "| value, to two branches | bytes | handed on | written and mapped | times | second reader's memory |"
    )
    print("|---|---|---|---|---|---|")
    for text, make in (("DataFrame 1,000,000 x 25", frame), ("array of 1 GB", array)):
        with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name:
            plain, (made, *branches) = one_round(make, Path(name))
        whole = made["seconds"] + sum(one["seconds"] for one in branches) - anyway
        print(
            f"| {text} | {plain['size'] / 1e6:,.0f} MB | {whole:.2f} s "
            f"(saved {made['seconds']:.2f}, taken {branches[0]['seconds']:.2f} and {branches[1]['seconds']:.2f}) "
            f"| {plain['seconds']:.2f} s | {whole / plain['seconds']:.1f} "
            f"| {branches[1]['memory'] / plain['size']:.1%} |"
        )


if __name__ == "__main__":
    main()
