"""Taking the time is told from asking what time it is."""

from __future__ import annotations

import ast

import pytest

from mlops_jlab.engine.cache.durations import only_durations


@pytest.mark.parametrize(
    "source",
    [
        "import time\nstart = time.time()\nwork()\nprint(time.time() - start)",
        "import time as t\na = t.time()\nb = t.time()\nprint(f'{b - a:.1f} s')",
        "from time import time\nstart = time()\nelapsed = time() - start",
        "from time import time as now\nprint(-(now() - now()))",
        "import time\ndef timed(f):\n    begun = time.time()\n    f()\n    return time.time() - begun",
        "import time\na = b = time.time()\nprint(time.time() - a, time.time() - b)",
        "import time\nprint(time.perf_counter())",
    ],
)
def test_a_difference_of_two_moments_is_a_duration(source: str) -> None:
    assert only_durations([ast.parse(source)])


@pytest.mark.parametrize(
    "source",
    [
        "import time\nprint(time.time())",
        "import time\nstart = time.time()\nprint(start)",
        "import time\nstart = time.time()\nprint(time.time() - start)\nname = f'run-{start}'",
        "import time\nstart = time.time()\nstart = 5\nprint(time.time() - start)",
        "import time\nage = time.time() - 1_600_000_000",
        "import time\nbirth = 1\nage = time.time() - birth",
        "import time\nclock = time.time\nprint(clock())",
        "import time\nt = time\nprint(t.time())",
        "import time\nprint(getattr(time, 'time')())",
        "from time import *\nprint(time())",
        "from time import time\nprint(list(map(lambda f: f(), [time])))",
        "import time\nexec('x = time.time()')",
        "import time\nx, y = time.time(), time.time()\nprint(x - y)",
        "import time\nstart = time.time()\nstart += 1",
        "import time\nself.start = time.time()\nprint(self.start)",
        "import time\nnp.random.seed(int(time.time()))",
    ],
)
def test_a_moment_that_is_used_otherwise_is_what_time_it_is(source: str) -> None:
    assert not only_durations([ast.parse(source)])


def test_a_moment_that_others_take_is_no_duration() -> None:
    tree = ast.parse("import time\nstart = time.time()")
    assert only_durations([tree])
    assert not only_durations([tree], {"start"})
