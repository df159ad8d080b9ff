
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
