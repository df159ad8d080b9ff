# %% tags=["step:a"]
# %matplotlib inline
import numpy as np
n = 3

# %% tags=["step:b"]
# %%time
squares = np.arange(n) ** 2

# %% tags=["step:c"]
# %%capture out
print("hidden", squares)

# %% tags=["step:d"]
text = out.stdout
print(text, end="")
# files = !echo one; echo two
# %time cubes = squares * n

# %% tags=["step:e"]
print(list(files), cubes)
# !echo {n}
