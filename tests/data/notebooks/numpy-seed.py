# %% tags=["step:seed"]
import numpy as np
import random
np.random.seed(3)
random.seed(4)

# %% tags=["step:one"]
a = np.random.rand()

# %% tags=["step:two"]
b = np.random.rand(), random.random()

# %% tags=["step:three"]
c = np.random.randint(100), random.choice("abcdef")

# %% tags=["step:show"]
print(a, b, c)
