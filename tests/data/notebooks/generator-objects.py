# %% tags=["step:make"]
import numpy as np, random
rng = np.random.default_rng(7)
mine = random.Random(1)
same = rng

# %% tags=["step:draw"]
first = rng.normal(size=2)
other = mine.random()

# %% tags=["step:more"]
print(first, rng.integers(100), same is rng, mine.random(), other)

# %% tags=["step:end"]
print(same.random())
