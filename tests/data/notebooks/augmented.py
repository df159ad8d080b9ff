# %% tags=["step:a"]
x = 1
xs = [1]
y = xs

# %% tags=["step:b"]
x += 1
y += [2]

# %% tags=["step:c"]
print(x, xs, y, xs is y)
xs.append(3)

# %% tags=["step:d"]
print(y, xs)
