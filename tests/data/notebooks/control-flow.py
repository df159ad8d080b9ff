# %% tags=["step:a"]
flag = True
items = [1, 2, 3]
state = "old"

# %% tags=["step:b"]
if flag:
    state = "new"
else:
    state = "other"
for item in items:
    square = item ** 2

# %% tags=["step:c"]
if not flag:
    state = "never"
try:
    1 / 0
except ZeroDivisionError as error:
    message = str(error)
while len(items) > 2:
    items.pop()

# %% tags=["step:d"]
print(state, item, square, message, items)
match items:
    case [first, *rest]:
        kind = "many"
    case _:
        kind = "none"

# %% tags=["step:e"]
print(first, rest, kind)
del first
assert items
items
