# %% tags=["step:a"]
x = 10
i = 5
words = ["a", "b"]

# %% tags=["step:b"]
squares = [x * i for x in range(3)]
f = lambda x: x + i
total = sum(i for i in range(4))

# %% tags=["step:c"]
print(x, i, squares, f(1), total)
def shadow():
    x = 1
    def inner():
        nonlocal x
        x += i
        return x
    return inner()

# %% tags=["step:d"]
print(shadow(), x, {w: i for w in words for i in range(2)}, i)
if (n := len(words)) > 1:
    leaked = [last := w for w in words]

# %% tags=["step:e"]
print(n, last, leaked)
