"""Frames that steps make are profiled beside them: kept with the run, cheap, and off by a setting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_jlab.cli.main import cli
from mlops_jlab.handoff import looks
from mlops_jlab.profiles import written
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.store import artifacts, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from tests.conftest import notebook_json

CELLS = [
    ("setup", "import time\nimport pandas as pd"),
    ("step:load", "time.sleep(0.8)\n"
                  "flights = pd.DataFrame({'hour': range(2000), 'carrier': ['UA', 'B6'] * 1000})"),
    ("step:clean", "time.sleep(0.8)\nflights = flights[flights.hour > 999].assign(late=1.5)\n_own = flights"),
    ("step:tell", "print(len(flights))"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / ".mlops"))
    (tmp_path / ".mlops").mkdir()
    yield Place(tmp_path / ".mlops")
    close_all()


def profiles_of(place: Place, folder: Path, *words: str) -> dict[str, dict[str, Profile]]:
    """Runs the pipeline; the profiles that each of its runs has kept, by name."""
    notebook = folder / "nb.ipynb"
    if not notebook.exists():
        notebook.write_text(json.dumps(notebook_json(list(CELLS))))
    cli.main(["run", str(notebook), *words], standalone_mode=False)
    with opening.reading(place) as connection:
        page = reading.page(connection, reading.Query(limit=20)).runs
        whole = next(run for run in page if run.kind == "pipeline")
        found: dict[str, dict[str, Profile]] = {}
        for run in (whole, *reading.children(connection, whole)):
            kept = {f.path: f.digest for f in reading.artifacts(connection, run)}
            found[run.name if run is not whole else "whole"] = {
                path: written.from_json(artifacts.read(place, digest))
                for path, digest in kept.items()
                if path.startswith("profiles/")
            }
    return found


def test_frames_are_profiled_kept_and_come_with_a_kept_answer(place: Place, tmp_path: Path) -> None:
    found = profiles_of(place, tmp_path)
    loaded = found["load"]["profiles/flights.json"]
    assert (loaded.rows, [column.name for column in loaded.columns]) == (2000, ["hour", "carrier"])
    cleaned = found["clean"]["profiles/flights.json"]
    assert (cleaned.rows, cleaned.columns[2].name) == (1000, "late")
    assert found["whole"]["profiles/flights.json"].rows == 1000
    assert found["tell"] == {}
    again = profiles_of(place, tmp_path)
    assert again["load"]["profiles/flights.json"].rows == 2000
    (place.root / "settings.json").write_text('{"record": false}')
    assert not any(profiles_of(place, tmp_path, "--no-cache").values())


class Own(pd.DataFrame):
    """A class of the user's own is not asked."""


@pytest.mark.parametrize(("seconds", "rows", "expected"), [
    (1.0, 1000, ["a"]), (0.1, 1000, []), (1.0, 10_000_000, []), (10.0, 10_000_000, ["a"]),
])  # fmt: skip
def test_what_would_take_too_long_is_not_begun(seconds: float, rows: int, expected: list[str]) -> None:
    frame = pd.DataFrame({"x": np.zeros(rows)})
    names = {"a": frame, "_b": frame, "c": 1, "d": Own(frame)}
    assert list(looks.due(names, ["a", "_b", "c", "d", "none"], seconds)) == expected


def test_what_is_not_done_in_time_is_left_out(tmp_path: Path) -> None:
    frame = pd.DataFrame({f"x{n}": range(20_000) for n in range(50)})
    looks.write(tmp_path, {"a": frame}, 0.05)
    files = list(tmp_path.iterdir())
    found = written.from_json(files[0].read_bytes()) if files else None
    assert found is None or (len(found.columns) < 50 and found.left_out == 50 - len(found.columns))
    looks.write(tmp_path, {"a": frame}, 60.0)
    assert len(written.from_json((tmp_path / "a.json").read_bytes()).columns) == 50
