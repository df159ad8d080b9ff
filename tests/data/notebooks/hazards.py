# %% tags=["step:a"]
import pandas as pd
limit = 2
df = pd.DataFrame({"v": [1, 2, 3]})
expr = "limit + 1"

# %% tags=["step:b"]
print(len(df.query("v > @limit")), eval("limit * 10"), eval(expr))

# %% tags=["step:c"]
exec("made = limit + 40")

# %% tags=["step:d"]
print(made)
