# %% tags=["step:decorate"]
import functools
import logging
import types
def counted(f):
    calls = [0]
    @functools.wraps(f)
    def w(*a):
        calls[0] += 1
        return f(*a), calls[0]
    return w
@counted
def add(x):
    return x + 1
@functools.singledispatch
def show(x):
    return "any"
class Cell:
    __slots__ = ("content",)
    def __init__(self, content):
        self.content = content
class Model:
    def score(self):
        return 1
first, second = Model(), Model()
cells = [Cell([1])]
same = cells[0]
print(add(1))

# %% tags=["step:register", "after:decorate"]
@show.register(int)
def show_number(x):
    return "number"
def better(self):
    return 2
first.score = types.MethodType(better, first)
same.content.append(2)
log = logging.getLogger("the.notebook")
log.setLevel(logging.DEBUG)
print(add(1))

# %% tags=["step:again", "after:register"]
def rate(x):
    return x
rates = [rate]

# %% tags=["step:anew", "after:again"]
def rate(x):
    return 2 * x
rates.append(rate)

# %% tags=["step:use", "after:anew"]
print(add(2), add.__name__, show(1), show("a"))
print(first.score(), second.score(), cells[0].content, cells[0] is same)
print([rate(3) for rate in rates], log.level)
