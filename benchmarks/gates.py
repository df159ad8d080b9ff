"""Gates and the worker: how often a gate errs, how fast it is, and how soon due firings begin."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.gates.intervals import share_of_budget
from mlops_jlab.gates.judging import Evidence, judge
from mlops_jlab.gates.metrics import Predicted
from mlops_jlab.gates.rules import parse
from mlops_jlab.retraining import ticking
from mlops_jlab.retraining.working import Worker
from mlops_jlab.scheduling.due import check
from mlops_jlab.store import database, location, opening, scheduling
from mlops_jlab.store.location import Place

ROUNDS = 400


def model(random: Any, truth: Any, shared: Any, skill: Any) -> Predicted:
    score = skill * (truth - 0.5) * 2 + 0.7 * shared + random.normal(0, 0.7, len(truth))
    chances = 1 / (1 + np.exp(-score))
    return Predicted(truth, (chances > 0.5).astype(int), np.column_stack([1 - chances, chances]), (0, 1))


def evidence(random: Any, rows: int, skill: Any, days: int = 0, parts: int = 10) -> Evidence:
    truth = random.integers(0, 2, rows)
    shared = random.normal(size=rows)
    units = np.arange(rows) * days // rows if days else None
    if units is not None:
        shared = shared + random.normal(0, 0.7, days)[units]
    part = random.integers(0, parts, rows)
    better = skill(part) if callable(skill) else skill
    return Evidence(
        model(random, truth, shared, better), model(random, truth, shared, 1.0),
        {"part": part.astype(str)}, units, "day" if days else "row",
    )  # fmt: skip


def share(rules: str, rows: int, skill: Any, wanted: str, days: int = 0, alpha: float = 0.05) -> float:
    random = np.random.default_rng()
    asked = parse(rules)
    return (
        sum(judge(asked, evidence(random, rows, skill, days), alpha)[0] == wanted for _ in range(ROUNDS))
        / ROUNDS
    )


def best_of_fifty(budget: bool) -> float:
    """How often one of fifty equal challengers slips through on one evaluation set."""
    random, passed, rounds = np.random.default_rng(), 0, ROUNDS // 4
    rules = parse("accuracy better")
    for _ in range(rounds):
        truth, shared = random.integers(0, 2, 500), random.normal(size=500)
        champion = model(random, truth, shared, 1.0)
        passed += any(
            judge(rules, Evidence(model(random, truth, shared, 1.0), champion),
                  share_of_budget(0.05, use) if budget else 0.05)[0] == "pass"
            for use in range(1, 51)
        )  # fmt: skip
    return passed / rounds


def bare() -> float:
    """What a comparison of two numbers does."""
    random = np.random.default_rng()
    higher = 0
    for _ in range(ROUNDS):
        found = evidence(random, 500, 1.0)
        assert found.champion is not None
        mine, theirs = ((p.truth == p.labels).mean() for p in (found.challenger, found.champion))
        higher += mine > theirs
    return higher / ROUNDS


def speed(rows: int) -> float:
    random = np.random.default_rng(0)
    found = evidence(random, rows, 1.1, days=100)
    rules = parse(
        "roc_auc better\nlog_loss not worse by 0.01\nslice part\ncalibration below 0.5\nbeats baseline\nunit day"
    )
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        judge(rules, found, 0.05)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def worker() -> tuple[float, float, float]:
    """1,000 schedules, 100 of them due at once: seconds to claim all, the latest begin after a free slot, idle share."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder) / "store")
        location.make(place)
        database.connect(place.database).close()
        now = time.time()
        usual = check(Schedule("x", "/nowhere.ipynb", cron="0 3 1 1 *"))
        with opening.writing(place) as connection, database.transaction(connection):
            connection.executemany(
                "INSERT INTO schedules (id, name, spec, paused, created, checked, seen) VALUES (?, ?, ?, 0, ?, ?, '')",
                [
                    (f"{n:04d}", f"s{n}",
                     scheduling._spec(replace(usual, name=f"s{n}", cron="* * * * *" if n < 100 else usual.cron)),
                     now, now - 61 if n < 100 else now)
                    for n in range(1000)
                ],
            )  # fmt: skip
        begun = time.perf_counter()
        claims = []
        for claimed in ticking.claim_all(place, now):
            claims.append(time.perf_counter() - begun)
            with opening.writing(place) as connection:
                scheduling.save(connection, replace(claimed.firing, status="finished", ended=now))
        assert len(claims) == 100
        gaps = [b - a for a, b in zip([0.0, *claims], claims, strict=False)]
        with opening.writing(place) as connection:
            connection.execute("UPDATE schedules SET paused = 1 WHERE id < '0100'")
        one = Worker(place, 2)
        thread = threading.Thread(target=one.work)
        thread.start()
        time.sleep(5)
        process = psutil.Process(os.getpid())
        before, at = sum(process.cpu_times()[:2]), time.perf_counter()
        time.sleep(20)
        idle = (sum(process.cpu_times()[:2]) - before) / (time.perf_counter() - at)
        one.stop()
        thread.join()
    return claims[-1], max(gaps), idle


def main() -> None:
    print(f"{ROUNDS} fresh draws each; alpha 0.05\n\n| | share |\n|---|---|")
    print(f"| an equal model is higher, two numbers compared | {bare():.1%} |")
    for metric in ("accuracy", "roc_auc", "log_loss"):
        print(
            f"| an equal model passes `{metric} better`, 500 rows | {share(f'{metric} better', 500, 1.0, 'pass'):.1%} |"
        )
        by_days = share(f"{metric} better", 2000, 1.0, "pass", days=40)
        print(f"| the same by 40 days, 2,000 rows | {by_days:.1%} |")
    print(
        f"| a better model passes `roc_auc better`, 500 rows | {share('roc_auc better', 500, 1.3, 'pass'):.1%} |"
    )
    print(f"| the same, 2,000 rows | {share('roc_auc better', 2000, 1.3, 'pass'):.1%} |")
    hidden = share("accuracy better\nslice part", 4000, lambda part: np.where(part == 3, 0.1, 1.5), "fail")
    print(f"| a loss hidden in one of ten slices is caught | {hidden:.1%} |")
    needless = share("accuracy not worse by 0.5\nslice part", 4000, 1.0, "fail")
    print(f"| a needless veto by ten slices | {needless:.1%} |")
    print(
        f"| one of 50 equal models slips through one evaluation set, without a budget | {best_of_fifty(False):.1%} |"
    )
    print(f"| the same with the budget | {best_of_fifty(True):.1%} |")
    print("\n| gate with ten slices, by 100 days | s |\n|---|---|")
    for rows in (10_000, 100_000):
        print(f"| {rows:,} rows | {speed(rows):.3f} |")
    whole, gap, idle = worker()
    print("\n| worker with 1,000 schedules | |\n|---|---|")
    print(
        f"| 100 that are due are claimed in | {whole:.2f} s |\n| longest wait for the next claim | {gap:.2f} s |"
    )
    print(f"| processor when nothing is due | {idle:.2%} |")


if __name__ == "__main__":
    main()
