"""A step is not run again while nothing that it depends on has changed, and is run again when anything has."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops_jlab.engine.cache.store import CacheStore
from mlops_jlab.engine.folder.state import RunFolder
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


def test_comments_matter_to_a_notebook_that_shows_them(bench: Bench) -> None:
    cells = [
        ("step:make", "def f():\n    # old\n    return 1"),
        ("step:tell", "import inspect\nprint(inspect.getsource(f))"),
    ]
    bench.run(cells)
    assert computed(bench.run(cells)) == []
    bench.run([(cells[0][0], cells[0][1].replace("old", "new")), cells[1]])
    assert "# new" in bench.printed("tell")


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
    assert computed(state) == ["read", "use"]  # and setup, which reads it too, before them
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


LOOKING = [
    ("step:pandas", "import pandas as pd\nprint(len(pd.read_parquet('t.parquet')))"),
    (
        "step:arrow",
        "import pyarrow.parquet as pq\nname = 't.' + 'parquet'\nprint(pq.read_table(name).num_rows)",
    ),
    ("step:rows", "import pyarrow.csv\nprint(pyarrow.csv.read_csv('rows.csv').num_rows)"),
    ("step:there", "import os\nprint(os.path.exists('flag'))"),
    ("step:path", "from pathlib import Path\nprint(Path('flag').exists())"),
    ("step:size", "print(os.path.getsize('rows.csv'))"),
    ("step:link", "print(open('link.txt').read())"),
    ("step:glob", "import glob\nprint(glob.glob('*.flag'))"),
    ("step:variable", "import helping\nprint(helping.place())"),
    ("step:expanded", "print(os.path.expandvars('$PLACE/x'))"),
    ("step:zone", "import time\nprint(time.localtime(0).tm_hour)"),
    ("step:plot", "import matplotlib\nprint(matplotlib.rcParams['lines.linewidth'])"),
]


def test_whatever_a_step_looks_at_matters(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow
    import pyarrow.parquet

    def table(rows: int) -> None:
        pyarrow.parquet.write_table(pyarrow.table({"a": range(rows)}), bench.folder / "t.parquet")

    table(2)
    rows, link = bench.folder / "rows.csv", bench.folder / "link.txt"
    rows.write_text("a\n1\n")
    (bench.folder / "one.txt").write_text("one")
    (bench.folder / "two.txt").write_text("two")
    link.symlink_to("one.txt")
    (bench.folder / "helping.py").write_text("import os\ndef place():\n    return os.environ.get('PLACE')\n")
    names = [tag.removeprefix("step:") for tag, _source in LOOKING]
    state = bench.run(LOOKING)
    assert computed(state) == names
    assert [note(state, name) for name in names] == [""] * len(names)
    state = bench.run(LOOKING)
    assert computed(state) == [], [why(state, name) for name in computed(state)]
    table(3)
    state = bench.run(LOOKING)
    assert computed(state) == ["pandas", "arrow"]
    assert bench.printed("arrow") == "3\n"
    assert "t.parquet has changed" in why(state, "pandas")
    rows.write_text("a\n1\n2\n")
    state = bench.run(LOOKING)
    assert computed(state) == ["rows", "size"]
    assert "has another size" in why(state, "size")
    (bench.folder / "flag").write_text("")
    state = bench.run(LOOKING)
    assert computed(state) == ["there", "path", "glob"]
    assert bench.printed("there") == bench.printed("path") == "True\n"
    assert "flag is there now" in why(state, "there")
    link.unlink()
    link.symlink_to("two.txt")
    state = bench.run(LOOKING)
    assert set(computed(state)) == {"link"}
    assert bench.printed("link") == "two\n"
    monkeypatch.setenv("PLACE", "here")
    state = bench.run(LOOKING)
    assert computed(state) == ["variable", "expanded"]
    assert why(state, "variable") == "the environment variable PLACE has changed"
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    state = bench.run(LOOKING)
    assert "zone" in computed(state)
    assert bench.printed("zone") == "9\n"
    bench.run(LOOKING)
    (bench.folder / "matplotlibrc").write_text("lines.linewidth: 7\n")
    assert "plot" in computed(bench.run(LOOKING))


def test_a_step_that_makes_what_it_looks_for_is_kept_the_second_time(bench: Bench) -> None:
    cells = [
        ("step:a", "import os\nos.makedirs('out/deep', exist_ok=True)\nopen('out/deep/x', 'w').write('1')")
    ]
    bench.run(cells)
    assert computed(bench.run(cells)) == []
    shutil.rmtree(bench.folder / "out")
    assert computed(bench.run(cells)) == ["a"]
    assert (bench.folder / "out" / "deep" / "x").read_text() == "1"
    asks = [
        ("setup", "import os"),
        ("step:a", "if not os.path.exists('made'):\n    os.mkdir('made')\n    print('new')"),
    ]
    bench.run(asks)
    assert bench.printed("a") == "new\n"
    assert computed(bench.run(asks)) == ["a"]  # Run All would not say "new" again
    assert bench.printed("a") == ""
    assert computed(bench.run(asks)) == []


def test_the_executed_notebook_of_a_cached_step_is_its_own(bench: Bench) -> None:
    cells = [("step:a", "x = 1\nprint('x is', x)"), ("step:a", "x + 1"), ("step:b", "print(x)")]
    bench.run(cells)
    changed = [("-", "# A title"), ("step:a", "# the first number\nx = 1\n\nprint('x is', x)"),
               ("step:a kept", "x + 1"), ("step:b", "print(x)")]  # fmt: skip
    state = bench.run(changed)
    assert computed(state) == []
    executed = json.loads(RunFolder(bench.runs[-1]).executed("a").read_text())
    own = {cell["id"]: cell for cell in executed["cells"]}
    assert "".join(own["c2"]["source"]).startswith("# the first number")
    assert "kept" in own["c3"]["metadata"]["tags"]
    assert "".join(own["c2"]["outputs"][0]["text"]) == "x is 1\n"
    assert "".join(own["c3"]["outputs"][0]["data"]["text/plain"]) == "2"
    assert isinstance(own["c3"]["execution_count"], int)
    assert not any("# A title" in "".join(cell["source"]) for cell in executed["cells"])


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
        ("import time as t\nx = t.time()", "what day or time it is (time.time)"),
        ("import pandas as pd\nx = str(pd.to_datetime('now'))", "what day or time it is"),
        ("import helping\nx = helping.moment()", "what day or time it is"),
        ("from uuid import uuid4 as u\nx = str(u())", "random numbers that nobody seeded (uuid)"),
        ("import helping\nx = helping.token()", "random numbers that nobody seeded"),
        ("open('old.txt', 'a').write('more')\nx = 1", "it adds to"),
        (
            "import sqlite3\nc = sqlite3.connect('x.db')\nc.execute('create table if not exists t (a)')\n"
            "c.execute('insert into t values (1)')\nc.commit()\nc.close()\nx = 1",
            "it changes the database",
        ),
        (
            "import multiprocessing as m\np = m.get_context('fork').Process(target=len, args=('',))\n"
            "p.start()\np.join()\nx = 1",
            "starts processes of its own",
        ),
    ],
)
def test_what_may_differ_each_time_is_not_kept_and_it_is_said(bench: Bench, source: str, words: str) -> None:
    (bench.folder / "old.txt").write_text("old")
    (bench.folder / "helping.py").write_text(
        "from datetime import datetime as d\nimport secrets\n"
        "def moment():\n    return str(d.now())\ndef token():\n    return secrets.token_hex(4)\n"
    )
    cells = [("step:a", source), ("step:b", "print(x)")]
    assert words in note(bench.run(cells), "a")
    state = bench.run(cells)
    assert "a" in computed(state)
    kept = bench.run(cells, settings={"a": {"cache": True}})
    assert note(kept, "a") == ""
    assert "a" not in computed(bench.run(cells, settings={"a": {"cache": True}}))


def test_a_program_that_ipython_starts_leaves_nothing_behind(bench: Bench) -> None:
    cells = [("step:a", "import pexpect\nx = 1"), ("step:b", "!true\ny = x + 1")]
    state = bench.run(cells, settings={"b": {"cache": True}})
    assert note(state, "b") == ""


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
        ("step:c", "import time\nstart = time.time()\nprint(f'{time.time() - start:.3f} s')"),
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
