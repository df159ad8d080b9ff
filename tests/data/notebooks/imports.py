# %% tags=["step:a"]
import os.path
import numpy as np, math as m
from math import *
from collections import Counter, namedtuple
try:
    import not_there_at_all as fast
except ImportError:
    fast = None
Pair = namedtuple("Pair", "left right")

# %% tags=["step:b"]
print(os.path.basename("a/b"), floor(2.5), m.pi == pi, fast)
pair = Pair(1, np.float64(2.5))
counts = Counter("abca")

# %% tags=["step:c"]
print(pair, type(pair.right).__name__, counts.most_common(1))
counts.update("zzz")

# %% tags=["step:d"]
print(counts["z"], Pair._fields)
