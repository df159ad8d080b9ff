"""Steps run at once only where it is proved that neither can notice the other."""

from __future__ import annotations

import contextlib
import random
import warnings

import numpy as np
import pytest

from mlops_jlab.dataflow.evaluation import harmless
from tests.unit.test_dataflow import graph_of

DATA = """from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
import numpy as np
import pandas as pd
X, y = load_iris(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
kept = []"""
LOGISTIC = """from sklearn.linear_model import LogisticRegression
a = LogisticRegression(max_iter=1000).fit(X_train, y_train)
print(a.score(X_test, y_test))"""
FOREST = """from sklearn.ensemble import RandomForestClassifier
b = RandomForestClassifier(random_state=0).fit(X_train, y_train)
print(b.score(X_test, y_test))"""

PROVED = {
    "two models on the same frames": [LOGISTIC, FOREST],
    "one import at the top of both": [f"import numpy as np\n{LOGISTIC}", f"import numpy as np\n{FOREST}"],
    "two frames made of one": ["u = X_train.describe()", "v = X_train.groupby('petal width (cm)').mean()"],
    "a column added to a copy": ["u = X_train.copy()\nu['z'] = 1", "v = X_train.mean()"],
    "a split of its own": [LOGISTIC, "p, q = train_test_split(X, random_state=1)\nq['z'] = 2"],
    "a lambda over a column": [LOGISTIC, "v = y_train.apply(lambda one: one * 2)"],
    "a loop over models of its own": [
        LOGISTIC,
        "from sklearn.svm import SVC\nfrom sklearn.neighbors import KNeighborsClassifier\nr = {}\n"
        "for name, m in {'s': SVC(random_state=0), 'k': KNeighborsClassifier()}.items():\n"
        "    m.fit(X_train, y_train)\n    r[name] = m.score(X_test, y_test)",
    ],
    "pipelines and cross validation": [
        "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler\n"
        "from sklearn.neighbors import KNeighborsClassifier\n"
        "p = make_pipeline(StandardScaler(), KNeighborsClassifier())\np.fit(X_train, y_train)\nprint(p.score(X, y))",
        "from sklearn.model_selection import cross_val_score\nfrom sklearn.linear_model import Ridge\n"
        "print(cross_val_score(Ridge(), X, y, cv=3).mean())",
    ],
    "a boosted model": [LOGISTIC, "from xgboost import XGBClassifier\nb = XGBClassifier(n_estimators=3).fit(X, y)"],
    "numpy alone": ["u = np.linalg.norm(X_train.to_numpy(), axis=0)", "v = np.where(y_train > 0, 1, 0)"],
    "a generator of its own": [LOGISTIC, "rng = np.random.default_rng(7)\nv = rng.normal(size=3)"],
    "comprehensions": ["u = [v * 2 for v in y_train if v]", "w = {k: sum(i for i in X[k]) for k in X.columns}"],
}  # fmt: skip

NOT_PROVED = {
    "a name that both bind": ["m = 1", "m = 2"],
    "a name that the other reads": [LOGISTIC, "print(X.mean(), a)"],
    "a frame that the other changes": [LOGISTIC, f"X_train['z'] = 1\n{FOREST}"],
    "a frame that the other changes under another name": ["t = X_train\nt['z'] = 1", FOREST],
    "a view that is changed": ["t = X_train.to_numpy()\nt[0] = 1", FOREST],
    "a list that both add to": ["kept.append(1)", "kept.append(2)"],
    "a list that one adds to": ["kept.append(1)", "n = len(kept)"],
    "a model without a seed": [LOGISTIC, FOREST.replace("random_state=0", "")],
    "a seed that is not a number": [LOGISTIC, FOREST.replace("=0", "=None")],
    "a generator as the seed": [
        LOGISTIC, FOREST.replace("=0", "=np.random.RandomState(0)"),
    ],
    "a solver that draws": [LOGISTIC.replace("max_iter=1000", "solver='saga'"), FOREST],
    "a split that draws": [LOGISTIC, "p, q = train_test_split(X)"],
    "folds that draw": [LOGISTIC, "from sklearn.model_selection import KFold\nk = KFold(shuffle=True)"],
    "numpy's generator": [LOGISTIC, "v = np.random.normal()"],
    "random's generator": [LOGISTIC, "import random\nv = random.random()"],
    "a sample that draws": [LOGISTIC, "v = X.sample(3)"],
    "a figure": [LOGISTIC, "import matplotlib.pyplot as plt\nplt.plot([1])"],
    "a plot of a frame": [LOGISTIC, "X.plot()"],
    "a plot by an accessor": [LOGISTIC, "X.plot.scatter(x='a', y='b')"],
    "a file that is read": [LOGISTIC, "v = pd.read_csv('x.csv')"],
    "a file that is written": [LOGISTIC, "X.to_csv('x.csv')"],
    "a file that is opened": [LOGISTIC, "with open('x') as f:\n    v = f.read()"],
    "an option": [LOGISTIC, "pd.set_option('display.max_rows', 3)"],
    "a setting by attribute": [LOGISTIC, "pd.options.display.max_rows = 3"],
    "warning filters": [LOGISTIC, "import warnings\nwarnings.simplefilter('ignore')"],
    "the environment": [LOGISTIC, "import os\nos.environ['A'] = '1'"],
    "a module that is not known": [LOGISTIC, "import anything\nanything.go(X)"],
    "code in a text": [LOGISTIC, "exec('b = 2')"],
    "a magic": [LOGISTIC, "%matplotlib inline"],
    "a shell line": [LOGISTIC, "!ls"],
    "a class": [LOGISTIC, "class K:\n    pass\nk = K()"],
    "a decorated function": [LOGISTIC, "import functools\n@functools.lru_cache\ndef f(): return 1\nf()"],
    "a function that draws": [LOGISTIC, "def f():\n    return np.random.rand()\nv = f()"],
    "a function that changes what it is given": ["def f(d):\n    d['z'] = 1\nf(X_train)", FOREST],
    "a function that reads what the other binds": ["k = 1", "def f():\n    return k\nv = f()"],
    "a lambda that changes a list": [LOGISTIC + "\nkept.append(1)", "v = y.apply(lambda i: kept.append(i))"],
    "a function that binds a name": ["def f():\n    global g\n    g = 1\nf()", "v = 2"],
    "an estimator that is displayed": [LOGISTIC + "\na", FOREST],
    "an estimator of unknown making": ["u = unknown_thing\nu.fit(X, y)", FOREST],
    "a name that is deleted": ["del kept", "v = len(kept)"],
    "the first import of a name that the other uses": ["import math\nu = math.pi", "v = math.pi"],
    "an iterator that both use up": ["for i in pairs: print(i)", "v = list(pairs)"],
    "a keyword that writes its result": ["np.add(X_train, 1, out=X_train)", FOREST],
    "a loop that hands objects on": [
        "p, q, r = [], [], kept\nfor i in range(4):\n    p.append(1)\n    p, q = q, r", "v = len(kept)",
    ],
}  # fmt: skip


ALIASES = {
    "a method that another function calls": "list(map(acc.append, [1]))",
    "a method as a key": "sorted([1], key=acc.append)",
    "a method under another name": "f = acc.append\nf(1)",
    "a method by its name": "getattr(acc, 'append')(1)",
    "a method with its argument": "import functools\nfunctools.partial(acc.append, 1)()",
    "what print writes to": "print('x', file=acc)",
    "a default argument": "def h(v, kept=acc):\n    kept.append(v)\nh(2)",
    "an item of a dictionary": "d['a'].append(1)",
    "the items of a dictionary": "for k, v in d.items():\n    v.append(1)",
    "a dictionary of one's own": "own = {}\nown['x'] = acc\nown['x'].append(3)",
    "what was unpacked": "p, q = acc, 1\np += [1]",
    "what a function gives back": "def r(z): return z\nr(acc).append(1)",
    "one of two": "(acc if k else []).append(1)",
    "a list of the same": "w = [acc] * 2\nw[0].append(1)",
    "pairs": "for u, v in zip([acc], [1]): u.append(v)",
    "the larger of two": "max(acc, [0]).append(1)",
    "a shallow copy": "w = d.copy()\nw['a'].append(1)",
    "a function in a function": "def o():\n    def i():\n        acc.append(1)\n    i()\no()",
    "a part of an array": "v = arr[:2]\nv[0] = 9",
    "an array turned round": "arr.T[0] = 1",
    "a frame around an array": "q = pd.DataFrame(arr)\nq.iloc[0, 0] = 3",
    "a column": "s = X['hue']\ns.fillna(0, inplace=True)",
    "a generator that draws": "v = rng.normal()",
    "a model that a function fits": "def g(m):\n    m.fit(X, y)\ng(model)",
    "an attribute of a model": "model.C = 3",
}  # fmt: skip


@pytest.mark.parametrize("name", ALIASES)
def test_objects_are_followed_under_all_their_names(name: str) -> None:
    above = DATA + (
        "\nfrom sklearn.linear_model import LogisticRegression\nmodel = LogisticRegression()\nk = 0\n"
        "rng = np.random.default_rng(0)\narr = np.zeros((3, 3))\nacc = []\nd = {'a': acc}"
    )
    other = "print(acc, d, arr, X.mean(), rng.normal(), model.get_params())"
    assert apart([ALIASES[name], other], above) == ()
    assert apart([other, ALIASES[name]], above) == ()


def apart(cells: list[str], above: str = DATA) -> tuple[str, ...]:
    sources = [("step:data", above), *((f"step:s{place}", source) for place, source in enumerate(cells))]
    return graph_of(sources).steps[-1].apart


@pytest.mark.parametrize("name", PROVED)
def test_steps_that_cannot_notice_each_other_run_at_once(name: str) -> None:
    assert apart(PROVED[name]) == ("s0",)
    assert apart(PROVED[name][::-1]) == ("s0",)


@pytest.mark.parametrize("name", NOT_PROVED)
def test_what_is_not_proved_runs_one_after_the_other(name: str) -> None:
    above = DATA + "\npairs = zip([1], [2])"
    assert "s0" not in apart(NOT_PROVED[name], above)
    assert "s0" not in apart(NOT_PROVED[name][::-1], above)


@pytest.mark.parametrize(
    "tail",
    ["print(_)", "print(Out[3])", "pd.DataFrame.mean = None", "setattr(np, 'mean', None)",
     "@pd.api.extensions.register_dataframe_accessor('z')\nclass Z: pass"],
)  # fmt: skip
def test_a_notebook_that_watches_itself_or_changes_a_library_runs_in_order(tail: str) -> None:
    assert not any(step.apart for step in graph_of([
        ("step:data", DATA), ("step:a", LOGISTIC), ("step:b", FOREST), ("step:c", tail),
    ]).steps)  # fmt: skip


def test_a_setup_cell_between_belongs_to_the_step_below_it() -> None:
    cells = [("step:data", DATA), ("step:a", LOGISTIC), ("setup", "X_train['z'] = 1"), ("step:b", FOREST)]
    assert graph_of(cells).steps[-1].apart == ()
    cells[2] = ("setup", "limit = 3")
    assert graph_of(cells).steps[-1].apart == ("a",)


def test_an_order_that_is_asked_for_is_kept() -> None:
    cells = [("step:data", DATA), ("step:a", LOGISTIC), ("step:b after:a", FOREST)]
    assert graph_of([(tags, source) for tags, source in cells]).steps[-1].apart == ()


def test_steps_whose_cells_stand_around_others_run_alone() -> None:
    cells = [("step:data", DATA), ("step:a", LOGISTIC), ("step:b", FOREST), ("step:a", "a2 = 1")]
    assert not any(step.apart for step in graph_of(cells).steps)


@pytest.mark.parametrize("name", sorted(harmless.QUIET_ESTIMATORS | harmless.SEEDED_ESTIMATORS))
def test_the_installed_estimators_draw_from_no_global_generator(name: str) -> None:
    from sklearn.datasets import make_classification
    from sklearn.utils import all_estimators

    cls = dict(all_estimators())[name]
    data, target = make_classification(n_samples=60, n_features=5, random_state=0)
    seed = {} if name in harmless.QUIET_ESTIMATORS else {"random_state": 0}
    before = np.random.get_state()[1:3], random.getstate()
    fitted = False
    words = ["one two", "two three", "one three"] * 20
    with warnings.catch_warnings(action="ignore"):
        for given in ((data, target), (abs(data), target), (target, target), (target,), (words,)):
            with contextlib.suppress(TypeError, ValueError, AttributeError):
                cls(**seed).fit(*given)
                fitted = True
                break
    after = np.random.get_state()[1:3], random.getstate()
    assert fitted
    assert (before[0][0] == after[0][0]).all()
    assert (before[0][1], before[1]) == (after[0][1], after[1])
