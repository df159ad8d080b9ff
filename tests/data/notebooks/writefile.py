# %% tags=["step:a"]
# %%writefile scratch_module.py
def shout(text):
    return text.upper()

# %% tags=["step:b"]
import scratch_module
print(scratch_module.shout("hi"))

# %% tags=["step:c"]
import os
os.remove("scratch_module.py")
print("gone")
