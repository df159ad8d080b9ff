"""Losses, as labels come: how often each detector cries for nothing, and after how many labels it finds a rise.

``python benchmarks/losses.py [REPETITIONS] [SEED]``. Beside our e-detector, each with the settings of its paper
(or where that has none, of the library river) and written down from it:

- DDM: Gama, Medas, Castillo and Rodrigues, "Learning with drift detection" (SBIA 2004), alarm at three sigmas;
- ADWIN: Bifet and Gavaldà, "Learning from time-changing data with adaptive windowing" (SDM 2007), delta 0.002;
- Page-Hinkley: Page, "Continuous inspection schemes" (Biometrika 41, 1954), delta 0.005, threshold 50;
- a two-sample Kolmogorov-Smirnov test at 5 % of each 500 losses against 2,000 of the reference;
- PSI above 0.2 of each 500 losses, in ten parts of the reference;
- a z-test at 5 % of the mean of each 500 losses against the reference.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from mlops_jlab.drift.edetector import Detector
from mlops_jlab.gates.intervals import spread

Array = Any
LABELS, BEFORE, WINDOW, DAY = 5_000, 2_000, 500, 50
Draw = Callable[[np.random.Generator, int, float], Array]


def errors(rng: np.random.Generator, rows: int, rise: float) -> Array:
    """0 or 1, a fifth of them 1."""
    return (rng.random(rows) < 0.2 + rise).astype(float)


def squared(rng: np.random.Generator, rows: int, rise: float) -> Array:
    """The squared error of calibrated chances; of a part that grows with the rise the labels are turned."""
    chances = rng.beta(1, 2, rows)
    truth = rng.random(rows) < chances
    turned = rng.random(rows) < 3 * rise
    return (chances - (truth ^ turned)) ** 2


def rare(rng: np.random.Generator, rows: int, rise: float) -> Array:
    """Errors of one in a hundred rows."""
    return (rng.random(rows) < 0.01 + rise / 5).astype(float)


def daily(rng: np.random.Generator, rows: int, rise: float) -> Array:
    """Errors that hang together: each 50 rows share a day, and its rate scatters by 0.05."""
    days = np.clip(rng.normal(0.2 + rise, 0.05, rows // DAY + 1), 0, 1)
    return (rng.random(rows) < np.repeat(days, DAY)[:rows]).astype(float)


def weekly(rng: np.random.Generator, rows: int, rise: float) -> Array:
    """As ``daily``, and days hang together too: neighbors by a correlation of 0.8."""
    noise = rng.normal(0, 1, rows // DAY + 1)
    for day in range(1, len(noise)):
        noise[day] = 0.8 * noise[day - 1] + 0.6 * noise[day]
    days = np.clip(0.2 + rise + 0.05 * noise, 0, 1)
    return (rng.random(rows) < np.repeat(days, DAY)[:rows]).astype(float)


def by_day(every: float) -> Callable[[Array, Array], int]:
    """Ours by unit (``--unit``): one value a day of 50 rows, against the bound of the mean of days."""

    def found(reference: Array, losses: Array) -> int:
        before, now = (part.reshape(-1, DAY).mean(axis=1) for part in (reference, losses))
        wide = spread(before - before.mean(), None)
        limit = before.mean() + wide.bound(0.025, upper=True)
        detector = Detector(float(limit), every / DAY).after(now.tolist())
        return detector.alarms[0][0] * DAY if detector.alarms else 0

    return found


def e_detector(every: float) -> Callable[[Array, Array], int]:
    def found(reference: Array, losses: Array) -> int:
        mean = reference.mean()
        limit = mean + 1.96 * reference.std() / len(reference) ** 0.5
        detector = Detector(float(limit), every)
        for at in range(0, len(losses), WINDOW):
            detector = detector.after(losses[at : at + WINDOW].tolist())
            if detector.alarms:
                return detector.alarms[0][0]
        return 0

    return found


def ddm(reference: Array, losses: Array) -> int:
    """It learns anew after each alarm, also after one within the reference."""
    whole, begun = np.concatenate([reference, losses]), 0
    while begun < len(whole):
        stream = whole[begun:]
        count = np.arange(1, len(stream) + 1)
        rate = np.cumsum(stream) / count
        spread = np.sqrt(np.maximum(rate * (1 - rate), 0) / count)
        level = rate + spread
        level[:30] = np.inf
        best = np.minimum.accumulate(level)
        at = np.maximum.accumulate(np.where(level <= best, count - 1, 0))
        cries = (level > rate[at] + 3 * spread[at]) & (count > 30)
        if not cries.any():
            return 0
        begun += int(cries.argmax()) + 1
        if begun > len(reference):
            return begun - len(reference)
    return 0


def page_hinkley(reference: Array, losses: Array) -> int:
    stream = np.concatenate([reference, losses])
    mean = np.cumsum(stream) / np.arange(1, len(stream) + 1)
    gathered = np.cumsum(stream - mean - 0.005)
    cries = gathered - np.minimum.accumulate(gathered) > 50
    cries[: len(reference)] = False
    return int(cries.argmax()) + 1 - len(reference) if cries.any() else 0


def adwin(reference: Array, losses: Array, delta: float = 0.002, every: int = 32) -> int:
    """The window shrinks where two parts of it differ; buckets of powers of two, five of a size."""
    stream = np.concatenate([reference, losses])
    buckets: list[list[float]] = []  # size, sum, sum of squares, the oldest first
    for place, value in enumerate(stream):
        buckets.append([1.0, value, value * value])
        at = len(buckets) - 1
        while at >= 5 and buckets[at - 5][0] == buckets[at][0]:
            merged = [a + b for a, b in zip(buckets[at - 5], buckets[at - 4], strict=True)]
            buckets[at - 5 : at - 3] = [merged]
            at -= 5
            while at + 1 < len(buckets) and buckets[at + 1][0] == buckets[at][0]:
                at += 1
        if place % every:
            continue
        shrunk = True
        while shrunk and len(buckets) > 2:
            shrunk = False
            known = np.array(buckets)
            n, total, squares = known.sum(axis=0)
            sizes, sums = np.cumsum(known[:-1, 0]), np.cumsum(known[:-1, 1])
            rest = n - sizes
            usable = (sizes >= 5) & (rest >= 5)
            if n < 10 or not usable.any():
                break
            variance = max(squares / n - (total / n) ** 2, 0.0)
            harmonic = 1 / (1 / sizes + 1 / rest)
            level = np.log(2 * np.log(n) / delta)
            cut = np.sqrt(2 / harmonic * variance * level) + 2 / (3 * harmonic) * level
            apart = sums / sizes - (total - sums) / rest
            if ((np.abs(apart) > cut) & usable).any():
                rises = bool((apart[(np.abs(apart) > cut) & usable] < 0).any())
                if place >= len(reference) and rises:
                    return place + 1 - len(reference)
                buckets.pop(0)
                shrunk = True
    return 0


def windows(judge: Callable[[Array, Array], bool]) -> Callable[[Array, Array], int]:
    def found(reference: Array, losses: Array) -> int:
        for at in range(0, len(losses), WINDOW):
            if judge(reference, losses[at : at + WINDOW]):
                return at + WINDOW
        return 0

    return found


def ks(reference: Array, part: Array) -> bool:
    return bool(stats.ks_2samp(reference, part, method="asymp").pvalue < 0.05)


def psi(reference: Array, part: Array) -> bool:
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, 11)[1:-1]))
    a, b = (np.bincount(np.searchsorted(edges, x, side="left"), minlength=len(edges) + 1) / len(x)
            for x in (reference, part))  # fmt: skip
    a, b = np.maximum(a, 1e-4), np.maximum(b, 1e-4)
    return bool(((b - a) * np.log(b / a)).sum() > 0.2)


def z_test(reference: Array, part: Array) -> bool:
    error = np.sqrt(reference.var() / len(reference) + part.var() / len(part))
    return bool(part.mean() - reference.mean() > 1.645 * max(error, 1e-12))


WAYS: dict[str, Callable[[Array, Array], int]] = {
    "ours, 10,000": e_detector(10_000), "ours, 50,000": e_detector(50_000),
    "by day, 10,000": by_day(10_000), "by day, 50,000": by_day(50_000), "DDM": ddm, "ADWIN": adwin,
    "Page-Hinkley": page_hinkley, "KS 5 %": windows(ks), "PSI > 0.2": windows(psi), "z 5 %": windows(z_test),
}  # fmt: skip
SCENES: list[tuple[str, Draw, float]] = [
    ("nothing, errors of 20 %", errors, 0.0),
    ("nothing, squared errors", squared, 0.0),
    ("nothing, errors of 1 %", rare, 0.0),
    ("nothing, days that scatter by 0.05", daily, 0.0),
    ("nothing, such days that hang together", weekly, 0.0),
    ("errors from 20 to 25 %", errors, 0.05),
    ("errors from 20 to 30 %", errors, 0.10),
    ("squared errors, a tenth of labels turned", squared, 0.0333),
    ("errors from 1 to 3 %", rare, 0.10),
    ("days, errors from 20 to 25 %", daily, 0.05),
    ("days, errors from 20 to 30 %", daily, 0.10),
]


def alarms(draw: Draw, rise: float, repetitions: int, seed: int, ways: Any = WAYS) -> dict[str, list[int]]:
    """After how many labels each way cries, once a repetition; 0 for never."""
    found: dict[str, list[int]] = {name: [] for name in ways}
    for repetition in range(repetitions):
        rng = np.random.default_rng([seed, repetition])
        reference, losses = draw(rng, BEFORE, 0.0), draw(rng, LABELS, rise)
        for name, way in ways.items():
            found[name].append(way(reference, losses))
    return found


def main(repetitions: int = 400, seed: int = 1) -> None:
    print(f"| {LABELS:,} labels after {BEFORE:,} of the reference | " + " | ".join(WAYS) + " |")
    print("|---|" + "---|" * len(WAYS))
    for title, draw, rise in SCENES:
        found = alarms(draw, rise, repetitions if not rise else max(20, repetitions // 4), seed)
        cells = []
        for times in found.values():
            share = np.mean([at > 0 for at in times])
            delay = f", {int(np.median([at for at in times if at])):,}" if rise and share else ""
            cells.append(f"{share:.0%}{delay}")
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
