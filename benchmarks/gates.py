"""Gates and the worker: how often a gate errs, how fast it is, and how soon due firings begin."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.gates.intervals import difference, share_of_budget
from mlops_jlab.gates.judging import Evidence, judge
from mlops_jlab.gates.metrics import Predicted, estimate
from mlops_jlab.gates.overtime import Night, night_of
from mlops_jlab.gates.overtime import evidence as gathered
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


def rare(random: Any, rows: int, rate: float, skill: float, parts: int = 1) -> Evidence:
    """Two models of skills ``skill`` and 0.8, where few rows are positive."""
    truth = (random.random(rows) < rate).astype(int)
    shared = random.normal(size=rows) + np.log(rate / (1 - rate)) / 0.7
    part = random.integers(0, parts, rows).astype(str)
    return Evidence(model(random, truth, shared, skill), model(random, truth, shared, 0.8), {"part": part})


def rarely(rules: str, rows: int, rate: float, skill: float = 0.8, parts: int = 1) -> str:
    """How often rare classes pass, fail, and are not enough, in per cent."""
    random, asked, rounds = np.random.default_rng(), parse(rules), ROUNDS // (1 if parts == 1 else 4)
    found = [judge(asked, rare(random, rows, rate, skill, parts), 0.05)[0] for _ in range(rounds)]
    return " | ".join(f"{found.count(word) / rounds:.1%}" for word in ("pass", "fail", "not enough data"))


def worse_by(margin: float, rows: int, rate: float) -> float:
    """How often a model that is worse by exactly a margin of the area under the curve passes not worse by it."""
    random = np.random.default_rng()
    big = [rare(random, 400_000, rate, skill).challenger for skill in (0.8, 0.7)]
    gap = auc(big[0]) - auc(big[1])
    return sum(
        judge(parse(f"roc_auc not worse by {gap * margin:.6f}"), rare(random, rows, rate, 0.7), 0.05)[0] == "pass"
        for _ in range(ROUNDS)
    ) / ROUNDS  # fmt: skip


def auc(predicted: Predicted) -> float:
    return estimate("roc_auc", predicted).value


def right(predicted: Predicted) -> Any:
    return (predicted.truth == predicted.labels).astype(int)


def halves(budget: bool) -> float:
    """How often an equal model slips through on one of thirty random halves of one set."""
    random, passed, rounds, rules = np.random.default_rng(), 0, ROUNDS // 2, parse("accuracy better")
    for _ in range(rounds):
        truth, shared = random.integers(0, 2, 1000), random.normal(size=1000)
        champion = model(random, truth, shared, 1.0)
        challenger = model(random, truth, shared, 1.0)
        for use in range(1, 31):
            half = random.permutation(1000)[:500]
            if not (right(challenger) - right(champion))[half].sum() > 0:
                continue
            found = Evidence(challenger.take(half), champion.take(half))
            if judge(rules, found, share_of_budget(0.05, use if budget else 1))[0] == "pass":
                passed += 1
                break
    return passed / rounds


def year(nights: Any, alpha: float) -> int:
    """The night on which what ``nights`` gather first decides; 0 for never."""
    past: list[Night] = []
    for number, one in enumerate(nights, start=1):
        past.append(one)
        if one.gain > 0 and gathered(past, alpha) >= 1 / alpha:
            return number
    return 0


def nights_of(metric: str, drawn: Evidence) -> Iterator[Night]:
    """The night that the rows make; none if they are too few to count."""
    assert drawn.champion is not None
    found = difference(metric, drawn.challenger, drawn.champion, drawn.units, 0.05)
    night = night_of(found, len(drawn.challenger.truth))
    if night is not None:
        yield night


def losses(random: Any, rows: int, skill: float, rate: float, nights: int = 365) -> Iterator[Night]:
    """A year of nights of log loss: each with new rows and a new challenger."""
    for _ in range(nights):
        truth = random.random(rows) < rate
        shared = random.normal(size=rows) + np.log(rate / (1 - rate)) / 0.7
        lost = []
        for own in (skill, 1.0):
            score = own * (truth - 0.5) * 2 + 0.7 * shared + random.normal(0, 0.7, rows)
            lost.append(np.logaddexp(0, np.where(truth, -score, score)))
        nothing = np.zeros(rows)
        drawn = Evidence(
            Predicted(nothing, lost[0]), Predicted(nothing, lost[1])
        )  # the loss is its own error
        yield from nights_of("mae", drawn)


def areas(random: Any, rows: int, skill: float, _rate: float, nights: int = 365) -> Iterator[Night]:
    """The same of the area under the curve."""
    for _ in range(nights):
        yield from nights_of("roc_auc", evidence(random, rows, skill))


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


def few_positives() -> None:
    print("\n| equal models, few positives | pass | fail | not enough data |\n|---|---|---|---|")
    for rows, rate in ((200, 0.02), (500, 0.023), (1000, 0.023), (2000, 0.023), (200, 0.3), (2000, 0.3)):
        print(f"| `roc_auc better`, {rows:,} rows, {rate:.1%} | {rarely('roc_auc better', rows, rate)} |")
    for rows in (200, 2000):
        print(f"| `log_loss better`, {rows:,} rows, 2 % | {rarely('log_loss better', rows, 0.02)} |")
    for rows, rate, parts in ((2000, 0.037, 10), (1000, 0.023, 5), (8000, 0.037, 10)):
        rules = "roc_auc not worse by 0.5\nslice part"
        print(
            f"| {parts} slices by `roc_auc`, {rows:,} rows, {rate:.1%} | {rarely(rules, rows, rate, 0.8, parts)} |"
        )
    print("\n| worse by exactly the margin of `roc_auc not worse by` | pass |\n|---|---|")
    for rows, rate in ((500, 0.3), (2000, 0.05)):
        print(f"| {rows:,} rows, {rate:.0%} | {worse_by(1.0, rows, rate):.1%} |")


DAYS: dict[str, Callable[[Any, int], Any]] = {
    "normal": lambda random, days: random.normal(size=days),
    "mildly skewed": lambda random, days: 1.133 - np.exp(random.normal(0, 0.5, days)),
    "skewed (exponential)": lambda random, days: 1 - random.exponential(size=days),
    "strongly skewed (lognormal)": lambda random, days: 1.649 - np.exp(random.normal(size=days)),
    "one bad day in ten": lambda random, days: (
        0.1 - (random.random(days) < 0.1) + random.normal(0, 0.1, days)
    ),
}  # what the challenger gains on a day: 0 in the mean, and its losses are the rarer and the larger


def by_days(random: Any, gains: Any, rows: int = 30, uneven: bool = False) -> Evidence:
    """Two models of which the challenger errs less by each day's gain, beside chance of rows."""
    sizes = np.full(len(gains), rows)
    if uneven:
        sizes = np.maximum(5, rows * np.exp(random.normal(0, 0.7, len(gains)))).astype(int)
    units = np.repeat(np.arange(len(gains)), sizes)
    truth, champion = np.zeros(len(units)), 50 + random.normal(0, 1, len(units))
    challenger = champion - gains[units] - random.normal(0, 1, len(units))
    return Evidence(Predicted(truth, challenger), Predicted(truth, champion), units=units, unit="day")


def few_days(rounds: int = 4 * ROUNDS) -> None:
    random, rules = np.random.default_rng(), parse("mae better")
    print("\n| equal models, `mae better` by days | 12 days | 15 | 20 | 30 | 60 |\n|---|---|---|---|---|---|")
    for uneven in (False, True):
        for name, gains in DAYS.items():
            shares = []
            for days in (12, 15, 20, 30, 60):
                drawn = (by_days(random, gains(random, days), uneven=uneven) for _ in range(rounds))
                shares.append(sum(judge(rules, one, 0.05)[0] == "pass" for one in drawn) / rounds)
            size = ", days of very different size" if uneven else ""
            print(f"| {name}{size} | " + " | ".join(f"{share:.1%}" for share in shares) + " |")
    shares = []
    for days in (12, 15, 20, 30, 60):
        drawn = (by_days(random, random.normal(0.7, 1, days)) for _ in range(rounds))
        shares.append(sum(judge(rules, one, 0.05)[0] == "pass" for one in drawn) / rounds)
    print(
        "| truly better, by 0.7 of a day's spread | " + " | ".join(f"{share:.0%}" for share in shares) + " |"
    )


def skewed_years(rounds: int = ROUNDS) -> None:
    """One new skewed day a night, judged by blocks of twenty, as a rolling window of thirty days does."""
    random, alpha = np.random.default_rng(), share_of_budget(0.05, 1)
    print(
        "\n| a year of nights, one new day each, `mae better over time` by day | promoted within it |\n|---|---|"
    )
    for name, gains in DAYS.items():
        found = 0
        for _ in range(rounds):
            blocks = (by_days(random, gains(random, 20), 5) for _ in range(18))
            found += year((night for block in blocks for night in nights_of("mae", block)), alpha) > 0
        print(f"| equal, {name} | {found / rounds:.1%} |")


def years() -> None:
    random, alpha = np.random.default_rng(), share_of_budget(0.05, 1)
    print(
        "\n| a year of nights, `better over time` | promoted within it | half by night | nine of ten by night |"
    )
    print("|---|---|---|---|")
    for made, rows, skill, rate, rounds in (
        (losses, 100, 1.0, 0.5, 400), (losses, 1000, 1.0, 0.02, 100), (losses, 30, 1.0, 0.3, 400),
        (areas, 100, 1.0, 0.5, 40), (losses, 100, 1.3, 0.5, 400), (losses, 100, 1.1, 0.5, 400),
        (areas, 100, 1.3, 0.5, 40), (areas, 100, 1.1, 0.5, 40),
    ):  # fmt: skip
        found = np.asarray([year(made(random, rows, skill, rate), alpha) for _ in range(rounds)])
        by = [f"{np.quantile(np.where(found > 0, found, 999), part):.0f}" for part in (0.5, 0.9)]
        told = " | ".join("" if night == "999" else night for night in by)
        words = "equal" if skill == 1 else f"skill {skill} against 1"
        metric = "log_loss" if made is losses else "roc_auc"
        print(
            f"| {words}, `{metric}`, {rows:,} new rows, {rate:.0%} positive | {(found > 0).mean():.1%} | {told} |"
        )


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
    print(
        f"| an equal model passes on one of 30 random halves of a set, each taken for new | {halves(False):.1%} |"
    )
    print(f"| the same with a budget that follows the rows | {halves(True):.1%} |")
    few_positives()
    few_days()
    years()
    skewed_years()
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
