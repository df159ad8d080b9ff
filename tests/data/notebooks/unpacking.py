# %% tags=["step:a"]
(a, b), *rest = (1, 2), 3, 4
c: int = 5
d = e = []
table = {"k": [1]}

# %% tags=["step:b"]
table["k"][0] += 1
d.append(c)
a, b = b, a

# %% tags=["step:c"]
print(a, b, rest, d, e, d is e, table)
with open("scratch-unpacking.txt", "w") as handle:
    written = handle.write("x" * c)

# %% tags=["step:d"]
print(written, open("scratch-unpacking.txt").read())
import os
os.remove("scratch-unpacking.txt")
