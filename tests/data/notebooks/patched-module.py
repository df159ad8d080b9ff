# %% tags=["step:patch"]
import json, math
class Loud:
    pass
def loudly(text):
    return text.upper() + "!"
json.loudly = loudly
Loud.volume = 11
math.tau = 6

# %% tags=["step:use"]
print(json.loudly("hi"), Loud.volume, math.tau)

# %% tags=["step:again"]
import json as j
print(j.loudly("bye"))
