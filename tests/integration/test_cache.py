"""A step is not run again while nothing that it depends on has changed, and is run again when anything has."""

from __future__ import annotations

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops_jlab.engine.cachestore import CacheStore
from tests.integration.running import Bench, computed, note, why

LINE = [
    ("parameters", "depth: int = 3\nother: int = 1"),
    ("step:load", "rows = [1, 2, 3]"),
    ("step:grow", "tall = [row * depth for row in rows]"),
    ("step:tell", "print('total', sum(tall))"),
]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def changed(place: int, source: str) -> list[tuple[str, str]]:
    return [(tag, source if at == place else text) for at, (tag, text) in enumerate(LINE)]


def test_what_has_not_changed_is_not_run_again_and_says_the_same(bench: Bench) -> None:
    assert computed(bench.run(LINE)) == ["load", "grow", "tell"]
    first = bench.printed("tell")
    again = bench.run(LINE)
    assert computed(again) == []
    assert again.status == "finished"
    assert bench.printed("tell") == first == "total 18\n"


def test_layout_and_comments_do_not_matter_and_code_does(bench: Bench) -> None:
    bench.run(LINE)
    assert computed(bench.run(changed(2, "# taller\n\ntall = [ row*depth for row in rows ]"))) == []
    state = bench.run(changed(2, "tall = [row * depth + 1 for row in rows]"))
    assert computed(state) == ["grow", "tell"]
    assert "nothing was cached for its code" in why(state, "grow")
    assert "input tall, made by step grow, has changed" in why(state, "tell")


def test_a_change_that_changes_nothing_stops_there(bench: Bench) -> None:
    bench.run(LINE)
    assert computed(bench.run(changed(2, "tall = [depth * row for row in rows]"))) == ["grow"]


def test_only_parameters_that_a_step_uses_matter(bench: Bench) -> None:
    bench.run(LINE)
    assert computed(bench.run(LINE, {"other": 2})) == []
    state = bench.run(LINE, {"depth": 5})
    assert computed(state) == ["grow", "tell"]
    assert why(state, "grow") == "parameter depth is 5, and was 3"
    assert computed(bench.run(changed(0, "depth: int = 5\nother: int = 9"))) == []  # the default now


def test_what_a_step_reads_matters(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    data, helper, listed = bench.folder / "data.csv", bench.folder / "helping.py", bench.folder / "parts"
    data.write_text("1\n2\n")
    helper.write_text("def twice(x):\n    return 2 * x\n")
    listed.mkdir()
    cells = [
        ("setup", "import os\nimport helping\nwith open('data.csv') as file:\n    first = file.readline()"),
        ("step:read", "numbers = [int(line) for line in open('data.csv')]"),
        ("step:use", "print(helping.twice(sum(numbers)))"),
        ("step:list", "print(sorted(os.listdir('parts')))"),
        ("step:where", "print(os.environ.get('PLACE'))"),
        (
            "step:maybe",
            "try:\n    found = open('absent.txt').read()\nexcept FileNotFoundError:\n    found = ''",
        ),
    ]
    bench.run(cells)
    assert computed(bench.run(cells)) == []
    data.write_text("1\n3\n")
    state = bench.run(cells)
    assert f"{data} has changed" in why(state, "read")
    assert set(computed(state)) == {"read", "use", "list", "where", "maybe"}  # setup reads it for all of them
    helper.write_text("def twice(x):\n    return x + x\n")
    assert "helping.py has changed" in why(bench.run(cells), "use")
    (listed / "new").write_text("")
    state = bench.run(cells)
    assert computed(state) == ["list"]
    monkeypatch.setenv("PLACE", "elsewhere")
    state = bench.run(cells)
    assert set(computed(state)) >= {"where"}
    assert "environment" in why(state, "where")
    (bench.folder / "absent.txt").write_text("here")
    state = bench.run(cells)
    assert computed(state) == ["maybe"]
    assert "is there now" in why(state, "maybe")


def test_an_installed_package_matters(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lib" / "site-packages" / "tiny_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '1'\nVALUE = 1\n")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    cells = [("step:a", "import tiny_package\nprint(tiny_package.VALUE)"), ("step:b", "x = 1")]
    bench.run(cells)
    assert computed(bench.run(cells)) == []
    (package / "__init__.py").write_text("__version__ = '2'\nVALUE = 22\n")
    state = bench.run(cells)
    assert "package tiny_package was installed anew" in why(state, "a")
    assert bench.printed("a") == "22\n"


def test_a_file_that_a_step_wrote_must_be_as_it_left_it(bench: Bench) -> None:
    cells = [("step:write", "open('out.txt', 'w').write('done')\nx = 1"), ("step:end", "print(x)")]
    bench.run(cells)
    assert computed(bench.run(cells)) == []
    (bench.folder / "out.txt").unlink()
    state = bench.run(cells)
    assert computed(state) == ["write"]
    assert "out.txt, which it writes, is not as it left it" in why(state, "write")
    assert (bench.folder / "out.txt").read_text() == "done"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import random\nx = random.random()", "random numbers that nobody seeded"),
        ("import numpy as np\nx = np.random.rand()", "random numbers that nobody seeded"),
        ("import numpy as np\nx = np.random.default_rng().random()", "random numbers that nobody seeded"),
        ("from datetime import datetime\nx = str(datetime.now())", "what day or time it is"),
        ("import subprocess\nx = subprocess.run(['true']).returncode", "starts other programs (true)"),
        ("!true\nx = 1", "starts other programs"),
        ("x = open('log.txt', 'a+').read()\ny = open('log.txt').read()", "reads and writes"),
    ],
)
def test_what_may_differ_each_time_is_not_kept_and_it_is_said(bench: Bench, source: str, words: str) -> None:
    cells = [("step:a", source), ("step:b", "print(x)")]
    assert words in note(bench.run(cells), "a")
    state = bench.run(cells)
    assert "a" in computed(state)
    kept = bench.run(cells, settings={"a": {"cache": True}})
    assert note(kept, "a") == ""
    assert "a" not in computed(bench.run(cells, settings={"a": {"cache": True}}))


def test_a_step_that_speaks_to_the_network_is_not_kept(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=lambda: [server.accept()[0].close() for _ in range(2)], daemon=True).start()
        cells = [("step:a", f"import socket\nsocket.create_connection(('127.0.0.1', {port})).close()\nx = 1")]
        assert "speaks to the network (127.0.0.1)" in note(bench.run(cells), "a")
        assert computed(bench.run(cells)) == ["a"]


def test_a_seeded_step_is_kept(bench: Bench) -> None:
    cells = [
        ("step:a", "import numpy as np\nnp.random.seed(1)\nx = np.random.rand()"),
        ("step:b", "y = np.random.rand()"),
    ]
    bench.run(cells)
    assert computed(bench.run(cells)) == []


def test_a_step_is_run_anew_when_it_is_asked_for(bench: Bench) -> None:
    bench.run(LINE)
    assert computed(bench.run(LINE, refresh=("grow",))) == ["grow"]
    assert computed(bench.run(LINE, cache=None)) == ["load", "grow", "tell"]
    assert computed(bench.run(LINE, settings={"load": {"cache": False}})) == ["load"]


def test_what_was_tampered_with_is_found_and_computed_again(bench: Bench) -> None:
    bench.run(LINE)
    for path in (bench.folder / "cache" / "objects").glob("??/*"):
        os.chmod(path, 0o600)
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    state = bench.run(LINE)
    assert computed(state) == ["load", "grow", "tell"]
    assert "is not what was written, so it was removed" in why(state, "load")
    assert bench.printed("tell") == "total 18\n"
    assert computed(bench.run(LINE)) == []
    for path in (bench.folder / "cache" / "steps").glob("??/*/*.json"):
        path.write_text(path.read_text().replace("rows", "cows")[:-9])
    assert computed(bench.run(LINE)) == ["load", "grow", "tell"]


def test_two_runners_share_a_cache(bench: Bench, tmp_path: Path) -> None:
    other = Bench(tmp_path / "other")
    other.folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(one.run, LINE, cache=tmp_path / "cache") for one in (bench, other)]
        assert [run.result().status for run in runs] == ["finished", "finished"]
    assert computed(bench.run(LINE, cache=tmp_path / "cache")) == []


def test_what_was_not_used_for_the_longest_time_goes_first(bench: Bench) -> None:
    store = CacheStore(bench.folder / "cache")
    for depth in range(4):
        bench.run(LINE, {"depth": depth})
    entries = store.all()
    kept = {entry.parameters.get("depth") for entry in entries if entry.step == "grow"}
    assert kept == {0, 1, 2, 3}
    bench.run(LINE, {"depth": 0})
    removed, freed = store.collect(store.size() // 2)
    assert removed
    assert freed
    left = {entry.parameters.get("depth") for entry in store.all() if entry.step == "grow"}
    assert 0 in left
    assert left < kept
    (tmp := bench.folder / "cache" / "objects" / "00").mkdir(exist_ok=True)
    orphan = tmp / ("00" + "1" * 62)
    orphan.write_bytes(b"belongs to nothing")
    bench.run(LINE, {"depth": 0})
    assert orphan.exists()  # somebody has looked within the hour
    os.utime(bench.folder / "cache" / "collected", (0, 0))
    bench.run(LINE, {"depth": 0})
    assert not orphan.exists()
    store.collect(0)
    assert store.all() == []
    assert store.size() == 0
    assert computed(bench.run(LINE, {"depth": 0})) == ["load", "grow", "tell"]
