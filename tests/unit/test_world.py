"""A change in the globals of any module is noticed, and ordinary work is not taken for one."""

from __future__ import annotations

import builtins
import importlib
import json
import operator
import subprocess
import sys
import types
from pathlib import Path

import pytest

from mlops_jlab.handoff.observing import keeping, versions
from mlops_jlab.handoff.observing.world import MACHINERY, NOISE, World, look

SCRIPT = """
import json, sys
from mlops_jlab.handoff.observing.world import look
names = vars(sys.modules["__main__"])
found = []
for source in json.load(sys.stdin):
    before = look()
    exec(compile(source, "cell", "exec"), names)
    found.append([f"{one.module}:{one.name}" for one in look().changed_since(before) if one.module != "__main__"])
print(json.dumps(found))
"""

AGAIN = """
import json, sys
from pathlib import Path
from mlops_jlab.handoff.observing import keeping, versions
from mlops_jlab.handoff.observing.world import look
names = vars(sys.modules["__main__"])
found = []
path, base = Path("first.world"), None
keeping.write(path, look(None, versions.mark()), None, {})
for number, source in enumerate(json.load(sys.stdin)):
    before, base, _ = keeping.read(path)
    exec(compile(source, "cell", "exec"), names)
    now = look(before, versions.mark())
    found.append([f"{one.module}:{one.name}" for one in now.changed_since(before) if one.module != "__main__"])
    path = Path(f"{number}.world")
    keeping.write(path, now, base, {})
print(json.dumps(found))
"""

IN_COPIES = """
import json, os, sys
from pathlib import Path
from mlops_jlab.handoff.observing import keeping, versions
from mlops_jlab.handoff.observing.world import look
names = vars(sys.modules["__main__"])
def in_a_copy(number, mark):
    if child := os.fork():
        return os.waitpid(child, 0)
    before, base, _ = keeping.read(Path(f"{number - 1}.world")) if number else (None, None, None)
    now = look(before, mark)
    found = now.changed_since(before) if before else []
    keeping.write(Path(f"{number}.world"), now, base, {})
    Path(f"{number}.found").write_text(json.dumps([f"{one.module}:{one.name}" for one in found if one.module != "__main__"]))
    os._exit(0)
sources = json.load(sys.stdin)
in_a_copy(0, versions.mark())
for number, source in enumerate(sources):
    exec(compile(source, "cell", "exec"), names)
    in_a_copy(number + 1, versions.mark())
print(json.dumps([json.loads(Path(f"{number + 1}.found").read_text()) for number in range(len(sources))]))
"""


def changes(folder: Path, sources: list[str], script: str = SCRIPT) -> list[list[str]]:
    """What is noticed of each source outside the notebook's own names."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], input=json.dumps(sources), text=True, check=True, cwd=folder,
        capture_output=True, env={"PYTHONPATH": ":".join([str(folder), *filter(None, sys.path)]), "HOME": str(folder)},
    )  # fmt: skip
    found: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


CHANGING = {
    "import helping\nhelping.count += 1": "helping:count",
    "helping.seen.append(1)": "helping:seen",
    "helping.settings.rate = 0.5": "helping:settings",
    "helping.table['a']['b'] = 2": "helping:table",
    "helping.Thing.all.append(1)": "helping:Thing.all",
    "import decimal\ndecimal.MAX_PREC = 3": "decimal:MAX_PREC",
    "import logging\nlogging.getLogger().setLevel(10)": "logging:root",
    "import textwrap\ntextwrap.dedent = len": "textwrap:dedent",
    "helping.kept.clear(); helping.kept.update(x=5)": "helping:kept",
    "helping.nested[0]['x'] = 2": "helping:nested",
    "helping.deep['a']['b']['c'] = 2": "",  # below what is looked at
    "helping.deep['a']['b'] = 2": "helping:deep",
    "helping.deep['a'].clear()": "helping:deep",
    "helping.listed['a'].append(2)": "helping:listed",
    "helping.Thing.table['a']['b'] = 3": "helping:Thing.table",
    "helping.Thing.table = {}": "helping:Thing.table",
    "@helping.Shape.register\nclass Mine: pass": "helping:Shape.(registered)",
    "class Late(helping.Shape): pass": "",
    "class Other: pass\nhelping.Shape.register(Other)": "helping:Shape.(registered)",
    "helping.settings.more = 1": "helping:settings",
    "helping.rate = 0.25": "helping:rate",
    "helping.rate = 0.75": "helping:rate",
    "del helping.rate": "helping:rate",
    "helping.Thing.more = [1]": "helping:Thing.more",
    "helping.Thing.more = [2]": "helping:Thing.more",
    "helping.table = dict(helping.table, z=1, y=2, x=3)": "helping:table",
    "helping.table['w'] = 4": "helping:table",
    "helping.rates.append(helping.rates.pop() / 3)": "helping:rates",
    "helping.rates.pop(); helping.rates.append(float('0.125'))": "helping:rates",
    "helping.rates[0] = helping.rates[0] * 1": "",  # as it was
    "helping.rows[1][0] = 9": "helping:rows",
    "helping.rows[0], helping.rows[1] = helping.rows[1], helping.rows[0]": "helping:rows",
    "helping.words.discard('b'); helping.words.add('c')": "helping:words",
    "helping.words.remove('c'); helping.words.add('b' + str(1))": "helping:words",
    "helping.line.append(3)": "helping:line",
    "helping.mixed[1]['a'] = 2": "helping:mixed",
    "helping.mixed[0].rate = 3.5": "helping:mixed",
    "helping.mixed[0].rate = helping.mixed[0].rate / 2": "helping:mixed",
    "helping.mixed[2] = (1, helping.rates, 3)": "helping:mixed",
    "del helping.mixed[0].rate": "helping:mixed",
    "helping.single.rate = float(1) / 3": "helping:single",
    "del helping.single.rate; helping.single.rate = float(2) / 3": "helping:single",
    "helping.single.__dict__ = {'rate': 7}": "helping:single",
    "helping.single.later = [1]": "helping:single",
    "helping.single.later.append(2)": "helping:single",
    "helping.single.__class__ = helping.Odd": "helping:single",
    "helping.long[1999] = 5": "helping:long",
    "helping.handlers['a'].append(len)": "helping:handlers",
    "import calendar\ncalendar.setfirstweekday(3)": "calendar:c",
    "import matplotlib\nmatplotlib.rcParams['lines.linewidth'] = 9": "matplotlib:rcParams",
    "import mimetypes\nmimetypes.knownfiles.append('x')": "mimetypes:knownfiles",
}


@pytest.mark.parametrize(
    "script", [SCRIPT, AGAIN, IN_COPIES], ids=["whole", "since the last look", "in copies of the process"]
)
def test_a_change_in_any_module_is_noticed(tmp_path: Path, script: str) -> None:
    (tmp_path / "helping.py").write_text(
        "import abc\nclass Shape(abc.ABC):\n    pass\ndeep = {'a': {'b': {'c': 1}}}\nlisted = {'a': [1]}\n"
        "count = 0\nrate = 0.5\nkept = {'x': 1}\nnested = ({'x': 1},)\nseen = []\ntable = {'a': {'b': 1}}\nclass Thing:\n    all = []\n    rate = 1\n    table = {'a': {'b': 1}}\n"
        "    def __eq__(self, other):\n        raise ValueError\n    __hash__ = None\nsettings = Thing()\n"
        "import collections\nclass Plain:\n    def __init__(self):\n        self.rate = 0.5\n"
        "rates = [0.1, 0.2]\nrows = [[1, 2], [3, 4]]\nwords = {'a', 'b'}\nline = collections.deque([1])\n"
        "mixed = [Plain(), {'a': 1}, (1, 2)]\nsingle = Plain()\nlong = list(range(2000))\nhandlers = {'a': [print]}\n"
        "class Odd:\n    @property\n    def __dict__(self):\n        raise ValueError\nodd = Odd()\n"
    )
    imports = ["import helping, decimal, logging, json, calendar, matplotlib, mimetypes"]
    found = changes(tmp_path, imports + list(CHANGING), script)
    for (source, name), seen in zip(CHANGING.items(), found[1:], strict=True):
        assert name in seen if name else not seen, (source, seen)


WORKING = [
    "import numpy as np, pandas as pd, sklearn.linear_model, sklearn.ensemble, matplotlib.pyplot as plt",
    "frame = pd.DataFrame({'a': range(50), 'b': np.arange(50.) % 7, 'c': list('xy') * 25})",
    "print(frame.groupby('c').mean(), frame.describe())",
    "sklearn.linear_model.LinearRegression().fit(frame[['a']], frame['b'])",
    "sklearn.ensemble.RandomForestRegressor(3, random_state=1).fit(frame[['a']], frame['b'])",
    "frame.to_csv('x.csv'); again = pd.read_csv('x.csv', parse_dates=['c'], date_format='%Y')",
    "pd.to_datetime(['2020-01-01', '3 Mar 2021'], format='mixed').strftime('%d.%m.%Y')",
    "import re, json, collections, itertools\nre.sub('a+', 'b', 'caat'); json.dumps({'a': [1, 2]})",
    "np.random.seed(1); np.random.rand(3); import random; random.random()",
    "frame['b'].rolling(3).sum().plot() if False else frame.pivot_table(index='c', values='a')",
]


def test_ordinary_work_is_no_change(tmp_path: Path) -> None:
    """The second time round nothing is left to be loaded late."""
    found = changes(tmp_path, WORKING * 2)
    assert found[len(WORKING) :] == [[]] * len(WORKING)
    assert sum(map(bool, found[1 : len(WORKING)])) <= 2, found  # what is imported late may look like one


def test_each_name_that_is_taken_for_noise_is_there(tmp_path: Path) -> None:
    for module, names in NOISE.items():
        loaded = importlib.import_module(module)
        for name in names - {"_", "get_ipython", "display", "last_type", "last_value", "last_traceback",
                             "ps1", "ps2", "ps3", "onceregistry", "environ", "environb", "_win_functype_cache", "backend"}:  # fmt: skip
            assert operator.attrgetter(name)(loaded) is not ..., (module, name)
    for module in MACHINERY:
        assert importlib.util.find_spec(module.partition(".")[0]) or module in sys.stdlib_module_names, module


counted = pytest.mark.skipif(not versions.now(), reason="this Python gives dicts no versions")


@counted
def test_what_has_not_changed_is_not_looked_at_again(tmp_path: Path) -> None:
    look(None, versions.mark())  # whose attributes have been asked for keeps them in a dict from then on
    first = look(None, versions.mark())
    keeping.write(tmp_path / "first", first, None, {"step": "a"})
    before, base, about = keeping.read(tmp_path / "first")
    assert before == first
    assert about == {"step": "a"}
    now = look(before, versions.mark())
    same = [name for name, one in now.modules.items() if one is before.modules.get(name)]
    assert len(same) > 0.9 * len(now.modules)
    keeping.write(tmp_path / "second", now, base, {})
    assert (tmp_path / "second").stat().st_size < (tmp_path / "first").stat().st_size / 4
    assert keeping.read(tmp_path / "second")[0].modules == now.modules
    (tmp_path / "short").write_bytes((tmp_path / "first").read_bytes()[:-1])
    with pytest.raises(ValueError, match="was cut off"):
        keeping.read(tmp_path / "short")
    keeping.write(tmp_path / "first", World(), None, {})
    with pytest.raises(ValueError, match="written anew"):
        keeping.read(tmp_path / "second")


@counted
def test_a_result_that_is_shown_changes_no_module_that_holds_its_own_globals() -> None:
    probe = types.ModuleType("probe_of_globals")
    exec("everything = globals()", vars(probe))
    sys.modules[probe.__name__] = probe
    try:
        before = look(look(None, versions.mark()), versions.mark())
        vars(builtins)["_"] = object()
        now = look(before, versions.mark())
        assert now.modules[probe.__name__] is before.modules[probe.__name__]
        vars(probe)["more"] = 1
        found = look(before, versions.mark()).changed_since(before)
        assert [one.name for one in found if one.module == probe.__name__] == ["everything", "more"]
    finally:
        del vars(builtins)["_"], sys.modules[probe.__name__]


@counted
def test_what_this_process_alone_knows_is_looked_at_again() -> None:
    mark = versions.mark()
    module = sys.modules[__name__]
    vars(module)["_made_here"] = 1  # after the fork that the mark stands for
    assert look(None, mark).modules[__name__].at == 0
    assert look(None, versions.mark()).modules[__name__].at > 0


@counted
def test_each_change_of_a_dict_has_a_version() -> None:
    content = {"a": 1}
    seen = [versions.version_of(content)]
    for change in (lambda: content.update(a=2), lambda: content.update(b=1), lambda: content.pop("a")):
        change()
        seen.append(versions.version_of(content))
    assert seen == sorted(set(seen))
    assert versions.version_of(content) == seen[-1] < versions.now()

    class Some:
        pass

    before = versions.version_of(versions.namespace_of(Some))
    Some.more = 1  # type: ignore[attr-defined]
    assert versions.version_of(versions.namespace_of(Some)) > before
