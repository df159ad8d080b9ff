"""What a step looks at is seen, whatever looks; and nobody can tell that somebody watches."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlops_jlab.handoff.observing import taps
from mlops_jlab.handoff.observing.facts import Aspect, see

pytestmark = pytest.mark.skipif(not taps.are_possible(), reason="functions of C cannot be tapped here")

_RUN = """
import json, os, sys
from mlops_jlab.handoff.observing import watch
watcher = watch()
names = {"__name__": "__main__"}
found = []
for source in json.load(sys.stdin):
    watcher.begin("/nowhere")
    try:
        exec(compile(source, "/tmp/ipykernel_1/2.py", "exec"), names)
    except OSError:
        pass
    watcher.end()
    found.append({k: sorted(v) if isinstance(v, set) else v for k, v in vars(watcher.seen()).items() if v})
json.dump([found, {k: sorted(v) if isinstance(v, set) else v for k, v in vars(watcher.before).items()}], open("found.json", "w"))
"""


def observe(folder: Path, sources: list[str]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What is seen of each source, executed in one process as a step, and what belongs to all of them."""
    script = folder / "watching.py"
    script.write_text(_RUN)
    subprocess.run(
        [sys.executable, "-W", "ignore", str(script)], input=json.dumps(sources), text=True, check=True, cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": ":".join(filter(None, sys.path)),
             "MPLBACKEND": "agg"},
    )  # fmt: skip
    seen, before = json.loads((folder / "found.json").read_text())
    return seen, before


CLOCK = [
    "from datetime import datetime as d\nd.now()", "from datetime import datetime\nnow = datetime.now\nnow(tz=None)",
    "import datetime\ndatetime.datetime.utcnow()", "from datetime import date\ndate.today()",
    "class Day(date): pass\nDay.today()", "import time as t\nt.time()", "from time import time_ns as n\nn()",
    "import time\ntime.strftime('%Y')", "time.localtime()", "time.gmtime(None)", "time.ctime()", "time.asctime()",
    "list(map(lambda f: f(), [time.time]))", "from email.utils import formatdate\nformatdate()",
    "import numpy as np\nnp.datetime64('now')", "np.array(['today'], dtype='M8[D]')",
    "import pandas as pd\npd.to_datetime('now')", "pd.Timestamp.now()", "pd.Timestamp('today')",
    "import dateutil.parser\ndateutil.parser.parse('10:00')",
]  # fmt: skip
CHANCE = [
    "from random import Random\nRandom()", "import random\nrandom.seed()", "import secrets\nsecrets.token_hex(4)",
    "import os\nos.urandom(3)", "from os import urandom as u\nu(1)", "os.getrandom(3)",
    "random.SystemRandom().random()", "from uuid import uuid4 as u\nu()", "import uuid\nuuid.uuid1()",
    "import tempfile\ntempfile.mktemp()", "import numpy as np\nnp.random.default_rng()",
    "np.random.default_rng(None)", "np.random.RandomState()", "np.random.RandomState(); np.random.RandomState(2)",
    "np.random.default_rng(); np.random.seed(1)", "np.random.SeedSequence()", "np.random.seed()",
]  # fmt: skip
HARMLESS = [
    "import time\ntime.perf_counter(); time.process_time(); time.monotonic()", "time.strftime('%Y', time.gmtime(0))",
    "from datetime import datetime\ndatetime(2020, 1, 1).isoformat()", "import logging\nlogging.warning('x')",
    "import random\nrandom.Random(1).random()", "import numpy as np\nnp.random.RandomState(1).rand()",
    "np.random.default_rng(1).random()", "np.random.default_rng(2).spawn(2)", "np.random.seed(4); np.random.rand()",
    "import copy\ncopy.deepcopy(np.random.RandomState(3))", "np.datetime64('2020-01-01')",
    "import pickle\npickle.loads(pickle.dumps(np.random.default_rng(1)))",
    "import pandas as pd\npd.to_datetime(['2020-01-01', '3 Mar 2021'], format='mixed')",
    "pd.DataFrame({'a': [1, 2]})._repr_html_()",
    "import matplotlib.pyplot as plt\nplt.plot([1]); plt.savefig('figure.png')",
    "from sklearn.ensemble import RandomForestClassifier\nfrom sklearn.datasets import load_iris\n"
    "RandomForestClassifier(5, n_jobs=2, random_state=1).fit(*load_iris(return_X_y=True))",
    "from sklearn.model_selection import cross_val_score\nfrom sklearn.linear_model import Ridge\n"
    "cross_val_score(Ridge(), *load_iris(return_X_y=True))",
    "import gzip\nwith gzip.open('x.gz', 'w') as file: file.write(b'x')", "np.savez('x.npz', a=np.ones(3))",
]  # fmt: skip


def test_the_clock_is_seen_under_all_its_names(tmp_path: Path) -> None:
    seen, _before = observe(tmp_path, CLOCK)
    for source, one in zip(CLOCK, seen, strict=True):
        assert one.get("clock"), source


def test_chance_is_seen_wherever_it_is_drawn_from(tmp_path: Path) -> None:
    seen, _before = observe(tmp_path, CHANCE)
    for source, one in zip(CHANCE, seen, strict=True):
        assert one.get("chance"), source


def test_what_does_not_matter_to_an_answer_is_no_reason(tmp_path: Path) -> None:
    seen, before = observe(tmp_path, HARMLESS)
    for source, one in zip(HARMLESS, seen, strict=True):
        for reason in ("clock", "chance", "effects", "unseen", "programs", "hosts"):
            assert not one.get(reason), (source, one)
    assert not before["unseen"]


LOOKS = [
    ("import os\nos.path.exists('a')", "a", {"exists": ""}),
    ("from pathlib import Path\nPath('b').exists()", "b", {"exists": ""}),
    ("Path('data.csv').is_file()", "data.csv", {"exists": "file"}),
    ("os.path.isdir('folder')", "folder", {"exists": "folder"}),
    ("os.path.getsize('data.csv')", "data.csv", {"size": "4"}),
    ("os.access('data.csv', os.R_OK)", "data.csv", {"rights": None}),
    ("os.stat('data.csv').st_mtime", "data.csv", {"state": None}),
    ("Path('data.csv').stat()", "data.csv", {"state": None}),
    ("os.path.getmtime('data.csv')", "data.csv", {"time": None}),
    ("open('link.csv').read()", "link.csv", {"link": None}),
    ("os.path.realpath('link.csv')", "link.csv", {"link": None}),
    ("os.readlink('link.csv')", "link.csv", {"link": None}),
    ("import glob\nglob.glob('*.csv')", "", {"names": None}),
    ("list(Path('.').iterdir())", "", {"names": None}),
    ("[e.stat().st_size for e in os.scandir('.') if e.name == 'data.csv']", "data.csv", {"state": None}),
]


def test_what_exists_is_seen_when_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a\n1\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.csv").symlink_to("data.csv")
    seen, _before = observe(tmp_path, [source for source, _name, _aspects in LOOKS])
    for (source, name, aspects), one in zip(LOOKS, seen, strict=True):
        looked = one["looked"][str(tmp_path / name).rstrip("/")]
        for aspect, value in aspects.items():
            assert value is None or looked[aspect] == value, source
            assert aspect in looked, source


READERS = [
    "import pandas as pd\npd.read_parquet('t.parquet')", "import pyarrow.parquet as pq\npq.read_table('t.parquet')",
    "pq.read_table('t.parquet', memory_map=True)", "pq.ParquetFile('t.parquet').read()",
    "import pyarrow.dataset as ds\nds.dataset('t.parquet').to_table()", "pq.read_schema('t.parquet')",
    "import pyarrow as pa\npa.memory_map('t.parquet').read()", "pa.OSFile('t.parquet').read()",
    "import pyarrow.csv\npyarrow.csv.read_csv('t.parquet', parse_options=pyarrow.csv.ParseOptions())"
    " if False else pa.input_stream('t.parquet').read()",
    "import numpy as np\nnp.fromfile('t.parquet', dtype='u1')", "np.memmap('t.parquet', mode='r').sum()",
    "import lightgbm\nlightgbm.Dataset('t.parquet', params={'verbose': -1})\n"
    "try: lightgbm.Dataset('t.parquet', params={'verbose': -1}).construct()\nexcept Exception: pass",
    "import xgboost\ntry: xgboost.DMatrix('t.parquet?format=libsvm')\nexcept Exception: pass",
    "import mmap\nwith open('t.parquet') as f: mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)",
    "import sqlite3\ntry: sqlite3.connect('t.parquet').execute('select 1 from t')\nexcept sqlite3.Error: pass",
]  # fmt: skip


def test_it_is_seen_whether_names_mean_another_file_in_another_folder(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1")
    whole = f"open({str(tmp_path / 'data.csv')!r}).read()"
    seen, _before = observe(tmp_path, [whole, "open('data.csv').read()", "import os\nos.getcwd()", "1 + 1"])
    assert [bool(one.get("placed")) for one in seen] == [False, True, True, False]


def test_what_native_readers_open_is_seen(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2]}), tmp_path / "t.parquet")
    seen, _before = observe(tmp_path, READERS)
    for source, one in zip(READERS, seen, strict=True):
        assert str(tmp_path / "t.parquet") in one.get("read", ()), source


def test_a_file_that_is_held_open_counts_as_read_though_nobody_told(tmp_path: Path) -> None:
    (tmp_path / "held.bin").write_text("x")
    seen, _before = observe(tmp_path, ["import ctypes\nheld = ctypes.CDLL(None).open(b'held.bin', 0)"])
    assert seen[0]["read"] == [str(tmp_path / "held.bin")]


def test_a_file_that_native_code_hides_is_missed_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(b"x" * 9_000_000)
    read = (
        "import ctypes\nlibc = ctypes.CDLL(None)\nfd = libc.open(b'large.bin', 0)\n"
        "libc.read(fd, ctypes.create_string_buffer(9000000), 9000000)\nlibc.close(fd)"
    )
    seen, _before = observe(tmp_path, [read, "data = open('large.bin', 'rb').read()"])
    assert "9 MB from files that nobody saw it open" in seen[0]["unseen"][0]
    assert "unseen" not in seen[1]


VARIABLES = [
    ("import os\nos.environ.get('A')", ["A"]), ("os.getenv('B')", ["B"]), ("'C' in os.environ", ["C"]),
    ("os.path.expandvars('$D/x')", ["D"]), ("os.path.expanduser('~/x')", ["HOME"]),
    ("from os import environ as e\ne.setdefault('E', '1')", ["E"]), ("os.environb.get(b'F')", ["F"]),
]  # fmt: skip


def test_the_variables_that_are_read_are_known_by_name(tmp_path: Path) -> None:
    whole = ["dict(os.environ)", "[v for v in os.environ.values()]", "os.environ.copy()", "list(os.environb)"]
    seen, _before = observe(tmp_path, [source for source, _names in VARIABLES] + whole)
    for (source, names), one in zip(VARIABLES, seen, strict=False):
        assert one["variables"] == names, source
    for source, one in zip(whole, seen[len(VARIABLES) :], strict=True):
        assert "*" in one["variables"], source


EFFECTS = [
    ("open('log.txt', 'a').write('x')", "it adds to"), ("import os\nos.open('log.txt', os.O_WRONLY | os.O_APPEND)", "it adds"),
    ("import sqlite3\nc = sqlite3.connect('x.db')\nc.execute('create table if not exists t(a)')\n"
     "c.execute('insert into t values(1)')\nc.commit()\nc.close()", "it changes the database"),
    ("os.rename('log.txt', 'other.txt')", "it renames"), ("os.truncate('data.csv', 1)", "it shortens"),
    ("import logging\nh = logging.FileHandler('other.txt')\nh.emit(logging.makeLogRecord({'msg': 'x'}))", "it adds to"),
]  # fmt: skip


def test_what_skipping_would_leave_out_is_seen(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("1")
    (tmp_path / "data.csv").write_text("12")
    seen, _before = observe(tmp_path, [source for source, _words in EFFECTS])
    for (source, words), one in zip(EFFECTS, seen, strict=True):
        assert words in one["effects"][0], source
    own = ["open('new.txt', 'w').write('x')\nopen('new.txt', 'a').write('y')"]
    seen, _before = observe(tmp_path, own)
    assert "effects" not in seen[0]


def test_processes_of_its_own_are_not_seen_into_and_it_is_said(tmp_path: Path) -> None:
    sources = [
        "import multiprocessing as m\np = m.get_context('fork').Process(target=len, args=('',))\np.start(); p.join()",
        "import os\nif os.fork() == 0: os._exit(0)",
    ]
    for one in observe(tmp_path, sources)[0]:
        assert "starts processes of its own" in one["unseen"][0]


def test_what_an_import_looks_at_matters_to_all_steps_that_come_later(tmp_path: Path) -> None:
    sources = ["import matplotlib", "1"]
    seen, before = observe(tmp_path, sources)
    assert not seen[1]
    assert "MATPLOTLIBRC" in before["variables"]
    assert str(tmp_path / "matplotlibrc") in [*before["looked"], *before["read"]]


def test_who_asks_what_is_installed_does_not_look_at_what_else_lies_beside(tmp_path: Path) -> None:
    """The folder of a notebook is a place of modules, and in it lie data, and the folders of runs."""
    sources = [
        "from importlib import metadata\nmetadata.version('numpy')",
        "len(metadata.packages_distributions())",
        "len(list(metadata.entry_points()))",
    ]
    seen, before = observe(tmp_path, sources)
    for one in [*seen, before]:
        assert str(tmp_path) not in one.get("read", ())
        assert set(one.get("looked", {}).get(str(tmp_path), {})) <= {"packages"}
    assert [one for one in seen if str(tmp_path) in one.get("looked", {})]
    was = see(str(tmp_path), Aspect.PACKAGES)
    (tmp_path / "data.csv").write_text("1")
    assert see(str(tmp_path), Aspect.PACKAGES) == was
    (tmp_path / "own-1.0.dist-info").mkdir()
    assert see(str(tmp_path), Aspect.PACKAGES) != was


def test_a_fork_of_the_process_goes_on_with_the_next_step(tmp_path: Path) -> None:
    script = tmp_path / "forking.py"
    script.write_text(
        "import os, json\nfrom mlops_jlab.handoff.observing import watch\nw = watch()\n"
        "def step(source):\n    w.begin('/nowhere')\n"
        "    exec(compile(source, '/tmp/ipykernel_1/2.py', 'exec'), {'__name__': '__main__'})\n    w.end()\n    return w.as_record()\n"
        "first = step('import os, time; os.path.exists(\"a\"); time.time()')\n"
        "if os.fork() == 0:\n    second = step('import os; os.path.exists(\"b\")')\n"
        "    assert list(map(os.path.basename, second['looked'])) == ['b'], second\n"
        "    assert second['clock'] == ()\n    os._exit(7)\n"
        "assert first['clock'] == ('time.time',)\nassert os.waitstatus_to_exitcode(os.wait()[1]) == 7\n"
    )
    subprocess.run([sys.executable, str(script)], check=True, cwd=tmp_path,
                   env={"PYTHONPATH": ":".join(filter(None, sys.path))})  # fmt: skip


INVISIBLE = """
import datetime, inspect, os, pickle, posix, random, time
functions = [os.stat, os.lstat, os.access, os.urandom, time.time, time.localtime, posix.readlink]
before = [(f, type(f), f.__name__, f.__module__, f.__doc__, pickle.dumps(f), inspect.isbuiltin(f)) for f in functions]
random.seed(1); drawn = [random.random() for _ in range(3)]
from mlops_jlab.handoff.observing import watch
watch().begin("/nowhere")
after = [(f, type(f), f.__name__, f.__module__, f.__doc__, pickle.dumps(f), inspect.isbuiltin(f)) for f in functions]
assert before == after and os.stat is functions[0] and datetime.datetime.now.__self__ is datetime.datetime
assert type(os.environ).__name__ == "_Environ" and os.environ["PYTHONPATH"] and len(os.environ) == len(dict(os.environ))
os.environ["NEW"] = "1"; del os.environ["NEW"]
try: os.environ["NEW"]
except KeyError as error: assert error.args == ("NEW",)
try: os.stat("absent")
except FileNotFoundError as error: assert error.filename == "absent" and error.__traceback__.tb_next is None
try: os.stat()
except TypeError as error: assert "missing required argument 'path'" in str(error)
random.seed(1); assert drawn == [random.random() for _ in range(3)]
assert pickle.loads(pickle.dumps(random.Random(3))).random() == random.Random(3).random()
assert abs(time.time() - datetime.datetime.now().timestamp()) < 1
import sys
events = []
sys.setprofile(lambda frame, event, argument: events.append(event))
for _ in range(100): time.time()
sys.setprofile(None)
assert 100 <= len(events) < 100 * 120, len(events)  # what is done for each, whatever the machine
"""


def test_nobody_can_tell_that_somebody_watches(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(INVISIBLE)
    subprocess.run([sys.executable, "script.py"], check=True, cwd=tmp_path,
                   env={"PYTHONPATH": ":".join(filter(None, sys.path))})  # fmt: skip


def test_many_threads_may_be_watched_at_once(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2]}), tmp_path / "t.parquet")
    source = (
        "import os, pyarrow.parquet as pq\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "def one(n):\n    os.path.exists(f'x{n}')\n    return pq.read_table('t.parquet').num_rows\n"
        "with ThreadPoolExecutor(8) as pool: assert sum(pool.map(one, range(400))) == 800"
    )
    seen, _before = observe(tmp_path, [source])
    assert sum("/x" in path for path in seen[0]["looked"]) == 400
    assert "unseen" not in seen[0]
