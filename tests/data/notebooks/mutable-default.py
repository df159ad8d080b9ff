# %% tags=["step:define"]
def collect(v, acc=[]):
    acc.append(v)
    return acc
collect(0)

# %% tags=["step:one"]
print(collect(1))

# %% tags=["step:two"]
print(collect(2))
collect.note = "kept"

# %% tags=["step:three"]
print(collect(3), collect.note)
