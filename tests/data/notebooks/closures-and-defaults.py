# %% tags=["step:define"]
from functools import partial, lru_cache, wraps
cache = []
K = 5
def remember(v, into=cache, k=K):
    into.append(v * k)
    return len(into)
def counted(f):
    @wraps(f)
    def inner(*args):
        calls.append(f.__name__)
        return f(*args)
    return inner
calls = []
@counted
def double(v):
    return 2 * v
@lru_cache
def slow(v):
    return v ** 2

# %% tags=["step:first"]
print(remember(1), remember(2))
p = partial(remember, k=1)

# %% tags=["step:second"]
print(remember(3), cache)
print(double(4), calls)

# %% tags=["step:third"]
print(p(9), cache, slow(3), double(1), calls)
