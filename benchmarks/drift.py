"""Drift: how often it cries for nothing, how often it finds what was planted, and how long it takes.

``python benchmarks/drift.py [REPETITIONS] [SEED] [SCENES]``, where SCENES is a part of their names. Windows of a reference of 5,000 rows; beside ours: Kolmogorov
and Smirnov's test at 5 % for each column, PSI above 0.1 and 0.2 in any column, as dashboards have them.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from mlops_jlab.drift import distances
from mlops_jlab.drift.detecting import Drift, detect, persisting
from mlops_jlab.profiles import profile

ROWS = 5_000
Draw = Callable[[np.random.Generator, int, float], pd.DataFrame]


def normal(columns: int) -> Draw:
    def draw(rng: np.random.Generator, rows: int, shift: float) -> pd.DataFrame:
        values = rng.normal(size=(rows, columns))
        values[:, 0] += shift
        return pd.DataFrame(values, columns=[f"x{i}" for i in range(columns)])

    return draw


def skewed(rng: np.random.Generator, rows: int, shift: float) -> pd.DataFrame:
    values = np.exp(rng.normal(size=(rows, 20)))
    values[:, 0] *= 1 + shift
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(20)])


def tied(rng: np.random.Generator, rows: int, shift: float) -> pd.DataFrame:
    values = rng.poisson(0.3, size=(rows, 20)).astype(float)
    values[:, 0] = rng.poisson(0.3 * (1 + shift), size=rows)
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(20)])


def rare(rng: np.random.Generator, rows: int, shift: float) -> pd.DataFrame:
    names = np.array([f"c{i}" for i in range(52)])
    shares = np.r_[np.full(50, 0.001), 0.55, 0.4]
    frame = {f"x{i}": names[rng.choice(52, rows, p=shares)] for i in range(20)}
    moved = shares + shift * np.r_[np.full(50, 0.0), -1, 1]
    frame["x0"] = names[rng.choice(52, rows, p=moved)]
    return pd.DataFrame(frame)


def autocorrelated(rng: np.random.Generator, rows: int, shift: float) -> pd.DataFrame:
    """AR(1) with 0.9: a window of 1,000 rows is worth some 50 independent ones."""
    from scipy.signal import lfilter

    noise = rng.normal(size=(rows + 200, 20)) * np.sqrt(1 - 0.81)
    values = lfilter([1], [1, -0.9], noise, axis=0)[200:]
    values[:, 0] += shift
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(20)])


def alarms(
    draw: Draw, rows: int, shift: float, repetitions: int, seed: int, blocks: int = 0
) -> dict[str, float]:
    """The share of repetitions in which each way cries."""
    found = dict.fromkeys(
        ("ours", "ours, 2 of 3", "ours, calibrated", "KS 5 %", "PSI > 0.1", "PSI > 0.2"), 0.0
    )
    for repetition in range(repetitions):
        rng = np.random.default_rng([seed, repetition])
        reference = draw(rng, ROWS, 0.0)
        before = profile.of_frame(reference)
        history = [profile.of_frame(draw(rng, rows, 0.0)) for _ in range(blocks)]
        windows: list[Drift] = []
        calibrated: list[Drift] = []
        for _ in range(3):
            frame = draw(rng, rows, shift)
            current = profile.of_frame(frame)
            windows.append(detect(before, current))
            if blocks:
                calibrated.append(detect(before, current, history=history))
        found["ours"] += windows[-1].found
        found["ours, 2 of 3"] += bool(persisting(windows))
        found["ours, calibrated"] += bool(calibrated) and bool(persisting(calibrated))
        if draw is not rare:
            found["KS 5 %"] += any(
                stats.ks_2samp(reference[c], frame[c], method="asymp").pvalue < 0.05 for c in reference
            )
        psi = max(distances.psi(a, b) for a, b in zip(before.columns, current.columns, strict=True))
        found["PSI > 0.1"] += psi > 0.1
        found["PSI > 0.2"] += psi > 0.2
    return {name: count / repetitions for name, count in found.items()}


SCENES: list[tuple[str, Draw, int, float, int]] = [
    ("none, 20 normal columns", normal(20), 1_000, 0.0, 0),
    ("none, 20 normal columns", normal(20), 100, 0.0, 0),
    ("none, 200 normal columns", normal(200), 1_000, 0.0, 0),
    ("none, heavy ties", tied, 1_000, 0.0, 0),
    ("none, 50 categories of 0.1 %", rare, 1_000, 0.0, 0),
    ("none, autocorrelated, 12 blocks", autocorrelated, 1_000, 0.0, 12),
    ("one of 20 moved by 0.1 sd", normal(20), 1_000, 0.1, 0),
    ("one of 20 moved by 0.25 sd", normal(20), 1_000, 0.25, 0),
    ("one of 20 moved by 0.5 sd", normal(20), 1_000, 0.5, 0),
    ("one of 20 skewed ones by a half", skewed, 1_000, 0.5, 0),
    ("one of 20 counts by a half", tied, 1_000, 0.5, 0),
    ("one of 20 categories by 0.1", rare, 1_000, 0.1, 0),
    ("autocorrelated, moved by 1 sd", autocorrelated, 1_000, 1.0, 12),
]


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def speed() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(1_000_000, 50)), columns=[f"x{i}" for i in range(50)])
    reference = frame.sample(100_000, random_state=0)
    before = profile.of_frame(reference)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = min(seconds(lambda: detect(before, profile.of_frame(frame))) for _ in range(3))
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) * 1024
    size = frame.memory_usage().sum()
    scipy = 5 * seconds(
        lambda: [stats.ks_2samp(reference[c], frame[c], method="asymp") for c in list(frame)[:10]]
    )
    print(f"\n1,000,000 rows × 50 columns: {took:.2f} s, {more / size:.2f} × the memory of the data more; "
          f"scipy's ks_2samp column by column (10 of them, × 5): {scipy:.1f} s, {scipy / took:.0f} × as long")  # fmt: skip


def main(repetitions: int = 400, seed: int = 1, only: str = "") -> None:
    names = ("ours", "ours, 2 of 3", "ours, calibrated", "KS 5 %", "PSI > 0.1", "PSI > 0.2")
    print("| what has moved | rows | " + " | ".join(names) + " |")
    print("|---|---|" + "---|" * len(names))
    for title, draw, rows, shift, blocks in SCENES:
        if only not in f"{title}, {rows}":
            continue
        found = alarms(draw, rows, shift, repetitions, seed, blocks)
        cells = [
            ""
            if (name == "ours, calibrated" and not blocks) or (name == "KS 5 %" and draw is rare)
            else f"{found[name]:.1%}"
            for name in names
        ]
        print(f"| {title} | {rows:,} | " + " | ".join(cells) + " |", flush=True)
    if not only:
        speed()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:])
