# %% tags=["step:a"]
x = [1]

# %% tags=["step:b"]
y = [10]

# %% tags=["step:a"]
x.append(2)

# %% tags=["step:c"]
print(x, y)
y.append(x)

# %% tags=["step:b"]
z = 3

# %% tags=["step:d"]
print(z, y)
