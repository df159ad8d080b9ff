# %% tags=["step:define"]
K = 2
def outer(v):
    return inner(v) + K
def inner(v):
    return v * scale
def fact(n):
    return 1 if n < 2 else n * fact(n - 1)
scale = 10

# %% tags=["step:use"]
print(outer(3), fact(5))

# %% tags=["step:rebind"]
scale = 100

# %% tags=["step:again"]
print(outer(3))
add = lambda v: v + scale

# %% tags=["step:last"]
print(add(1), sorted([3, 1, 2], key=lambda v: -v * K))
