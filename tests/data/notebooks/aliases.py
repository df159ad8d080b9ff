# %% tags=["step:make"]
train = [1, 2]
test = [3]

# %% tags=["step:pack"]
data = [train, test]
named = {"train": train}

# %% tags=["step:change"]
for part in data:
    part.append(len(part))

# %% tags=["step:look"]
print(train, test, named, data[0] is train, named["train"] is train)
named["train"].clear()

# %% tags=["step:end"]
print(train, data)
