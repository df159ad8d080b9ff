# %% tags=["step:make"]
from pathlib import Path
Path("helper.py").write_text("""
import random
import statistics

calls = 0
seen = {}


class Settings:
    scale = 1


def prepare(n):
    global calls
    calls += 1
    random.seed(n)
    seen[n] = random.random()
    return seen[n]


def doubled(values):
    return 2 * sum(values)


def install():
    Settings.scale = 5
    statistics.mean = doubled
""")

# %% tags=["step:first", "after:make"]
import helper
first = helper.prepare(1)
print(first)

# %% tags=["step:draw", "after:make"]
import random
import helper
print(random.random(), helper.calls, sorted(helper.seen.items()))

# %% tags=["step:install", "after:make"]
from helper import install, prepare
install()
prepare(2)

# %% tags=["step:mean", "after:make"]
import statistics
import random
print(statistics.mean([1, 2]), random.random())

# %% tags=["step:again", "after:make"]
import helper
print(helper.calls, helper.Settings.scale, sorted(helper.seen), statistics.mean([3]))
