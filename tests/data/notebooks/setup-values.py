# %% tags=["setup"]
import pandas as pd
config = {"depth": 1}
shared = config
counter = 0
def note(v):
    config.setdefault("notes", []).append(v)

# %% tags=["step:a"]
config["depth"] = 2
counter += 1
note("a")

# %% tags=["step:b"]
print(shared, shared is config, counter)
note("b")

# %% tags=["step:c"]
shared["end"] = True
counter += 1

# %% tags=["step:d"]
print(config, counter)
