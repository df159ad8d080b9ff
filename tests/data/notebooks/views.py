# %% tags=["step:make"]
import numpy as np
a = np.zeros(2000)
b = a[10:20]
c = a.reshape(40, 50)

# %% tags=["step:write"]
b[:] = 7

# %% tags=["step:read"]
print(a.sum(), c.sum(), np.shares_memory(a, b))
c[0, 0] = 1

# %% tags=["step:end"]
print(a[0], a.sum())
