# %% tags=["step:load"]
import pandas as pd
df = pd.DataFrame({"a": [3, 1, None]})
d = {}
class Box: pass
box = Box()

# %% tags=["step:fill"]
df.fillna(0, inplace=True)
df["b"] = df["a"] * 2
d["k"] = 1
box.value = len(df)

# %% tags=["step:sort"]
df.sort_values("a", inplace=True)
d.setdefault("z", []).append(2)

# %% tags=["step:show"]
print(df, d, box.value)
df.attrs
