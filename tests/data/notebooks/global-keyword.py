# %% tags=["step:define"]
n = 0
log = []
def bump():
    global n
    n += 1
    log.append(n)

# %% tags=["step:one"]
bump()
bump()

# %% tags=["step:two"]
print(n, log)
list(map(lambda _: bump(), range(3)))

# %% tags=["step:three"]
print(n, log)
